"""
A lease in place of the lock, where no lock by name holds for all servers: on a cluster.

The row ``lease`` of `sidecar_source` says whose it is and until when, by the database's
clock. It only keeps two sidecars from working against each other; that nothing wrong is
committed, when a clock jumps or somebody sleeps over his lease, is the fence's doing.
"""

from __future__ import annotations

import json
import secrets
import weakref
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, func, select, update
from sqlalchemy.dialects.mysql import insert

#: Name of the row.
LEASE = "lease"

#: A lease that nobody renewed for so long is free.
TTL_S = 30

#: Whose a lease is: the program may take its own again after its connection broke.
_OWNERS: weakref.WeakKeyDictionary[Engine, int] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Lease:
    """
    What is asked for on a connection that commits every statement.

    Attributes:
        source: Our table `sidecar_source`; the owner stands in its column ``epoch``.
        owner: A number that nobody else has.
    """

    source: Table
    owner: int

    @classmethod
    def of(cls, engine: Engine, source: Table) -> Lease:
        """The lease that whoever uses *engine* may have."""
        return cls(source, _OWNERS.setdefault(engine, secrets.randbits(63)))

    def take(self, connection: Connection, connection_id: int) -> bool:
        """Take it, unless another has it; *connection_id* is what `holder` tells of us."""
        table = self.source
        position = json.dumps({"connection_id": connection_id})
        free = (table.c.epoch == self.owner) | (table.c.at <= func.unix_timestamp())
        taken = connection.execute(
            update(table)
            .where(table.c.name == LEASE, free)
            .values(seq=table.c.seq + 1, epoch=self.owner, position=position, at=_end())
        )
        if taken.rowcount == 1:
            return True
        row = {"name": LEASE, "seq": 1, "epoch": self.owner, "position": position}
        first = insert(table).prefix_with("IGNORE").values(**row, at=_end())
        return connection.execute(first).rowcount == 1

    def renew(self, connection: Connection) -> bool:
        """Have it for longer; False when it is another's."""
        return self._write(connection, _end()) == 1

    def release(self, connection: Connection) -> None:
        """Let anybody take it."""
        self._write(connection, 0)

    def _write(self, connection: Connection, until: object) -> int:
        table = self.source
        ours = update(table).where(table.c.name == LEASE, table.c.epoch == self.owner)
        return connection.execute(ours.values(seq=table.c.seq + 1, at=until)).rowcount


def holder(tx: Connection, source: Table) -> int | None:
    """The connection of who has the lease; None: nobody."""
    live = (source.c.name == LEASE) & (source.c.at > func.unix_timestamp())
    position = tx.scalar(select(source.c.position).where(live))
    return None if position is None else int(json.loads(position)["connection_id"])


def _end() -> object:
    return func.unix_timestamp() + TTL_S
