"""
Facts of a customer's orders: counts, money, dates, filters and windows.

A *qualifying* order has a paid status and a total that is not negative. *net* is
what an order adds to ``total_spent``: the total of a qualifying order less its
refunded returns, or the negative total of a credit order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, Table, func, select

from sidecar.errors import CustomerError
from sidecar.rules.columns import Column
from sidecar.sync.facts import lines, order_filters, windows
from sidecar.sync.reading import TEXT, WHOLE, Reading, in_utf8, money, wall

#: The order id of the customer's last order, for what else is told from it.
LAST_ORDER_ID = "@last_order_id"

_SUMS = {
    "complete_orders": pl.col("complete").sum(),
    "unpaid_orders": pl.col("unpaid").sum(),
    "unfinished_orders": (pl.col("status") == 0).sum(),
    "credit_orders": pl.col("credit").sum(),
    "credited": -pl.when("credit").then("total").otherwise(0).sum(),
}
_LATEST = {
    "first_order": pl.col("qualifying_at").min(),
    "last_order": pl.col("qualifying_at").max(),
    "largest_order": pl.col("qualifying_total").max(),
    "smallest_order": pl.col("qualifying_total").min(),
    "last_unfinished_order": pl.when(pl.col("status") == 0).then("at").max(),
}
_GAPS = ("order_span", "average_gap", "expected_order", "first_order_delay")
_ENDS = {
    "first_order_total": pl.col("total").first(),
    "last_order_total": pl.col("total").last(),
    "last_order_status": pl.col("status").last(),
    "last_order_store": pl.col("store_id").last(),
    LAST_ORDER_ID: pl.col("order_id").last(),
}

FACTS = frozenset({*_SUMS, *_LATEST, *_GAPS, *_ENDS, *order_filters.FACTS})

#: Beyond this a sum of ten-thousandths no longer fits 64 bits.
_LARGEST_SUM = 9.2e18
_COLUMNS = ("customer_id", "order_id", "status", "total", "store_id", "at")
_DAY_S = 86_400


def read_orders(reading: Reading, emails: pl.DataFrame | None, *, modified: bool) -> pl.DataFrame:
    """
    One row an order of the reading's customers, of any status.

    Columns: customer_id, order_id, status, total, store_id, at (instant or null),
    guest (came by its e-mail), qualifying, credit, net; modified (wall seconds) where asked.

    Args:
        emails: ``customer_id`` and e-mail of the customers who also own the guest
            orders of that e-mail; None where guest orders belong to nobody.

    Raises:
        CustomerError: The totals of a customer do not fit 64 bits.
    """
    columns = (*_COLUMNS, "modified") if modified else _COLUMNS
    frame = reading.instants(order_rows(reading, emails, columns), "at")
    paid = pl.col("status").is_in(sorted(reading.shop.paid))
    frame = frame.with_columns(
        pl.col("status").fill_null(0), pl.col("total").fill_null(0), pl.col("store_id").fill_null(0)
    ).with_columns(
        qualifying=paid & (pl.col("total") >= 0),
        credit=(pl.col("status") > 0) & (pl.col("total") < 0),
    )
    frame = frame.with_columns(
        net=pl.when(pl.col("qualifying") | pl.col("credit")).then("total").otherwise(0)
    )
    about = pl.col("total").abs().cast(pl.Float64)
    if not reading.shop.refunded:
        _refuse_overflow(frame, about)
        return frame
    refunds = lines.refunds(reading, frame.filter("qualifying"))
    frame = frame.join(refunds, on="order_id", how="left")
    _refuse_overflow(frame, about + pl.col("refund_about").fill_null(0.0))
    net = pl.col("net") - pl.when("qualifying").then(pl.col("refund").fill_null(0)).otherwise(0)
    return frame.with_columns(net=net).drop("refund", "refund_about")


def order_rows(
    reading: Reading, emails: pl.DataFrame | None, columns: Sequence[str]
) -> pl.DataFrame:
    """
    *columns* of the orders of the reading's customers, as they are stored, and ``guest``.

    Args:
        emails: As of `read_orders`.
        columns: Some of those of `read_orders` that are the order's own, ``customer_id`` among
            them; ``at`` in wall seconds too.
    """
    order = reading.shop.tables.order
    schema: dict[str, pl.DataType] = dict.fromkeys(columns, WHOLE)
    frame = reading.rows_of(_selected(order, columns), schema, order.c.customer_id)
    frame = frame.with_columns(guest=pl.lit(False))
    if emails is None:
        return frame
    guests = _guest_orders(reading, emails, columns)
    return pl.concat([frame, guests.with_columns(guest=pl.lit(True))])


def _selected(order: Table, columns: Sequence[str]) -> Select[Any]:
    known: Mapping[str, ColumnElement[Any]] = {
        "customer_id": order.c.customer_id,
        "order_id": order.c.order_id,
        "status": order.c.order_status_id.label("status"),
        "total": money(order.c.total, "total"),
        "store_id": order.c.store_id,
        "at": wall(order.c.date_added, "at"),
        "modified": wall(order.c.date_modified, "modified"),
    }
    return select(*(known[name] for name in columns))


def _guest_orders(reading: Reading, emails: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Guest orders of the scope's e-mails, each given to the oldest account of its e-mail."""
    tables = reading.shop.tables
    order, customer = tables.order, tables.customer
    exact = pl.col("email").str.strip_chars(" ").str.to_lowercase()
    wanted = emails.with_columns(exact).filter(pl.col("email") != "")
    # They are kept for the pass, so with everything that any part of it may want.
    names = (*_COLUMNS, "modified")
    schema = {**dict.fromkeys(names, WHOLE), "email": TEXT}
    guests = _selected(order, names).add_columns(order.c.email)
    guests = guests.where(order.c.customer_id == 0)
    email = _comparable(customer.c.email)
    accounts = select(email.label("email"), customer.c.customer_id.label("owner"))
    if reading.is_small:
        texts = wanted["email"].unique().sort().to_list()
        guests = guests.where(_comparable(order.c.email).in_(texts))
        found = reading.all_rows(guests, schema, order.c.order_id)
        owners = _oldest(reading, accounts.where(email.in_(texts)))
    else:
        if "guest orders" not in reading.whole_store:
            # The owners first: another thread takes the guest orders for a sign of both.
            reading.whole_store["e-mail owners"] = _oldest(reading, accounts)
            guest_orders = reading.all_rows(guests, schema, order.c.order_id)
            reading.whole_store["guest orders"] = guest_orders
        found = reading.whole_store["guest orders"]
        owners = reading.whole_store["e-mail owners"]
    found = found.with_columns(exact)
    owned = wanted.join(owners, left_on=["customer_id", "email"], right_on=["owner", "email"])
    return found.drop("customer_id").join(owned, on="email").select(columns)


