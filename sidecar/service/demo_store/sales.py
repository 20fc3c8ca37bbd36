"""The made-up orders and all that follows from them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Table

from sidecar.model import MONEY_SCALE
from sidecar.service.demo_store.draw import Draw
from sidecar.service.demo_store.people import country_id, email
from sidecar.service.demo_store.plan import Plan
from sidecar.service.demo_store.reference import PRODUCTS
from sidecar.shop.tables import StoreTables

#: Ids of order lines are sparse: an order has at most so many.
LINES_AT_MOST = 6
_LINES = {1: 55, 2: 28, 3: 11, 4: 4, 5: 2}

#: Order status to how many of a thousand orders have it; 0 is an unfinished checkout.
_STATUSES = {5: 740, 3: 60, 7: 55, 0: 60, 11: 35, 2: 15, 16: 10, 10: 10, 13: 5, 1: 10}
#: The same for orders of the last days, most of which are still in work.
_STATUSES_NOW = {1: 330, 2: 300, 3: 150, 5: 110, 0: 80, 7: 30}
_NOW_S = 8 * 86_400

_CENT = MONEY_SCALE // 100
_SHIPPING = 490 * _CENT
_TAX_PERCENT = 19


def gross_price(draw: Draw, product_id: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Net price and tax of one unit, in ten-thousandths."""
    cents = draw.below("price", product_id, 90) ** 2 + 350
    return cents * _CENT, cents * _CENT * _TAX_PERCENT // 100


