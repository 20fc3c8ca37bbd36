"""Warnings about what is allowed in rules and hardly meant."""
# ruff: noqa: E501 (a case stands on one line)

from __future__ import annotations

import pytest

from sidecar.rules.implication import excludes, implies
from sidecar.rules.language.parser import parse
from sidecar.rules.lint import is_always, is_never, lint
from sidecar.rules.ruleset import read_rules

FLAPS = "looks back a span that moves with the days, so customers may rise and fall by turns"
DAILY = "is about a single day, so whoever fulfils it today does not tomorrow"


def _warnings(text: str) -> list[tuple[int, str]]:
    problems = lint(read_rules([("rules.toml", text.encode())]))
    assert all(problem.severity == "warning" for problem in problems)
    return [(problem.line, problem.message) for problem in problems]


def _rung(name: str, when: str, more: str = "") -> str:
    return f"[[group]]\nname = '{name}'\nwhen = '{when}'\n{more}\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders > 5", "orders > 5"),
        ("orders > 5", "orders >= 5"),
        ("orders = 6", "orders >= 6"),
        ("orders between 2 and 3", "orders < 4"),
        ("total_spent > 5000", "total_spent > 1000"),
        ("total_spent > 5000 and newsletter", "total_spent > 1000"),
        ("total_spent > 5000 and newsletter", "newsletter and total_spent > 5000"),
        ("newsletter", "newsletter or status"),
        ("orders > 7 or orders > 6", "orders > 5"),
        ("not (orders > 5)", "not (orders > 6)"),
        ("last_order within 30 days", "last_order within 2 months or last_order within 5 weeks"),
        ("last_order older than 1 year", "last_order older than 6 months"),
    ],
)
def test_what_follows_is_known(one: str, other: str) -> None:
    assert implies(parse(one), parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders >= 5", "orders > 5"),
        ("orders > 5", "orders < 9"),
        ("orders > 5", "total_spent > 5"),
        ("orders(within = 1 year) > 5", "orders > 5"),
        ("orders != 5", "orders > 5"),
        ("newsletter or status", "newsletter"),
        ("last_order within 2 months", "last_order within 30 days"),
        (
            "last_order within 30 days",
            "last_order within 2 months",
        ),  # which of them is longer depends
        ("last_order older than 6 months", "last_order older than 1 year"),
    ],
)
def test_what_does_not_follow_is_not_claimed(one: str, other: str) -> None:
    assert not implies(parse(one), parse(other))


def test_what_cannot_be_both_is_known() -> None:
    assert excludes(parse("orders > 5"), parse("orders <= 5"))
    assert excludes(parse("orders = 1"), parse("orders between 2 and 3"))
    assert not excludes(parse("orders >= 5"), parse("orders <= 5"))
    assert not excludes(parse("orders > 5"), parse("total_spent < 5"))


@pytest.mark.parametrize(
    "text",
    [
        "newsletter and not newsletter",
        "orders > 5 and status and orders < 3",
        "(orders > 5 and orders < 3) or (status and not status)",
        "not (orders > 3 or not orders > 5)",
    ],
)
def test_a_condition_that_contradicts_itself_is_never_true(text: str) -> None:
    assert is_never(parse(text))
    ((line, message),) = _warnings(f"[[segment]]\nname = 'a'\nwhen = '{text}'")
    assert (line, message) == (3, "the condition contradicts itself: it is never true")


def test_a_condition_and_its_complement_are_always_true() -> None:
    ((_, message),) = _warnings("[[tag]]\nname = 'a'\nwhen = 'newsletter or not newsletter'")

    assert message == "the condition is always true"
    # One of them is false where the value is missing.
    assert not is_always(parse("average_order > 5 or average_order <= 5"))
    assert not is_never(parse("orders > 5 and orders < 7"))


def test_a_rung_that_a_higher_one_covers_is_never_reached() -> None:
    text = _rung("Silver", "total_spent > 1000") + _rung("Gold", "total_spent > 5000")

    ((line, message),) = _warnings(text)
    assert line == 7
    assert message == (
        "nobody ever rises to 'Gold': whoever fulfils this fulfils 'Silver'"
        " (rules.toml:1) too, which goes first"
    )
    assert (
        _warnings(_rung("Gold", "total_spent > 5000") + _rung("Silver", "total_spent > 1000")) == []
    )


def test_two_rungs_of_one_condition_leave_the_lower_one_empty() -> None:
    ((line, _),) = _warnings(_rung("A", "newsletter") + _rung("B", "newsletter"))

    assert line == 7


def test_a_rung_that_looks_back_and_lets_nobody_stay_flaps() -> None:
    when = "total_spent(within = 1 year) > 1000"

    assert _warnings(_rung("A", when)) == [(3, FLAPS)]
    assert _warnings(_rung("A", "last_order within 90 days")) == [(3, FLAPS)]
    for way_out in (
        "keep_when = 'total_spent(within = 1 year) > 800'",
        "grace = '30 days'",
        "min_stay = '30 days'",
        "[ladder]\nupgrade_only = true",
    ):
        assert _warnings(_rung("A", when, way_out)) == []


@pytest.mark.parametrize("when", ["registered within 30 days", "last_order older than 1 year", "orders >= 3", "orders(from = 2026-01-01) >= 3"])  # fmt: skip
def test_what_time_ends_once_does_not_flap(when: str) -> None:
    assert _warnings(_rung("A", when)) == []


def test_segments_may_look_back() -> None:
    assert _warnings("[[segment]]\nname = 'a'\nwhen = 'last_order within 90 days'") == []
    assert _warnings("[[segment]]\nname = 'a'\nwhen = 'registered on today'") == []


@pytest.mark.parametrize("when", ["registered on today", "orders(within = 1 day) >= 1", "last_order within 24 hours", "last_login on yesterday"])  # fmt: skip
def test_a_tag_of_a_single_day_is_told(when: str) -> None:
    assert _warnings(f"[[tag]]\nname = 'a'\nwhen = '{when}'") == [(3, DAILY)]


def test_a_tag_of_two_days_or_of_a_fixed_day_is_not_told() -> None:
    for when in ("last_order within 2 days", "last_order on 2026-01-31", "last_order before today"):
        assert _warnings(f"[[tag]]\nname = 'a'\nwhen = '{when}'") == []


def test_what_keeps_must_not_ask_for_more_than_what_lifts() -> None:
    text = _rung("Gold", "total_spent > 1000", "keep_when = 'total_spent > 2000'")

    assert _warnings(text) == [
        (4, "asks for more than 'when', so who rises to 'Gold' may fall at once")
    ]
    assert _warnings(_rung("Gold", "total_spent > 1000", "keep_when = 'orders > 2'")) == []
