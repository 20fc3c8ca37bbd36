"""
The wait between the log and the tables.

A server sends a transaction as soon as it is in the log, a little before anybody can read
what it wrote; who looks at once finds the old rows, and is not told again.
"""

from __future__ import annotations

from types import TracebackType
from typing import Literal, Self

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from sidecar import clock
from sidecar.errors import DatabaseUnavailableError
from sidecar.shop.database import database_errors, place_of
from sidecar.sync.sources.binlog.position import Position, at_or_behind
from sidecar.sync.sources.binlog.server_log import SETTLE_S, ServerLog, snapshot_place

#: A commit takes milliseconds; one that takes so long is given up, and read again.
TIMEOUT_S = 5.0

#: Between two looks at MariaDB's snapshot, at first and at most.
FIRST_NAP_S, LONGEST_NAP_S = 0.001, 0.02

#: Where nothing tells, the same customers are looked at once more, so long after.
LOOK_AGAIN_S = 5.0


class Gate:
    """
    Lets a batch pass when every SELECT that begins afterwards sees it.

    Attributes:
        name: How it knows: ``snapshot`` of MariaDB, ``gtid`` of MySQL, or ``settle``: it does
            not know, and waits a second.
        look_again_s: When the customers of a batch have to be looked at once more, counted
            from its passing; None where the gate is certain.
    """

    name: Literal["snapshot", "gtid", "settle"]

    def __init__(self, engine: Engine, log: ServerLog) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self.name = "snapshot" if log.snapshots else "gtid" if log.uses_gtid else "settle"
        self.look_again_s = LOOK_AGAIN_S if self.name == "settle" else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; the next wait takes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def wait(self, end: Position, arrived_at: float, timeout_s: float = TIMEOUT_S) -> None:
        """
        Return when everything before *end* can be seen.

        Args:
            end: Of the batch.
            arrived_at: When its last packet did, by ``clock.monotonic``.
            timeout_s: How long to wait for the server.

        Raises:
            DatabaseUnavailableError: It cannot be seen in time.
        """
        if self.name == "settle":
            clock.sleep(max(0.0, arrived_at + SETTLE_S - clock.monotonic()))
            return
        try:
            with database_errors(self._engine):
                connection = self._connected()
                seen = (
                    _seen_in_snapshot(connection, end, timeout_s)
                    if self.name == "snapshot"
                    else _executed(connection, end, timeout_s)
                )
        except BaseException:
            self._drop()
            raise
        if not seen:
            raise DatabaseUnavailableError(
                f"{place_of(self._engine)}: what the log told at {end.file}:{end.offset}"
                f" cannot be seen after {timeout_s:g} s"
            )

    def _connected(self) -> Connection:
        # Kept, because each batch asks; out of the pool, which others need.
        if self._connection is None:
            connection = self._engine.connect()
            self._connection = connection
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except SQLAlchemyError:  # it is of no use anyway
                pass


def _seen_in_snapshot(connection: Connection, end: Position, timeout_s: float) -> bool:
    until, nap_s = clock.monotonic() + timeout_s, FIRST_NAP_S
    while not at_or_behind(end.file, end.offset, *snapshot_place(connection)):
        if clock.monotonic() >= until:
            return False
        clock.sleep(nap_s)
        nap_s = min(2 * nap_s, LONGEST_NAP_S)
    return True


def _executed(connection: Connection, end: Position, timeout_s: float) -> bool:
    return connection.scalar(select(func.wait_for_executed_gtid_set(end.gtid, timeout_s))) == 0
