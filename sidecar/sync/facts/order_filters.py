"""
The facts of orders that take filters: which orders pass them, and what they come to.

A frame of orders has the columns of `sidecar.sync.facts.orders.read_orders`, and each of
`masks` under its name after an ``@``.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from sidecar.rules.columns import Column
from sidecar.sync.facts import lines, windows
from sidecar.sync.reading import Reading

FACTS = ("orders", "total_spent", "average_order")


def masks(
    reading: Reading, columns: Iterable[Column], orders: pl.DataFrame, *, moves: bool
) -> dict[str, pl.Expr]:
    """
    An expression for each distinct set of filters: whether the order passes them.

    With *moves* also ``{filters} moves``: whether it counts, and is inside or yet to enter.
    """
    found: dict[str, pl.Expr] = {}
    for column in columns:
        if not column.filters or filters_key(column) in found:
            continue
        key = filters_key(column)
        passes = lines.order_filters(column)
        if goods := lines.goods_filters(column):
            ids = lines.orders_with(reading, orders, goods)
            passes.append(pl.col("order_id").is_in(ids.implode()))
        at, moment = pl.col("at"), reading.moment
        inside = windows.in_window(column, at, moment)
        found[key] = pl.all_horizontal(*inside, *passes).fill_null(False)
        if moves and column.is_moving:
            counts = pl.col("qualifying") | pl.col("credit")
            not_left = windows.not_left(column, at, moment)
            found[f"{key} moves"] = pl.all_horizontal(counts, *not_left, *passes).fill_null(False)
    return found


def filters_key(column: Column) -> str:
    """The name of the mask of the filters of *column*, without the ``@``."""
    return Column("", column.filters).key


def aggregates(column: Column) -> dict[str, pl.Expr]:
    """The aggregates that *column*, of `FACTS`, is or is told from."""
    counted, net = pl.col("qualifying"), pl.col("net")
    if column.filters:
        passes = pl.col(f"@{filters_key(column)}")
        counted, net = counted & passes, pl.when(passes).then(net).otherwise(0)
    number, spent = _number_and_spent(column)
    found = {number: counted.sum().cast(pl.Int64), spent: net.sum()}
    return found if column.fact == "average_order" else {column.key: found[column.key]}


def _number_and_spent(column: Column) -> tuple[str, str]:
    """The columns of the number of orders and of what was spent with the filters of *column*."""
    return Column("orders", column.filters).key, Column("total_spent", column.filters).key


def average(column: Column) -> pl.Expr:
    """Spent / orders, half up (away from zero) to the ten-thousandth; null at no order."""
    n, s = map(pl.col, _number_and_spent(column))
    magnitude = (s.abs() * 2 + n) // (n * 2)
    return pl.when(n > 0).then(magnitude * s.sign()).alias(column.key)
