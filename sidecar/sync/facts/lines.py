"""Order lines: units bought, orders that hold certain goods, refunds of returned lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl
import sqlalchemy
from sqlalchemy import ColumnElement, Select, select

from sidecar.model import Scope
from sidecar.rules.columns import Column
from sidecar.sync.facts import goods
from sidecar.sync.facts.windows import in_window, next_to_move
from sidecar.sync.reading import WHOLE, Reading, money

FACTS = frozenset({"bought"})

_GOODS: Mapping[str, goods.Kind] = {
    "product": "product",
    "category": "category",
    "manufacturer": "manufacturer",
}

#: Orders whose lines are asked for in one statement where a join cannot name them.
_CHUNK = 5_000

Goods = tuple[tuple[goods.Kind, frozenset[int]], ...]


def goods_filters(column: Column) -> Goods:
    """The filters of *column* that choose lines; none for most."""
    return tuple(
        (_GOODS[name], value)
        for name, value in column.filters
        if name in _GOODS and isinstance(value, frozenset)
    )


def read_lines(reading: Reading, orders: pl.DataFrame) -> pl.DataFrame:
    """
    order_id, product_id and quantity of qualifying and credit *orders*, read once a scope.

    Args:
        orders: As `orders.read_orders` gives them.
    """
    if "lines" not in reading.scoped:
        reading.scoped["lines"] = lines_of(reading, reading.scope, orders)
    return reading.scoped["lines"]


def lines_of(reading: Reading, scope: Scope, orders: pl.DataFrame) -> pl.DataFrame:
    """As `read_lines` for the customers of another *scope*, whose *orders* these are."""
    tables = reading.shop.tables
    order, line = tables.order, tables.order_product
    query = select(line.c.order_id, line.c.product_id, line.c.quantity)
    paid = order.c.order_status_id.in_(sorted(reading.shop.paid))
    credit = (order.c.order_status_id > 0) & (order.c.total < 0)
    counted = orders.filter(pl.col("qualifying") | pl.col("credit"))
    # A fingerprint of the orders is kept beside what is found here: lines that are older than
    # it would stay what they are.
    found = rows_of_orders(reading, scope, query, line.c.order_id, counted, paid | credit)
    return found.with_columns(pl.col("product_id").fill_null(0), pl.col("quantity").fill_null(0))


def rows_of_orders(
    reading: Reading,
    scope: Scope,
    query: Select[Any],
    order_id: sqlalchemy.Column[int],
    orders: pl.DataFrame,
    only: ColumnElement[bool],
) -> pl.DataFrame:
    """
    The rows of *query*, whole numbers, that belong to *orders* of the customers of *scope*.

    They are as new as all that was read before.

    Args:
        order_id: Of the table of *query*.
        orders: With ``order_id`` and ``guest``.
        only: What *orders* have in common, said of the table ``order``.
    """
    order = reading.shop.tables.order
    schema = dict.fromkeys(query.selected_columns.keys(), WHOLE)
    theirs = query.join(order, order.c.order_id == order_id).where(only)
    found = [reading.rows_not_older(theirs, schema, order.c.customer_id, scope)]
    # Guest orders bear no customer's id: they are named one by one.
    guests = orders.filter("guest")["order_id"].to_list()
    found += [
        reading.rows_not_older(query, schema, order_id, Scope.of(guests[start : start + _CHUNK]))
        for start in range(0, len(guests), _CHUNK)
    ]
    return pl.concat(found).join(orders, on="order_id", how="semi")


def _chosen(reading: Reading, lines: pl.DataFrame, wanted: Goods) -> pl.DataFrame:
    for kind, ids in wanted:
        products = goods.products_in(reading, kind, ids, lines["product_id"])
        lines = lines.filter(pl.col("product_id").is_in(products.implode()))
    return lines


def orders_with(reading: Reading, orders: pl.DataFrame, wanted: Goods) -> pl.Series:
    """The ids of the qualifying and credit *orders* with a line that passes every goods filter."""
    return _chosen(reading, read_lines(reading, orders), wanted)["order_id"].unique()


def load(
    reading: Reading, columns: Collection[Column], orders: pl.DataFrame, *, moves: bool = False
) -> pl.DataFrame:
    """
    ``customer_id`` and ``bought`` under each set of filters, for customers with lines.

    Args:
        moves: Also `Column.leaves` and `Column.enters` of each.
    """
    lines = read_lines(reading, orders).join(
        orders.filter("qualifying").select(
            "order_id", "customer_id", "status", "store_id", "total", "at"
        ),
        on="order_id",
    )
    found = lines.select("customer_id").unique()
    for column in columns:
        others = order_filters(column)
        passes = in_window(column, pl.col("at"), reading.moment) + others
        chosen = _chosen(reading, lines, goods_filters(column))
        units = (
            chosen.filter(*passes)
            .group_by("customer_id")
            .agg(pl.col("quantity").sum().alias(column.key))
        )
        found = found.join(units, on="customer_id", how="left")
        if moves and column.is_moving:
            pair = next_to_move(column, pl.col("at"), others, reading.moment)
            found = found.join(
                chosen.group_by("customer_id").agg(pair), on="customer_id", how="left"
            )
    return found


def order_filters(column: Column) -> list[pl.Expr]:
    """What an order must fulfil to pass the filters of *column* by status, store and total."""
    passes: list[pl.Expr] = []
    for name, value in column.filters:
        if name == "status" and isinstance(value, frozenset):
            passes.append(pl.col("status").is_in(sorted(value)))
        elif name == "store" and isinstance(value, frozenset):
            passes.append(pl.col("store_id").is_in(sorted(value)))
        elif name == "total":
            passes.append(pl.col("total") >= value)
    return passes


def refunds(reading: Reading, qualifying: pl.DataFrame) -> pl.DataFrame:
    """
    order_id and refund (money): returned units × (price + tax) of their line.

    Of several lines with the product, the first of the order counts. ``refund_about``
    is the same as a float: where that is too large for 64 bits, ``refund`` is wrong.
    """
    line = reading.shop.tables.order_product
    returns = refunded_returns(reading, qualifying)
    ids = returns["order_id"].unique().sort().to_list()
    prices = [
        reading.rows_at(
            select(
                line.c.order_product_id,
                line.c.order_id,
                line.c.product_id,
                money(line.c.price, "price"),
                money(line.c.tax, "tax"),
            ),
            dict.fromkeys(("order_product_id", "order_id", "product_id", "price", "tax"), WHOLE),
            line.c.order_id,
            ids[start : start + _CHUNK],
        )
        for start in range(0, len(ids), _CHUNK)
    ]
    if not prices:
        return pl.DataFrame(
            schema={"order_id": WHOLE, "refund": WHOLE, "refund_about": pl.Float64()}
        )
    first = (
        pl.concat(prices).sort("order_product_id").unique(["order_id", "product_id"], keep="first")
    )
    each = pl.col("price").fill_null(0) + pl.col("tax").fill_null(0)
    units = pl.col("quantity").fill_null(0)
    return (
        returns.join(first, on=["order_id", "product_id"])
        .group_by("order_id")
        .agg(
            refund=(units * each).sum(),
            refund_about=(units.cast(pl.Float64) * each.cast(pl.Float64)).abs().sum(),
        )
    )


def refunded_returns(reading: Reading, orders: pl.DataFrame) -> pl.DataFrame:
    """return_id, order_id, product_id, quantity, return_status_id of *orders*' refunded returns."""
    returned = reading.shop.tables.return_
    names = ("return_id", "order_id", "product_id", "quantity", "return_status_id")
    schema = dict.fromkeys(names, WHOLE)
    if not reading.shop.refunded:
        return pl.DataFrame(schema=schema)
    query = select(*(returned.c[name] for name in names)).where(
        returned.c.return_status_id.in_(sorted(reading.shop.refunded))
    )
    if reading.is_small:
        ids = orders["order_id"].to_list()
        returns = reading.rows_at(query, schema, returned.c.order_id, ids)
    else:
        if "refunded returns" not in reading.whole_store:
            found = reading.all_rows(query, schema, returned.c.return_id)
            reading.whole_store["refunded returns"] = found
        returns = reading.whole_store["refunded returns"]
    return returns.join(orders, on="order_id", how="semi")