def sales(
    plan: Plan, tables: StoreTables, weights: pl.Series, first: int, last: int
) -> Iterator[tuple[Table, pl.DataFrame]]:
    """
    Every row about the orders *first* to *last*, table by table.

    Args:
        weights: What ``Plan.weights`` returned.
    """
    number, customer, draw = pl.col("order_id"), pl.col("customer_id"), plan.draw
    order = _orders(plan, weights, first, last)
    lines = _lines(plan, order)
    order = _totals(plan, order, lines)
    yield tables.order, order
    yield tables.order_product, lines
    # Of the totals that an order is added up from only the last: there are no discounts here.
    yield (
        tables.order_total,
        order.with_columns(
            number.alias("order_total_id"),
            pl.lit("total").alias("code"),
            pl.lit("Total").alias("title"),
            value=pl.col("total"),
        ),
    )
    placed = order.filter(pl.col("order_status_id") > 0)
    yield tables.order_history, placed.with_columns(number.alias("order_history_id"))

    complete = order.filter((pl.col("order_status_id") == 5) & (pl.col("total") > 0))
    # At most one row follows from an order in each table: its id is the order's.
    theirs = complete.join(lines.filter(pl.col("place") == 0), on="order_id").filter(customer > 0)
    returns = _later(plan, theirs, "return", 45).with_columns(
        number.alias("return_id"),
        number.alias("return_history_id"),
        pl.lit(1).alias("quantity"),
        draw.weighted("return status", number, {1: 20, 2: 15, 3: 65}).alias("return_status_id"),
    )
    yield tables.return_, returns
    yield tables.return_history, returns
    yield (
        tables.review,
        _later(plan, theirs, "review", 60).with_columns(
            number.alias("review_id"),
            draw.weighted("rating", number, {5: 50, 4: 25, 3: 12, 2: 6, 1: 7}).alias("rating"),
        ),
    )
    description = pl.concat_str(pl.lit("Order ID: #"), number).alias("description")
    redeems = draw.chance("redeems", number, 60)
    points = pl.when(redeems).then(-100).otherwise(pl.col("total") // MONEY_SCALE)
    yield (
        tables.customer_reward,
        theirs.filter(draw.chance("member", customer, 250)).with_columns(
            number.alias("customer_reward_id"), points.alias("points"), description
        ),
    )
    refunded = (pl.col("order_status_id") == 11) & draw.chance("as credit", number, 500)
    yield (
        tables.customer_transaction,
        order.filter(refunded & (customer > 0)).with_columns(
            number.alias("customer_transaction_id"),
            pl.col("total").alias("amount"),
            description,
        ),
    )
    yield (
        tables.coupon_history,
        theirs.filter(draw.chance("coupon", number, 80)).with_columns(
            number.alias("coupon_history_id"), pl.lit(1).alias("coupon_id")
        ),
    )


def _orders(plan: Plan, weights: pl.Series, first: int, last: int) -> pl.DataFrame:
    """The orders without their totals; ``lines`` says how many lines each has."""
    number, draw = pl.col("order_id"), plan.draw
    frame = pl.select(pl.int_range(first, last + 1, dtype=pl.Int64).alias("order_id"))
    buyer = plan.buyer(frame["order_id"], weights)
    guest = draw.chance("guest", number, 30)
    credit = draw.chance("credit order", number, 5)
    recent = pl.col("date_added") > plan.now_s - _NOW_S
    status = (
        pl.when(credit)
        .then(5)
        .when(recent)
        .then(draw.weighted("status now", number, _STATUSES_NOW))
        .otherwise(draw.weighted("status", number, _STATUSES))
    )
    handled = pl.col("date_added") + draw.below("handled", number, 5 * 86_400)
    return frame.with_columns(
        pl.when(guest).then(0).otherwise(buyer).alias("customer_id"),
        pl.when(guest)
        .then(pl.concat_str(pl.lit("guest"), number, pl.lit("@mail.example")))
        .otherwise(email(plan, pl.lit(buyer)))
        .alias("email"),
        country_id(plan, pl.lit(buyer)).alias("payment_country_id"),
        draw.weighted("order store", number, {0: 85, 1: 15}).alias("store_id"),
        pl.lit(0).alias("affiliate_id"),
        plan.ordered_s(number).alias("date_added"),
        pl.when(credit).then(0).otherwise(draw.weighted("lines", number, _LINES)).alias("lines"),
    ).with_columns(
        status.alias("order_status_id"),
        pl.min_horizontal(handled, pl.lit(plan.now_s)).alias("date_modified"),
    )


def _lines(plan: Plan, order: pl.DataFrame) -> pl.DataFrame:
    """The lines of *order*, numbered by ``place`` from 0 on; a few products sell often."""
    line, draw = pl.col("order_product_id"), plan.draw
    first_line = ((pl.col("order_id") - 1) * LINES_AT_MOST + 1).alias("order_product_id")
    popular = (draw.unit("product", line) ** 2 * PRODUCTS).cast(pl.Int64) + 1
    price, tax = gross_price(draw, pl.col("product_id"))
    return (
        order.select("order_id", pl.int_ranges("lines").alias("place"))
        .explode("place")
        .drop_nulls("place")
        .with_columns(first_line + pl.col("place"))
        .with_columns(
            popular.alias("product_id"),
            draw.weighted("quantity", line, {1: 76, 2: 16, 3: 5, 6: 3}).alias("quantity"),
        )
        .with_columns(price.alias("price"), tax.alias("tax"))
        .with_columns((pl.col("price") * pl.col("quantity")).alias("total"))
    )


def _totals(plan: Plan, order: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """*order* with its ``total``: the lines and shipping; a credit order's is below 0."""
    goods = lines.group_by("order_id").agg(
        ((pl.col("price") + pl.col("tax")) * pl.col("quantity")).sum().alias("total")
    )
    credit = -(plan.draw.below("credit", pl.col("order_id"), 60) + 10) * MONEY_SCALE
    return order.join(goods, on="order_id", how="left", maintain_order="left").with_columns(
        (pl.col("total") + _SHIPPING).fill_null(credit).alias("total")
    )


def _later(plan: Plan, order: pl.DataFrame, purpose: str, per_thousand: int) -> pl.DataFrame:
    """Some of *order*, with ``date_added`` moved to up to a month later; not into the future."""
    number, draw = pl.col("order_id"), plan.draw
    wait_s = draw.below(f"{purpose}: wait", number, 27 * 86_400) + 3 * 86_400
    return (
        order.filter(draw.chance(purpose, number, per_thousand))
        .with_columns(pl.col("date_added") + wait_s)
        .filter(pl.col("date_added") <= plan.now_s)
    )
