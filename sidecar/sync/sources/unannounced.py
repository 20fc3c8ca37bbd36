"""
What the rolling checksum finds that the binary log had not told: the proof of the log.

The checksum holds a row against what it was a round before, so whoever the log named in
this round or the last is no surprise. Anybody else is one once the log was given time to
tell: a change behind its back (`sql_log_bin`, a cascade), or a fault of ours.
"""

from __future__ import annotations

from collections.abc import Iterable

#: A row may be read a little before the log tells of it.
GRACE_S = 15.0


class Unannounced:
    """Customers whose change nothing announced; in memory."""

    def __init__(self) -> None:
        self._now: set[int] = set()
        self._before: set[int] = set()
        #: Rounds that began since the start, or since everybody was looked at; what lies
        #: before the second was told to nobody that would remember.
        self._rounds = 0
        self._suspects: dict[int, float] = {}

    def announced(self, ids: Iterable[int]) -> None:
        """The log named *ids*."""
        named = set(ids)
        self._now |= named
        for customer_id in self._suspects.keys() & named:
            del self._suspects[customer_id]

    def everyone(self) -> None:
        """Everybody is looked at for a reason that is known: nobody is a surprise now."""
        self._rounds = 0
        self._suspects.clear()

    def round_began(self) -> None:
        """The checksum begins with its first table."""
        self._before, self._now = self._now, set()
        self._rounds += 1

    def found(self, ids: Iterable[int], now_s: float) -> None:
        """The checksum found changed rows of *ids*; *now_s* on a clock that never goes back."""
        if self._rounds < 2:
            return
        for customer_id in set(ids) - self._now - self._before:
            self._suspects.setdefault(customer_id, now_s)

    def settle(self, now_s: float) -> list[int]:
        """Those whom nothing has announced in time, each told once."""
        late = sorted(c for c, since_s in self._suspects.items() if now_s - since_s >= GRACE_S)
        for customer_id in late:
            del self._suspects[customer_id]
        return late
