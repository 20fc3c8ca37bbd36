"""The next instant against walking through time, and how often it wakes for nothing."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.model import Moment
from sidecar.rules import instants
from sidecar.rules.instants import Timed, TimedRows, next_instant
from sidecar.rules.language.parser import parse
from sidecar.rules.syntax import (
    Compare,
    DateDay,
    DateSpan,
    Day,
    FactRef,
    Filter,
    Predicate,
    Span,
)
from support import instants_brute_force as brute_force
from support import samples
from support.instants_brute_force import DAY, SECOND, Person, Row
from support.interpreter import Birthday, World, moved

ZONES = (
    "UTC",
    "Europe/Kyiv",
    "America/New_York",
    "America/Havana",  # midnight comes twice
    "Asia/Beirut",  # and here once a year it never does
    "Pacific/Apia",
    "Africa/Casablanca",  # back for Ramadan
    "Australia/Lord_Howe",  # by half an hour
)
FIVE_YEARS = 5 * 366 * DAY
DATES = ("registered", "last_order")
COUNTED = ("orders", "total_spent", "returns", "reviews")

nows = st.one_of(
    st.datetimes(datetime.datetime(2022, 1, 1), datetime.datetime(2029, 1, 1)),
    st.sampled_from(
        [
            datetime.datetime(2024, 2, 29, 12),
            datetime.datetime(2027, 2, 28, 23, 59, 59),
            datetime.datetime(2028, 2, 28, 6),
            datetime.datetime(2026, 3, 29, 1),
            datetime.datetime(2026, 10, 24, 21, 30),
            datetime.datetime(2026, 1, 31),
            datetime.datetime(2026, 12, 31, 20),
        ]
    ),
).map(lambda at: at.replace(microsecond=0, tzinfo=datetime.UTC))
worlds = st.builds(World, nows, st.sampled_from(ZONES).map(ZoneInfo))

spans = st.one_of(
    st.builds(Span, st.integers(0, 400), st.just("day")),
    st.builds(Span, st.integers(0, 60), st.just("week")),
    st.builds(Span, st.integers(0, 30), st.just("month")),
    st.builds(Span, st.integers(0, 4), st.just("year")),
    st.builds(Span, st.integers(0, 3000), st.just("hour")),
    st.builds(Span, st.integers(0, 100_000), st.just("minute")),
)
long_spans = st.builds(
    Span, st.integers(0, 14), st.sampled_from(("day", "week", "month"))
) | st.builds(Span, st.integers(360, 367), st.just("day"))
relative_days = st.sampled_from((Day("today"), Day("yesterday")))


def instants_about(world: World) -> st.SearchStrategy[datetime.datetime]:
    """Instants near *world*'s now, many of them beside a local midnight."""

    def at(days: int, seconds: int | None, beside: int) -> datetime.datetime:
        if seconds is None:
            local = brute_force.midnight(world.today + days * DAY, world.zone)
            return local + beside * SECOND
        return world.now + days * DAY + seconds * SECOND

    return st.builds(
        at,
        st.integers(-900, 900) | st.integers(-40, 40) | st.integers(-3, 3),
        st.none() | st.just(0) | st.integers(0, 86_399),
        st.sampled_from((-3600, -1, 0, 1, 3599, 1800)),
    )


def days_about(world: World) -> st.SearchStrategy[Day]:
    near = st.integers(-900, 900).map(lambda days: Day(world.today + days * DAY))
    return relative_days | near


