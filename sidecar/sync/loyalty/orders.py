"""
The store's orders: what they earn is computed from these, and a fingerprint of them.

The fingerprint is read first and the orders later, so they are never older than it: a change
in between shows at the next look, because the fingerprint that was kept is not theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from sqlalchemy import Column, Select, select

from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.sync.facts import customers as people
from sidecar.sync.facts.lines import refunded_returns, rows_of_orders
from sidecar.sync.facts.orders import order_rows
from sidecar.sync.reading import WHOLE, Reading, money

#: What is taken off an order's goods, among its totals; each is below zero.
_DISCOUNTS = ("coupon", "voucher", "reward", "credit")

#: Beyond so many customers of a range, the whole range is read.
_NAMED = 10_000


@dataclass(frozen=True, slots=True)
class StoreLine:
    """
    One line of an order. Money is in ten-thousandths.

    Attributes:
        total: Of all its units, without tax.
        tax: Of all its units.
        quantity: Units bought; below zero in a credit order.
        returned: Units given back for money, at most those bought.
    """

    product_id: int
    total: int
    tax: int
    quantity: int
    returned: int


@dataclass(frozen=True, slots=True)
class StoreOrder:
    """
    One order that was confirmed once. Money is in ten-thousandths.

    Attributes:
        customer_id: Whose it is; of a guest's order, the account of its e-mail.
        status: Its ``order_status_id``, above 0.
        placed_at: In seconds since 1970; None: the store has no possible date.
        total: As the customer paid it; below zero of a credit order.
        discounts: Taken off its goods, not below zero: coupons, vouchers, points and credit.
        lines: In the order in which they were written.
    """

    order_id: int
    customer_id: int
    status: int
    store_id: int
    placed_at: int | None
    total: int
    discounts: int
    lines: tuple[StoreLine, ...]


# -- the fingerprint -----------------------------------------------------------------------


def marks(reading: Reading) -> pl.DataFrame:
    """
    ``customer_id`` and ``orders_mark``, not below zero, of those who have an order.

    It is of every confirmed order's number, status, total and time of modification, and of
    each refunded return of one; an order or return that is gone changes it too.
    """
    orders = _orders(reading, "customer_id", "order_id", "status", "total", "modified")
    returns = refunded_returns(reading, orders).join(
        orders.select("order_id", "customer_id"), on="order_id"
    )
    # All that the admin's form of a return can change.
    of_return = _mixed("return_id", "order_id", "product_id", "quantity", "return_status_id")
    parts = pl.concat(
        [
            orders.select("customer_id", part=_mixed("order_id", "status", "total", "modified")),
            returns.select("customer_id", part=of_return),
        ]
    )
    mark = (pl.col("part").sum() // 2).cast(pl.Int64)
    return parts.group_by("customer_id").agg(mark.alias("orders_mark"))


def _mixed(*columns: str) -> pl.Expr:
    """A hash of *columns*; only + * // and xor, the same in every version."""
    mixed = pl.lit(0, dtype=pl.UInt64)
    for column in columns:
        value = pl.col(column).fill_null(0).reinterpret(signed=False)
        mixed = (mixed.xor(value) + 0x632BE59BD9B4E019) * 0x9E3779B97F4A7C15
        mixed = mixed.xor(mixed // (1 << 32))
    return mixed


def _orders(reading: Reading, *columns: str) -> pl.DataFrame:
    """*columns* of the confirmed orders of the reading's customers, and ``guest``."""
    emails = None
    if reading.shop.guests_by_email:
        emails = people.load(reading, (), {people.EMAIL})
        emails = emails.select("customer_id", email=people.EMAIL)
    return order_rows(reading, emails, columns).filter(pl.col("status") > 0)


def buyers(reading: Reading, since: int) -> list[int]:
    """Customers of the reading with a confirmed order placed *since* then, ascending."""
    orders = reading.instants(_orders(reading, "customer_id", "order_id", "status", "at"), "at")
    return orders.filter(pl.col("at") >= since)["customer_id"].unique().sort().to_list()


# -- the orders ----------------------------------------------------------------------------


def read_orders(reading: Reading, customers: Sequence[int]) -> dict[int, list[StoreOrder]]:
    """
    The confirmed orders of *customers*, by customer and ascending by number.

    Args:
        customers: Of the reading; who has no order is not in what is returned.
    """
    if not customers:
        return {}
    is_range = reading.scope.ids is None and len(customers) > _NAMED
    part = replace(reading, scope=reading.scope if is_range else Scope.of(customers), scoped={})
    if reading.is_small:
        return _read(part, customers)
    # The fingerprint was read in bulk, and may be newer than what our transaction shows.
    with transaction(reading.shop.engine) as tx:
        return _read(replace(part, tx=tx), customers)


def _read(reading: Reading, customers: Sequence[int]) -> dict[int, list[StoreOrder]]:
    columns = ("customer_id", "order_id", "status", "total", "store_id", "at")
    orders = reading.instants(_orders(reading, *columns), "at")
    wanted = pl.Series(customers, dtype=WHOLE)
    orders = orders.filter(pl.col("customer_id").is_in(wanted.implode())).sort("order_id")
    lines, discounts = _lines(reading, orders), _discounts(reading, orders)
    found: dict[int, list[StoreOrder]] = {}
    rows = orders.select(pl.col("at"), pl.col(*columns[:-1]).fill_null(0)).iter_rows()
    for placed_at, customer_id, order_id, status, total, store_id in rows:
        order = StoreOrder(
            order_id=order_id,
            customer_id=customer_id,
            status=status,
            store_id=store_id,
            placed_at=placed_at,
            total=total,
            discounts=discounts.get(order_id, 0),
            lines=tuple(lines.get(order_id, ())),
        )
        found.setdefault(customer_id, []).append(order)
    return found


def _lines(reading: Reading, orders: pl.DataFrame) -> dict[int, list[StoreLine]]:
    line = reading.shop.tables.order_product
    # In every OpenCart an order's sub-total is the sum of its lines' totals. That is price ×
    # quantity, but a price is rounded where a percentage was taken off it; and a subscription
    # that 4.1 renews is charged by the total, with another price beside it. The tax is of one
    # unit everywhere.
    query = select(
        line.c.order_id,
        line.c.order_product_id,
        line.c.product_id,
        line.c.quantity,
        money(line.c.total, "total"),
        money(line.c.tax, "tax"),
    )
    rows = _rows(reading, orders, query, line.c.order_id).fill_null(0)
    left = _returned(reading, orders)
    found: dict[int, list[StoreLine]] = {}
    for order_id, _, product_id, quantity, total, tax in rows.sort("order_product_id").iter_rows():
        returned = min(max(0, quantity), left.get((order_id, product_id), 0))
        if returned:
            left[order_id, product_id] -= returned
        found.setdefault(order_id, []).append(
            StoreLine(product_id, total, tax * quantity, quantity, returned)
        )
    return found


def _returned(reading: Reading, orders: pl.DataFrame) -> dict[tuple[int, int], int]:
    """Units of refunded returns, by order and product."""
    returns = refunded_returns(reading, orders).group_by("order_id", "product_id")
    units = returns.agg(pl.col("quantity").sum())
    return {(order_id, product_id): max(0, n) for order_id, product_id, n in units.iter_rows()}


def _rows(
    reading: Reading, orders: pl.DataFrame, query: Select[Any], order_id: Column[int]
) -> pl.DataFrame:
    confirmed = reading.shop.tables.order.c.order_status_id > 0
    return rows_of_orders(reading, reading.scope, query, order_id, orders, confirmed)


def _discounts(reading: Reading, orders: pl.DataFrame) -> dict[int, int]:
    row = reading.shop.tables.order_total
    query = select(row.c.order_id, money(row.c.value, "value")).where(
        row.c.code.in_(_DISCOUNTS), row.c.value < 0
    )
    rows = _rows(reading, orders, query, row.c.order_id)
    sums = rows.group_by("order_id").agg(-pl.col("value").sum())
    return dict(sums.iter_rows())
