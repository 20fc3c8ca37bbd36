"""
When a condition's comparisons change as time passes, found by walking through time.

Shares no code with what it is held against: every comparison is judged by the
interpreter at each instant at which anything could happen, one after the other.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from sidecar.rules.syntax import Day, FactRef, Predicate, Span
from support import interpreter
from support.interpreter import Birthday, Customer, FactValue, World, day_of, holds, moved

SECOND = datetime.timedelta(seconds=1)
DAY = datetime.timedelta(days=1)
_LENGTHS = {"minute": datetime.timedelta(minutes=1), "hour": datetime.timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Row:
    """An order, return or review; *total* is negative for a credit order."""

    at: datetime.datetime
    total: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Person:
    """
    Attributes:
        dates: Date facts by name.
        birthday: Or None.
        rows: By the name of the fact that counts them.
    """

    dates: Mapping[str, datetime.datetime | None]
    birthday: Birthday | None
    rows: Mapping[str, Sequence[Row]]


def is_inside(row: Row, ref: FactRef, world: World) -> bool:
    """Whether *row* passes every filter of *ref*."""
    for item in ref.filters:
        if isinstance(item.value, Span):
            span, day = item.value, world.day_of(row.at)
            if row.at > world.now:
                return False
            if span.unit in _LENGTHS:
                if row.at < world.now - span.count * _LENGTHS[span.unit]:
                    return False
            elif day < moved(world.today, span, -1):
                return False
        elif isinstance(item.value, Day):
            wanted, day = day_of(item.value, world), world.day_of(row.at)
            if day < wanted if item.name == "from" else day > wanted:
                return False
        elif isinstance(item.value, Decimal) and row.total < item.value:
            return False
    return True


def leaf_holds(leaf: Predicate, person: Person, world: World) -> bool:
    """Whether *leaf* is true of *person*."""

    def fact(ref: FactRef) -> FactValue:
        if ref.name == "birthday":
            return person.birthday
        if ref.name in person.dates:
            return person.dates[ref.name]
        rows = person.rows["orders" if ref.name == "total_spent" else ref.name]
        inside = [row for row in rows if is_inside(row, ref, world)]
        if ref.name == "total_spent":
            return sum((row.total for row in inside), Decimal(0))
        return Decimal(sum(row.total >= 0 for row in inside))

    return holds(leaf, Customer(fact), world)


def instants(
    person: Person, spans: Sequence[Span], world: World, until: datetime.datetime
) -> Iterator[datetime.datetime]:
    """Every instant after now at which anything can change, ascending, up to *until*."""
    found: set[datetime.datetime] = set()
    rows = [row.at for several in person.rows.values() for row in several]
    for at in [*rows, *(at for at in person.dates.values() if at is not None)]:
        found |= {at, at + SECOND}
        for span in spans:
            if span.unit in _LENGTHS:
                length = span.count * _LENGTHS[span.unit]
                found |= {at - length, at + length, at + length + SECOND}
    day = world.today
    while midnight(day, world.zone) <= until:
        day += DAY
        found.add(midnight(day, world.zone))
    yield from sorted(at for at in found if world.now < at <= until)


def midnight(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    """The first instant of *day*, of the years since 2015; in UTC."""
    local = datetime.datetime.combine(day, datetime.time(), zone)
    return local.astimezone(datetime.UTC)


def first_change(
    leaves: Sequence[Predicate],
    spans: Sequence[Span],
    person: Person,
    world: World,
    until: datetime.datetime,
) -> datetime.datetime | None:
    """The first instant after now at which one of *leaves* changes; None up to *until*."""
    now = [leaf_holds(leaf, person, world) for leaf in leaves]
    for at in instants(person, spans, world, until):
        then = World(at, world.zone)
        if [leaf_holds(leaf, person, then) for leaf in leaves] != now:
            return at
    return None


def turns(
    rows: Sequence[Row], ref: FactRef, world: World
) -> tuple[list[datetime.datetime], list[datetime.datetime]]:
    """
    The instants of *rows* that are in the windows of *ref* and will leave, or will yet enter.

    Those inside count whether they leave or not.
    """
    inside = [row.at for row in rows if is_inside(row, ref, world)]
    later = [row for row in rows if not is_inside(row, ref, world)]
    entering: list[datetime.datetime] = []
    for row in later:
        person = Person({}, None, {"orders": [row]})
        spans = [item.value for item in ref.filters if isinstance(item.value, Span)]
        times = instants(person, spans, world, max(row.at, world.now) + 3 * DAY)
        if any(is_inside(row, ref, World(at, world.zone)) for at in times):
            entering.append(row.at)
    return inside, entering


def stored(value: datetime.datetime | Birthday | None) -> int | None:
    """*value* as the loader stores it."""
    if isinstance(value, interpreter.Birthday):
        return value.month * 100 + value.day
    return None if value is None else int(value.timestamp())