def leaves_in(world: World) -> st.SearchStrategy[Predicate]:
    """A comparison of a date, of the birthday, or of a count with filters."""
    dates = st.sampled_from(DATES).map(FactRef)
    days = days_about(world)
    each: list[st.SearchStrategy[tuple[Filter, ...]]] = [
        st.just(()) | made.map(lambda one: (one,))
        for made in (
            st.builds(Filter, st.just("within"), spans),
            st.builds(Filter, st.just("from"), days),
            st.builds(Filter, st.just("until"), days),
        )
    ]
    filters = st.tuples(*each).map(lambda parts: sum(parts, ()))
    limits = st.sampled_from([Decimal(0), Decimal(1), Decimal(2), Decimal("-0.5")])
    operators = st.sampled_from((">=", "<", "=", "!="))
    return st.one_of(
        st.builds(DateSpan, dates, st.sampled_from(("within", "older than", "in next")), spans),
        st.builds(DateDay, dates, st.sampled_from(("before", "after", "on")), days_about(world)),
        st.builds(DateSpan, st.just(FactRef("birthday")), st.just("in next"), long_spans),
        st.builds(DateDay, st.just(FactRef("birthday")), st.just("on"), days_about(world)),
        st.builds(
            Compare, st.builds(FactRef, st.sampled_from(COUNTED), filters), operators, limits
        ),
    )


def persons_in(world: World) -> st.SearchStrategy[Person]:
    about = instants_about(world)
    days = st.dates(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
    near = st.integers(-2, 2).map(lambda n: world.today + n * DAY)
    birthdays = (days | near).map(lambda day: Birthday(day.month, day.day))
    leap_day = st.just(Birthday(2, 29))
    rows = st.lists(st.builds(Row, about, st.sampled_from((Decimal(1), Decimal(-1)))), max_size=3)
    counted = st.lists(st.builds(Row, about), max_size=3)
    return st.builds(
        Person,
        st.fixed_dictionaries({name: st.none() | about for name in DATES}),
        st.none() | birthdays | leap_day,
        st.fixed_dictionaries({"orders": rows, "returns": counted, "reviews": counted}),
    )


def spans_of(leaves: Sequence[Predicate]) -> list[Span]:
    found = [leaf.span for leaf in leaves if isinstance(leaf, DateSpan)]
    for leaf in leaves:
        if isinstance(leaf, Compare):
            values = [item.value for item in leaf.fact.filters]
            found += [value for value in values if isinstance(value, Span)]
    return found


def asked(
    leaves: Sequence[Predicate], person: Person, world: World
) -> tuple[list[Timed], dict[str, int | None]]:
    """What *leaves* have that depends on the moment, and its columns, counted by hand."""
    timed: list[Timed] = []
    columns: dict[str, int | None] = {}
    for leaf in leaves:
        compiler = samples.compiler()
        compiler.condition(leaf)
        timed += compiler.timed
        assert isinstance(leaf, DateSpan | DateDay | Compare)
        name = leaf.fact.name
        for each in compiler.timed:
            if isinstance(each, TimedRows):
                rows = person.rows["orders" if name == "total_spent" else name]
                inside, entering = brute_force.turns(rows, leaf.fact, world)
                columns[each.leaves] = brute_force.stored(min(inside, default=None))
                columns[each.enters] = brute_force.stored(min(entering, default=None))
            else:
                value = person.birthday if name == "birthday" else person.dates[name]
                columns[each.key] = brute_force.stored(value)
    return timed, columns


def wake(leaves: Sequence[Predicate], person: Person, world: World) -> datetime.datetime | None:
    """The next instant of *leaves* for *person*."""
    timed, columns = asked(leaves, person, world)
    frame = pl.DataFrame(
        {"customer_id": [1]} | {name: [value] for name, value in columns.items()},
        schema=dict.fromkeys(("customer_id", *columns), pl.Int64()),
    )
    at = frame.select(next_instant(timed, Moment(world.now, world.zone)))["time_at"]
    assert at.dtype == pl.Int64()
    found = at[0]
    return None if found is None else datetime.datetime.fromtimestamp(found, datetime.UTC)


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), worlds)
def test_nothing_changes_before_the_next_instant_and_few_of_them_are_idle(
    data: st.DataObject, world: World
) -> None:
    leaves = data.draw(st.lists(leaves_in(world), min_size=1, max_size=2))
    person = data.draw(persons_in(world))
    all_spans, end = spans_of(leaves), world.now + FIVE_YEARS
    # Every row and every comparison may be waited for; months differ by up to 6 days.
    patience = 8 * (len(leaves) + sum(map(len, person.rows.values())))
    idle = turned = 0
    while turned < 3:
        at = wake(leaves, person, world)
        assert at is None or at > world.now
        before = end if at is None else min(at - SECOND, end)
        assert brute_force.first_change(leaves, all_spans, person, world, before) is None
        if at is None or at > end:
            break
        then = World(at, world.zone)
        now_holds, then_holds = (
            [brute_force.leaf_holds(leaf, person, each) for leaf in leaves]
            for each in (world, then)
        )
        idle, turned = (idle + 1, turned) if now_holds == then_holds else (0, turned + 1)
        assert idle <= patience
        world = then


