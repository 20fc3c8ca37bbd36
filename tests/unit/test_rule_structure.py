"""The structural form of a condition: tables of TOML, same tree as the text."""
# ruff: noqa: E501, ISC004 (a case stands on one line)

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

from sidecar.rules.language.operators import OPERATOR_KEYS
from sidecar.rules.language.parser import parse
from sidecar.rules.language.structure import StructureError, from_structure


def _table(text: str) -> dict[str, object]:
    return tomllib.loads(text, parse_float=Decimal)


def _flaws(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(StructureError) as caught:
        from_structure(_table(text))
    return [
        (".".join(str(step) for step in flaw.path), flaw.message, flaw.hint)
        for flaw in caught.value.flaws
    ]


_KEYS = {
    "is": [
        ("is = 3", "f = 3"),
        ('is = "a"', 'f = "a"'),
        ("is = true", "f"),
        ("is = false", "f = no"),
        ('is = "90 days"', 'f = "90 days"'),
    ],
    "is_not": [("is_not = 0.10", "f != 0.1")],
    "at_least": [("at_least = 3", "f >= 3"), ('at_least = "2 weeks"', "f >= 2 weeks")],
    "at_most": [("at_most = -1.5", "f <= -1.5")],
    "more_than": [("more_than = 5_000", "f > 5000")],
    "less_than": [('less_than = "1 day"', "f < 1 day")],
    "between": [
        ("between = [1, 2.5]", "f between 1 and 2.5"),
        ('between = ["1 day", 7]', "f between 1 day and 7"),
    ],
    "in": [('in = ["a", "b"]', 'f in ("a", "b")'), ('in = "@Free_mail"', "f in @free_mail")],
    "not_in": [("not_in = [1]", "f not in (1)"), ('not_in = "@own"', "f not in @own")],
    "has": [('has = "a"', 'f has "a"')],
    "has_any": [('has_any = ["a", "b"]', 'f has any of ("a", "b")')],
    "has_all": [('has_all = ["a"]', 'f has all of ("a")')],
    "has_not": [
        ('has_not = "a"', 'f not has "a"'),
        ('has_not = ["a", "b"]', 'f not has any of ("a", "b")'),
    ],
    "contains": [('contains = "a"', 'f contains "a"')],
    "not_contains": [('not_contains = "a"', 'f not contains "a"')],
    "starts_with": [('starts_with = "a"', 'f starts with "a"')],
    "ends_with": [('ends_with = "a"', 'f ends with "a"')],
    "within": [('within = "90 days"', "f within 90 days")],
    "older_than": [('older_than = "1 year"', "f older than 1 year")],
    "in_next": [('in_next = "7 days"', "f in next 7 days")],
    "before": [("before = 2026-01-31", "f before 2026-01-31")],
    "after": [('after = "yesterday"', "f after yesterday")],
    "on": [('on = "today"', "f on today")],
    "missing": [("missing = true", "f is missing"), ("missing = false", "f is not missing")],
}


@pytest.mark.parametrize(
    ("key", "text"), [pair for pairs in _KEYS.values() for pair in pairs], ids=str
)
def test_each_key_means_its_operator(key: str, text: str) -> None:
    assert from_structure(_table(f'all = [ {{ fact = "f", {key} }} ]')) == parse(text)


def test_every_key_is_tried_above() -> None:
    assert OPERATOR_KEYS.keys() == _KEYS.keys()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ('all = [ { fact = "a" }, { fact = "b" } ]', "a and b"),
        ('any = [ { fact = "a" }, { fact = "b" } ]', "a or b"),
        ('none = [ { fact = "a" } ]', "not a"),
        ('none = [ { fact = "a" }, { fact = "b" } ]', "not (a or b)"),
        ('any = [ { fact = "a" } ]', "a"),
        ('all = [ { fact = "a" } ]\nany = [ { fact = "b" }, { fact = "c" } ]', "a and (b or c)"),
        ('all = [ { all = [ { fact = "a" }, { fact = "b" } ] }, { fact = "c" } ]', "a and b and c"),
        ('any = [ { fact = "a" }, { all = [ { fact = "b" }, { none = [ { fact = "c" } ] } ] } ]', "a or b and not c"),
        ('all = [ { tag = "vip" }, { segment = "new" } ]', 'tags has "vip" and in segment "new"'),
        ('none = [ { segment = "new" } ]', 'not (in segment "new")'),
        ('all = [ { fact = "a", at_least = 1, at_most = 5 } ]', "a >= 1 and a <= 5"),
        ('any = [ { fact = "a", at_least = 1, at_most = 5 }, { fact = "b" } ]', "a >= 1 and a <= 5 or b"),
        ('[[all]]\nfact = "a"\n[[all]]\nfact = "b"\nwith.within = "1 year"\nmore_than = 1', "a and b(within = 1 year) > 1"),
        (
            'all = [ { fact = "orders", at_least = 3, with = { within = "1 year", from = 2026-01-01, until = "today", '
            'status = "Complete", store = "S", category = "C", product = "P", manufacturer = "M", total = 9.99 } } ]',
            'orders(within = 1 year, from = 2026-01-01, until = today, status = "Complete", store = "S", '
            'category = "C", product = "P", manufacturer = "M", total >= 9.99) >= 3',
        ),
    ],
)  # fmt: skip
def test_a_table_means_what_its_text_means(table: str, text: str) -> None:
    assert from_structure(_table(table)) == parse(text)


def test_an_amount_is_exact() -> None:
    tree = from_structure(_table('all = [ { fact = "f", at_least = 1234567890.1234 } ]'))

    assert tree == parse("f >= 1234567890.1234")


