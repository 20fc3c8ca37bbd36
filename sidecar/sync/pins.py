"""
People's words on segments and customer groups: in, out, until when. Nothing here commits.

Pins of tags are assertions; see `sidecar.sync.assertions`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.mysql import insert as upsert

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.values import insert

#: Rows in one statement.
_CHUNK = 1_000

Kind = Literal["segment", "group"]
Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """
    Attributes:
        kind: What is pinned.
        target_id: The segment, or the store's customer group.
        direction: In: it holds whatever the rule says. Out: it does not.
        until: The instant it ends; None: no end.
        requalify: It ends when the rule's own verdict next turns true.
        actor: Who says so.
        reason: In their words, or None.
    """

    kind: Kind
    target_id: int
    direction: Direction
    until: int | None = None
    requalify: bool = False
    actor: str
    reason: str | None = None


def put(tx: Connection, own: OwnTables, pin: Pin, ids: Collection[int], moment: Moment) -> None:
    """Pin for customers *ids*; the newer word of one target counts, and one group at most is in."""
    table, wanted = own.pin, sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        if pin.kind == "group" and pin.direction == "in":
            into = (table.c.kind == "group") & (table.c.direction == "in")
            tx.execute(delete(table).where(into, table.c.customer_id.in_(part)))
        rows = [
            {
                "customer_id": customer_id,
                "kind": pin.kind,
                "target_id": pin.target_id,
                "direction": pin.direction,
                "since": moment.epoch_s,
                "until": pin.until,
                "requalify": int(pin.requalify),
                "actor": pin.actor[:64],
                "reason": pin.reason and pin.reason[:255],
            }
            for customer_id in part
        ]
        statement = upsert(table).values(rows)
        names = ("direction", "since", "until", "requalify", "actor", "reason")
        tx.execute(
            statement.on_duplicate_key_update({name: statement.inserted[name] for name in names})
        )
    count(tx, own, wanted)


def end(
    tx: Connection, own: OwnTables, kind: str, ids: Collection[int], target_id: int | None = None
) -> None:
    """End the pins of customers *ids* on one target, or (None) on all of that *kind*."""
    table, wanted = own.pin, sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        here = (table.c.kind == kind) & table.c.customer_id.in_(wanted[start : start + _CHUNK])
        if target_id is not None:
            here &= table.c.target_id == target_id
        tx.execute(delete(table).where(here))
    count(tx, own, wanted)


def end_requalified(
    tx: Connection, own: OwnTables, kind: str, ids: Sequence[int], target_id: int | None
) -> None:
    """
    End the pins that were to last until the rule turned true.

    Args:
        target_id: On this; None: into any group.
    """
    table = own.pin
    here = (table.c.kind == kind) & table.c.customer_id.in_(ids) & (table.c.requalify == 1)
    here &= table.c.direction == "in" if target_id is None else table.c.target_id == target_id
    tx.execute(delete(table).where(here))
    count(tx, own, ids)


def count(tx: Connection, own: OwnTables, ids: Sequence[int]) -> None:
    """Note on each customer how many pins there are, so that a pass reads only theirs."""
    table = own.pin
    for start in range(0, len(ids), _CHUNK):
        part = sorted(ids[start : start + _CHUNK])
        rows = tx.execute(
            select(table.c.customer_id, func.count())
            .where(table.c.customer_id.in_(part))
            .group_by(table.c.customer_id)
        )
        numbers = dict.fromkeys(part, 0) | {row[0]: row[1] for row in rows}
        frame = pl.DataFrame(
            {"customer_id": list(numbers), "pins": list(numbers.values())},
            schema={"customer_id": pl.Int64, "pins": pl.Int64},
        )
        insert(tx, own.customer, frame, update=["pins"])
