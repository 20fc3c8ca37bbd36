"""Every key that a command answers in JSON is told on the page of the commands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sidecar import cli, clock
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect

PAGE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text("utf-8")
TOLD = dict(re.findall(r"^- (`.+?): (.+(?:\n  .+)*)", PAGE.split("## JSON\n")[1], re.MULTILINE))


@pytest.fixture
def config(mariadb: PrivateServer, database: str, tmp_path: Path) -> Path:
    """The settings of a small made-up store with one rule."""
    settings = mariadb.settings(database)
    file = tmp_path / "config.toml"
    file.write_text(
        f'[database]\nsocket = "{settings.socket}"\nuser = "{settings.user}"\n'
        f'password = "{settings.password.reveal()}"\nname = "{database}"\n'
    )
    file.chmod(0o600)
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "a.toml").write_text("[[tag]]\nname = 'buyer'\nwhen = 'orders >= 1'\n")
    engine = connect(settings)
    create_store(engine, "oc_")
    generate(engine, "oc_", customers=30, orders=60, seed=7, now=clock.now())
    engine.dispose()
    assert cli.run(["--config", str(file), "migrate"]) == 0
    return file


def keys(value: Any) -> set[str]:
    """The keys of *value* and of what is in it."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return set(value).union(*map(keys, value.values())) if isinstance(value, dict) else set()


def test_every_key_of_a_json_answer_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answered(*arguments: str, code: int = 0) -> set[str]:
        capsys.readouterr()
        assert cli.run(["--config", str(config), *arguments, "--json"]) == code
        return keys(json.loads(capsys.readouterr().out))

    def told(command: str) -> set[str]:
        text = next(text for commands, text in TOLD.items() if f"`{command}`" in commands)
        return set(re.findall(r"`(\w+)`", text))

    assert answered("plan") <= told("plan") | told("once")
    assert answered("once", code=75) <= told("once")  # waits for approval, and says with what
    assert answered("once", "--yes") <= told("once")
    assert answered("tag", "add", "friend", "1") <= told("tag add")
    assert answered("runs") <= told("runs") | told("once")
    assert answered("group", "set", "Wholesale", "2", "--reason", "x") <= told("group set")
    assert answered("undo", "1") <= told("undo")
    assert answered("pause") <= told("pause")
    assert answered("resume") <= told("pause")
    assert answered("rules", "check") <= told("rules check")
    assert answered("rules", "list") <= told("rules list")
    assert answered("tag", "list") <= told("tag list")
    assert answered("facts") <= told("facts")
    of_one_tag = set(re.findall(r"`(\w+)`", PAGE.split("\n- `tag create`")[1]))
    assert answered("tag", "create", "press") <= of_one_tag
    assert answered("tag", "describe", "press", "--colour", "#112233") <= of_one_tag
    assert answered("tag", "rename", "press", "media") <= of_one_tag
