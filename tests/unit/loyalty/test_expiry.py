"""When points expire: golden cases, and every day of decades against counting day by day."""

from __future__ import annotations

import calendar
import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.expiry import (
    Expiry,
    FixedDates,
    Inactivity,
    Period,
    Rolling,
    expires_at,
)
from sidecar.rules.syntax import Span

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def said(policy: Expiry, since: str, zone: ZoneInfo = BERLIN) -> str:
    instant = expires_at(policy, at(since, zone), zone)
    return datetime.datetime.fromtimestamp(instant, zone).isoformat(sep=" ")[:16]


def test_without_a_policy_nothing_expires() -> None:
    assert expires_at(None, at("2026-01-31 12:00"), BERLIN) == NEVER


@pytest.mark.parametrize(
    ("since", "months", "expires"),
    [
        ("2026-01-31 12:00", 1, "2026-03-01 00:00"),  # the last day is 28 February
        ("2028-01-31 12:00", 1, "2028-03-01 00:00"),  # in a leap year the 29th
        ("2026-03-10 23:59", 12, "2027-03-11 00:00"),
        ("2028-02-29 00:00", 12, "2029-03-01 00:00"),
    ],
)
def test_points_expire_at_the_midnight_after_their_last_day(
    since: str, months: int, expires: str
) -> None:
    assert said(Rolling(Span(months, "month")), since) == expires


def test_the_midnight_is_the_programs_also_when_the_clocks_change_that_night() -> None:
    policy = Rolling(Span(1, "day"))
    # 29 March 2026 has 23 hours in Berlin, 25 October has 25.
    assert expires_at(policy, at("2026-03-28 12:00"), BERLIN) == at("2026-03-30 00:00")
    assert expires_at(policy, at("2026-10-24 12:00"), BERLIN) == at("2026-10-26 00:00")


def test_where_a_midnight_never_was_the_day_begins_when_the_clocks_have_jumped() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    # On 24 April 2026 the clocks jump from 0:00 to 1:00.
    assert said(Rolling(Span(1, "day")), "2026-04-22 12:00", cairo) == "2026-04-24 01:00"


@pytest.mark.parametrize(
    ("period", "expires"),
    [
        ("month", "2027-03-01 00:00"),
        ("quarter", "2027-04-01 00:00"),
        ("half-year", "2027-07-01 00:00"),
        ("year", "2028-01-01 00:00"),
    ],
)
def test_the_last_day_can_be_put_off_to_the_end_of_its_period(period: Period, expires: str) -> None:
    assert said(Rolling(Span(1, "year"), period), "2026-02-10 08:00") == expires


@pytest.mark.parametrize(
    ("since", "expires"),
    [
        ("2026-01-01 00:00", "2026-07-01 00:00"),
        ("2026-06-30 23:59", "2026-07-01 00:00"),
        ("2026-07-01 00:00", "2027-01-01 00:00"),
    ],
)
def test_fixed_days_end_what_came_up_to_them(since: str, expires: str) -> None:
    assert said(FixedDates(((6, 30), (12, 31))), since) == expires


def test_a_fixed_day_may_have_months_of_grace() -> None:
    policy = FixedDates(((12, 31),), grace=Span(2, "month"))
    assert said(policy, "2026-05-05 12:00") == "2027-03-01 00:00"


def test_inactivity_counts_from_the_last_activity() -> None:
    assert said(Inactivity(Span(6, "month")), "2026-08-31 12:00") == "2027-03-01 00:00"


def test_what_expires_beyond_the_end_of_the_calendar_never_does() -> None:
    assert expires_at(Rolling(Span(9000, "year")), at("2026-05-05 12:00"), BERLIN) == NEVER
    assert expires_at(Rolling(Span(9000, "year"), "year"), at("2026-05-05 12:00"), BERLIN) == NEVER


# -- any day, counted on one's fingers -----------------------------------------------------


def _months_later(day: datetime.date, months: int) -> datetime.date:
    year, month = day.year, day.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


_DAYS = st.dates(datetime.date(1999, 1, 1), datetime.date(2060, 12, 31))
_TIMES = st.times().map(lambda time: time.replace(microsecond=0, fold=0))
_ZONES = st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "UTC"])


@given(_DAYS, _TIMES, _ZONES, st.integers(0, 40), st.sampled_from([None, 1, 3, 6, 12]))
def test_any_day_and_any_number_of_months(
    day: datetime.date, time: datetime.time, name: str, months: int, period: int | None
) -> None:
    zone = ZoneInfo(name)
    since = int(datetime.datetime.combine(day, time, tzinfo=zone).timestamp())
    # A time that the clocks jumped over is one of another hour, and perhaps of another day.
    day = datetime.datetime.fromtimestamp(since, zone).date()
    names: dict[int | None, Period | None] = {
        None: None, 1: "month", 3: "quarter", 6: "half-year", 12: "year"
    }  # fmt: skip
    last = _months_later(day, months)
    if period is not None:
        while not ((last + datetime.timedelta(1)).day == 1 and last.month % period == 0):
            last += datetime.timedelta(1)

    instant = expires_at(Rolling(Span(months, "month"), names[period]), since, zone)

    found = datetime.datetime.fromtimestamp(instant, zone).date()
    before = datetime.datetime.fromtimestamp(instant - 1, zone).date()
    assert (before, found) == (last, last + datetime.timedelta(1))


@given(_DAYS, st.lists(st.sampled_from([(2, 29), (6, 30), (12, 31), (1, 1)]), min_size=1))
def test_any_day_and_fixed_days(day: datetime.date, days: list[tuple[int, int]]) -> None:
    since = int(datetime.datetime.combine(day, datetime.time(12), tzinfo=BERLIN).timestamp())
    last = day
    while not any(
        (last.month, last.day) == given
        or (given == (2, 29) and (last.month, last.day) == (2, 28) and last.year % 4)
        for given in days
    ):
        last += datetime.timedelta(1)

    instant = expires_at(FixedDates(tuple(days)), since, BERLIN)

    assert datetime.datetime.fromtimestamp(instant - 1, BERLIN).date() == last
