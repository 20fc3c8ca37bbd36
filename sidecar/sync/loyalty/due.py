"""Whose points have to be looked at: what is there, held against what was there the last time."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import select

from sidecar.sync.loyalty import tiers
from sidecar.sync.loyalty.native_rows import NativeRows
from sidecar.sync.loyalty.orders import marks as order_marks
from sidecar.sync.reading import WHOLE, Reading


def read_due(
    reading: Reading,
    native_rows: NativeRows,
    *,
    named: Collection[int] = (),
    anew: bool = False,
) -> pl.DataFrame:
    """
    Whose orders, native rows or clock say something new, and who is *named*.

    With *anew*, all who have an order.

    Columns: ``customer_id``, ``orders_mark`` as it is now, ``is_native_new``, ``are_orders_new``.
    """
    account = reading.shop.own.loyalty.account
    names = ("customer_id", "orders_mark", "native_mark", "next_at")
    query = select(*(account.c[name] for name in names)).where(
        account.c.unit == "points", reading.of(account.c.customer_id)
    )
    # What is known comes before what is there: a change in between is seen again.
    known = reading.rows(query, dict.fromkeys(names, WHOLE))
    native = native_rows.marks(reading)
    orders = order_marks(reading)
    customer = reading.shop.tables.customer
    there = reading.rows_of(
        select(customer.c.customer_id), {"customer_id": WHOLE}, customer.c.customer_id
    )
    found = (
        there.join(orders, on="customer_id", how="left")
        .join(native, on="customer_id", how="left")
        .join(known, on="customer_id", how="left", suffix="_known")
        .join(tiers.next_looks(reading), on="customer_id", how="left")
        .with_columns(pl.exclude("next_at", "tier_at", "has_tier").fill_null(0))
    )
    is_native_new = pl.col("native_mark") != pl.col("native_mark_known")
    is_new = pl.col("orders_mark") != pl.col("orders_mark_known")
    if anew:  # beside those whose last order is gone
        is_new |= (pl.col("orders_mark") != 0) | pl.col("has_tier").fill_null(False)
    next_at = pl.min_horizontal("next_at", "tier_at")
    is_time = (next_at <= reading.moment.epoch_s).fill_null(False)
    is_named = pl.col("customer_id").is_in(sorted(named))
    due = found.filter(is_native_new | is_new | is_time | is_named)
    return due.select(
        "customer_id",
        "orders_mark",
        is_native_new=is_native_new,
        are_orders_new=is_new | is_named,
    ).sort("customer_id")
