"""Wall times of the store as instants, against what zoneinfo says of each."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.shop.local_time import SECONDS_BEFORE_1970, to_instants

ZONES = (
    "UTC",
    "Europe/Kyiv",
    "Europe/Dublin",  # its winter is the one with the negative offset
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",  # changed its clock at one minute past midnight
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Monrovia",  # 44 minutes and 30 seconds off until 1972
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)

SECOND = datetime.timedelta(seconds=1)


def wall_seconds(wall: datetime.datetime) -> int:
    """What ``TO_SECONDS(wall)`` is."""
    return int((wall - datetime.datetime(1970, 1, 1)).total_seconds()) + SECONDS_BEFORE_1970


def by_zoneinfo(wall: datetime.datetime, zone: ZoneInfo) -> int:
    return int(wall.replace(tzinfo=zone, fold=0).timestamp())


def converted(walls: Sequence[datetime.datetime], zone: ZoneInfo) -> list[int]:
    series = pl.Series([wall_seconds(wall) for wall in walls], dtype=pl.Int64)
    return to_instants(series, zone).to_list()


def changes(zone: ZoneInfo) -> list[datetime.datetime]:
    """The instants (in UTC, naive) at which the offset of *zone* changes, from 1900 to 2040."""
    found = []
    at = datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)
    step = datetime.timedelta(days=2)
    while at.year < 2040:
        low, high = at, at + step
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > SECOND:
                middle = low + (high - low) // 2 // SECOND * SECOND
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high.replace(tzinfo=None))
        at += step
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_wall_times_around_every_change_of_the_clock_are_read_as_zoneinfo_reads_them(
    zone: str,
) -> None:
    place = ZoneInfo(zone)
    walls = []
    for change in changes(place):
        for side in (change - SECOND, change):
            offset = side.replace(tzinfo=datetime.UTC).astimezone(place).utcoffset()
            assert offset is not None
            edge = change + offset
            minutes = (-1440, -61, -60, -31, -30, -1, 0, 1, 29, 30, 31, 59, 60, 61, 1440)
            walls += [edge + datetime.timedelta(minutes=m) for m in minutes]
            walls += [edge - SECOND, edge + SECOND]
    assert zone in ("UTC",) or walls

    assert converted(walls, place) == [by_zoneinfo(wall, place) for wall in walls]


@given(
    st.sampled_from(ZONES).map(ZoneInfo),
    st.lists(
        st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(9999, 12, 30)).map(
            lambda wall: wall.replace(microsecond=0)
        ),
        max_size=40,
    ),
)
def test_any_wall_time_is_read_as_zoneinfo_reads_it(
    zone: ZoneInfo, walls: list[datetime.datetime]
) -> None:
    assert converted(walls, zone) == [by_zoneinfo(wall, zone) for wall in walls]


@pytest.mark.parametrize("zone", ZONES)
def test_summers_of_all_centuries_are_read_as_zoneinfo_reads_them(zone: str) -> None:
    place = ZoneInfo(zone)
    years = (2119, 2120, 2121, 2200, 2399, 2400, 2519, 2520, 2521, 2919, 2920, 5000, 9998)
    walls = [
        datetime.datetime(year, 1, 1, 0, 30) + datetime.timedelta(days=day, hours=day % 24)
        for year in years
        for day in range(365)
    ]

    assert converted(walls, place) == [by_zoneinfo(wall, place) for wall in walls]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv"])
def test_an_unknown_time_stays_unknown(zone: str) -> None:
    wall = wall_seconds(datetime.datetime(2026, 7, 1, 12))

    instants = to_instants(pl.Series([None, wall, None], dtype=pl.Int64), ZoneInfo(zone))

    noon = by_zoneinfo(datetime.datetime(2026, 7, 1, 12), ZoneInfo(zone))
    assert instants.to_list() == [None, noon, None]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv"])
def test_no_times_and_only_unknown_ones_are_columns_too(zone: str) -> None:
    nothing = to_instants(pl.Series([], dtype=pl.Int64), ZoneInfo(zone))
    unknown = to_instants(pl.Series([None, None], dtype=pl.Int64), ZoneInfo(zone))

    assert nothing.dtype == unknown.dtype == pl.Int64()
    assert nothing.to_list() == []
    assert unknown.to_list() == [None, None]


def test_a_time_that_comes_twice_is_the_first_and_one_that_never_comes_is_read_as_before() -> None:
    kyiv = ZoneInfo("Europe/Kyiv")

    twice, never = converted(
        [datetime.datetime(2025, 10, 26, 3, 30), datetime.datetime(2026, 3, 29, 3, 30)], kyiv
    )

    assert datetime.datetime.fromtimestamp(twice, datetime.UTC).hour == 0
    assert datetime.datetime.fromtimestamp(never, datetime.UTC).hour == 1


def test_the_server_counts_seconds_from_the_same_day() -> None:
    # TO_SECONDS('0000-01-01') is 0 on a 365-day year 0 that begins on a Saturday.
    assert (datetime.date(1970, 1, 1).toordinal() + 365) * 86_400 == SECONDS_BEFORE_1970
