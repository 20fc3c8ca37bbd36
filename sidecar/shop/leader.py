"""The lock that only one sidecar of a store holds: who has it writes, and proves it."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sidecar import clock
from sidecar.errors import DatabaseUnavailableError, NotNowError, SchemaChangedError
from sidecar.shop import fence, lease
from sidecar.shop.database import answer_within, database_errors, place_of, transaction
from sidecar.shop.lease import Lease
from sidecar.shop.own_tables import own_tables

#: The lock lives as long as its connection, which says nothing for days.
IDLE_TIMEOUT_S = 31_536_000

#: A server that takes longer to say who holds the lock is frozen, or the network is cut.
ANSWER_TIMEOUT_S = 5.0

#: Servers that refuse locks by name: Galera in some versions, Percona's in its strict mode.
_NO_LOCKS = (1235, 1105)

#: Where several servers are written to, a lock by name is known to one of them only.
_CLUSTER = text(
    "SHOW VARIABLES WHERE (variable_name = 'wsrep_on' AND value = 'ON')"
    " OR (variable_name = 'group_replication_single_primary_mode' AND value = 'OFF')"
)

#: Between two looks whether another's lease has ended.
_LEASE_AGAIN_S = 0.5


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
    _lease: Lease | None

    def verify(self) -> None:
        """
        Ask the server whether the lock is still ours; a lease is renewed.

        Raises:
            DatabaseUnavailableError: It is not: the connection broke, and another may have it.
        """
        ours = False
        if not self._connection.invalidated:  # it would connect anew, without the lock
            with database_errors(self._connection.engine):
                ours = self._is_ours()
        if not ours:
            raise DatabaseUnavailableError(
                f"{place_of(self._connection.engine)}: the lock {self.name} is lost"
            )

    def _is_ours(self) -> bool:
        if self._lease:
            return self._lease.renew(self._connection)
        holder = self._connection.scalar(select(func.is_used_lock(self.name)))
        return bool(holder == self.connection_id)

    def _release(self) -> None:
        if self._lease:
            self._lease.release(self._connection)
        else:
            release_lock(self._connection, self.name)


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

    Once our tables are there, whoever led before can commit nothing more, and within, every
    `transaction` of *engine* that wrote proves that nobody took over since.

    Raises:
        NotNowError: Another sidecar holds it, also after *wait_s*.
        DatabaseError: As of ``transaction``; also when who led before is just committing.
    """
    name = lock_name(database, prefix)
    source = own_tables(prefix).source
    with contextlib.ExitStack() as stack:
        with database_errors(engine):
            connection = stack.enter_context(engine.connect())
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
            connection.exec_driver_sql(f"SET wait_timeout = {IDLE_TIMEOUT_S}")
            held = _take(connection, name, source, wait_s)
            answer_within(connection, ANSWER_TIMEOUT_S)
        stack.callback(_let_go, held)
        try:
            with transaction(engine) as tx:
                now_s, by_writing = int(clock.now().timestamp()), held._lease is not None
                taken = fence.take_over(tx, source, now_s, by_writing=by_writing)
        except SchemaChangedError:
            pass  # our tables are not there yet: there is nothing to write, or to fence
        else:
            stack.enter_context(fence.fenced(engine, taken))
        yield held


def holder(tx: Connection, source: Table, name: str) -> int | None:
    """The connection of who leads, by lock *name* or by lease; None: nobody."""
    with _locks_by_name():
        if (found := tx.scalar(select(func.is_used_lock(name)))) is not None:
            return int(found)
    return lease.holder(tx, source)


def get_lock(connection: Connection, name: str, wait_s: float) -> bool | None:
    """Take the server's lock *name*; None where it has no locks by name."""
    # MySQL waits whole seconds, half of one not at all, and below 0 for ever.
    seconds = math.ceil(min(max(0.0, wait_s), IDLE_TIMEOUT_S))
    with _locks_by_name():
        return connection.scalar(select(func.get_lock(name, seconds))) == 1
    return None


def release_lock(connection: Connection, name: str) -> None:
    """Release the server's lock *name*, where it has such."""
    with _locks_by_name():
        connection.scalar(select(func.release_lock(name)))


def _take(connection: Connection, name: str, source: Table, wait_s: float) -> LeaderLock:
    own = int(connection.scalar(select(func.connection_id())) or 0)
    locked = None if _is_cluster(connection) else get_lock(connection, name, wait_s)
    if locked:
        return LeaderLock(name, own, connection, None)
    leased = Lease.of(connection.engine, source)
    if locked is None and _wait_for_lease(leased, connection, own, wait_s):
        return LeaderLock(name, own, connection, leased)
    raise NotNowError(
        f"{place_of(connection.engine)}: another sidecar holds the lock,"
        f" connection id {holder(connection, source, name)}"
    )


def _is_cluster(connection: Connection) -> bool:
    return connection.execute(_CLUSTER).first() is not None


def _wait_for_lease(leased: Lease, connection: Connection, own: int, wait_s: float) -> bool:
    until_s = clock.monotonic() + max(0.0, wait_s)
    while not leased.take(connection, own):
        if clock.monotonic() >= until_s:
            return False
        clock.sleep(_LEASE_AGAIN_S)
    return True


def _let_go(held: LeaderLock) -> None:
    with contextlib.suppress(SQLAlchemyError):
        held._release()


@contextlib.contextmanager
def _locks_by_name() -> Iterator[None]:
    """Go on after it where the server refuses locks by name."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "args", (0,))[0] not in _NO_LOCKS:
            raise
