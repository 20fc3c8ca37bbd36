"""
What each customer has bought: our own (customer, product) table, kept by fingerprint.

Joining orders, lines and categories costs seconds for a hundred thousand
customers. So the products are kept, and read again only for customers whose
qualifying orders changed: `mark` is a fingerprint of their ids and times of
modification, stored beside. Categories and manufacturers are those the products
have now, looked up in memory.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl
from sqlalchemy import select

from sidecar.model import Scope
from sidecar.rules.columns import Column
from sidecar.sync.facts import goods, lines
from sidecar.sync.reading import WHOLE, Reading

_KINDS: dict[str, goods.Kind] = {
    "products": "product",
    "categories": "category",
    "manufacturers": "manufacturer",
}
FACTS = frozenset({*_KINDS, "distinct_products"})

_PAIR = {"customer_id": WHOLE, "product_id": WHOLE}


@dataclass(frozen=True, slots=True)
class Purchases:
    """
    Attributes:
        pairs: customer_id and product_id of the whole scope, each once.
        marks: customer_id and purchases_mark of every customer with a qualifying order.
        stale: Customers whose stored pairs were out of date.
        added: Pairs that the table lacks.
        gone: Pairs that the table has too many.
    """

    pairs: pl.DataFrame
    marks: pl.DataFrame
    stale: pl.Series
    added: pl.DataFrame
    gone: pl.DataFrame


def read_purchases(
    reading: Reading, orders: pl.DataFrame, standing: pl.DataFrame | None
) -> Purchases:
    """
    The products of the scope's customers: stored where nothing changed, else from the lines.

    Args:
        orders: With ``modified``.
        standing: ``customer_id`` and ``purchases_mark`` as stored; None without own tables.
    """
    marks = orders.filter("qualifying").group_by("customer_id").agg(purchases_mark=_mark())
    if standing is None:
        pairs = _pairs(reading, reading.scope, orders)
        none = pl.DataFrame(schema=_PAIR)
        return Purchases(pairs, marks, marks["customer_id"], none, none)
    both = marks.join(standing, on="customer_id", how="full", coalesce=True, suffix="_stored")
    differs = pl.col("purchases_mark").fill_null(0) != pl.col("purchases_mark_stored").fill_null(0)
    stale = both.filter(differs)["customer_id"]

    purchase = reading.shop.own.purchase
    query = select(purchase.c.customer_id, purchase.c.product_id)
    stored = reading.rows(query.where(reading.of(purchase.c.customer_id)), _PAIR)
    if stale.is_empty():
        return Purchases(stored, marks, stale, stored.clear(), stored.clear())
    is_stale = pl.col("customer_id").is_in(stale.implode())
    old = stored.filter(is_stale)
    few = len(stale) <= 10_000 and "lines" not in reading.scoped
    scope = Scope.of(stale.to_list()) if few else reading.scope
    new = _pairs(reading, scope, orders).filter(is_stale)
    return Purchases(
        pairs=pl.concat([stored.filter(~is_stale), new]),
        marks=marks,
        stale=stale,
        added=new.join(old, on=["customer_id", "product_id"], how="anti"),
        gone=old.join(new, on=["customer_id", "product_id"], how="anti"),
    )


def _mark() -> pl.Expr:
    """Order-independent sum of a mixing hash; only + * // and xor, the same in every version."""
    order = pl.col("order_id").cast(pl.UInt64) * 0x9E3779B97F4A7C15
    time = (pl.col("modified").fill_null(0) + 1).cast(pl.UInt64) * 0xC2B2AE3D27D4EB4F
    mixed = order.xor(time)
    return ((mixed // (1 << 32)).xor(mixed) * 0x165667B19E3779F9).sum()


def _pairs(reading: Reading, scope: Scope, orders: pl.DataFrame) -> pl.DataFrame:
    if scope is reading.scope:
        found = lines.read_lines(reading, orders)
    else:
        wanted = pl.Series(scope.ids, dtype=pl.Int64)
        theirs = orders.filter(pl.col("customer_id").is_in(wanted.implode()))
        found = lines.lines_of(reading, scope, theirs)
    owners = orders.filter("qualifying").select("order_id", "customer_id")
    joined = found.filter(pl.col("product_id") > 0).join(owners, on="order_id")
    return joined.select("customer_id", "product_id").unique()


def load(reading: Reading, columns: Collection[Column], pairs: pl.DataFrame) -> pl.DataFrame:
    """``customer_id`` and *columns*, of `FACTS`, for customers who bought something."""
    found = pairs.group_by("customer_id").agg(
        pl.col("product_id").count().cast(pl.Int64).alias("distinct_products")
    )
    for column in columns:
        if column.fact == "distinct_products":
            continue
        kind = _KINDS[column.fact]
        if column.members is None:
            values = listed(reading, kind, pairs, column.key)
        elif not column.members and kind == "product":
            values = (
                pairs.select("customer_id").unique().with_columns(pl.lit(True).alias(column.key))
            )
        else:
            values = _having(reading, kind, column, pairs)
        found = found.join(values, on="customer_id", how="left")
    return found.select("customer_id", *(column.key for column in columns))


def _having(
    reading: Reading, kind: goods.Kind, column: Column, pairs: pl.DataFrame
) -> pl.DataFrame:
    if column.members:
        ids = frozenset(member for member in column.members if isinstance(member, int))
        products = goods.products_in(reading, kind, ids, pairs["product_id"])
    else:
        products = goods.product_groups(reading, kind, pairs["product_id"])["product_id"].unique()
    having = pairs.filter(pl.col("product_id").is_in(products.implode()))
    return having.select("customer_id").unique().with_columns(pl.lit(True).alias(column.key))


def listed(reading: Reading, kind: goods.Kind, pairs: pl.DataFrame, key: str) -> pl.DataFrame:
    """``customer_id`` and the ids of the products, or of their groups, as a sorted list."""
    if kind == "product":
        ids = pairs.rename({"product_id": "group_id"})
    else:
        groups = goods.product_groups(reading, kind, pairs["product_id"])
        ids = pairs.join(groups, on="product_id").select("customer_id", "group_id").unique()
    return ids.group_by("customer_id").agg(pl.col("group_id").sort().alias(key))
