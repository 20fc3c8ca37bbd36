"""The examples of the page on writing rules are rules that work, and mean what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.app import Sidecar, open_sidecar
from sidecar.config import Config, Rules, Shop
from sidecar.rules.language.sentence import sentence
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-a-rule.md"
_EXAMPLE = re.compile(r"^```toml\n(.*?)^```\n\n((?:>[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
EXAMPLES = _EXAMPLE.findall(PAGE.read_text("utf-8"))


@pytest.fixture
def sidecar(mariadb: PrivateServer, database: str, tmp_path: Path) -> Iterator[Sidecar]:
    """The program on a small made-up store, with each example in a file of its own."""
    (tmp_path / "rules.d").mkdir()
    for number, (rules, _) in enumerate(EXAMPLES):
        (tmp_path / "rules.d" / f"{number:02d}.toml").write_text(rules, "utf-8")
    config = Config(
        database=mariadb.settings(database),
        rules=Rules(directory=tmp_path / "rules.d"),
        shop=Shop(birthday_field="Birthday"),
        file=tmp_path / "config.toml",
    )
    engine = connect(config.database)
    create_store(engine, "oc_")
    generate(engine, "oc_", customers=300, orders=1_500, seed=7, now=clock.now())
    engine.dispose()
    opened = open_sidecar(config)
    opened.migrate()
    yield opened
    opened.engine.dispose()


def test_every_example_of_the_page_has_its_sentence() -> None:
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("```toml\n") > 10


def test_the_examples_are_checked_without_a_warning_and_say_what_stands_below(
    sidecar: Sidecar,
) -> None:
    checked = sidecar.check_rules()

    assert checked.rules.warnings == ()
    catalogue = checked.dictionary.catalogue
    said = [f"> {sentence(rule.when, catalogue)}" for rule in checked.rules.tags]
    told = [line for _, lines in EXAMPLES for line in lines.splitlines() if line != ">"]
    assert told == said


def test_a_pass_applies_all_of_them(sidecar: Sidecar) -> None:
    result = sidecar.full_pass(sidecar.check_rules(), approved_by="cli:ann")

    assert (result.run_id, result.waiting) == (1, [])
    assert result.outcome.customers == 300
    assert result.outcome.set_aside == 0
    used = [tag.name for tag in sidecar.view.tags() if tag.customers]
    assert {"first order", "lapsing", "overdue", "lighting", "aldermoor fan", "dach"} <= set(used)
