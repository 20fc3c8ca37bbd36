"""
What a condition means, in plain Python, for one customer at a time.

Written from the definition of the language and sharing nothing with the compiler but
the syntax tree, so that the two can be held against each other.
"""

from __future__ import annotations

import calendar
import datetime
import operator
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    DateDay,
    DateSpan,
    Day,
    Expr,
    FactRef,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Not,
    Or,
    Span,
    TextMatch,
    Value,
)


@dataclass(frozen=True, slots=True)
class Birthday:
    """A day of the year."""

    month: int
    day: int


#: What a fact of a customer can be; sets hold names, None is missing.
FactValue = Decimal | str | bool | datetime.datetime | Birthday | frozenset[str] | None

_DAY = datetime.timedelta(days=1)
_INSTANTS = {"minute": datetime.timedelta(minutes=1), "hour": datetime.timedelta(hours=1)}
_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Customer:
    """
    What is known of one customer.

    Attributes:
        fact: The value of a fact, with its filters.
        segments: Names of those the customer is in.
    """

    fact: Callable[[FactRef], FactValue]
    segments: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class World:
    """
    What is the same for every customer.

    Attributes:
        now: Aware.
        zone: The store's.
        lists: Texts by the name of their list.
    """

    now: datetime.datetime
    zone: ZoneInfo
    lists: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        return self.day_of(self.now)

    def day_of(self, at: datetime.datetime) -> datetime.date:
        """The calendar day of an instant."""
        return at.astimezone(self.zone).date()


def holds(expr: Expr, customer: Customer, world: World) -> bool:
    """Whether *expr* is true of *customer*."""
    match expr:
        case And(items):
            return all(holds(item, customer, world) for item in items)
        case Or(items):
            return any(holds(item, customer, world) for item in items)
        case Not(item):
            return not holds(item, customer, world)
        case InSegment(name, negated):
            return _is_one_of(name, customer.segments) != negated
        case Missing(fact, negated):
            return (customer.fact(fact) in (None, frozenset())) != negated
        case Has(fact, mode, values, negated):
            names = customer.fact(fact)
            assert isinstance(names, frozenset)
            among = [_is_one_of(value, names) for value in values]
            return (all(among) if mode == "all" else any(among)) != negated
    found = customer.fact(expr.fact)
    if found is None:  # then no comparison is true, whichever way it is put
        return False
    match expr:
        case Compare(_, op, value):
            return _compares(found, op, value)
        case Between(_, low, high):
            return _compares(found, ">=", low) and _compares(found, "<=", high)
        case In(_, ListRef(name), negated):
            return any(_compares(found, "=", text) for text in world.lists[name]) != negated
        case In(_, tuple() as values, negated):
            return any(_compares(found, "=", value) for value in values) != negated
        case TextMatch(_, op, text, negated):
            return _matches(found, op, text) != negated
        case DateSpan(_, op, span):
            return _in_window(found, op, span, world)
        case DateDay(_, op, day):
            return _on_side(found, op, day_of(day, world), world)
    raise AssertionError(expr)


def fold(text: str) -> str:
    """*text* as it is compared: case and compatibility forms do not matter."""
    return unicodedata.normalize("NFKC", text).lower()


def moved(day: datetime.date, span: Span, sign: int) -> datetime.date:
    """*day* so many days, weeks, months or years later (*sign* 1) or earlier (-1)."""
    count = sign * span.count
    if span.unit == "day":
        return day + count * _DAY
    if span.unit == "week":
        return day + 7 * count * _DAY
    if span.unit == "year":
        year, month = day.year + count, day.month
    else:
        year, month = day.year, day.month + count
        while month > 12:
            year, month = year + 1, month - 12
        while month < 1:
            year, month = year - 1, month + 12
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _is_one_of(name: str, names: Collection[str]) -> bool:
    return any(fold(name) == fold(other) for other in names)


def _compares(found: FactValue, op: str, value: Value) -> bool:
    if isinstance(value, bool):
        assert isinstance(found, bool)
        return (found is value) == (op == "=")
    if isinstance(value, str):
        assert isinstance(found, str)
        return (fold(found) == fold(value)) == (op == "=")
    if isinstance(value, Span):
        value = Decimal(value.count * {"day": 1, "week": 7}[value.unit])
    assert isinstance(found, Decimal)
    return _COMPARISONS[op](found, value)


def _matches(found: FactValue, op: str, text: str) -> bool:
    assert isinstance(found, str)
    if op == "contains":
        return fold(text) in fold(found)
    if op == "starts with":
        return fold(found).startswith(fold(text))
    return fold(found).endswith(fold(text))


def _in_window(found: FactValue, op: str, span: Span, world: World) -> bool:
    if isinstance(found, Birthday):
        return _birthday_between(found, world.today, moved(world.today, span, 1))
    assert isinstance(found, datetime.datetime)
    if span.unit in _INSTANTS:
        length = span.count * _INSTANTS[span.unit]
        if op == "in next":
            return world.now <= found <= world.now + length
        start = world.now - length
        return found < start if op == "older than" else start <= found <= world.now
    day = world.day_of(found)
    if op == "in next":
        return world.today <= day <= moved(world.today, span, 1)
    first = moved(world.today, span, -1)
    return day < first if op == "older than" else first <= day and found <= world.now


def _on_side(found: FactValue, op: str, day: datetime.date, world: World) -> bool:
    if isinstance(found, Birthday):
        return _keeps(found, day)
    assert isinstance(found, datetime.datetime)
    when = world.day_of(found)
    if op == "on":
        return when == day
    return when < day if op == "before" else when > day


def day_of(day: Day, world: World) -> datetime.date:
    """The calendar day that *day* means."""
    if day.day == "today":
        return world.today
    return world.today - _DAY if day.day == "yesterday" else day.day


def _birthday_between(birthday: Birthday, first: datetime.date, last: datetime.date) -> bool:
    """Whether *birthday* is kept on any day from *first* to *last*."""
    # A year and a day hold every day of the year, and 28 February or the 29th besides.
    day = first
    while day <= min(last, first + 366 * _DAY):
        if _keeps(birthday, day):
            return True
        day += _DAY
    return False


def _keeps(birthday: Birthday, day: datetime.date) -> bool:
    if birthday == Birthday(2, 29) and not calendar.isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (day.month, day.day) == (birthday.month, birthday.day)
