"""When each duty is due. Pure: every instant is given."""

from __future__ import annotations

import random
from collections.abc import Mapping

#: Between the first two tries, and between two at the most.
_FIRST_S = 0.5
_MOST_S = 30.0


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

    def wait_s(self, now_s: float) -> float:
        """Seconds until the first duty is due; 0 when one is."""
        return max(0.0, min(self._at_s.values()) - now_s)


class Backoff:
    """
    How long to wait before the next try: doubled each time, and up to a quarter less by chance.

    The chance keeps the sidecars of many stores from knocking at once at a server that is back.
    """

    def __init__(self) -> None:
        self._tries = 0

    def next_s(self) -> float:
        """Seconds to wait now."""
        # Bounded before it is multiplied: nobody counts the tries of a long night.
        wait_s = min(_MOST_S, _FIRST_S * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return wait_s * random.uniform(0.75, 1.0)  # noqa: S311 - no secret

    def reset(self) -> None:
        """It worked."""
        self._tries = 0
