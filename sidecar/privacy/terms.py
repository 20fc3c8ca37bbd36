"""Until when a request has to be answered: a month, and two more where that is said in time."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from sidecar.rules import calendar
from sidecar.rules.syntax import Span

#: Calendar months from receipt, as of article 12 (3) of the GDPR.
MONTHS, EXTENDED_MONTHS = 1, 3

#: From so many days before its end on a request is told as due.
SOON_DAYS = 7


def due_at(received_at: int, zone: ZoneInfo, *, is_extended: bool = False) -> int:
    """
    When the time for a request is over that was received at *received_at*; UTC epoch seconds.

    The end of the day, in *zone*, that has the same number so many months later, or of that
    month's last.
    """
    received = datetime.datetime.fromtimestamp(received_at, zone).date()
    months = EXTENDED_MONTHS if is_extended else MONTHS
    last = calendar.add(received, Span(months, "month"), 1)
    return calendar.day_start(last + datetime.timedelta(days=1), zone)


def last_day(due_at: int, zone: ZoneInfo) -> datetime.date:
    """The day, in *zone*, at whose end the time is over."""
    return datetime.datetime.fromtimestamp(due_at - 1, zone).date()
