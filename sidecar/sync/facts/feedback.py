"""Facts of returns and reviews."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import select

from sidecar.rules.columns import Column
from sidecar.sync.facts.windows import in_window, moving, next_to_move
from sidecar.sync.reading import WHOLE, Reading, wall

RETURNS = frozenset({"returns", "returned_units", "last_return"})
REVIEWS = frozenset({"reviews", "last_review", "average_rating"})


def load_returns(
    reading: Reading, columns: Collection[Column], *, moves: bool = False
) -> pl.DataFrame:
    """
    ``customer_id`` and *columns*, of `RETURNS`, for customers with a return.

    Args:
        moves: Also `Column.leaves` and `Column.enters` of each.
    """
    returned = reading.shop.tables.return_
    query = select(
        returned.c.customer_id,
        returned.c.product_id,
        returned.c.quantity,
        returned.c.return_status_id.label("status"),
        wall(returned.c.date_added, "at"),
    )
    names = ("customer_id", "product_id", "quantity", "status", "at")
    rows = reading.rows_of(query, dict.fromkeys(names, WHOLE), returned.c.customer_id)
    rows = reading.instants(rows, "at")
    return _of_each(reading, rows, columns, moves=moves)


def load_reviews(
    reading: Reading, columns: Collection[Column], *, moves: bool = False
) -> pl.DataFrame:
    """``customer_id`` and *columns*, of `REVIEWS`, for customers with a review; else as returns."""
    review = reading.shop.tables.review
    query = select(
        review.c.customer_id,
        review.c.product_id,
        review.c.rating,
        wall(review.c.date_added, "at"),
    )
    names = ("customer_id", "product_id", "rating", "at")
    rows = reading.rows_of(query, dict.fromkeys(names, WHOLE), review.c.customer_id)
    rows = reading.instants(rows, "at")
    return _of_each(reading, rows, columns, moves=moves)


def _of_each(
    reading: Reading, rows: pl.DataFrame, columns: Collection[Column], *, moves: bool
) -> pl.DataFrame:
    found = [_aggregate(reading, column).alias(column.key) for column in columns]
    for column in moving(columns) if moves else ():
        found += next_to_move(column, pl.col("at"), _other_filters(column), reading.moment)
    return rows.group_by("customer_id").agg(found)


def _aggregate(reading: Reading, column: Column) -> pl.Expr:
    if column.fact in ("last_return", "last_review"):
        return pl.col("at").max()
    if column.fact == "returned_units":
        return pl.col("quantity").fill_null(0).sum()
    if column.fact == "average_rating":
        # Hundredths, half up; ratings are never negative in a working store.
        total, count = pl.col("rating").sum() * 100, pl.col("rating").count().cast(pl.Int64)
        half_up = (total * 2 + count) // (count * 2)
        return pl.when(count > 0).then(half_up)
    passes = in_window(column, pl.col("at"), reading.moment) + _other_filters(column)
    if not passes:
        return pl.len().cast(pl.Int64)
    return pl.all_horizontal(passes).sum().cast(pl.Int64)


def _other_filters(column: Column) -> list[pl.Expr]:
    """What a row must fulfil to pass the filters of *column* besides its windows."""
    return [
        pl.col("product_id" if name == "product" else "status").is_in(sorted(value))
        for name, value in column.filters
        if name in ("product", "status") and isinstance(value, frozenset)
    ]
