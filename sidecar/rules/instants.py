"""
The next instant: when time alone may change what a rule says of a customer, at the earliest.

Never later than the true one. Earlier sometimes: a row that leaves a window may change a
count without changing what is said of it, months differ in length, and whoever waits for
longer than two years is looked at once in between.

Days change at local midnights. Which day an instant is of is never asked: with the
difference between the zone's offsets as slack, seconds give a lower bound, and the
first local midnight after the least of all bounds is what is asked for, once a customer.
"""

from __future__ import annotations

import datetime
import functools
import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from sidecar.model import Moment
from sidecar.rules.calendar import INSTANT_S, Boundary, day_start
from sidecar.rules.columns import Column, Resolved
from sidecar.rules.syntax import Day, FilterName, Span

_DAY_S = 86_400

#: The years whose offsets are looked at; zones repeat themselves after the last.
_YEARS = (1840, 2120)

#: Local midnights that are told exactly, from the next on.
_MIDNIGHTS = 800

DateOperator = Literal["within", "older than", "in next", "before", "after", "on"]

_ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimedDate:
    """
    A date, or a birthday, that is compared with the moment.

    Attributes:
        key: Its column: seconds since 1970, or month × 100 + day.
        op: The operator; ``birthday`` for every comparison of a birthday.
        of: What it is compared with; a day is ``today`` or ``yesterday``.
    """

    key: str
    op: DateOperator | Literal["birthday"]
    of: Span | Day


@dataclass(frozen=True, slots=True)
class TimedRows:
    """
    Rows that enter or leave the windows of a column.

    Attributes:
        leaves: The column of the first instant of those inside; null: none can leave.
        enters: The column of the first instant of those that are to enter; null: none.
        filters: Of the column.
    """

    leaves: str
    enters: str
    filters: tuple[tuple[FilterName, Resolved], ...]


#: What of a compiled condition depends on the moment.
Timed = TimedDate | TimedRows


@dataclass(frozen=True, slots=True)
class _Turn:
    """
    When something that happened at an instant turns what is said of it.

    Attributes:
        first: Those from this instant on have not turned yet.
        later_s: It turns so many seconds later; negative: earlier.
        at_midnight: It turns at a local midnight after ``later_s``, not exactly then.
    """

    first: int
    later_s: int
    at_midnight: bool


def timed_rows(column: Column) -> TimedRows | None:
    """What of *column* depends on the moment, or None."""
    if not column.is_moving:
        return None
    return TimedRows(column.leaves, column.enters, column.filters)


def next_instant(timed: Iterable[Timed], moment: Moment) -> pl.Expr:
    """
    The earliest instant after *moment* at which time may change something; null: never.

    Args:
        timed: What depends on the moment; the frame holds their columns.

    Returns:
        Seconds since 1970 as ``time_at``.
    """
    turns: dict[tuple[str, bool], set[_Turn]] = {}
    found: list[pl.Expr] = []
    for each in timed:
        if isinstance(each, TimedDate) and each.op == "birthday":
            table = _birthdays(each.of, moment.today, moment.zone)
            found.append(pl.lit(table).gather(pl.col(each.key).clip(0, len(table) - 1)))
            continue
        for key, turn in _turns(each, moment):
            turns.setdefault((key, turn.at_midnight), set()).add(turn)
    midnights = [_first_turn(key, of) for (key, at_midnight), of in turns.items() if at_midnight]
    if midnights:
        found.append(_next_midnight(pl.min_horizontal(*midnights), moment))
    found += [_first_turn(key, of) for (key, at_midnight), of in turns.items() if not at_midnight]
    nothing = pl.lit(None, dtype=pl.Int64)
    return pl.min_horizontal(nothing, *found).alias("time_at")


def _first_turn(key: str, turns: Collection[_Turn]) -> pl.Expr:
    """When the first of *turns* comes for what happened at the instants *key*; null: none does."""
    ascending = sorted(turns, key=lambda turn: turn.first)
    firsts = pl.Series([turn.first for turn in ascending], dtype=pl.Int64)
    # Those that have not come are the first few; of them the one that comes soonest.
    soonest = itertools.accumulate((turn.later_s for turn in ascending), min)
    later_s = pl.Series([None, *soonest], dtype=pl.Int64)
    at = pl.col(key)
    return at + pl.lit(later_s).gather(pl.lit(firsts).search_sorted(at, side="right"))


def _turns(timed: Timed, moment: Moment) -> Iterator[tuple[str, _Turn]]:
    if isinstance(timed, TimedDate):
        for turn in _date_turns(timed.op, timed.of, moment):
            yield timed.key, turn
        return
    filters = dict(timed.filters)
    within, since, until = (filters.get(name) for name in ("within", "from", "until"))
    if isinstance(within, Span):
        yield timed.leaves, _leaves(within, moment)
    if isinstance(since, Day) and isinstance(since.day, str):
        yield timed.leaves, _passes(2 if since.day == "yesterday" else 1, moment)
    # Of two that a row waits for, this is the one that is fulfilled last.
    if isinstance(until, Day) and until.day == "yesterday":
        yield timed.enters, _passes(1, moment)
    elif isinstance(within, Span):
        yield timed.enters, _arrives(moment)
    elif isinstance(until, Day) and until.day == "today":
        yield timed.enters, _passes(0, moment)


