"""Customers whose data cannot be processed: listed with the reason, tried again every pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import CustomerError, SidecarError
from sidecar.model import Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import within
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop


def put(
    tx: Connection, own: OwnTables, customer_id: int, error: SidecarError, moment: Moment
) -> None:
    """Set *customer_id* aside because of *error*, or count one more time."""
    table = own.set_aside
    statement = insert(table).values(
        customer_id=customer_id, at=moment.epoch_s, times=1, error=str(error)[:500]
    )
    tx.execute(
        statement.on_duplicate_key_update(
            at=statement.inserted.at, times=table.c.times + 1, error=statement.inserted.error
        )
    )


def clear(tx: Connection, own: OwnTables, scope: Scope) -> None:
    """Take the customers of *scope* back: they could be processed."""
    listed = tx.scalars(
        select(own.set_aside.c.customer_id).where(within(own.set_aside.c.customer_id, scope))
    ).all()
    if listed:
        tx.execute(delete(own.set_aside).where(own.set_aside.c.customer_id.in_(listed)))


def newest(tx: Connection, own: OwnTables, limit: int) -> list[tuple[int, str]]:
    """The *limit* customers set aside last, each with the reason."""
    table = own.set_aside
    query = select(table.c.customer_id, table.c.error)
    rows = tx.execute(query.order_by(table.c.at.desc(), table.c.customer_id).limit(limit))
    return [(row.customer_id, row.error) for row in rows]


def readable(
    shop: Shop, scope: Scope, read: Callable[[Scope], pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    """What *read* gives of *scope*, in parts, but for customers whose data cannot be processed."""
    try:
        frame = read(scope)
    except CustomerError:
        for half in halves(shop, scope):
            yield from readable(shop, half, read)
    else:
        yield frame


def halves(shop: Shop, scope: Scope) -> list[Scope]:
    """
    *scope* in two, by name, to find the one customer that cannot be processed.

    A range of one customer is that customer; one that is named already has no halves.
    """
    ids: Sequence[int] = scope.ids or ()
    if scope.ids is None:
        with transaction(shop.engine) as tx:
            ids = customer_ids(tx, shop, scope)
        if len(ids) == 1:
            return [Scope.of(ids)]
    if len(ids) < 2:
        return []
    middle = len(ids) // 2
    return [Scope.of(ids[:middle]), Scope.of(ids[middle:])]


def customer_ids(tx: Connection, shop: Shop, scope: Scope) -> list[int]:
    """Every customer of *scope*, of the store and of our tables."""
    ours, theirs = shop.own.customer.c.customer_id, shop.tables.customer.c.customer_id
    parts = shop.key_blocks.each(
        tx, select(theirs).where(theirs > 0), theirs, scope, lambda part: tx.scalars(part).all()
    )
    found = {customer_id for part in parts for customer_id in part}
    return sorted(found.union(tx.scalars(select(ours).where(within(ours, scope)))))
