"""
Calendar arithmetic in the store's zone: what ``within 90 days`` and its kin mean.

Every function takes the moment; nothing here reads the time. Days are calendar
days of the store, hours and minutes are instants, months clamp to the month's end.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from sidecar.model import Moment
from sidecar.rules.syntax import Day, Span

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: Units that are instants rather than days, in seconds.
INSTANT_S = {"minute": 60, "hour": 3600}


def read_day(text: str) -> datetime.date:
    """
    The day that *text* names, written as ``2027-01-31`` and in no other way.

    Raises:
        ValueError: It names none; for people.
    """
    try:
        if _DAY.fullmatch(text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text[:40]!r} is not a day (write it as 2027-01-31)")


def day_start(day: datetime.date, zone: ZoneInfo) -> int:
    """
    Seconds since 1970 of the first instant of *day* in *zone*.

    Of the next day's, where the calendar skipped it.
    """
    midnight = datetime.datetime.combine(day, datetime.time(), tzinfo=zone)
    begins = int(midnight.timestamp())
    other = int(midnight.replace(fold=1).timestamp())
    # Only a midnight that never was is earlier when read with the offset after the jump:
    # the clock jumps in between, and not always from midnight.
    while begins - other > 1:
        middle = (begins + other) // 2
        if datetime.datetime.fromtimestamp(middle, zone).date() < day:
            other = middle
        else:
            begins = middle
    return begins


def add(day: datetime.date, span: Span, sign: Literal[-1, 1]) -> datetime.date:
    """
    *day* moved by a *span* of days, weeks, months or years; months and years clamp.

    A day before year 1 or after year 9999 becomes the first or last there is.
    """
    count = sign * span.count
    try:
        if span.unit in ("day", "week"):
            return day + datetime.timedelta(days=count * (7 if span.unit == "week" else 1))
        months = day.year * 12 + day.month - 1 + count * (12 if span.unit == "year" else 1)
        year, month = divmod(months, 12)
        return _clamped(year, month + 1, day.day)
    except (ValueError, OverflowError):
        return datetime.date.min if sign < 0 else datetime.date.max


def _clamped(year: int, month: int, day: int) -> datetime.date:
    for last in (day, 30, 29, 28):
        try:
            return datetime.date(year, month, min(day, last))
        except ValueError:
            if not 1 <= year <= 9999:
                raise
    raise AssertionError("every month has a 28th")  # pragma: no cover


def resolve(day: Day, moment: Moment) -> datetime.date:
    """The calendar day that *day* means at *moment*."""
    if day.day == "today":
        return moment.today
    if day.day == "yesterday":
        return moment.today - datetime.timedelta(days=1)
    return day.day


def since(span: Span, moment: Moment) -> int:
    """Where ``within span`` begins: seconds since 1970, included."""
    if span.unit in INSTANT_S:
        return moment.epoch_s - span.count * INSTANT_S[span.unit]
    return _day_start(add(moment.today, span, -1), moment.zone)


def ahead(span: Span, moment: Moment) -> int:
    """Where ``in next span`` ends: seconds since 1970, not included."""
    if span.unit in INSTANT_S:
        return moment.epoch_s + span.count * INSTANT_S[span.unit] + 1
    return _day_end(add(moment.today, span, 1), moment.zone)


def ago(span: Span, moment: Moment) -> int:
    """
    The instant that lies *span* before the moment on the store's clock; seconds since 1970.

    Unlike `since`, which goes back to a midnight: the time of day stays.
    """
    if span.unit in INSTANT_S:
        return moment.epoch_s - span.count * INSTANT_S[span.unit]
    local = moment.now.astimezone(moment.zone).replace(microsecond=0)
    try:
        then = datetime.datetime.combine(add(local.date(), span, -1), local.timetz())
        return int(then.timestamp())
    except (OverflowError, ValueError):
        return -(2**62)


def _day_start(day: datetime.date, zone: ZoneInfo) -> int:
    try:
        return day_start(day, zone)
    except (OverflowError, ValueError):  # the first days of year 1 have no instant in some zones
        return -(2**62)


def _day_end(day: datetime.date, zone: ZoneInfo) -> int:
    try:
        return day_start(day + datetime.timedelta(days=1), zone)
    except (OverflowError, ValueError):
        return 2**62


def month_day(day: datetime.date) -> int:
    """*day* of the year as month × 100 + day, e.g. 229."""
    return day.month * 100 + day.day


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _birthday_window(first: datetime.date, last: datetime.date) -> tuple[int, int]:
    """
    The days of the year from *first* to *last*, as `month_day`; the end may lie before the start.

    29 February counts as 28 February in common years.
    """
    if (last - first).days >= 365:
        return 101, 1231
    end = month_day(last)
    if end == 228 and not _is_leap(last.year):
        end = 229
    return month_day(first), end


@dataclass(frozen=True, slots=True)
class Boundary:
    """
    A number that depends on the moment and that compiled rules compare with.

    It enters the frame as a column, so that a rule is compiled once, not once a pass.

    Attributes:
        kind: ``now`` · ``since``, ``ahead``, ``ago`` of a span ·
            ``day_start``, ``day_end`` of a day ·
            ``birthday_first``, ``birthday_last`` of a span ahead or of a day.
        of: The span or day; None for ``now``.
    """

    kind: Literal[
        "now", "since", "ahead", "ago", "day_start", "day_end", "birthday_first", "birthday_last"
    ]
    of: Span | Day | None = None

    @property
    def column(self) -> str:
        """The name of its column in a frame."""
        if self.of is None:
            return "@now"
        what = self.of.day if isinstance(self.of, Day) else f"{self.of.count} {self.of.unit}"
        return f"@{self.kind} {what}"

    def value(self, moment: Moment) -> int:
        """The boundary at *moment*: seconds since 1970, or a `month_day`."""
        match self.kind, self.of:
            case "since", Span() as span:
                return since(span, moment)
            case "ahead", Span() as span:
                return ahead(span, moment)
            case "ago", Span() as span:
                return ago(span, moment)
            case "day_start", Day() as day:
                return _day_start(resolve(day, moment), moment.zone)
            case "day_end", Day() as day:
                return _day_end(resolve(day, moment), moment.zone)
            case "birthday_first" | "birthday_last", Span() as span:
                window = _birthday_window(moment.today, add(moment.today, span, 1))
                return window[self.kind == "birthday_last"]
            case "birthday_first" | "birthday_last", Day() as day:
                on = resolve(day, moment)
                return _birthday_window(on, on)[self.kind == "birthday_last"]
            case _:
                return moment.epoch_s