@pytest.mark.parametrize(
    ("table", "path", "message", "hint"),
    [
        ("all = []", "all", "'all' needs a list of at least one condition", ""),
        ("any = 3", "any", "'any' needs a list of at least one condition", ""),
        ('all = ["a"]', "all.0", "needs a table in curly brackets", 'e.g. { fact = "orders", is = 3 }'),
        ('all = [ { fct = "a" } ]', "all.0", "needs one of fact, tag, segment, all, any or none", "did you mean 'fact'?"),
        ('all = [ { fact = "a", tag = "b" } ]', "all.0.tag", "'tag' cannot stand beside 'fact'", "put each into a table of its own"),
        ('all = [ { tag = "a", is = 3 } ]', "all.0.is", "'is' cannot stand beside 'tag'", ""),
        ("all = [ { tag = 3 } ]", "all.0.tag", "'tag' needs a name in quotes", ""),
        ('all = [ { fact = "a b" } ]', "all.0.fact", "'fact' needs the name of a fact in quotes", ""),
        ('all = [ { fact = "and" } ]', "all.0.fact", "'fact' needs the name of a fact in quotes", ""),
        ('all = [ { fact = "a", atleast = 3 } ]', "all.0.atleast", "there is no key 'atleast'", "did you mean 'at_least'?"),
        ('all = [ { fact = "a", status = "x" } ]', "all.0.status", "there is no key 'status'", "filters stand in 'with': with = { status = … }"),
        ('all = [ { fact = "a", with = 3 } ]', "all.0.with", "'with' needs a table of filters", 'e.g. with = { within = "1 year" }'),
        ('all = [ { fact = "a", with = { withn = 3 } } ]', "all.0.with.withn", "there is no filter 'withn'", "did you mean 'within'?"),
        ('all = [ { fact = "a", with = { within = 3 } } ]', "all.0.with.within", "'within' needs a span in quotes", 'e.g. "90 days", "1 year"'),
        ('all = [ { fact = "a", with = { total = "3" } } ]', "all.0.with.total", "'total' needs a number", ""),
        ('all = [ { fact = "a", at_least = "x" } ]', "all.0.at_least", "'at_least' needs a number, or a span such as \"90 days\"", ""),
        ('all = [ { fact = "a", at_least = true } ]', "all.0.at_least", "'at_least' needs a number", ""),
        ('all = [ { fact = "a", at_least = inf } ]', "all.0.at_least", "infinity and nan are not numbers a fact can be compared with", ""),
        ('all = [ { fact = "a", at_least = 1e999999999 } ]', "all.0.at_least", "a number has at most 12 digits before and after its point", ""),
        ('all = [ { fact = "a", at_least = 1234567890123 } ]', "all.0.at_least", "a number has at most 12 digits before and after its point", ""),
        ('all = [ { fact = "a", is = [1] } ]', "all.0.is", "'is' needs a text, a number, true or false", ""),
        ('all = [ { fact = "a", is = 2026-01-01 } ]', "all.0.is", "'is' needs a text, a number, true or false", ""),
        ('all = [ { fact = "a", is = "\\u0000" } ]', "all.0.is", "a text cannot hold the control character U+0000", ""),
        ('all = [ { fact = "a", between = [1] } ]', "all.0.between", "'between' needs a list of two values", "e.g. [1, 5]"),
        ('all = [ { fact = "a", in = "free_mail" } ]', "all.0.in", "'in' needs a list of values, or the name of one", 'e.g. "@free_mail"'),
        ('all = [ { fact = "a", in = [] } ]', "all.0.in", "'in' needs a list of at least one value", ""),
        ('all = [ { fact = "a", has = ["x"] } ]', "all.0.has", "'has' needs a text in quotes", ""),
        ('all = [ { fact = "a", within = "3 dayz" } ]', "all.0.within", "'within' needs a span in quotes", 'e.g. "90 days", "1 year"'),
        ('all = [ { fact = "a", within = "201 years" } ]', "all.0.within", "a span is at most 200 years", ""),
        ('all = [ { fact = "a", on = "2026-01-31" } ]', "all.0.on", "'on' needs a day", 'e.g. 2026-01-31, "today", "yesterday"'),
        ('all = [ { fact = "a", on = 2026-01-31T00:00:00 } ]', "all.0.on", "'on' needs a day", 'e.g. 2026-01-31, "today", "yesterday"'),
        ('all = [ { fact = "a", on = 1066-10-14 } ]', "all.0.on", "a day lies between the years 1900 and 2999", ""),
        ('all = [ { fact = "a", missing = "yes" } ]', "all.0.missing", "'missing' needs true or false", ""),
        ('all = [ { any = [ { fact = "a" } ], is = 3 } ]', "all.0.is", "'is' cannot stand beside all, any or none", "put it into a table of its own within 'all'"),
        ("all = [" + '{ tag = "a" },' * 51 + "]", "", "a condition has at most 50 comparisons", "make segments of its parts"),
        ("none = [ { " * 8 + 'none = [ { tag = "a" } ]' + "} ]" * 8, "", "a condition is nested at most 8 deep", "make segments of its parts"),
        ("all = [ { " * 20 + 'tag = "a"' + "} ]" * 20, "all.0" + ".all.0" * 15, "a condition is nested at most 8 deep", "make segments of its parts"),
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_its_path(
    table: str, path: str, message: str, hint: str
) -> None:
    assert _flaws(table) == [(path, message, hint)]


def test_every_flaw_is_reported() -> None:
    flaws = _flaws(
        'all = [ { fact = "a", atleast = 3, within = 3 }, { any = [ 3, { tag = 3 } ] } ]'
    )

    assert [path for path, _, _ in flaws] == [
        "all.0.atleast",
        "all.0.within",
        "all.1.any.0",
        "all.1.any.1.tag",
    ]
