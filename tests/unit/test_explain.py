"""What each part of a condition says of one customer, and the nearest miss."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sidecar.model import Moment, Names
from sidecar.rules.ahead import last_day, older_at, over_at, when_words
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.evaluate import prepared
from sidecar.rules.explain import Node, Trees
from sidecar.rules.language.parser import parse
from sidecar.rules.nearest import in_words, nearest
from sidecar.rules.syntax import Span

KYIV = ZoneInfo("Europe/Kyiv")
MOMENT = Moment(datetime.datetime(2026, 3, 10, 9, 30, tzinfo=datetime.UTC), KYIV)

#: A customer: two orders, the first of them a year old at the end of the month.
ANN: Mapping[str, object] = {
    "orders": 2,
    "total_spent": 412_4000,
    "average_order": 206_2000,
    "largest_order": None,
    "country": "FR",
    "newsletter": False,
    "status": True,
    "last_order": "2026-01-15 12:00",
    "registered": "2026-03-01 12:00",
    "cart_added": None,
    "points": 40,
    "orders(within = 1 year)": (2, "2025-03-31 15:00"),
    "total_spent(within = 1 year)": (412_4000, "2025-03-31 15:00"),
    "orders(within = 2 hours)": (1, "2026-03-10 11:00"),
    "orders(total >= 100)": 1,
    "orders(until = 2025-12-31)": 1,
}


def at(wall: str) -> int:
    """A wall time of the store as seconds since 1970."""
    return int(datetime.datetime.fromisoformat(wall).replace(tzinfo=KYIV).timestamp())


def tree(condition: str, facts: Mapping[str, object] = ANN, *tags: str) -> Node:
    """*condition* of a customer with *facts* and *tags*."""
    catalogue = Catalogue()
    compiler = Compiler(
        catalogue,
        Names(),
        {"near": {"fr", "be"}},
        lambda name: pl.lit(name in tags),
        lambda name: pl.lit(name == "regulars"),
        ["vip", "press"],
    )
    trees = Trees(compiler, catalogue, Names())
    expr = parse(condition)
    trees.add(expr)
    row: dict[str, object] = {"customer_id": 1}
    schema: dict[str, pl.DataType] = {"customer_id": pl.Int64()}
    for column in trees.compiled.columns:
        kind = catalogue.get(column.fact)
        assert kind is not None
        value = facts[_written(column, facts)]
        if column.is_moving:
            assert isinstance(value, tuple)
            row |= {column.leaves: at(value[1]), column.enters: None}
            schema |= {column.leaves: pl.Int64(), column.enters: pl.Int64()}
            value = value[0]
        if kind.kind == "date" and isinstance(value, str):
            value = at(value)
        row[column.key] = value
        text = {"text": pl.String(), "yesno": pl.Boolean()}
        schema[column.key] = text.get(kind.kind, pl.Int64())
    frame = prepared(pl.DataFrame([row], schema=schema), trees.compiled, MOMENT)
    return trees.told(frame, frozenset(tags)).node(expr)


def _written(column: Column, facts: Mapping[str, object]) -> str:
    """The key of *facts* that means *column*."""
    compiler = Compiler(Catalogue(), Names(), {}, pl.lit, pl.lit)
    for name in facts:
        asked = parse(f"{name} is missing")
        assert not isinstance(asked, tuple)
        if compiler.column(asked.fact).key == column.key:  # type: ignore[union-attr]
            return name
    raise KeyError(column.key)


def misses(condition: str, facts: Mapping[str, object] = ANN, *tags: str) -> str:
    """The nearest miss in words; values are told as they are kept."""
    return in_words(nearest(tree(condition, facts, *tags), MOMENT, lambda n: str(n.value)), MOMENT)


# -- the tree ------------------------------------------------------------------------------


def test_every_part_says_whether_it_holds_and_by_which_value() -> None:
    root = tree('(orders >= 3 or country = "FR") and not newsletter')

    assert root.holds
    either, no_letter = root.items
    assert [(item.holds, item.value) for item in either.items] == [(False, 2), (True, "FR")]
    assert (either.holds, no_letter.holds) == (True, True)
    assert (no_letter.items[0].holds, no_letter.items[0].value) == (False, False)


@pytest.mark.parametrize(
    "condition",
    ["largest_order >= 1", "largest_order < 1", "cart_added within 1 year", "largest_order != 3"],
)
def test_a_comparison_with_a_missing_value_is_false_and_says_so(condition: str) -> None:
    assert (tree(condition).holds, tree(condition).missing) == (False, True)
    assert tree(f"not {condition}").holds


def test_that_a_value_is_missing_is_told_too() -> None:
    assert tree("largest_order is missing").holds
    assert not tree("country is missing").holds
    assert tree("country is missing").value == "FR"


def test_a_set_tells_which_of_the_names_asked_for_are_in_it() -> None:
    assert tree('tags has any of ("VIP", "press")', ANN, "press").value == ["press"]
    assert tree('tags has all of ("VIP", "press")', ANN, "press").value == ["press"]
    assert tree('tags has "vip"').value == []
    assert tree("tags is not missing", ANN, "press", "vip").value == ["press", "vip"]


def test_a_segment_tells_whether_they_are_in_it() -> None:
    assert tree('in segment "regulars"').value is True
    assert tree('not in segment "regulars"').value is True
    assert not tree('not in segment "regulars"').holds
    assert tree('in segment "others"').value is False


# -- the nearest miss ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("orders >= 3", "1 more order"),
        ("orders > 3", "2 more orders"),
        ("orders = 4", "2 more orders"),
        ("orders != 2", "1 more order"),
        ("orders > 2.5", "1 more order"),
        ("orders between 5 and 9", "3 more orders"),
        ("total_spent >= 500", "87.60 more spent"),
        ("total_spent > 500", "more than 87.60 more spent"),
        ("total_spent >= 412.4001", "0.0001 more spent"),
        ("total_spent >= 2412.4", "2,000.00 more spent"),
        ("points >= 100", "60 more points"),
        ("largest_order >= 50", "an order of at least 50.00"),
        ("largest_order > 50", "an order of more than 50.00"),
        ("last_order within 30 days", "a new order"),
        ("last_order older than 90 days", "no new order until 16 April 2026"),
        ("registered older than 30 days", "time until 1 April 2026"),
        ("cart_added within 2 days", "a change of the cart"),
        ("orders(total >= 100) >= 2", "1 more order (total >= 100)"),
    ],
)
def test_one_comparison_says_how_much_is_lacking(condition: str, words: str) -> None:
    assert misses(condition) == f"needs {words}"


def test_what_leaves_the_window_sets_the_day_until_when_it_is_enough() -> None:
    assert misses("orders(within = 1 year) >= 3 or total_spent(within = 1 year) >= 500") == (
        "needs 1 more order by 31 March 2026, or 87.60 more spent by 31 March 2026"
    )
    assert misses("orders(within = 2 hours) >= 2") == "needs 1 more order by 13:00 on 10 March 2026"


def test_all_that_fails_is_needed_and_of_alternatives_each() -> None:
    assert misses("orders >= 3 and total_spent >= 500 and status") == (
        "needs 1 more order and 87.60 more spent"
    )
    assert misses("orders >= 3 or points >= 50") == "needs 1 more order, or 10 more points"
    assert misses("points >= 50 and (orders >= 3 or total_spent >= 500)") == (
        "needs 10 more points and 1 more order, or 10 more points and 87.60 more spent"
    )


def test_what_serves_several_comparisons_is_needed_once() -> None:
    assert misses("orders >= 3 and orders(within = 1 year) >= 5") == (
        "needs 3 more orders by 31 March 2026"
    )
    assert misses("orders >= 3 and last_order within 30 days") == "needs 1 more order"


def test_it_must_happen_while_what_holds_beside_it_still_does() -> None:
    assert misses("registered within 30 days and orders >= 3") == (
        "needs 1 more order by 31 March 2026"
    )


def test_not_asks_for_the_opposite() -> None:
    assert misses("not (orders < 3)") == "needs 1 more order"
    assert misses("not (orders = 2 or total_spent < 500)") == (
        "needs 1 more order and 87.60 more spent"
    )
    assert misses("not (status and orders < 3)").startswith("needs 1 more order")
    assert misses("not (last_order older than 30 days)") == "needs a new order"
    assert misses("not registered within 30 days") == "needs time until 1 April 2026"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("orders < 2", "orders < 2 (now 2)"),
        ("orders >= 3 and newsletter", "1 more order and newsletter (now False)"),
        ("average_order >= 300", "average_order >= 300 (now 2062000)"),
        ('country in @near and country != "FR"', 'country != "FR" (now FR)'),
        ("orders(until = 2025-12-31) >= 2", "orders(until = 2025-12-31) >= 2 (now 1)"),
        ('in segment "others"', 'in segment "others" (now False)'),
        ("orders = 2.5", "orders = 2.5 (now 2)"),
    ],
)
def test_what_a_customer_cannot_bring_about_is_named(condition: str, words: str) -> None:
    assert misses(condition) == f"needs {words}"


def test_ways_that_a_customer_can_go_hide_the_others() -> None:
    assert misses("newsletter or orders >= 3") == "needs 1 more order"


def test_what_holds_misses_nothing() -> None:
    assert nearest(tree("orders >= 2"), MOMENT, str) == ()


def test_many_alternatives_are_told_in_part_and_found_soon() -> None:
    either = " or ".join(f"orders >= {n}" for n in range(3, 10))
    condition = " and ".join(f"({either})" for _ in range(6))

    assert len(nearest(tree(condition), MOMENT, str)) <= 3


# -- when ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wall", "span", "turns"),
    [
        ("2026-01-15 12:00", Span(90, "day"), "2026-04-16 00:00"),
        ("2026-03-28 12:00", Span(1, "day"), "2026-03-30 00:00"),
        ("2026-01-31 12:00", Span(1, "month"), "2026-03-01 00:00"),
        ("2024-02-29 12:00", Span(3, "year"), "2027-03-01 00:00"),
        ("2026-03-10 11:00", Span(2, "hour"), "2026-03-10 13:00:01"),
    ],
)
def test_it_is_older_at_exactly_one_instant(wall: str, span: Span, turns: str) -> None:
    moment = Moment(datetime.datetime.fromtimestamp(at(wall), datetime.UTC), KYIV)

    assert older_at(at(wall), span, moment) == at(turns)


def test_a_grace_of_days_is_over_at_the_same_time_of_day_over_a_change_of_the_clock() -> None:
    began = at("2026-03-09 15:00")

    assert over_at(began, Span(30, "day"), MOMENT) == at("2026-04-08 15:00")
    assert over_at(began, Span(2, "hour"), MOMENT) is None


def test_a_midnight_is_told_as_its_day_and_its_end_as_the_day_before() -> None:
    assert when_words(at("2026-04-01 00:00"), MOMENT) == "1 April 2026"
    assert when_words(at("2026-04-01 00:05"), MOMENT) == "00:05 on 1 April 2026"
    assert last_day(at("2026-04-01 00:00"), MOMENT) == "31 March 2026"


def test_a_span_beyond_any_calendar_never_ends() -> None:
    assert older_at(at("2026-01-15 12:00"), Span(9_000, "year"), MOMENT) is None
