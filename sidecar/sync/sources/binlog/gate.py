"""
The wait between the log and the tables.

A server sends a transaction as soon as it is in the log, a little before anybody can read
what it wrote; who looks at once finds the old rows, and is not told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, func, select

from sidecar import clock
from sidecar.errors import DatabaseUnavailableError
from sidecar.shop.database import place_of
from sidecar.sync.sources.binlog.position import Position, at_or_behind
from sidecar.sync.sources.binlog.server_log import SETTLE_S, ServerLog, autocommit, snapshot_place

#: A commit takes milliseconds; one that takes so long is given up, and read again.
TIMEOUT_S = 5.0

#: Between two looks at MariaDB's snapshot, at first and at most.
FIRST_NAP_S, LONGEST_NAP_S = 0.001, 0.02

#: Where nothing tells, the same customers are looked at once more, so long after.
LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Gate:
    """
    Lets a batch pass when every SELECT that begins afterwards sees it.

    Attributes:
        name: How it knows: ``snapshot`` of MariaDB, ``gtid`` of MySQL, or ``settle``: it does
            not know, and waits a second.
    """

    name: Literal["snapshot", "gtid", "settle"]
    _engine: Engine

    @property
    def look_again_s(self) -> float | None:
        """When to look at a batch's customers once more, after it passed; None: not needed."""
        return LOOK_AGAIN_S if self.name == "settle" else None

    def wait(self, end: Position, arrived_at: float, timeout_s: float = TIMEOUT_S) -> None:
        """
        Return when everything before *end* can be seen.

        Args:
            end: Of the batch.
            arrived_at: When its last packet did, by ``clock.monotonic``.
            timeout_s: How long to wait for the server.

        Raises:
            DatabaseUnavailableError: It cannot be seen in time, or the server is gone.
        """
        if self.name == "settle":
            clock.sleep(max(0.0, arrived_at + SETTLE_S - clock.monotonic()))
            return
        seen = _in_snapshot if self.name == "snapshot" else _executed
        with autocommit(self._engine) as connection:
            if seen(connection, end, timeout_s):
                return
        raise DatabaseUnavailableError(
            f"{place_of(self._engine)}: what is in the binary log before {end.file}:{end.offset}"
            f" cannot be seen after {timeout_s:g} s"
        )


def open_gate(engine: Engine, log: ServerLog) -> Gate:
    """The surest gate that the server of *log* has."""
    return Gate("snapshot" if log.snapshots else "gtid" if log.uses_gtid else "settle", engine)


def _in_snapshot(connection: Connection, end: Position, timeout_s: float) -> bool:
    until, nap_s = clock.monotonic() + timeout_s, FIRST_NAP_S
    while not at_or_behind(end.file, end.offset, *snapshot_place(connection)):
        if clock.monotonic() >= until:
            return False
        clock.sleep(nap_s)
        nap_s = min(2 * nap_s, LONGEST_NAP_S)
    return True


def _executed(connection: Connection, end: Position, timeout_s: float) -> bool:
    return connection.scalar(select(func.wait_for_executed_gtid_set(end.gtid, timeout_s))) == 0
