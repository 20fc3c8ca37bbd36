"""The fact of the day on which a retention rule ends an account; told once a day."""

from __future__ import annotations

import polars as pl
from sqlalchemy import select

from sidecar.sync.reading import WHOLE, Reading

PURGED = "purged_on"


def missing() -> pl.Expr:
    """The fact where no retention rule ends accounts."""
    return pl.lit(None, WHOLE).alias(PURGED)


def load(reading: Reading) -> pl.DataFrame:
    """``customer_id`` and the fact, of customers whose accounts end."""
    table = reading.shop.own.privacy.purge_date
    query = select(table.c.customer_id, table.c.purge_at.label(PURGED))
    schema = {"customer_id": WHOLE, PURGED: WHOLE}
    return reading.rows(query.where(reading.of(table.c.customer_id)), schema)