NOW = datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC)
KYIV = World(NOW, ZoneInfo("Europe/Kyiv"))


def wakes(text: str, world: World = KYIV, /, **facts: str) -> list[str]:
    """Every instant, in the zone of *world*, that the condition *text* is looked at again."""
    leaf = parse(text)
    assert isinstance(leaf, DateSpan | DateDay | Compare)
    dates = {
        name: datetime.datetime.fromisoformat(at)
        .replace(tzinfo=world.zone)
        .astimezone(datetime.UTC)
        for name, at in facts.items()
    }
    person = Person({}, None, {"orders": [Row(at) for at in dates.values()]})
    if leaf.fact.name in DATES:
        person = Person(dates, None, {})
    found: list[str] = []
    while (at := wake([leaf], person, world)) is not None:
        found.append(at.astimezone(world.zone).isoformat(" ")[:19])
        world = World(at, world.zone)
        assert len(found) < 40
    return found


@pytest.mark.parametrize(
    ("condition", "last_order", "found"),
    [
        ("last_order older than 90 days", "2026-03-01 12:00:00", ["2026-05-31 00:00:00"]),
        ("last_order within 90 days", "2026-03-01 12:00:00", ["2026-05-31 00:00:00"]),
        ("last_order within 90 days", "2025-01-01 12:00:00", []),
        ("last_order within 36 hours", "2026-03-31 00:00:00", ["2026-04-01 12:00:01"]),
        (
            "last_order within 1 day",
            "2026-04-10 15:00:00",
            ["2026-04-10 15:00:00", "2026-04-12 00:00:00"],
        ),
        ("last_order in next 2 days", "2026-03-31 01:00:00", ["2026-04-01 00:00:00"]),
        (
            "last_order in next 2 days",
            "2026-05-10 15:00:00",
            ["2026-05-08 00:00:00", "2026-05-11 00:00:00"],
        ),
        (
            "last_order in next 90 minutes",
            "2026-04-01 12:00:00",
            ["2026-04-01 10:30:00", "2026-04-01 12:00:01"],
        ),
        ("last_order before yesterday", "2026-03-31 12:00:00", ["2026-04-02 00:00:00"]),
        ("last_order after yesterday", "2026-03-31 12:00:00", ["2026-04-01 00:00:00"]),
        ("last_order after today", "2026-03-31 12:00:00", []),
        ("last_order before 2026-07-01", "2026-03-31 12:00:00", []),
        (
            "last_order on today",
            "2026-10-25 12:00:00",
            ["2026-10-25 00:00:00", "2026-10-26 00:00:00"],
        ),
    ],
)
def test_a_date_at_noon_is_looked_at_when_it_changes_and_never_else(
    condition: str, last_order: str, found: list[str]
) -> None:
    assert wakes(condition, last_order=last_order) == found


