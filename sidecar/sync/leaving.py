"""Customers who are erased: what stands of them goes, and tags and segments count without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, case, cast, delete, func, select, update
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.shop.own_tables import SEGMENT_WORDS, WORDS, OwnTables
from sidecar.sync.loyalty import forgetting


def leave(tx: Connection, own: OwnTables, customers: Sequence[int]) -> None:
    """
    Remove what stands of *customers*, at most some hundreds: facts, tags, segments, points.

    In one transaction with the counts, which else would be wrong for ever.
    """
    table = own.customer
    words = [f"tags{index}" for index in range(WORDS)]
    words += [f"segments{index}" for index in range(SEGMENT_WORDS)]
    here = table.c.customer_id.in_(customers)
    rows = tx.execute(select(*(table.c[name] for name in words)).where(here).with_for_update())
    tags: Counter[int] = Counter()
    segments: Counter[int] = Counter()
    for row in rows:
        tags.update(_slots(row[:WORDS]))
        segments.update(_slots(row[WORDS:]))
    _count_off(tx, own.tag, tags)
    _count_off(tx, own.segment, segments)
    for each in (own.assertion, own.pin, own.member, own.purchase, own.set_aside, table):
        tx.execute(delete(each).where(each.c.customer_id.in_(customers)))
    forgetting.forget(tx, own, customers)


def _slots(words: Sequence[Any]) -> list[int]:
    found = []
    for index, word in enumerate(words):
        left = int(word or 0)
        while left:
            bit = left & -left
            found.append(64 * index + bit.bit_length() - 1)
            left ^= bit
    return found


def _count_off(tx: Connection, table: Table, by_slot: Counter[int]) -> None:
    if by_slot:
        fewer = cast(table.c.customers, INTEGER) - case(dict(by_slot), value=table.c.slot)
        rows = update(table).where(table.c.slot.in_(sorted(by_slot)))
        tx.execute(rows.values(customers=func.greatest(fewer, 0)))
