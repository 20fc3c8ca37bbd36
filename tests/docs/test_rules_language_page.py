"""The page about the rules language names all there is, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.model import Names
from sidecar.rules.catalogue import FACTS, OPERATORS, Catalogue
from sidecar.rules.dependencies import MAX_NESTING
from sidecar.rules.language import limits
from sidecar.rules.language.check import check
from sidecar.rules.language.lists import SHIPPED, shipped_lists
from sidecar.rules.language.operators import OPERATOR_KEYS
from sidecar.rules.language.parser import parse
from sidecar.rules.language.structure import GROUP_KEYS, SUBJECT_KEYS
from sidecar.rules.language.words import FILTERS, RESERVED, UNITS
from sidecar.rules.rule_file import LADDER_KEYS, RULE_KEYS, RUNG_KEYS, TABLES
from sidecar.rules.ruleset import check_rules, read_rules
from sidecar.rules.table_reader import MAX_NAME

PAGE = (Path(__file__).parents[2] / "docs/reference/rules-language.md").read_text("utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLES = [(kind, text) for kind, text in _FENCE.findall(PAGE) if kind in ("rule", "toml")]
_CONDITIONS = [line for kind, text in _EXAMPLES if kind == "rule" for line in text.splitlines()]
_FILES = [text for kind, text in _EXAMPLES if kind == "toml"]
_PROSE = _FENCE.sub("", PAGE)


def _code(word: str) -> bool:
    """Whether the page's prose has *word* in backquotes."""
    return f"`{word}`" in _PROSE


@pytest.mark.parametrize("kind", OPERATORS)
def test_every_operator_is_in_a_row_of_a_table(kind: str) -> None:
    rows = [line for line in _PROSE.splitlines() if line.startswith("|")]

    assert [
        row
        for row in rows
        if all(f"`{operator}`" in row for operator in OPERATORS[kind])  # type: ignore[index]
    ]


def test_every_key_of_the_structural_form_is_named() -> None:
    assert [key for key in (*OPERATOR_KEYS, *GROUP_KEYS, *SUBJECT_KEYS) if not _code(key)] == []


def test_every_filter_is_named_and_every_fact_that_takes_one() -> None:
    filtered = [fact.name for fact in FACTS if fact.filters]

    assert [word for word in (*FILTERS, *filtered) if not _code(word)] == []


def test_every_table_of_a_rules_file_is_named_with_its_keys() -> None:
    keys = {*RULE_KEYS, *RUNG_KEYS, *LADDER_KEYS}

    assert [key for key in sorted(keys) if not _code(key)] == []
    assert [
        table for table in TABLES if f"`[{table}]`" not in PAGE and f"`[[{table}]]`" not in PAGE
    ] == []


def test_every_word_of_the_language_is_in_the_grammar() -> None:
    grammar = dict(_FENCE.findall(PAGE))["text"]

    assert [
        word for word in sorted(RESERVED | {*UNITS, *FILTERS}) if f'"{word}"' not in grammar
    ] == []


def test_every_shipped_list_is_named_with_about_its_size() -> None:
    assert [name for name in SHIPPED if not _code(f"@{name}")] == []
    assert round(len(shipped_lists()["free_mail"]), -3) == 4000


def test_the_limits_are_those_of_the_code() -> None:
    rows = dict(
        re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", PAGE.partition("## Limits")[2], re.MULTILINE)
    )

    assert rows["a condition"].startswith(f"{limits.MAX_BYTES // 1024} kB")
    assert rows["comparisons in a condition"] == str(limits.MAX_LEAVES)
    assert rows["levels of `and`, `or`, `not`"].startswith(str(limits.MAX_DEPTH))
    assert rows["values in brackets, texts in a list"] == f"{limits.MAX_VALUES:,}"
    assert rows["segments within segments"] == f"{MAX_NESTING} deep"
    assert (
        rows["a number"]
        == f"{limits.MAX_DIGITS} digits before and {limits.MAX_DIGITS} after its point"
    )
    assert rows["a span"] == f"{limits.MAX_YEARS} years"
    assert rows["a day"] == f"from {limits.FIRST_YEAR} to {limits.LAST_YEAR}"
    assert f"1 to {MAX_NAME} characters" in PAGE


@pytest.mark.parametrize("text", _CONDITIONS)
def test_every_condition_on_the_page_makes_sense(text: str) -> None:
    expr = parse(text)

    assert check(expr, Catalogue(), Names(), shipped_lists(), None, file="", source=text) == []


@pytest.mark.parametrize("text", _FILES, ids=lambda text: text.splitlines()[1])
def test_every_rules_file_on_the_page_makes_sense(text: str) -> None:
    rules = check_rules(read_rules([("page.toml", text.encode())]), Catalogue(), Names())

    assert rules.warnings == ()
    assert rules.order or rules.groups
