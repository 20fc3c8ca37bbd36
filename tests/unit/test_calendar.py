"""Windows and days of rules against every instant, day and birthday counted one by one."""

from __future__ import annotations

import calendar
import datetime
import itertools
from collections.abc import Iterator
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model import Moment
from sidecar.rules.calendar import Boundary, add, ahead, day_start, read_day, resolve, since
from sidecar.rules.syntax import Day, Span, Unit

ZONES = (
    "UTC",
    "Europe/Kyiv",
    "America/Sao_Paulo",  # the clock jumped at midnight until 2018
    "Asia/Beirut",  # and does so still
    "Africa/Casablanca",  # back for Ramadan
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # had no 30 December 2011
    "America/Havana",  # midnight comes twice
)

UTC = datetime.UTC
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)

#: The clock jumps on the day, or on one of its neighbours, in one of the zones.
CLOCK_CHANGES = (
    datetime.date(2011, 12, 30),
    datetime.date(2017, 10, 15),
    datetime.date(2018, 2, 18),
    datetime.date(2018, 11, 4),
    datetime.date(2025, 3, 9),
    datetime.date(2025, 3, 30),
    datetime.date(2025, 4, 6),
    datetime.date(2025, 10, 5),
    datetime.date(2025, 10, 26),
    datetime.date(2025, 11, 2),
)

zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.datetimes(
    datetime.datetime(1990, 1, 1), datetime.datetime(2036, 12, 31), timezones=st.just(UTC)
).map(lambda at: at.replace(microsecond=0))
days = st.dates(datetime.date(1990, 1, 1), datetime.date(2036, 12, 31))


def local_day(epoch_s: int, zone: ZoneInfo) -> datetime.date:
    return datetime.datetime.fromtimestamp(epoch_s, zone).date()


def around(epoch_s: int) -> Iterator[int]:
    """Instants beside a boundary, and farther away."""
    for distance in (0, 1, 2, 1800, 3599, 3600, 3601, 86_399, 86_400, 86_401, 40 * 86_400):
        yield epoch_s - distance
        yield epoch_s + distance


def moment_of(at: datetime.datetime, zone: str) -> Moment:
    return Moment(at.astimezone(UTC), ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", CLOCK_CHANGES, ids=str)
def test_a_day_begins_with_the_first_instant_that_has_its_date(
    zone: str, day: datetime.date
) -> None:
    place = ZoneInfo(zone)
    utc_midnight = int(datetime.datetime.combine(day, datetime.time(), UTC).timestamp())
    for shift in (-1, 0, 1):
        of = day + shift * DAY
        # Found minute by minute: no zone of these jumps in the middle of one.
        first = next(
            second
            for second in range(utc_midnight - 3 * 86_400, utc_midnight + 3 * 86_400, 60)
            if local_day(second, place) >= of
        )

        assert day_start(of, place) == first


@given(zones, days)
def test_every_day_begins_where_the_one_before_it_ends(zone: ZoneInfo, day: datetime.date) -> None:
    start, end = day_start(day, zone), day_start(day + DAY, zone)

    assert local_day(start - 1, zone) < day <= local_day(start, zone)
    assert local_day(end - 1, zone) <= day < local_day(end, zone)


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/Toronto", datetime.date(1919, 3, 31), "1919-03-31T04:30:00+00:00"),
        ("America/St_Johns", datetime.date(2011, 3, 13), "2011-03-13T03:30:00+00:00"),
        ("Asia/Beirut", datetime.date(2026, 3, 29), "2026-03-28T22:00:00+00:00"),
        ("Africa/Monrovia", datetime.date(1972, 1, 7), "1972-01-07T00:44:30+00:00"),
    ],
)
def test_a_day_without_midnight_begins_when_the_clock_jumps_into_it(
    zone: str, day: datetime.date, first: str
) -> None:
    begins = day_start(day, ZoneInfo(zone))

    assert datetime.datetime.fromtimestamp(begins, UTC).isoformat() == first
    assert local_day(begins - 1, ZoneInfo(zone)) < day == local_day(begins, ZoneInfo(zone))


