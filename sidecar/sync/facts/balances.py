"""Facts of the native reward points and store credit."""

from __future__ import annotations

import polars as pl
from sqlalchemy import cast, func, select
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.errors import CustomerError
from sidecar.model import MONEY_SCALE
from sidecar.sync.reading import WHOLE, Reading

FACTS = frozenset({"points", "points_earned", "credit"})

_ENDS = (-(2**63), 2**63 - 1)


def load(reading: Reading, fact: str) -> pl.DataFrame:
    """
    ``customer_id`` and *fact*, of `FACTS`, for customers with such rows.

    Raises:
        CustomerError: The sum of a customer does not fit 64 bits.
    """
    reward, transaction = (
        reading.shop.tables.customer_reward,
        reading.shop.tables.customer_transaction,
    )
    table = transaction if fact == "credit" else reward
    value = transaction.c.amount * MONEY_SCALE if fact == "credit" else reward.c.points
    total = cast(func.sum(value), INTEGER).label(fact)
    query = select(table.c.customer_id, total).group_by(table.c.customer_id)
    if fact == "points_earned":
        query = query.where(reward.c.points > 0)
    frame = reading.rows_of(query, {"customer_id": WHOLE, fact: WHOLE}, table.c.customer_id)
    sums = frame.group_by("customer_id").agg(
        pl.col(fact).sum(),
        # The server cuts a sum that does not fit off at the end of the range.
        beyond=pl.col(fact).is_in(_ENDS).any()
        | (pl.col(fact).cast(pl.Float64).sum().abs() >= 2.0**63),
    )
    beyond = sums.filter("beyond")["customer_id"].sort().to_list()
    if beyond:
        raise CustomerError(f"{fact} of customer {beyond[0]} is more than 64 bits hold")
    return sums.drop("beyond")
