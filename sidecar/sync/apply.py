"""Write the changes of one batch: groups, words, assertions, segments, counts. Never commits."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl
from sqlalchemy import Connection, Table, case, cast, delete, tuple_, update
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.model import Moment
from sidecar.rules.plan import Changes
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import assertions, findings, pins
from sidecar.sync.loyalty import forgetting
from sidecar.sync.pins import Pin
from sidecar.sync.slots import Slots
from sidecar.sync.values import insert
from sidecar.sync.writers import customer_group

#: Ids in one DELETE.
_CHUNK = 5_000

#: Notes of the ladder; see `sidecar.rules.ladder`.
_LEFT_ALONE, _PERSONS, _BREAKER = 3, 5, 6


def apply(
    tx: Connection,
    shop: Shop,
    changes: Changes,
    slots: Slots,
    touched: Mapping[int, str],
    moment: Moment,
) -> Changes:
    """
    Write *changes*.

    Args:
        slots: Whose bits those of *changes* are.
        touched: Customers that a person just saved, with who it was.

    Returns:
        What was written: without customers whose group is not the one that was read any more.
    """
    own = shop.own
    if not changes.moved.is_empty():
        lost = customer_group.move(tx, shop, changes.moved)
        if lost:
            changes = changes.without(lost)
    frame = changes.customers
    insert(tx, own.customer, frame, update=[n for n in frame.columns if n != "customer_id"])
    _tags(tx, own, changes, slots, moment)
    _segments(tx, own, changes, slots, moment)
    _requalified(tx, own, changes, slots)
    _notes(tx, own, changes.notes, touched, moment)
    _forget(tx, own, changes.gone)
    insert(tx, own.purchase, changes.bought)
    for part in changes.unbought.iter_slices(_CHUNK):
        pair = tuple_(own.purchase.c.customer_id, own.purchase.c.product_id)
        tx.execute(delete(own.purchase).where(pair.in_(part.rows())))
    return changes


def _tags(tx: Connection, own: OwnTables, changes: Changes, slots: Slots, moment: Moment) -> None:
    ids = {tag.slot: tag_id for tag_id, tag in slots.tags.items()}
    asserted = _with_ids(changes.asserted, ids, "tag_id")
    insert(
        tx,
        own.assertion,
        asserted.select(
            "customer_id",
            "tag_id",
            pl.lit("rule").alias("source_kind"),
            pl.lit(0).alias("source_id"),
            pl.lit(moment.epoch_s).alias("since"),
            pl.lit(0).alias("requalify"),
        ),
    )
    table = own.assertion
    # By tag, because only the index on (tag_id, customer_id) makes a list of ids a range.
    for tag_id, part in _by(_with_ids(changes.retracted, ids, "tag_id"), "tag_id"):
        here = (table.c.tag_id == tag_id) & table.c.customer_id.in_(part)
        tx.execute(delete(table).where(here, table.c.source_kind == "rule"))
    _count(tx, own.tag, "tag_id", changes.added, changes.removed, ids)


def _segments(
    tx: Connection, own: OwnTables, changes: Changes, slots: Slots, moment: Moment
) -> None:
    every = {**slots.segments, **slots.going}
    ids = {slot: segment_id for segment_id, slot in every.items()}
    entered = _with_ids(changes.entered, ids, "segment_id")
    left = _with_ids(changes.left, ids, "segment_id")
    at = pl.lit(moment.epoch_s)
    both = pl.concat(
        [
            entered.select("segment_id", "customer_id", at.alias("at"), pl.lit(1).alias("entered")),
            left.select("segment_id", "customer_id", at.alias("at"), pl.lit(0).alias("entered")),
        ]
    )
    insert(tx, own.segment_change, both)
    is_listed = pl.col("slot").is_in(sorted(slots.listed))
    new = _with_ids(changes.entered.filter(is_listed), ids, "segment_id")
    insert(tx, own.member, new.select("segment_id", "customer_id", at.alias("since")))
    table = own.member
    old = _with_ids(changes.left.filter(is_listed), ids, "segment_id")
    for segment_id, part in _by(old, "segment_id"):
        here = (table.c.segment_id == segment_id) & table.c.customer_id.in_(part)
        tx.execute(delete(table).where(here))
    _count(tx, own.segment, "segment_id", changes.entered, changes.left, ids)


def _requalified(tx: Connection, own: OwnTables, changes: Changes, slots: Slots) -> None:
    """End the pins that were to last until the rule turns true."""
    tags = {tag.slot: tag_id for tag_id, tag in slots.tags.items()}
    table = own.assertion
    for tag_id, part in _by(_with_ids(changes.requalified, tags, "tag_id"), "tag_id"):
        here = (table.c.tag_id == tag_id) & table.c.customer_id.in_(part)
        tx.execute(delete(table).where(here, table.c.requalify == 1))
    assertions.count_others(tx, own, sorted(set(changes.requalified["customer_id"])))

    segments = {slot: segment_id for segment_id, slot in slots.segments.items()}
    rungs = {slot: group_id for group_id, slot in slots.rungs.items()}
    for kind, frame, ids in (
        ("segment", changes.segments_requalified, segments),
        ("group", changes.groups_requalified.filter(pl.col("slot") >= 0), rungs),
    ):
        for target_id, part in _by(_with_ids(frame, ids, "target_id"), "target_id"):
            pins.end_requalified(tx, own, kind, part, target_id)
    into = changes.groups_requalified.filter(pl.col("slot") < 0)["customer_id"].to_list()
    if into:
        pins.end_requalified(tx, own, "group", into, None)


def _notes(
    tx: Connection,
    own: OwnTables,
    notes: pl.DataFrame,
    touched: Mapping[int, str],
    moment: Moment,
) -> None:
    """What the ladder noticed: a person's choice becomes a pin, trouble a finding."""
    # They may save the customer again in this very second, and that is newer.
    chosen_at = replace(moment, now=moment.now - datetime.timedelta(seconds=1))
    for customer_id, note, group in notes.iter_rows():
        if note == _PERSONS:
            pin = Pin(kind="group", target_id=group, direction="in", actor=touched[customer_id])
            pins.put(tx, own, pin, [customer_id], chosen_at)
        elif note == _LEFT_ALONE:
            findings.raise_finding(
                tx,
                own,
                "ladder.changed_again",
                f"customer {customer_id}",
                f"something else changed the group of customer {customer_id} twice within 24 hours;"
                f" it is left alone now (`sidecar group auto {customer_id}` gives it back)",
                moment,
            )
        elif note == _BREAKER:
            findings.raise_finding(
                tx,
                own,
                "ladder.breaker",
                f"customer {customer_id}",
                f"the group of customer {customer_id} was written four times in ten minutes;"
                f" it is left alone now (`sidecar group auto {customer_id}` gives it back)",
                moment,
            )


