"""When each duty is due. Pure: every instant is given."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

#: The store's local time at which everybody is looked at: few shop then, and few clocks are
#: put forward or back.
QUIET = datetime.time(3, 30)

#: A full pass older than this is made up for at once. A day and the hour of a clock put back,
#: with some to spare, so that an ordinary night keeps to `QUIET`.
OLDEST = datetime.timedelta(hours=26)

#: A full pass that lies so far ahead was done by a clock that was wrong.
_AHEAD = datetime.timedelta(hours=1)


class Schedule:
    """
    What is due, on a clock that never jumps.

    Args:
        every_s: Names of duties, in the order they are done in, and seconds between two times.
        now_s: Monotonic. Everything is due then.
    """

    def __init__(self, every_s: Mapping[str, float], now_s: float) -> None:
        self._every_s = dict(every_s)
        self._at_s = dict.fromkeys(every_s, now_s)

    def due(self, now_s: float) -> list[str]:
        """The duties whose time has come."""
        return [name for name, at_s in self._at_s.items() if at_s <= now_s]

    def done(self, name: str, now_s: float, *, again_in_s: float | None = None) -> None:
        """Plan *name* anew; a time that was missed is not made up for."""
        self._at_s[name] = now_s + (self._every_s[name] if again_in_s is None else again_in_s)

    def change(self, name: str, every_s: float, now_s: float) -> None:
        """From now on *name* is due every so many seconds."""
        self._every_s[name] = every_s
        self._at_s[name] = min(self._at_s[name], now_s + every_s)

    def wait_s(self, now_s: float, names: Iterable[str] | None = None) -> float:
        """Seconds until the first of *names*, by default of all, is due; 0 when one is."""
        chosen = self._at_s if names is None else names
        return max(0.0, min(self._at_s[name] for name in chosen) - now_s)


class Backoff:
    """
    How long to wait before the next try: doubled each time, and up to a quarter less by chance.

    The chance keeps the sidecars of many stores from knocking at once at a server that is back.
    """

    def __init__(self, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._tries = 0

    def next_s(self) -> float:
        """Seconds to wait now."""
        # Bounded before it is multiplied: nobody counts the tries of a long night.
        wait_s = min(self._most_s, self._first_s * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return wait_s * random.uniform(0.75, 1.0)  # noqa: S311 - no secret

    def reset(self) -> None:
        """It worked."""
        self._tries = 0


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
