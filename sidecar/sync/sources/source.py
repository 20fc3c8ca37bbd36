"""What every source of doorbells gives, and how far it has read, fenced against a second daemon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import FatalError, FencedError
from sidecar.shop.own_tables import OwnTables


@dataclass(frozen=True, slots=True)
class Doorbell:
    """
    Whom to look at again.

    Attributes:
        ids: Of customers; some may be gone from the store.
        buyers: Those of *ids* whose order lines changed, so that what they bought is read anew.
        actors: Who saved a customer in the admin, for those of *ids* where a hint says so.
        sources: How many ids each source rang.
        everyone: A whole pass is due, with the store's settings read anew.
        noted: For `note` of the source that rang, and nobody else.
    """

    ids: frozenset[int] = frozenset()
    buyers: frozenset[int] = frozenset()
    actors: Mapping[int, str] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    everyone: bool = False
    noted: Any = None


class Source(Protocol):
    """
    A source of doorbells.

    The order misses nothing: `ring`, look at the customers, `note` in the transaction of
    their last cycle or after it. Whatever fails or dies in between rings again.
    """

    name: str

    def ring(self, now_s: int) -> Doorbell:
        """Whom to look at again; reads only, in a transaction of its own."""
        ...

    def note(self, tx: Connection, doorbell: Doorbell) -> None:
        """
        Write in *tx* that *doorbell* was answered.

        Raises:
            FencedError: Another daemon reads this source meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """
    How far a source has been read.

    Attributes:
        seq: Counts what was written; compared when writing.
        epoch: Counts the daemons that took the source over; compared too.
        position: The source's own.
    """

    seq: int
    epoch: int
    position: Mapping[str, Any]


def take_over(tx: Connection, own: OwnTables, name: str, now_s: int) -> Place:
    """Make the source *name* ours: whoever had it can write its position no more."""
    table = own.source
    tx.execute(
        insert(table)
        .values(name=name, seq=0, epoch=1, position="{}", at=now_s)
        .on_duplicate_key_update(epoch=table.c.epoch + 1)
    )
    place = _read(tx, own, name)
    if place is None:
        raise FatalError(f"source {name}: its row in sidecar_source cannot be read")
    return place


def read_place(tx: Connection, own: OwnTables, name: str, epoch: int) -> Place:
    """
    How far the source *name* has been read.

    Raises:
        FencedError: It is another daemon's since.
    """
    place = _read(tx, own, name)
    if place is None or place.epoch != epoch:
        raise _taken(name)
    return place


def write_place(
    tx: Connection, own: OwnTables, name: str, place: Place, position: Mapping[str, Any], now_s: int
) -> Place:
    """
    Write *position*, if *place* is still what stands.

    Raises:
        FencedError: It is not: another daemon moved it.
    """
    table = own.source
    written = tx.execute(
        update(table)
        .where(table.c.name == name, table.c.seq == place.seq, table.c.epoch == place.epoch)
        .values(seq=place.seq + 1, position=json.dumps(position), at=now_s)
    )
    if written.rowcount != 1:
        raise _taken(name)
    return Place(place.seq + 1, place.epoch, position)


def _read(tx: Connection, own: OwnTables, name: str) -> Place | None:
    table = own.source
    query = select(table.c.seq, table.c.epoch, table.c.position).where(table.c.name == name)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    try:
        position = json.loads(row.position)
    except ValueError:
        position = {}  # as if nothing had been read yet: everything rings again
    return Place(int(row.seq), int(row.epoch), position if isinstance(position, dict) else {})


def _taken(name: str) -> FencedError:
    return FencedError(
        f"source {name}: another sidecar reads it too and moved its position"
        " (only one may run on a store: stop the other one)"
    )
