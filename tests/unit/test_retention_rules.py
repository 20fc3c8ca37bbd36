"""Retention rules: how they are read, and on which day something is too old."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RuleError
from sidecar.rules.privacy.retention import RetentionRule, kept_from, purged_on
from sidecar.rules.ruleset import read_rules
from sidecar.rules.syntax import Span

_DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 1, 1))
_SPANS = st.builds(Span, st.integers(1, 60), st.sampled_from(("day", "week", "month", "year")))


def _read(text: str) -> tuple[RetentionRule, ...]:
    return read_rules([("a.toml", text.encode())]).retention


def test_a_rule_says_what_is_kept_how_long_and_of_whom() -> None:
    (rule,) = _read(
        """
        [[retention]]
        name = "asleep"
        of = "accounts"
        age = "36 months"
        when = 'orders = 0'
        most = 20
        even_with = ["credit"]
        """
    )
    assert (rule.name, rule.of, rule.age) == ("asleep", "accounts", Span(36, "month"))
    assert (rule.text, rule.most) == ("orders = 0", 20)
    assert rule.protections == ("open orders", "subscriptions", "points")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('of = "carts"\nage = "3 days"', "has no name"),
        ('name = "x"\nage = "3 days"', "does not say of what"),
        ('name = "x"\nof = "cart"\nage = "3 days"', "did you mean 'carts'?"),
        ('name = "x"\nof = []\nage = "3 days"', "no class is called '[]'"),
        ('name = "x"\nof = "carts"', "has no age"),
        ('name = "x"\nof = "carts"\nage = "3 hours"', "an age is at least a day"),
        ('name = "x"\nof = "carts"\nage = "0 days"', "an age is at least a day"),
        ('name = "x"\nof = "carts"\nage = 3', "needs a span in quotes"),
        ('name = "x"\nof = "carts"\nage = "3 days"\nmost = 0', "'most' is a whole number"),
        ('name = "x"\nof = "carts"\nage = "3 days"\nmost = true', "'most' is a whole number"),
        ('name = "x"\nof = "carts"\nage = "3 days"\nwhen = "orders = 0"', "is about accounts"),
        ('name = "x"\nof = "carts"\nage = "3 days"\neven_with = []', "is about accounts"),
        ('name = "x"\nof = "accounts"\nage = "3 days"\neven_with = ["all"]', "protects nobody"),
        ('name = "x"\nof = "accounts"\nage = "3 days"\neven_with = [[]]', "protects nobody"),
        ('name = "x"\nof = "accounts"\nage = "3 days"\neven_with = "points"', "is a list"),
        ('name = "x"\nof = "accounts"\nage = "3 days"\nwehn = "orders = 0"', "'wehn'"),
        ('name = "x"\nof = "accounts"\nage = "3 days"\nwhen = "orders ="', "a.toml:5"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_at_its_place(lines: str, said: str) -> None:
    with pytest.raises(RuleError) as error:
        _read(f"[[retention]]\n{lines}")
    assert said in str(error.value)


def test_two_rules_of_one_name_are_refused() -> None:
    rule = '[[retention]]\nname = "x"\nof = "carts"\nage = "3 days"\n'
    with pytest.raises(RuleError, match=r"'X' stands here again, first in a\.toml:1"):
        _read(rule + rule.replace("x", "X"))


@pytest.mark.parametrize(
    ("last", "age", "purged"),
    [
        ("2026-01-10", Span(1, "day"), "2026-01-12"),
        ("2026-01-10", Span(1, "week"), "2026-01-18"),
        ("2026-01-31", Span(1, "month"), "2026-03-01"),
        ("2024-01-31", Span(1, "month"), "2024-03-01"),
        ("2024-02-29", Span(1, "year"), "2025-03-01"),
        ("2026-12-31", Span(2, "month"), "2027-03-01"),
    ],
)
def test_something_is_purged_the_day_after_the_last_on_which_it_may_be_kept(
    last: str, age: Span, purged: str
) -> None:
    assert purged_on(datetime.date.fromisoformat(last), age).isoformat() == purged


@given(_DAYS, _SPANS)
def test_what_is_kept_today_is_what_is_purged_later(today: datetime.date, age: Span) -> None:
    first = kept_from(today, age)
    for days in range(-4, 5):
        day = first + datetime.timedelta(days=days)
        assert (purged_on(day, age) > today) == (day >= first)


def test_what_is_purged_makes_the_fingerprint_and_nothing_else_does() -> None:
    rule = RetentionRule(name="x", of="accounts", age=Span(3, "year"))
    same = RetentionRule(name="y", of="accounts", age=Span(3, "year"), most=5, line=7)
    assert rule.fingerprint == same.fingerprint
    others = (
        RetentionRule(name="x", of="carts", age=Span(3, "year")),
        RetentionRule(name="x", of="accounts", age=Span(3, "month")),
        RetentionRule(name="x", of="accounts", age=Span(2, "year")),
        RetentionRule(name="x", of="accounts", age=Span(3, "year"), text="orders = 0"),
        RetentionRule(
            name="x", of="accounts", age=Span(3, "year"), even_with=frozenset({"points"})
        ),
    )
    assert len({rule.fingerprint, *(other.fingerprint for other in others)}) == 6
