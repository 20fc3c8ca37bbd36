"""A database that is away or refuses: how long to wait for it, and when to give up."""

from __future__ import annotations

from sidecar.daemon.schedule import Backoff
from sidecar.errors import DatabaseError, DatabaseRefusedError, SchemaChangedError

#: A database that refuses for so long will not stop by itself.
REFUSED_S = 300.0


class Outage:
    """The time since the database was last of use; every instant is given, monotonic."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._backoff = Backoff()

    def begins(self, error: DatabaseError, now_s: float) -> bool:
        """
        It failed with *error*; whether it had not before.

        Raises:
            DatabaseRefusedError: It has been refusing for `REFUSED_S`.
        """
        if self._since_s is None:
            self._since_s = now_s
            return True
        refused = isinstance(error, DatabaseRefusedError)
        upgraded = isinstance(error, SchemaChangedError)  # by the store, which ends some time
        if refused and not upgraded and now_s - self._since_s > REFUSED_S:
            raise error
        return False

    def wait_s(self) -> float:
        """Seconds to wait before the next try; more each time."""
        return self._backoff.next_s()

    def ended(self, now_s: float) -> float | None:
        """It works; the seconds for which it did not, None when it did all along."""
        since_s, self._since_s = self._since_s, None
        self._backoff.reset()
        return None if since_s is None else now_s - since_s
