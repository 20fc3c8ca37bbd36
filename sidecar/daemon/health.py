"""Whether the daemon lives and does its work, as a monitor may ask at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: A loop that did not come round for so long hangs; as long as systemd's watchdog waits.
HANGS_AFTER_S = 60.0

#: Changes that nobody looked at for longer than this are no longer in time.
MOST_LAG_S = 300


class Lag(Protocol):
    """What knows how far behind the daemon is."""

    def lag_s(self, now: int) -> float | None:
        """Seconds for which changes may not have been looked at; None: not yet known."""


@dataclass(slots=True)
class Health:
    """
    What the loop says of itself, by single assignments, so that any thread may read it.

    Attributes:
        ticked_s: When it last came round or made progress; monotonic.
        leads: Whether it holds the lock.
        is_connected: Whether the database answered last time.
        lag: Knows how far behind it is; None: nothing does yet.
    """

    ticked_s: float
    leads: bool = False
    is_connected: bool = False
    lag: Lag | None = None

    def lag_s(self, now: int) -> float | None:
        """Seconds for which changes may not have been looked at; None: not yet known."""
        return None if self.lag is None else self.lag.lag_s(now)

    def hangs(self, now_s: float) -> str:
        """Why the process should be started again, for a person; empty: it lives."""
        silent_s = now_s - self.ticked_s
        return "" if silent_s < HANGS_AFTER_S else f"no progress for {silent_s:.0f} s"

    def unready(self, now: int, now_s: float) -> str:
        """Why changes of the store are not dealt with in time; empty: they are."""
        if hangs := self.hangs(now_s):
            return hangs
        if not self.is_connected:
            return "the database is away"
        if not self.leads:
            return "it does not lead"
        lag_s = self.lag_s(now)
        if lag_s is None:
            return "it has only begun: no change was looked at yet"
        if lag_s > MOST_LAG_S:
            return f"changes of the last {lag_s:.0f} s may not have been looked at"
        return ""
