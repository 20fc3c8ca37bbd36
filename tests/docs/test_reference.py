"""The reference pages say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from docs import generate
from sidecar.rules.catalogue import FACTS
from sidecar.shop.migrate import migrate


def test_the_bridge_knows_every_command() -> None:
    assert generate.COMMAND_LIST.read_text("utf-8") == generate.command_list(), "run ./dev docs"


@pytest.mark.parametrize("name", generate.MAKERS)
def test_a_page_is_as_the_program_would_write_it(name: str) -> None:
    stands = (generate.PAGES / name).read_text("utf-8")

    assert stands == generate.page(name), "stale: run ./dev docs"


def test_no_place_of_a_template_is_left_empty() -> None:
    pages = (generate.page(name) for name in generate.MAKERS)

    assert [found for page in pages for found in re.findall(r"^\{\w+\}$", page, re.MULTILINE)] == []


def test_every_template_has_its_page() -> None:
    assert {path.name for path in generate.TEMPLATES.iterdir()} == set(generate.MAKERS)


def test_every_fact_has_a_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", generate.page("facts.md"), re.MULTILINE)

    assert rows == [fact.name for fact in sorted(FACTS, key=_area)]


def _area(fact: object) -> int:
    areas = list(dict.fromkeys(fact.area for fact in FACTS))
    return areas.index(getattr(fact, "area"))  # noqa: B009


def test_every_exit_code_of_the_code_is_told() -> None:
    sources = " ".join(
        path.read_text("utf-8") for path in Path(generate.PROJECT / "sidecar").rglob("*.py")
    )
    codes = {int(code) for code in re.findall(r"exit_code = (\d+)", sources)}

    assert codes <= set(generate.EXIT_CODES)


def test_every_event_of_the_log_is_told_and_no_other() -> None:
    assert {name for name, _ in generate.logged()} == set(generate.EVENTS)


def test_a_setting_that_nothing_reads_is_marked() -> None:
    page = generate.page("config.md")

    assert '| `timezone` | time zone | `"auto"` | of the store\'s dates' in page
    assert generate.used("rules", "directory")
    assert not generate.used("rules", "no_such_setting")


def test_the_tables_are_those_that_migrations_make(engine: Engine, database: str) -> None:
    migrate(engine, "oc_")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT table_name AS name, column_name AS field FROM information_schema.columns"
                " WHERE table_schema = :database ORDER BY table_name, ordinal_position"
            ),
            {"database": database},
        ).all()
    made: dict[str, list[str]] = {}
    for row in rows:
        made.setdefault(row.name, []).append(row.field)

    sections = re.findall(
        r"^## (oc_\w+)\n(.*?)(?=^## |\Z)", generate.page("tables.md"), re.M | re.S
    )
    told = {name: re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE) for name, body in sections}
    assert told == made
