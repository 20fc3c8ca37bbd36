"""
When an amount expires: at the local midnight after its last day.

Days are calendar days of the program's zone, and months clamp to the month's end: what is
good for a month from 31 January has its last day on 28 February.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from sidecar.rules.calendar import add, day_start
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.syntax import Span

#: To the end of which the last day is put off.
Period = Literal["month", "quarter", "half-year", "year"]

#: What counts as being active.
Activity = Literal["earn", "spend", "earn or spend"]

_MONTHS: dict[Period, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Rolling:
    """
    So long after it became available.

    Attributes:
        after: Until the last day: days, weeks, months or years.
        to_end_of: The last day is put off to the end of this period; None: it is not.
    """

    after: Span
    to_end_of: Period | None = None


@dataclass(frozen=True, slots=True)
class FixedDates:
    """
    On days of the calendar.

    Attributes:
        days: Month and day, at least one; 29 February is the 28th in common years. What
            became available on such a day expires with it.
        grace: How long after that day is the last; None: that day is.
    """

    days: tuple[tuple[int, int], ...]
    grace: Span | None = None


@dataclass(frozen=True, slots=True)
class Inactivity:
    """
    All of the account, so long after the customer was last active.

    Attributes:
        after: Until the last day: days, weeks, months or years.
        renewed_by: What counts as being active.
    """

    after: Span
    renewed_by: Activity = "earn or spend"


#: None: never.
Expiry = Rolling | FixedDates | Inactivity | None


def expires_at(policy: Expiry, since: int, zone: ZoneInfo) -> int:
    """
    The first instant at which an amount is no longer good; seconds since 1970, or `NEVER`.

    Args:
        since: When it became available; for `Inactivity` when the customer was last active.
        zone: Of the program.
    """
    if policy is None:
        return NEVER
    day = datetime.datetime.fromtimestamp(since, zone).date()
    match policy:
        case Inactivity(after):
            last = add(day, after, 1)
        case Rolling(after, to_end_of):
            last = add(day, after, 1)
            last = last if to_end_of is None else _end_of(to_end_of, last)
        case FixedDates(days, grace):
            last = min(_next(month, number, day) for month, number in days)
            last = last if grace is None else add(last, grace, 1)
    try:
        return day_start(last + datetime.timedelta(days=1), zone)
    except OverflowError:  # beyond the calendar's end
        return NEVER


def _end_of(period: Period, day: datetime.date) -> datetime.date:
    months = _MONTHS[period]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    after = add(first, Span(months, "month"), 1)
    # At the end of the calendar there is no day after.
    return after - datetime.timedelta(days=1) if after != datetime.date.max else after


def _next(month: int, number: int, day: datetime.date) -> datetime.date:
    """The first such day that is not before *day*."""
    here = _in_year(day.year, month, number)
    if here < day and day.year < datetime.MAXYEAR:
        return _in_year(day.year + 1, month, number)
    return max(here, day)


def _in_year(year: int, month: int, number: int) -> datetime.date:
    # A leap year's day, clamped in the others.
    leap = datetime.date(2000, month, number)
    return add(leap, Span(abs(year - 2000), "year"), 1 if year >= 2000 else -1)