def _with_ids(frame: pl.DataFrame, ids: Mapping[int, int], name: str) -> pl.DataFrame:
    known = frame.filter(pl.col("slot").is_in(sorted(ids)))
    number = pl.col("slot").replace_strict(ids, return_dtype=pl.Int64)
    return known.select("customer_id", number.alias(name))


def _by(frame: pl.DataFrame, name: str) -> Iterable[tuple[int, Sequence[int]]]:
    """The customers of each id of column *name*, in parts."""
    for (identifier,), rows in frame.group_by(name, maintain_order=True):
        for part in rows.iter_slices(_CHUNK):
            yield int(str(identifier)), part["customer_id"].to_list()


def _forget(tx: Connection, own: OwnTables, gone: pl.DataFrame) -> None:
    tables: tuple[Table, ...] = (
        own.assertion,
        own.pin,
        own.member,
        own.purchase,
        own.set_aside,
        own.customer,
    )
    for part in gone.iter_slices(_CHUNK):
        ids = part["customer_id"].to_list()
        for table in tables:
            tx.execute(delete(table).where(table.c.customer_id.in_(ids)))
        forgetting.forget(tx, own, ids)


def _count(
    tx: Connection,
    table: Table,
    key: str,
    more: pl.DataFrame,
    fewer: pl.DataFrame,
    ids: Mapping[int, int],
) -> None:
    """Bring the number of customers of each tag or segment in line, in one statement."""
    deltas: dict[int, int] = {}
    for frame, sign in ((more, 1), (fewer, -1)):
        for slot, number in frame.group_by("slot").len().iter_rows():
            if slot in ids:
                deltas[ids[slot]] = deltas.get(ids[slot], 0) + sign * number
    deltas = {identifier: delta for identifier, delta in deltas.items() if delta}
    if not deltas:
        return
    number = cast(table.c.customers, INTEGER) + case(deltas, value=table.c[key])
    rows = update(table).where(table.c[key].in_(sorted(deltas)))
    tx.execute(rows.values(customers=number))
