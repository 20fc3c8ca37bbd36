"""The lock that only one sidecar of a store holds: who has it writes."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from sidecar.errors import DatabaseUnavailableError, NotNowError
from sidecar.shop.database import database_errors, place_of

#: The lock lives as long as its connection, which says nothing for days.
IDLE_TIMEOUT_S = 31_536_000


@dataclass(frozen=True, slots=True)
class LeaderLock:
    """
    A lock that is held.

    Attributes:
        name: As ``IS_USED_LOCK`` takes it.
        connection_id: Of the connection that holds it.
    """

    name: str
    connection_id: int
    _connection: Connection

    def verify(self) -> None:
        """
        Ask the server whether the lock is still ours.

        Raises:
            DatabaseUnavailableError: It is not: the connection broke, and another may have it.
        """
        holder = None
        if not self._connection.invalidated:  # it would connect anew, without the lock
            with database_errors(self._connection.engine):
                holder = self._connection.scalar(select(func.is_used_lock(self.name)))
        if holder != self.connection_id:
            raise DatabaseUnavailableError(
                f"{place_of(self._connection.engine)}: the lock {self.name} is lost"
            )


def lock_name(database: str, prefix: str) -> str:
    """The name of the lock of the store in *database* with *prefix*; at most 64 characters."""
    store = f"{database}\0{prefix}".encode()
    return f"sidecar:{hashlib.sha256(store).hexdigest()[:16]}"


@contextlib.contextmanager
def leader_lock(
    engine: Engine, database: str, prefix: str, wait_s: float = 0.0
) -> Iterator[LeaderLock]:
    """
    Hold the lock of a store on a connection of its own, so that it ends with the process.

    Raises:
        NotNowError: Another sidecar holds it, also after *wait_s*.
        DatabaseError: As of ``transaction``.
    """
    name = lock_name(database, prefix)
    with contextlib.ExitStack() as stack:
        with database_errors(engine):
            connection = stack.enter_context(engine.connect())
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
            connection.exec_driver_sql(f"SET wait_timeout = {IDLE_TIMEOUT_S}")
            own = int(connection.scalar(select(func.connection_id())) or 0)
            # MySQL waits whole seconds, half of one not at all, and below 0 for ever.
            seconds = math.ceil(min(max(0.0, wait_s), IDLE_TIMEOUT_S))
            if connection.scalar(select(func.get_lock(name, seconds))) != 1:
                holder = connection.scalar(select(func.is_used_lock(name)))
                raise NotNowError(
                    f"{place_of(engine)}: another sidecar holds the lock, connection id {holder}"
                )
        try:
            yield LeaderLock(name, own, connection)
        finally:
            with contextlib.suppress(SQLAlchemyError):
                connection.scalar(select(func.release_lock(name)))
