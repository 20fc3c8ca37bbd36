"""When time alone turns something, found by looking; and how such an instant is told."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Final

from sidecar.model import Moment
from sidecar.rules.calendar import Boundary
from sidecar.rules.language.phrases import day_words
from sidecar.rules.syntax import Day, Span

#: How far ahead is looked.
_FARTHEST_S: Final = 200 * 366 * 86_400


def first_instant(holds: Callable[[Moment], bool], moment: Moment) -> int | None:
    """The first instant after *moment* at which *holds*, which stays true from then on."""

    def then(at: int) -> Moment:
        return Moment(datetime.datetime.fromtimestamp(at, datetime.UTC), moment.zone)

    low, step = moment.epoch_s, 86_400
    while not holds(then(moment.epoch_s + step)):
        low = moment.epoch_s + step
        step *= 2
        if step > _FARTHEST_S:
            return None
    high = moment.epoch_s + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(then(middle)) else (middle, high)
    return high


def older_at(at: int, span: Span, moment: Moment) -> int | None:
    """When what happened at *at* is older than *span*."""
    bound = Boundary("since", span)
    return first_instant(lambda then: at < bound.value(then), moment)


def over_at(began: int, span: Span, moment: Moment) -> int | None:
    """When *span* counted from the instant *began* is over; None: it is, or beyond any calendar."""
    bound = Boundary("ago", span)
    if began <= bound.value(moment):
        return None
    return first_instant(lambda then: began <= bound.value(then), moment)


def when_words(at: int, moment: Moment) -> str:
    """The instant *at* in words; a midnight is its day."""
    local = datetime.datetime.fromtimestamp(at, moment.zone)
    before = datetime.datetime.fromtimestamp(at - 1, moment.zone)
    words = day_words(Day(local.date()))
    return words if before.date() != local.date() else f"{local:%H:%M} on {words}"


def on_words(at: int, moment: Moment) -> str:
    """The same of something that happens then: ``on 22 December``, ``at 02:49 on 22 December``."""
    words = when_words(at, moment)
    return f"at {words}" if " on " in words else f"on {words}"


def last_day(by: int, moment: Moment) -> str:
    """The last day, or minute, before the instant *by*, in words."""
    last = datetime.datetime.fromtimestamp(by - 1, moment.zone)
    words = day_words(Day(last.date()))
    ends_with_day = datetime.datetime.fromtimestamp(by, moment.zone).date() != last.date()
    return words if ends_with_day else f"{last:%H:%M} on {words}"
