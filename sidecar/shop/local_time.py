"""
Store-local wall time to UTC instants, for whole columns at once.

The store's DATETIMEs are local to its zone and carry no offset. As in `zoneinfo`
with ``fold=0``: a wall time that happens twice is the first of the two, one that
never happens is read with the offset before the jump.
"""

from __future__ import annotations

import datetime
import functools
from zoneinfo import ZoneInfo

import polars as pl

#: ``TO_SECONDS('1970-01-01')``: what lies between MariaDB's count of seconds and ours.
SECONDS_BEFORE_1970 = 62_167_219_200

#: Before the first there are no zones, only the sun; wall times are read with its offset.
_FIRST_YEAR, _LAST_YEAR = 1840, 2120

#: From the last year on the rules of a zone stay as they are, and the calendar with its days
#: of the week repeats itself; such wall times are read as of so many years earlier.
_CYCLE_YEARS = 400
_CYCLE_S = 146_097 * 86_400
_CYCLES_FROM_S = int(datetime.datetime(_LAST_YEAR, 1, 1, tzinfo=datetime.UTC).timestamp())
_STEP = datetime.timedelta(days=7)


@functools.lru_cache(maxsize=8)
def _offsets(zone: ZoneInfo, last_year: int) -> tuple[pl.Series, pl.Series]:
    """
    Wall seconds (since 1970) at which a new offset begins, and the n + 1 offsets in seconds.

    Up to the beginning of *last_year*.
    """

    def offset_s(at: datetime.datetime) -> int:
        offset = at.astimezone(zone).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    at = datetime.datetime(_FIRST_YEAR, 1, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(last_year, 1, 1, tzinfo=datetime.UTC)
    before = offset_s(at)
    begins: list[int] = []
    offsets = [before]
    while at < end:
        after = offset_s(at + _STEP)
        if after != before:
            low, high = at, at + _STEP
            while high - low > datetime.timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset_s(middle) == before else (low, middle)
            begins.append(int(high.timestamp()) + max(before, after))
            offsets.append(after)
            before = after
        at += _STEP
    return pl.Series(begins, dtype=pl.Int64), pl.Series(offsets, dtype=pl.Int64)


def to_instants(wall: pl.Series, zone: ZoneInfo) -> pl.Series:
    """
    Seconds since 1970 in UTC of *wall*, a column of ``TO_SECONDS(datetime)``.

    Null stays null (zero and impossible dates arrive as null).
    """
    since_1970 = wall.cast(pl.Int64) - SECONDS_BEFORE_1970
    begins, offsets = _offsets(zone, _LAST_YEAR)
    if not len(begins) and offsets[0] == 0:
        return since_1970
    known = since_1970.fill_null(0)
    if len(known) and known.max() >= _CYCLES_FROM_S:  # type: ignore[operator]
        begins, offsets = _offsets(zone, _LAST_YEAR + _CYCLE_YEARS)
        cycles = ((known - _CYCLES_FROM_S) // _CYCLE_S).clip(lower_bound=0)
        known = known - cycles * _CYCLE_S
    index = begins.search_sorted(known, side="right")
    return since_1970 - offsets.gather(index)
