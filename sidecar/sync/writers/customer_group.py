"""Customers to their new groups, unless somebody else was faster."""

from __future__ import annotations

import polars as pl
from sqlalchemy import Connection, select, update

from sidecar.shop.shop import Shop
from sidecar.sync.writers import intents

#: Ids in one UPDATE.
_CHUNK = 1_000


def move(tx: Connection, shop: Shop, moved: pl.DataFrame) -> set[int]:
    """
    Write the native group of each customer that is still in the one that was read.

    It is undone with *tx*: by the server on InnoDB, by an intent on MyISAM (OpenCart 3),
    where each statement stands at once.

    Args:
        moved: ``customer_id``, ``from``, ``to``.

    Returns:
        The customers that are not: somebody changed their group in between.
    """
    customer = shop.tables.customer
    if not shop.capabilities.transactional:
        intents.announce(tx, shop, moved)
    lost: set[int] = set()
    for (before, after), rows in moved.group_by(["from", "to"], maintain_order=True):
        for part in rows.iter_slices(_CHUNK):
            ids = part["customer_id"].to_list()
            here = customer.c.customer_id.in_(ids)
            result = tx.execute(
                update(customer)
                .where(here, customer.c.customer_group_id == before)
                .values(customer_group_id=after)
            )
            if result.rowcount < len(ids):
                # Our own rows show the new group; those of others, as they were when read.
                group = customer.c.customer_group_id
                ours = tx.scalars(select(customer.c.customer_id).where(here, group == after))
                lost.update(set(ids) - set(ours))
    return lost