def _date_turns(op: str, of: Span | Day, moment: Moment) -> list[_Turn]:
    if isinstance(of, Day):
        days = 1 if of.day == "yesterday" else 0
        if op == "on":
            return [_passes(days, moment), _passes(days + 1, moment)]
        return [_passes(days + (op == "before"), moment)]
    if op == "within":
        return [_leaves(of, moment), _arrives(moment)]
    if op == "older than":
        return [_leaves(of, moment)]
    ahead = Boundary("ahead", of).value(moment)
    if of.unit in INSTANT_S:
        now, length_s = moment.epoch_s, of.count * INSTANT_S[of.unit]
        return [_Turn(ahead, -length_s, False), _Turn(now, 1, False)]
    return [_midnight(ahead, -_days(of, longest=True), moment), _passes(1, moment)]


def _arrives(moment: Moment) -> _Turn:
    """What lies ahead is reached."""
    return _Turn(moment.epoch_s + 1, 0, False)


def _leaves(span: Span, moment: Moment) -> _Turn:
    """It is within *span* no longer."""
    since = Boundary("since", span).value(moment)
    if span.unit in INSTANT_S:
        return _Turn(since, span.count * INSTANT_S[span.unit] + 1, False)
    return _midnight(since, _days(span, longest=False) + 1, moment)


def _passes(days: int, moment: Moment) -> _Turn:
    """The day that begins *days* after its own begins."""
    day = Day(moment.today - _ONE_DAY * (days - 1))
    return _midnight(Boundary("day_start", day).value(moment), days, moment)


def _midnight(first: int, days: int, moment: Moment) -> _Turn:
    # An instant is of a day that ends after it (by at most a day), and both that end and
    # the midnight asked for are moved against each other by what the offsets differ.
    slack_s = _offsets_differ_s(min(_year(first), moment.today.year), moment.zone)
    return _Turn(first, (days - 1) * _DAY_S - slack_s, True)


def _year(epoch_s: int) -> int:
    # As of the mean year, and one too early rather than too late.
    return 1969 + epoch_s // 31_556_952


@functools.lru_cache(maxsize=64)
def _offsets_differ_s(year: int, zone: ZoneInfo) -> int:
    """By how many seconds the offsets of *zone* differ from *year* on."""
    from_year = max(_YEARS[0], min(year, _YEARS[1] - 10))
    first, last = (
        int(datetime.datetime(y, 1, 1, tzinfo=datetime.UTC).timestamp())
        for y in (from_year, _YEARS[1])
    )
    found = {
        datetime.datetime.fromtimestamp(at, zone).utcoffset()
        for at in range(first, last, 7 * _DAY_S)
    }
    offsets = [offset for offset in found if offset is not None]
    return int((max(offsets) - min(offsets)).total_seconds())


@functools.lru_cache(maxsize=256)
def _days(span: Span, *, longest: bool) -> int:
    """
    The days that *span* has, and has at least or at *longest* where months differ.

    Where the end is clamped it is as from the next month's first day.
    """
    if span.unit in ("day", "week"):
        return span.count * (7 if span.unit == "week" else 1)
    # The calendar repeats itself after 4,800 months.
    cycles, months = divmod(span.count * (12 if span.unit == "year" else 1), 4_800)
    begins = [
        datetime.date(2000 + month // 12, month % 12 + 1, 1).toordinal()
        for month in range(4_800 + months)
    ]
    lengths = [end - begin for begin, end in zip(begins, begins[months:], strict=False)]
    return cycles * 146_097 + (max(lengths) if longest else min(lengths))


def _next_midnight(after: pl.Expr, moment: Moment) -> pl.Expr:
    """The first local midnight after *after* and the moment; *after* itself when far away."""
    midnights = _midnights(moment.today, moment.zone)

    def found(at: pl.Series) -> pl.Series:
        near = midnights.search_sorted(at.fill_null(0), side="right")
        then = midnights.gather(near.clip(upper_bound=len(midnights) - 1))
        return then.zip_with(at < midnights[-1], at)

    # A function of the column, as an expression would work out *after* once for each mention.
    return after.map_batches(found, return_dtype=pl.Int64())


@functools.lru_cache(maxsize=8)
def _midnights(today: datetime.date, zone: ZoneInfo) -> pl.Series:
    days = range(1, _MIDNIGHTS + 1)
    return pl.Series([day_start(today + _ONE_DAY * day, zone) for day in days], dtype=pl.Int64)


@functools.lru_cache(maxsize=64)
def _birthdays(of: Span | Day, today: datetime.date, zone: ZoneInfo) -> pl.Series:
    """
    By birthday (month × 100 + day): the midnight at which ``in next`` or ``on`` *of* turns.

    Null where it never does. Exact for a year; after that, the end of the year.
    """

    def window(at: int) -> tuple[int, int]:
        then = Moment(datetime.datetime.fromtimestamp(at, datetime.UTC), zone)
        first, last = Boundary("birthday_first", of), Boundary("birthday_last", of)
        return first.value(then), last.value(then)

    def holds(birthday: int, first: int, last: int) -> bool:
        if first <= last:
            return first <= birthday <= last
        return birthday >= first or birthday <= last

    now = window(day_start(today, zone))
    begins = [day_start(today + _ONE_DAY * day, zone) for day in range(1, 368)]
    windows = [window(at) for at in begins]
    table: list[int | None] = [None] * 1_232
    if {now, *windows} == {(101, 1231)}:  # a year or more ahead: every day is in it
        return pl.Series(table, dtype=pl.Int64)
    waiting = [m * 100 + d for m in range(1, 13) for d in range(1, 32)]
    for at, then in zip(begins, windows, strict=True):
        turned = {day for day in waiting if holds(day, *then) != holds(day, *now)}
        for day in turned:
            table[day] = at
        waiting = [day for day in waiting if day not in turned]
    for day in waiting:
        table[day] = begins[-1]
    return pl.Series(table, dtype=pl.Int64)
