"""A condition as JSON."""
# ruff: noqa: E501 (a message stands on one line, as it is read)

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from sidecar.errors import RuleError
from sidecar.rules.language.jsonform import from_json, to_json
from sidecar.rules.language.parser import parse
from sidecar.rules.syntax import Expr
from support.strategies import trees


def _document(**condition: object) -> dict[str, Any]:
    return {"version": 1, "condition": condition}


def _compare(**change: object) -> dict[str, Any]:
    value = {"type": "number", "number": "1"}
    return {"node": "compare", "fact": {"name": "orders"}, "op": "=", "value": value} | change


def _refusal(data: object) -> str:
    with pytest.raises(RuleError) as caught:
        from_json(data)
    (problem,) = caught.value.problems
    return problem.message


@given(trees())
def test_a_tree_goes_through_json_unchanged(tree: Expr) -> None:
    assert from_json(json.loads(json.dumps(to_json(tree)))) == tree


def test_the_form_is_fixed() -> None:
    text = (
        "not (orders(within = 1 year, from = 2026-01-31, until = today) between 1.50 and 3) "
        'or city not in ("a", yes) or email in @free_mail or tags has all of ("x") '
        'or not in segment "s" or city not contains "a" or city starts with "b" '
        "or last_order older than 3 days or last_order on yesterday or city is not missing"
    )
    city = {"name": "city"}
    last_order = {"name": "last_order"}

    assert to_json(parse(text)) == {
        "version": 1,
        "condition": {
            "node": "or",
            "items": [
                {
                    "node": "not",
                    "item": {
                        "node": "between",
                        "fact": {
                            "name": "orders",
                            "filters": [
                                {
                                    "name": "within",
                                    "value": {"type": "span", "count": 1, "unit": "year"},
                                },
                                {"name": "from", "value": {"type": "date", "date": "2026-01-31"}},
                                {
                                    "name": "until",
                                    "value": {"type": "relative_day", "day": "today"},
                                },
                            ],
                        },
                        "low": {"type": "number", "number": "1.5"},
                        "high": {"type": "number", "number": "3"},
                    },
                },
                {
                    "node": "in",
                    "fact": city,
                    "values": [{"type": "text", "text": "a"}, {"type": "yesno", "yesno": True}],
                    "negated": True,
                },
                {"node": "in_list", "fact": {"name": "email"}, "list": "free_mail"},
                {"node": "has", "fact": {"name": "tags"}, "mode": "all", "values": ["x"]},
                {"node": "in_segment", "segment": "s", "negated": True},
                {"node": "contains", "fact": city, "text": "a", "negated": True},
                {"node": "edge", "fact": city, "op": "starts with", "text": "b"},
                {
                    "node": "date_span",
                    "fact": last_order,
                    "op": "older than",
                    "span": {"type": "span", "count": 3, "unit": "day"},
                },
                {
                    "node": "date_day",
                    "fact": last_order,
                    "op": "on",
                    "day": {"type": "relative_day", "day": "yesterday"},
                },
                {"node": "missing", "fact": city, "negated": True},
            ],
        },
    }


def test_and_directly_in_and_is_made_flat() -> None:
    leaf = _compare()
    inner = {"node": "and", "items": [leaf, leaf]}

    tree = from_json(_document(node="and", items=[inner, leaf]))

    assert tree == parse("orders = 1 and orders = 1 and orders = 1")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "$: expected 'object', got 'null'"),
        ([], "$: expected 'object', got 'array'"),
        ({}, "$: object missing required field 'version'"),
        ({"version": 2, "condition": _compare()}, "$.version: invalid enum value 2"),
        ({"version": 1}, "$: object missing required field 'condition'"),
        ({"version": 1, "condition": _compare(), "x": 1}, "$: object contains unknown field 'x'"),
        (_document(), "$.condition: object missing required field 'node'"),
        (_document(node="xor"), "$.condition.node: invalid value 'xor'"),
        (_document(**_compare(op="~")), "$.condition.op: invalid enum value '~'"),
        (_document(**_compare(value=3)), "$.condition.value: expected 'object', got 'int'"),
        (_document(**_compare(value={"type": "number", "number": 3})), "$.condition.value.number: expected 'str', got 'int'"),
        (_document(**_compare(value={"type": "number", "number": "1e5"})), '$.condition.value.number: expected a number in quotes, e.g. "12.5", of at most 12 digits before and after its point'),
        (_document(**_compare(value={"type": "number", "number": "1\n"})), '$.condition.value.number: expected a number in quotes, e.g. "12.5", of at most 12 digits before and after its point'),
        (_document(**_compare(value={"type": "text", "text": "a\x00"})), "$.condition.value.text: expected a text without control characters"),
        (_document(**_compare(value={"type": "text", "text": "\ud800"})), "$.condition.value.text: expected a text without control characters"),
        (_document(**_compare(value={"type": "yesno", "yesno": 1})), "$.condition.value.yesno: expected 'bool', got 'int'"),
        (_document(**_compare(value={"type": "span", "count": -1, "unit": "day"})), "$.condition.value.count: expected 'int' >= 0"),
        (_document(**_compare(value={"type": "span", "count": 201, "unit": "year"})), "$.condition.value: a span is at most 200 years"),
        (_document(**_compare(fact={"name": "a b"})), "$.condition.fact.name: expected the name of a fact"),
        (_document(**_compare(fact={"name": "and"})), "$.condition.fact.name: 'and' is a word of the language, not a fact"),
        (_document(**_compare(fact={"name": "a", "filters": [{"name": "x", "value": {}}]})), "$.condition.fact.filters[0].name: invalid enum value 'x'"),
        (_document(node="not", item=_compare(extra=1)), "$.condition.item: object contains unknown field 'extra'"),
        (_document(node="and", items=[_compare()]), "$.condition.items: expected 'array' of length >= 2"),
        (_document(node="or", items=[_compare(), {"node": "in_list", "fact": {"name": "a"}, "list": "a b"}]), "$.condition.items[1].list: expected the name of a list"),
        (_document(node="in", fact={"name": "a"}, values=[]), "$.condition.values: expected 'array' of length >= 1"),
        (_document(node="date_day", fact={"name": "a"}, op="on", day={"type": "date", "date": "2026-02-30"}), "$.condition.day.date: invalid RFC3339 encoded date"),
        (_document(node="date_day", fact={"name": "a"}, op="on", day={"type": "date", "date": "0001-01-01"}), "$.condition.day: a day lies between the years 1900 and 2999"),
        (_document(node="edge", fact={"name": "a"}, op="contains", text="x"), "$.condition.op: invalid enum value 'contains'"),
        (_document(node="or", items=[_compare()] * 51), "$.condition: a condition has at most 50 comparisons"),
        (_document(node="has", fact={"name": "a"}, mode="any", values=["x" * 9] * 1000), "$.condition: a condition is at most 8 kB long"),
        (_document(node="has", fact={"name": "a"}, mode="any", values=["x"] * 1001), "$.condition.values: expected 'array' of length <= 1000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_path(data: object, message: str) -> None:
    assert _refusal(data) == message


@pytest.mark.parametrize("levels", [8, 100_000])
def test_deep_input_is_refused(levels: int) -> None:
    node = _compare()
    for _ in range(levels):
        node = {"node": "not", "item": node}

    assert _refusal(_document(**node)) == "$.condition: a condition is nested at most 8 deep"