def test_a_day_that_the_calendar_skipped_has_no_instant() -> None:
    apia = ZoneInfo("Pacific/Apia")

    skipped, next_day = datetime.date(2011, 12, 30), datetime.date(2011, 12, 31)
    assert day_start(skipped, apia) == day_start(next_day, apia)


@given(zones, instants, st.integers(0, 800), st.sampled_from(("day", "week")))
def test_within_days_begins_with_the_local_day_so_many_days_ago(
    zone: ZoneInfo, now: datetime.datetime, count: int, unit: Literal["day", "week"]
) -> None:
    boundary = since(Span(count, unit), Moment(now, zone))

    first_day = now.astimezone(zone).date() - count * (7 if unit == "week" else 1) * DAY
    for instant in around(boundary):
        assert (instant >= boundary) == (local_day(instant, zone) >= first_day)


@given(zones, instants, st.integers(0, 800), st.sampled_from(("day", "week")))
def test_in_next_days_ends_with_the_local_day_so_many_days_ahead(
    zone: ZoneInfo, now: datetime.datetime, count: int, unit: Literal["day", "week"]
) -> None:
    boundary = ahead(Span(count, unit), Moment(now, zone))

    last_day = now.astimezone(zone).date() + count * (7 if unit == "week" else 1) * DAY
    for instant in around(boundary):
        assert (instant < boundary) == (local_day(instant, zone) <= last_day)


@given(zones, instants, st.integers(0, 100_000), st.sampled_from(("minute", "hour")))
def test_minutes_and_hours_are_counted_from_the_instant_whatever_the_clock_shows(
    zone: ZoneInfo, now: datetime.datetime, count: int, unit: Literal["minute", "hour"]
) -> None:
    span, moment = Span(count, unit), Moment(now, zone)

    length = count * (HOUR if unit == "hour" else datetime.timedelta(minutes=1))
    assert since(span, moment) == (now - length).timestamp()
    # The end of a window ahead is the first second behind it.
    assert ahead(span, moment) - 1 == (now + length).timestamp()