@pytest.mark.parametrize(
    ("filters", "order", "found"),
    [
        ("from = today", "2026-03-31 12:00:00", ["2026-04-01 00:00:00"]),
        ("from = yesterday", "2026-03-31 12:00:00", ["2026-04-02 00:00:00"]),
        ("until = today", "2026-05-10 12:00:00", ["2026-05-10 00:00:00"]),
        ("until = yesterday", "2026-05-10 12:00:00", ["2026-05-11 00:00:00"]),
        ("until = yesterday", "2026-03-30 12:00:00", []),
        ("until = 2026-05-01", "2026-04-10 12:00:00", []),
        (
            "within = 1 day, until = yesterday",
            "2026-05-10 12:00:00",
            ["2026-05-11 00:00:00", "2026-05-12 00:00:00"],
        ),
        ("within = 3 hours, from = today", "2026-03-31 12:00:00", ["2026-03-31 15:00:01"]),
    ],
)
def test_an_order_is_looked_at_when_its_day_comes_or_goes(
    filters: str, order: str, found: list[str]
) -> None:
    assert wakes(f"orders({filters}) > 0", order=order) == found


def test_a_month_ahead_is_looked_at_in_time_also_where_months_are_long() -> None:
    assert wakes("last_order in next 1 month", last_order="2026-08-31 12:00:00") == [
        "2026-07-31 00:00:00",
        "2026-09-01 00:00:00",
    ]


def test_a_date_beside_midnight_may_be_looked_at_a_day_early() -> None:
    assert wakes("last_order older than 90 days", last_order="2026-03-31 00:30:00") == [
        "2026-06-29 00:00:00",
        "2026-06-30 00:00:00",
    ]


def test_months_and_years_are_looked_at_a_few_days_before_they_end_at_most() -> None:
    assert len(wakes("last_order older than 1 month", last_order="2026-03-05 12:00:00")) <= 4
    assert len(wakes("last_order older than 6 months", last_order="2026-01-31 12:00:00")) <= 5
    assert len(wakes("last_order older than 1 year", last_order="2026-01-31 12:00:00")) == 1
    assert len(wakes("last_order older than 10 years", last_order="2026-01-31 12:00:00")) <= 4


def test_each_order_is_looked_at_as_it_leaves_and_as_it_comes() -> None:
    assert wakes(
        "orders(within = 30 days) >= 5",
        first="2026-03-05 12:00:00",
        second="2026-03-20 12:00:00",
        ahead="2026-04-10 12:00:00",
    ) == [
        "2026-04-05 00:00:00",
        "2026-04-10 12:00:00",
        "2026-04-20 00:00:00",
        "2026-05-11 00:00:00",
    ]


def test_windows_of_the_same_orders_share_one_pair_of_columns() -> None:
    compiler = samples.compiler()
    for text in ("orders", "total_spent", "average_order"):
        compiler.condition(parse(f"{text}(within = 1 year) > 5"))
    compiler.condition(parse("orders(until = 2026-01-01) > 5"))

    assert [each.leaves for each in compiler.timed if isinstance(each, TimedRows)] == [
        "orders(within=1 year) leaves"
    ]


def test_what_does_not_depend_on_the_moment_has_no_next_instant() -> None:
    compiler = samples.compiler()
    compiler.condition(
        parse("orders > 3 and last_order on 2026-01-01 and birthday on 2026-01-01 and status = yes")
    )

    frame = pl.DataFrame({"customer_id": [1, 2]}).with_columns(
        next_instant(compiler.timed, Moment(NOW, KYIV.zone))
    )

    assert frame["time_at"].to_list() == [None, None]
    assert frame["time_at"].dtype == pl.Int64()


@pytest.mark.parametrize("months", [0, 1, 2, 3, 6, 11, 12, 13, 18, 24, 48, 120, 1200, 4801])
def test_no_months_are_shorter_or_longer_than_said(months: int) -> None:
    span = Span(months, "month")
    shortest, longest = (instants._days(span, longest=longest) for longest in (False, True))
    found = set()
    for month in range(4800):
        first = datetime.date(1900 + month // 12, month % 12 + 1, 1)
        last = (first + 31 * DAY).replace(day=1) - DAY
        for day in (first, last - 2 * DAY, last - DAY, last):
            found.add((moved(day, span, 1) - day).days)

    assert (shortest, longest) == (min(found), max(found))