def _oldest(reading: Reading, accounts: Select[Any]) -> pl.DataFrame:
    """``email`` and ``owner``, the oldest of *accounts* with that e-mail."""
    key = reading.shop.tables.customer.c.customer_id
    rows = reading.all_rows(accounts, {"email": TEXT, "owner": WHOLE}, key)
    return rows.group_by("email").agg(pl.col("owner").min())


def _comparable(email: ColumnElement[str]) -> ColumnElement[Any]:
    """*email* trimmed and in lower case; under no collation that takes two accounts for one."""
    return func.lower(func.trim(in_utf8(email))).collate("utf8mb4_bin")


def _refuse_overflow(frame: pl.DataFrame, about: pl.Expr) -> None:
    """Refuse orders whose amounts, roughly *about*, add up to more than a customer's sum holds."""
    largest = frame.select(about.max()).item() or 0.0
    if largest * frame.height < _LARGEST_SUM:
        return
    sums = frame.group_by("customer_id").agg(about.sum().alias("about"))
    beyond = sums.filter(pl.col("about") >= _LARGEST_SUM)["customer_id"].sort().to_list()
    if beyond:
        raise CustomerError(f"the totals of customer {beyond[0]} add up to more than 64 bits hold")


def load(
    reading: Reading,
    columns: Collection[Column],
    orders: pl.DataFrame,
    registered: pl.DataFrame,
    *,
    moves: bool = False,
) -> pl.DataFrame:
    """
    ``customer_id`` and *columns* for customers with an order.

    Args:
        orders: As `read_orders` gives them.
        moves: Also `Column.leaves` and `Column.enters` of each.
        registered: ``customer_id`` and ``registered`` where ``first_order_delay`` is asked.
    """
    names = {column.fact for column in columns}
    frame = orders.with_columns(
        qualifying_at=pl.when("qualifying").then("at"),
        qualifying_total=pl.when("qualifying").then("total"),
        complete=pl.col("qualifying")
        & pl.col("status").is_in(sorted(reading.shop.settings.complete)),
        unpaid=(pl.col("status") > 0) & ~pl.col("qualifying") & ~pl.col("credit"),
    )
    masks = order_filters.masks(reading, columns, frame, moves=moves)
    frame = frame.with_columns(mask.alias(f"@{filters}") for filters, mask in masks.items())

    of_all: dict[str, pl.Expr] = {}
    of_some: dict[str, pl.Expr] = {}
    for column in columns:
        if column.fact in order_filters.FACTS:
            (of_some if column.filters else of_all).update(order_filters.aggregates(column))
    of_all |= {name: _SUMS[name] for name in names & _SUMS.keys()}
    of_all |= {name: _LATEST[name] for name in names & _LATEST.keys()}
    if names & set(_GAPS):
        of_all |= {name: _LATEST[name] for name in ("first_order", "last_order")}
        of_all["@dated"] = pl.col("qualifying_at").count().cast(pl.Int64)
    moving = windows.moving(columns) if moves else []
    for column in moving:
        passes = pl.col(f"@{order_filters.filters_key(column)} moves")
        pair = windows.next_to_move(column, pl.col("at"), [passes], reading.moment)
        of_some |= {each.meta.output_name(): each for each in pair}
    found = _by_customer(frame, of_all)
    if of_some:
        # Most orders are in no window, and each aggregate goes through all it is given.
        some = frame.filter(pl.any_horizontal(f"@{filters}" for filters in masks))
        found = found.join(_by_customer(some, of_some), on="customer_id", how="left")
    found = found.with_columns(
        order_filters.average(column) for column in columns if column.fact == "average_order"
    )
    found = _with_gaps(found, names, registered)
    if ends := names & _ENDS.keys():
        dated = frame.filter(pl.col("qualifying_at").is_not_null())
        last = (
            dated.sort("customer_id", "at", "order_id")
            .group_by("customer_id", maintain_order=True)
            .agg(_ENDS[name].alias(name) for name in sorted(ends))
        )
        found = found.join(last, on="customer_id", how="left")
    return found.select(
        pl.col("customer_id"),
        *(pl.col(column.key) for column in columns),
        *(pl.col(name) for column in moving for name in (column.leaves, column.enters)),
    ).with_columns(pl.col(pl.UInt32).cast(pl.Int64))


def _by_customer(orders: pl.DataFrame, aggregates: Mapping[str, pl.Expr]) -> pl.DataFrame:
    return orders.group_by("customer_id").agg(a.alias(name) for name, a in aggregates.items())


def _with_gaps(found: pl.DataFrame, names: set[str], registered: pl.DataFrame) -> pl.DataFrame:
    span = pl.col("last_order") - pl.col("first_order")
    gap = pl.when(pl.col("@dated") > 1).then(span // (pl.col("@dated") - 1))
    if "order_span" in names:
        found = found.with_columns(order_span=span // _DAY_S)
    if "average_gap" in names:
        found = found.with_columns(average_gap=gap // _DAY_S)
    if "expected_order" in names:
        found = found.with_columns(expected_order=pl.col("last_order") + gap)
    if "first_order_delay" in names:
        delay = (pl.col("first_order") - pl.col("registered")).clip(0) // _DAY_S
        found = found.join(
            registered.select("customer_id", "registered"), on="customer_id", how="left"
        ).with_columns(first_order_delay=delay)
    return found