def moved_by_months(day: datetime.date, months: int) -> datetime.date:
    """*day* so many months later, counted month by month."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@given(days, st.integers(0, 300), st.sampled_from((-1, 1)))
def test_months_keep_the_day_or_end_with_the_month(
    day: datetime.date, count: int, sign: Literal[-1, 1]
) -> None:
    assert add(day, Span(count, "month"), sign) == moved_by_months(day, sign * count)


@given(days, st.integers(0, 60), st.sampled_from((-1, 1)))
def test_a_year_is_twelve_months(day: datetime.date, count: int, sign: Literal[-1, 1]) -> None:
    assert add(day, Span(count, "year"), sign) == moved_by_months(day, sign * count * 12)


@pytest.mark.parametrize(
    ("day", "span", "sign", "expected"),
    [
        ("2026-03-31", Span(1, "month"), -1, "2026-02-28"),
        ("2024-03-31", Span(1, "month"), -1, "2024-02-29"),
        ("2026-01-31", Span(1, "month"), 1, "2026-02-28"),
        ("2026-01-31", Span(3, "month"), 1, "2026-04-30"),
        ("2024-02-29", Span(1, "year"), -1, "2023-02-28"),
        ("2024-02-29", Span(1, "year"), 1, "2025-02-28"),
        ("2024-02-29", Span(4, "year"), 1, "2028-02-29"),
        ("2000-02-29", Span(100, "year"), 1, "2100-02-28"),
        ("2026-02-28", Span(2, "year"), -1, "2024-02-28"),
        ("2026-12-31", Span(2, "month"), 1, "2027-02-28"),
        ("2026-01-15", Span(13, "month"), -1, "2024-12-15"),
    ],
)
def test_months_and_years_clamp_to_the_end_of_the_month(
    day: str, span: Span, sign: Literal[-1, 1], expected: str
) -> None:
    moved = add(datetime.date.fromisoformat(day), span, sign)

    assert moved == datetime.date.fromisoformat(expected)


@given(zones, instants, st.integers(0, 60), st.sampled_from(("month", "year")))
def test_windows_of_months_begin_and_end_at_local_midnights(
    zone: ZoneInfo, now: datetime.datetime, count: int, unit: Literal["month", "year"]
) -> None:
    span, moment = Span(count, unit), Moment(now, zone)

    months = count * (12 if unit == "year" else 1)
    first = moved_by_months(moment.today, -months)
    last = moved_by_months(moment.today, months)
    for instant in around(since(span, moment)):
        assert (instant >= since(span, moment)) == (local_day(instant, zone) >= first)
    for instant in around(ahead(span, moment)):
        assert (instant < ahead(span, moment)) == (local_day(instant, zone) <= last)


@given(zones, instants, days)
def test_before_on_and_after_a_day_cut_time_into_three(
    zone: ZoneInfo, now: datetime.datetime, of: datetime.date
) -> None:
    moment = Moment(now, zone)
    start = Boundary("day_start", Day(of)).value(moment)
    end = Boundary("day_end", Day(of)).value(moment)

    for instant in (*around(start), *around(end)):
        day = local_day(instant, zone)
        assert (instant < start) == (day < of)
        assert (start <= instant < end) == (day == of)
        assert (instant >= end) == (day > of)


@given(zones, instants)
def test_today_and_yesterday_are_days_of_the_stores_zone(
    zone: ZoneInfo, now: datetime.datetime
) -> None:
    moment = Moment(now, zone)

    assert resolve(Day("today"), moment) == now.astimezone(zone).date()
    assert resolve(Day("yesterday"), moment) == now.astimezone(zone).date() - DAY


def test_the_same_instant_is_another_day_elsewhere() -> None:
    at = datetime.datetime(2026, 3, 1, 11, 30, tzinfo=UTC)

    assert resolve(Day("today"), moment_of(at, "Pacific/Apia")) == datetime.date(2026, 3, 2)
    assert resolve(Day("today"), moment_of(at, "America/Sao_Paulo")) == datetime.date(2026, 3, 1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", get_args(Unit))
@pytest.mark.parametrize("count", [0, 1, 200, 10_000, 10**9])
def test_a_span_of_any_length_has_boundaries_on_its_two_sides(
    zone: str, unit: Unit, count: int
) -> None:
    moment = moment_of(datetime.datetime(2024, 2, 29, 12, tzinfo=UTC), zone)
    span = Span(count, unit)

    assert -(2**63) <= since(span, moment) <= moment.epoch_s < ahead(span, moment) < 2**63


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_and_the_last_day_there_is_have_boundaries(zone: str) -> None:
    moment = moment_of(datetime.datetime(2024, 2, 29, 12, tzinfo=UTC), zone)
    for day in (datetime.date.min, datetime.date.max):
        start = Boundary("day_start", Day(day)).value(moment)
        end = Boundary("day_end", Day(day)).value(moment)

        assert -(2**63) <= start < end < 2**63


# -- birthdays ---------------------------------------------------------------------------

BIRTHDAYS = [
    month * 100 + day
    for month in range(1, 13)
    for day in range(1, calendar.monthrange(2024, month)[1] + 1)
]


def celebrated(birthday: int, day: datetime.date) -> bool:
    """Whether a birthday (month × 100 + day) is kept on *day*: 29 February on the 28th, too."""
    if birthday == day.month * 100 + day.day:
        return True
    return birthday == 229 and (day.month, day.day) == (2, 28) and not calendar.isleap(day.year)


def in_window(birthday: int, of: Span | Day, moment: Moment) -> bool:
    first = Boundary("birthday_first", of).value(moment)
    last = Boundary("birthday_last", of).value(moment)
    if first <= last:
        return first <= birthday <= last
    return birthday >= first or birthday <= last


def noon(day: datetime.date) -> Moment:
    return Moment(datetime.datetime.combine(day, datetime.time(12), UTC), ZoneInfo("UTC"))


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2027, 2028])
def test_birthdays_in_the_next_days_are_those_kept_on_one_of_them(year: int) -> None:
    starts = [
        *(datetime.date(year, 2, day) for day in (1, 26, 27, 28)),
        *([datetime.date(year, 2, 29)] if calendar.isleap(year) else []),
        *(datetime.date(year, 3, day) for day in (1, 2)),
        *(datetime.date(year, month, day) for month, day in ((1, 1), (6, 15), (12, 30), (12, 31))),
    ]
    for start, length in itertools.product(starts, (0, 1, 2, 3, 30, 59, 60, 363, 364, 365, 366)):
        moment = noon(start)
        upcoming = [start + shift * DAY for shift in range(length + 1)]
        expected = {b for b in BIRTHDAYS if any(celebrated(b, day) for day in upcoming)}

        found = {b for b in BIRTHDAYS if in_window(b, Span(length, "day"), moment)}

        assert found == expected, (start, length)


@given(days, st.integers(0, 14), st.sampled_from(("week", "month", "year")))
def test_birthdays_in_longer_windows_are_those_kept_on_one_of_their_days(
    start: datetime.date, count: int, unit: Literal["week", "month", "year"]
) -> None:
    if unit == "week":
        last = start + 7 * count * DAY
    else:
        last = moved_by_months(start, count * (12 if unit == "year" else 1))
    # Two years hold every day of the year, whatever lies behind them.
    length = min((last - start).days, 800)
    upcoming = [start + shift * DAY for shift in range(length + 1)]

    found = {b for b in BIRTHDAYS if in_window(b, Span(count, unit), noon(start))}

    assert found == {b for b in BIRTHDAYS if any(celebrated(b, day) for day in upcoming)}


@given(days)
def test_a_birthday_is_on_the_day_it_is_kept(day: datetime.date) -> None:
    found = {b for b in BIRTHDAYS if in_window(b, Day(day), noon(datetime.date(2026, 1, 1)))}

    assert found == {b for b in BIRTHDAYS if celebrated(b, day)}


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        ("2026-02-28", {228, 229}),
        ("2024-02-28", {228}),
        ("2024-02-29", {229}),
        ("2100-02-28", {228, 229}),
    ],
)
def test_who_is_born_on_29_february_keeps_the_28th_in_common_years(
    day: str, kept: set[int]
) -> None:
    moment = noon(datetime.date.fromisoformat(day))

    assert {b for b in BIRTHDAYS if in_window(b, Day("today"), moment)} == kept
    assert {b for b in BIRTHDAYS if in_window(b, Span(0, "day"), moment)} == kept


def test_boundaries_that_differ_have_columns_of_their_own() -> None:
    spans = [Span(count, unit) for count in (0, 1, 12) for unit in get_args(Unit)]
    some_days = [Day("today"), Day("yesterday"), Day(datetime.date(2026, 1, 12))]
    anything: list[Span | Day] = [*spans, *some_days]
    boundaries = [
        Boundary("now"),
        *(Boundary("since", span) for span in spans),
        *(Boundary("ahead", span) for span in spans),
        *(Boundary("day_start", day) for day in some_days),
        *(Boundary("day_end", day) for day in some_days),
        *(Boundary("birthday_first", of) for of in anything),
        *(Boundary("birthday_last", of) for of in anything),
    ]

    assert len({boundary.column for boundary in boundaries}) == len(boundaries)


@pytest.mark.parametrize(
    "text", ["20270131", "2027-W01-1", "2027-02-30", "31.01.2027", "", "٢٠٢٧-01-31"]
)
def test_a_day_is_written_in_one_way_only(text: str) -> None:
    assert read_day("2028-02-29") == datetime.date(2028, 2, 29)
    with pytest.raises(ValueError, match="is not a day"):
        read_day(text)
