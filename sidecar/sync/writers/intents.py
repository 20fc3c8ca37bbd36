"""
Intents: what is about to be written to a table that no ROLLBACK reaches (MyISAM).

    intent ══ commit      mark, native write, words, audit ══ commit      both gone ══ commit

An intent without its mark was not carried out as a whole: what of it was written is taken
back, and the customers are rung for, so that the cycle does it again with its audit. The
mark is written before the native write and locked until the end of its transaction: who
asks whether it is there waits until that is decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update

from sidecar import clock
from sidecar.shop.database import transaction, when_over
from sidecar.shop.fence import prove
from sidecar.shop.shop import Shop

#: Ids in one UPDATE.
_CHUNK = 1_000

#: Why customers are rung for.
_REASON = "group.taken_back"


def announce(tx: Connection, shop: Shop, moved: pl.DataFrame) -> None:
    """
    Commit that the customers of *moved* are about to be moved in *tx*; call it before.

    Whatever becomes of *tx*, what it moved stands afterwards only if the rest of it does.

    Args:
        moved: ``customer_id``, ``from``, ``to``.
    """
    table = shop.own.intent
    moves = [
        [before, after, rows["customer_id"].to_list()]
        for (before, after), rows in moved.group_by(["from", "to"], maintain_order=True)
    ]
    with transaction(shop.engine) as apart:
        written = apart.execute(insert(table).values(moves=json.dumps(moves)))
    key = written.inserted_primary_key
    intent_id = int(key[0]) if key else 0
    when_over(tx, lambda: _settle(shop, intent_id))
    tx.execute(insert(table).values(done=intent_id, moves=""))
    prove(tx)  # and nobody takes over until the native write is behind us


def recover(shop: Shop) -> None:
    """
    Take back what a crash left half done; only for whoever leads, before anything is looked at.

    Raises:
        DatabaseUnavailableError: Somebody is just carrying one out.
    """
    table = shop.own.intent
    with transaction(shop.engine) as tx:
        ids = tx.scalars(select(table.c.intent_id).where(table.c.done.is_(None))).all()
    for intent_id in ids:
        _settle(shop, intent_id)


def _settle(shop: Shop, intent_id: int) -> None:
    """End an intent: all of it stands, or nothing of it does."""
    table = shop.own.intent
    this, mark = table.c.intent_id == intent_id, table.c.done == intent_id
    with transaction(shop.engine) as tx:
        moves = tx.scalar(select(table.c.moves).where(this).with_for_update())
        marked = tx.scalar(select(table.c.intent_id).where(mark).with_for_update())
        if moves is not None and marked is None:
            prove(tx)
            _take_back(tx, shop, json.loads(moves))
        tx.execute(delete(table).where(this | mark))


def _take_back(tx: Connection, shop: Shop, moves: Iterable[tuple[int, int, list[int]]]) -> None:
    table, hint = shop.tables.customer, shop.own.hint
    at = int(clock.now().timestamp())
    for before, after, ids in moves:
        for start in range(0, len(ids), _CHUNK):
            here = table.c.customer_id.in_(ids[start : start + _CHUNK])
            moved = here & (table.c.customer_group_id == after)
            ours = tx.scalars(select(table.c.customer_id).where(moved)).all()
            if ours:
                tx.execute(update(table).where(moved).values(customer_group_id=before))
                rung = [{"customer_id": found, "reason": _REASON, "at": at} for found in ours]
                tx.execute(insert(hint), rung)
