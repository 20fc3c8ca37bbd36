"""
The fence: every transaction of a leader that wrote proves, at its end, that it still leads.

The lock alone cannot do that. A process that was stopped loses it with its connection, and
when it wakes up it goes on where it was, beside the leader of now. So whoever takes the
lock counts the epoch up in the row ``lead`` of `sidecar_source`, and a transaction that
wrote reads it once more before its COMMIT, with a shared lock: the take-over comes before,
and the transaction is rolled back, or it waits until the transaction has ended.
"""

from __future__ import annotations

import contextlib
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import DBAPIError

from sidecar.errors import FencedError

#: Name of the row.
LEAD = "lead"

#: What only reads; whatever is not known to be so counts as writing.
_READS = re.compile(r"[\s(]*(?:SELECT|SHOW|SET(?! STATEMENT)|DESCRIBE|EXPLAIN)\b", re.IGNORECASE)

#: MariaDB's answer to a locking read of a row that was written since the transaction began.
_CHANGED_SINCE_READ = 1020

_FENCES: weakref.WeakKeyDictionary[Engine, Fence] = weakref.WeakKeyDictionary()
_WROTE: weakref.WeakSet[Connection] = weakref.WeakSet()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Fence:
    """
    What a leader proves itself by.

    Attributes:
        source: Our table `sidecar_source`.
        epoch: As it was counted up to for us.
        by_writing: On a cluster, where a lock on a row is known to one node only: whoever
            wrote the row first wins there.
    """

    source: Table
    epoch: int
    by_writing: bool = False

    def prove(self, tx: Connection) -> None:
        """
        Make sure that nobody takes over before *tx* ends.

        Raises:
            FencedError: Somebody did.
        """
        row = self.source.c.name == LEAD
        if self.by_writing:
            ours = row & (self.source.c.epoch == self.epoch)
            written = update(self.source).where(ours).values(seq=self.source.c.seq + 1)
            leads = tx.execute(written).rowcount == 1
        else:
            query = select(self.source.c.epoch).where(row).with_for_update(read=True)
            try:
                leads = tx.scalar(query) == self.epoch
            except DBAPIError as error:
                if getattr(error.orig, "args", (0,))[0] != _CHANGED_SINCE_READ:
                    raise
                leads = False  # only who takes over writes the row
        if not leads:
            raise FencedError(
                "another sidecar leads this store since: what this one was about to write"
                " is rolled back (it ends by itself)"
            )


def take_over(tx: Connection, source: Table, now_s: int, *, by_writing: bool) -> Fence:
    """Count the epoch up in *tx*: whoever led before can commit nothing more."""
    tx.execute(
        insert(source)
        .values(name=LEAD, seq=0, epoch=1, position="{}", at=now_s)
        .on_duplicate_key_update(epoch=source.c.epoch + 1, at=now_s)
    )
    epoch = tx.scalar(select(source.c.epoch).where(source.c.name == LEAD))
    return Fence(source, int(epoch or 0), by_writing)


@contextlib.contextmanager
def fenced(engine: Engine, fence: Fence) -> Iterator[None]:
    """Within, whatever `transaction` commits on *engine* is proved by *fence*."""
    before = _FENCES.get(engine)
    _FENCES[engine] = fence
    if not event.contains(engine, "before_cursor_execute", _notice):
        event.listen(engine, "before_cursor_execute", _notice)
    try:
        yield
    finally:
        if before is None:
            del _FENCES[engine]
        else:
            _FENCES[engine] = before


def prove(tx: Connection) -> None:
    """
    Make sure that we lead until *tx* ends; nothing where no leader works on its engine.

    For what no ROLLBACK takes back; all else is proved by `prove_what_wrote`.

    Raises:
        FencedError: Another sidecar leads.
    """
    if fence := _FENCES.get(tx.engine):
        fence.prove(tx)


def prove_what_wrote(tx: Connection) -> None:
    """The same at the end of *tx*, if it wrote."""
    if tx in _WROTE:
        _WROTE.discard(tx)
        prove(tx)


def _notice(
    connection: Connection,
    _cursor: Any,
    statement: str,
    _parameters: Any,
    _context: Any,
    _many: bool,
) -> None:
    if not _READS.match(statement):
        _WROTE.add(connection)
