"""What counts for tiers: points per unit that were earned, or money spent, within their windows."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import select

from sidecar.model import Moment
from sidecar.rules.calendar import add, day_start, since
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.program import RATE_SCALE, Program, Window
from sidecar.rules.loyalty.tiers import metric_column
from sidecar.rules.syntax import Span
from sidecar.sync.reading import WHOLE, Reading

#: Customers whose rows are asked for in one statement.
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Metrics:
    """
    Attributes:
        orders: What each order counts: ``customer_id``, ``order_id``, ``placed_at``,
            ``qualified_at``, ``value`` in ten-thousandths.
        sums: By customer with such an order, for each window the column `metric_column`; and
            ``leaves_at``: when the next order is over in one of them; null: none will be.
    """

    orders: pl.DataFrame
    sums: pl.DataFrame


def windows(program: Program) -> list[Window]:
    """The windows of *program*'s tiers, each once."""
    return list(dict.fromkeys(tier.window or program.window for tier in program.tiers))


def metrics(
    reading: Reading, customers: Sequence[int], program: Program, moment: Moment
) -> Metrics:
    """
    What counts at *moment*, whose zone is the program's, for tiers of *program*.

    Args:
        customers: Of the reading; as our tables have their orders in its transaction.
    """
    parts = [
        _orders(reading, customers[start : start + _CHUNK], program)
        for start in range(0, len(customers), _CHUNK)
    ]
    orders = pl.concat(parts) if parts else pl.DataFrame(schema=_ORDERS)
    sums = [
        pl.col("value").filter(pl.col("placed_at") >= begin).sum().alias(metric_column(window))
        for window, begin in _begins(program, moment)
    ]
    oldest = [
        pl.col("placed_at")
        .filter((pl.col("placed_at") >= begin) & (pl.col("value") != 0))
        .min()
        .alias(f"oldest:{metric_column(window)}")
        for window, begin in _begins(program, moment)
        if window != "lifetime"
    ]
    found = orders.group_by("customer_id").agg(*sums, *oldest)
    leaves = [
        pl.col(f"oldest:{metric_column(window)}").replace_strict(
            _leaving(found[f"oldest:{metric_column(window)}"], window, moment),
            return_dtype=pl.Int64,
        )
        for window in windows(program)
        if window != "lifetime"
    ]
    leaves_at = pl.min_horizontal(leaves) if leaves else pl.lit(None, dtype=pl.Int64)
    return Metrics(
        orders,
        found.with_columns(leaves_at=leaves_at).drop(
            name for name in found.columns if name.startswith("oldest:")
        ),
    )


_ORDERS = dict.fromkeys(("customer_id", "order_id", "placed_at", "qualified_at", "value"), WHOLE)


def _orders(reading: Reading, customers: Sequence[int], program: Program) -> pl.DataFrame:
    own = reading.shop.own
    rewarded, cause = own.loyalty.rewarded, own.loyalty.cause
    names = ("customer_id", "order_id", "placed_at", "qualified_at", "counts")
    query = select(*(rewarded.c[name] for name in names)).where(
        rewarded.c.customer_id.in_(customers)
    )
    orders = reading.rows_here(query, dict.fromkeys(names, WHOLE))
    if program.metric == "net spend":
        return orders.rename({"counts": "value"})
    # What tiers and rules add does not count, or a tier would feed itself.
    base = select(cause.c.customer_id, cause.c.source_id.label("order_id"), cause.c.posted).where(
        cause.c.unit == "points",
        cause.c.customer_id.in_(customers),
        cause.c.kind == "earn",
        cause.c.earner_id == 0,
    )
    points = reading.rows_here(
        base, dict.fromkeys(("customer_id", "order_id", "posted"), WHOLE)
    ).with_columns(pl.col("posted") * RATE_SCALE)
    return orders.join(points, on=["customer_id", "order_id"], how="left").select(
        *names[:-1], value=pl.col("posted").fill_null(0)
    )


def _begins(program: Program, moment: Moment) -> list[tuple[Window, int]]:
    """Each window, and where it begins."""
    return [
        (window, -NEVER if window == "lifetime" else since(window, moment))
        for window in windows(program)
    ]


def _leaving(oldest: pl.Series, window: Window, moment: Moment) -> dict[int | None, int | None]:
    """Of each of these instants, when its day is over in *window*."""
    assert isinstance(window, Span)  # noqa: S101 - nothing leaves a lifetime
    tomorrow = moment.today + datetime.timedelta(days=1)
    found: dict[int | None, int | None] = {None: None}
    for placed_at in oldest.drop_nulls().unique():
        day = datetime.datetime.fromtimestamp(placed_at, moment.zone).date()
        try:
            over = add(day, window, 1) + datetime.timedelta(days=1)
            found[placed_at] = day_start(max(over, tomorrow), moment.zone)
        except OverflowError:  # after year 9999
            found[placed_at] = None
    return found
