"""Write the changes of one batch: words, assertions, purchases, counts. Never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from sqlalchemy import Connection, Table, case, cast, delete, tuple_, update
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.model import Moment
from sidecar.rules.evaluate import TagSlot
from sidecar.rules.plan import Changes
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.values import insert

#: Ids in one DELETE.
_CHUNK = 5_000


def apply(
    tx: Connection,
    own: OwnTables,
    changes: Changes,
    tags: Sequence[TagSlot],
    moment: Moment,
) -> None:
    """
    Write *changes*.

    Args:
        tags: Every tag; slots of *changes* are theirs.
    """
    ids = {tag.slot: tag.tag_id for tag in tags}
    frame = changes.customers
    insert(tx, own.customer, frame, update=[n for n in frame.columns if n != "customer_id"])
    asserted = _with_tag_ids(changes.asserted, ids)
    insert(
        tx,
        own.assertion,
        asserted.select(
            "customer_id",
            "tag_id",
            pl.lit("rule").alias("source_kind"),
            pl.lit(0).alias("source_id"),
            pl.lit(moment.epoch_s).alias("since"),
        ),
    )
    _retract(tx, own, _with_tag_ids(changes.retracted, ids))
    _forget(tx, own, changes.gone)
    insert(tx, own.purchase, changes.bought)
    for part in changes.unbought.iter_slices(_CHUNK):
        pair = tuple_(own.purchase.c.customer_id, own.purchase.c.product_id)
        tx.execute(delete(own.purchase).where(pair.in_(part.rows())))
    count(tx, own, changes, ids)


def _with_tag_ids(frame: pl.DataFrame, ids: Mapping[int, int]) -> pl.DataFrame:
    return frame.select(
        "customer_id", pl.col("slot").replace_strict(ids, return_dtype=pl.Int64).alias("tag_id")
    )


def _retract(tx: Connection, own: OwnTables, retracted: pl.DataFrame) -> None:
    table = own.assertion
    # By tag, because only the index on (tag_id, customer_id) makes a list of ids a range.
    for (tag_id,), rows in retracted.group_by("tag_id", maintain_order=True):
        for part in rows.iter_slices(_CHUNK):
            tx.execute(
                delete(table).where(
                    table.c.tag_id == tag_id,
                    table.c.customer_id.in_(part["customer_id"].to_list()),
                    table.c.source_kind == "rule",
                )
            )


def _forget(tx: Connection, own: OwnTables, gone: pl.DataFrame) -> None:
    tables: tuple[Table, ...] = (own.assertion, own.purchase, own.set_aside, own.customer)
    for part in gone.iter_slices(_CHUNK):
        ids = part["customer_id"].to_list()
        for table in tables:
            tx.execute(delete(table).where(table.c.customer_id.in_(ids)))


def count(tx: Connection, own: OwnTables, changes: Changes, ids: Mapping[int, int]) -> None:
    """Bring the number of customers of each tag in line, in one statement."""
    deltas: dict[int, int] = {}
    for frame, sign in ((changes.added, 1), (changes.removed, -1)):
        for slot, number in frame.group_by("slot").len().iter_rows():
            deltas[ids[slot]] = deltas.get(ids[slot], 0) + sign * number
    deltas = {tag_id: delta for tag_id, delta in deltas.items() if delta}
    if not deltas:
        return
    tag = own.tag
    number = cast(tag.c.customers, INTEGER) + case(deltas, value=tag.c.tag_id)
    tx.execute(update(tag).where(tag.c.tag_id.in_(sorted(deltas))).values(customers=number))
