"""When everybody is looked at: at night, when one is owed, when it was too long ago. Pure."""

from __future__ import annotations

import datetime
import math
from zoneinfo import ZoneInfo

from sidecar.model import Moment

#: The store's local time at which everybody is looked at: few shop then, and few clocks are
#: put forward or back.
QUIET = datetime.time(3, 30)

#: A full pass older than this is made up for at once. A day and the hour of a clock put back,
#: with some to spare, so that an ordinary night keeps to `QUIET`.
OLDEST = datetime.timedelta(hours=26)

#: A full pass that lies so far ahead was done by a clock that was wrong.
_AHEAD = datetime.timedelta(hours=1)

#: A wall clock that was put back by more: what came too early is wrong until it comes again,
#: and nothing rings for it.
PUT_BACK_S = 60.0

#: A full pass that failed is tried again after this, so that it does not keep all else waiting.
AGAIN_S = 600.0

#: Full passes that a source asks for, such as a log with gaps, take at most this share of the
#: time; those that a person asks for begin at once.
SHARE = 0.1


class FullPasses:
    """
    What is owed, and from when on; every instant is given.

    Args:
        now_s: Monotonic, as all instants here but those of a `Moment`.
    """

    def __init__(self, now_s: float) -> None:
        self._owed = ""
        self._from_s = self._rests_until_s = now_s
        self._ahead_s = -math.inf

    def owe(self, why: str) -> None:
        """One is owed, if none was."""
        self._owed = self._owed or why

    def plan(self, why: str, now_s: float, *, at_once: bool) -> float:
        """
        Owe one, which keeps to its share of the time unless *at_once*.

        Returns:
            Seconds until it may begin.
        """
        if at_once:
            self._from_s = now_s
        elif not self._owed:  # else it is planned, and at once where a person asked
            self._from_s = max(now_s, self._from_s, self._rests_until_s)
        self.owe(why)
        return max(0.0, self._from_s - now_s)

    def look_at_clock(self, epoch_s: float, now_s: float) -> None:
        """The wall clock shows *epoch_s*, and what is looked at next is judged by it."""
        ahead_s = epoch_s - now_s  # of one that never jumps
        if ahead_s < self._ahead_s - PUT_BACK_S:
            self.owe("clock")
            self._ahead_s = ahead_s
        self._ahead_s = max(self._ahead_s, ahead_s)

    def reason(self, last_at: int | None, moment: Moment, now_s: float) -> str:
        """
        Why one is due; empty when none is.

        Args:
            last_at: When the last one that ended began, in epoch seconds; None: there was none.
        """
        if now_s < self._from_s:
            return ""
        last = None if last_at is None else datetime.datetime.fromtimestamp(last_at, datetime.UTC)
        return full_pass_reason(last, moment.now, moment.zone, owed=self._owed)

    def failed(self, now_s: float) -> None:
        """The one that was due came to nothing; it is due again in `AGAIN_S`."""
        self._from_s = now_s + AGAIN_S

    def done(self, took_s: float, now_s: float, *, everybody: bool) -> None:
        """One ended; unless it looked at *everybody*, what is owed stays owed."""
        self._rests_until_s = now_s + took_s / SHARE
        if everybody:
            self._owed = ""


def full_pass_reason(
    last: datetime.datetime | None, now: datetime.datetime, zone: ZoneInfo, *, owed: str
) -> str:
    """
    Why a full pass is due at *now*; empty when none is.

    Args:
        last: When the last one that ended began; None: there was none.
        owed: Why one is owed already, such as ``rules``; empty: none is.
    """
    if last is None:
        return "first"
    if owed:
        return owed
    if last - now > _AHEAD:
        return "clock"
    if now - last >= OLDEST:
        return "overdue"
    return "nightly" if now >= next_quiet(last, zone) else ""


def next_quiet(after: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """The first quiet hour after *after*, in UTC."""
    day = after.astimezone(zone).date()
    found = _quiet_of(day, zone)
    if found <= after:
        found = _quiet_of(day + datetime.timedelta(days=1), zone)
    return found


def _quiet_of(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    # By way of UTC: two instants of one zone would be compared by what its clocks show.
    return datetime.datetime.combine(day, QUIET, tzinfo=zone).astimezone(datetime.UTC)
