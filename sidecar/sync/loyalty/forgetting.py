"""Customers whom the store deleted: nothing is kept of them, however little was known of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection, delete, select

from sidecar.model import Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.own_loyalty_tables import UNITS
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.loyalty import native_findings
from sidecar.sync.reading import WHOLE, Reading

#: Customers in one DELETE.
_CHUNK = 1_000


def forget(tx: Connection, own: OwnTables, customers: Sequence[int]) -> None:
    """Remove all that is kept here of *customers*, who are not in the store any more."""
    loyalty = own.loyalty
    entry, move = loyalty.entry, loyalty.move
    theirs = select(entry.c.entry_id).where(
        entry.c.unit.in_(UNITS), entry.c.customer_id.in_(customers)
    )
    tx.execute(delete(move).where(move.c.entry_id.in_(theirs)))
    for table in (entry, loyalty.lot, loyalty.cause, loyalty.account):
        here = table.c.unit.in_(UNITS), table.c.customer_id.in_(customers)
        tx.execute(delete(table).where(*here))
    for table in (
        loyalty.rewarded, loyalty.tier, loyalty.tier_change, loyalty.redemption, loyalty.issue,
        loyalty.card,
    ):  # fmt: skip
        tx.execute(delete(table).where(table.c.customer_id.in_(customers)))
    native_findings.forget(tx, own, customers)


def forget_gone(shop: Shop, scope: Scope, moment: Moment) -> int:
    """
    Remove what is kept of customers of *scope* who are not in the store.

    The cycle forgets those whom it has seen; who was deleted before that has an account only.

    Returns:
        How many there were.
    """
    with transaction(shop.engine) as tx:
        gone = _gone(Reading(shop, tx, scope, moment))
    for start in range(0, len(gone), _CHUNK):
        with transaction(shop.engine) as tx:
            forget(tx, shop.own, gone[start : start + _CHUNK])
    return len(gone)


def _gone(reading: Reading) -> list[int]:
    tables = reading.shop.own.loyalty
    # What is known comes before what is there: nobody who just registered is forgotten.
    known = pl.concat(
        reading.rows(
            select(table.c.customer_id).where(reading.of(table.c.customer_id)).distinct(),
            {"customer_id": WHOLE},
        )
        for table in (tables.account, tables.tier, tables.redemption, tables.issue, tables.card)
    ).unique()
    if known.is_empty():
        return []
    customer_id = reading.shop.tables.customer.c.customer_id
    there = reading.rows_of(select(customer_id), {"customer_id": WHOLE}, customer_id)
    return known.join(there, on="customer_id", how="anti")["customer_id"].sort().to_list()
