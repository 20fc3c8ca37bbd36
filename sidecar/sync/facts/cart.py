"""Facts of the cart and the wishlist of logged-in customers."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import select

from sidecar.rules.columns import Column
from sidecar.sync.reading import WHOLE, Reading, wall

CART = frozenset({"cart_items", "cart_added", "cart_products"})
WISHLIST = frozenset({"wishlist_items", "wishlist_products"})


def load_cart(reading: Reading, columns: Collection[Column]) -> pl.DataFrame:
    """``customer_id`` and *columns*, of `CART`, for customers with something in the cart."""
    cart = reading.shop.tables.cart
    query = select(
        cart.c.customer_id,
        cart.c.product_id,
        cart.c.quantity,
        wall(cart.c.date_added, "added"),
    ).where(cart.c.customer_id > 0)
    schema = dict.fromkeys(("customer_id", "product_id", "quantity", "added"), WHOLE)
    rows = reading.rows_of(query, schema, cart.c.customer_id)
    rows = reading.instants(rows, "added")
    scalars = {
        "cart_items": pl.col("quantity").fill_null(0).sum(),
        "cart_added": pl.col("added").max(),
    }
    wanted = [scalars[c.key].alias(c.key) for c in columns if c.key in scalars]
    found = rows.group_by("customer_id").agg(wanted)
    return _with_sets(found, rows, [c for c in columns if c.fact == "cart_products"])


def load_wishlist(reading: Reading, columns: Collection[Column]) -> pl.DataFrame:
    """``customer_id`` and *columns*, of `WISHLIST`, for customers with a wishlist."""
    wishlist = reading.shop.tables.customer_wishlist
    # From 4.1 the same product may stand there once for each store.
    query = select(wishlist.c.customer_id, wishlist.c.product_id).distinct()
    schema = {"customer_id": WHOLE, "product_id": WHOLE}
    rows = reading.rows_of(query, schema, wishlist.c.customer_id).unique()
    found = rows.group_by("customer_id").agg(wishlist_items=pl.len().cast(pl.Int64))
    found = _with_sets(found, rows, [c for c in columns if c.fact == "wishlist_products"])
    return found.select("customer_id", *(column.key for column in columns))


def _with_sets(
    found: pl.DataFrame, rows: pl.DataFrame, columns: Collection[Column]
) -> pl.DataFrame:
    """*found* with a list of product ids, or whether any of the members is among *rows*."""
    for column in columns:
        products = pl.col("product_id").drop_nulls()
        if column.members is None:
            value = products.unique().sort()
        elif column.members:
            value = products.is_in(sorted(m for m in column.members if isinstance(m, int))).any()
        else:
            value = products.len() > 0
        sets = rows.group_by("customer_id").agg(value.alias(column.key))
        found = found.join(sets, on="customer_id", how="left")
    return found
