"""The page on retention lists every class, and its examples are rules that can be read."""

from __future__ import annotations

import re
from pathlib import Path

from sidecar.model import Names
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.privacy.retention import CLASSES
from sidecar.rules.ruleset import check_rules, read_rules

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "retention.md").read_text("utf-8")


def test_the_table_lists_every_class_once() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == ["of", *CLASSES]


def test_its_examples_are_rules() -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    files = [(f"{number}.toml", text.encode()) for number, text in enumerate(examples)]
    rules = check_rules(read_rules(files), Catalogue(), Names())
    assert [rule.of for rule in rules.retention] == ["accounts", "searches"]
    assert rules.warnings == ()
