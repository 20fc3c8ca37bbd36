"""Facts of the default address, and the country with its fallback to the last order."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import and_, select

from sidecar.model import Scope
from sidecar.shop.text import plain
from sidecar.sync.facts.customers import ADDRESS
from sidecar.sync.facts.orders import LAST_ORDER_ID
from sidecar.sync.reading import TEXT, WHOLE, Reading

_TEXTS = ("company", "city", "postcode", "zone")
FACTS = frozenset({*_TEXTS, "country"})

#: Orders looked up at once for the country of customers without an address.
_CHUNK = 5_000


def load(reading: Reading, facts: Collection[str], customers: pl.DataFrame) -> pl.DataFrame:
    """
    ``customer_id`` and *facts* for customers with a default address or, for the country, an order.

    Args:
        customers: With `ADDRESS` on OpenCart 3, and `LAST_ORDER_ID` where ``country`` is asked.
    """
    tables = reading.shop.tables
    address, zone, country = tables.address, tables.zone, tables.country
    query = select(
        address.c.customer_id,
        address.c.address_id,
        address.c.company,
        address.c.city,
        address.c.postcode,
        zone.c.code.label("zone"),
        country.c.iso_code_2.label("country"),
    ).select_from(
        address.outerjoin(zone, zone.c.zone_id == address.c.zone_id).outerjoin(
            country, country.c.country_id == address.c.country_id
        )
    )
    if "default" in address.c:
        query = query.where(address.c.default == 1)
    schema = {"customer_id": WHOLE, "address_id": WHOLE} | dict.fromkeys((*_TEXTS, "country"), TEXT)
    frame = reading.rows_of(query, schema, address.c.customer_id)
    if "default" in address.c:
        # Nothing in the store keeps two from being the default.
        frame = frame.sort("customer_id", "address_id").unique("customer_id", keep="first")
    else:
        named = customers.select("customer_id", pl.col(ADDRESS).alias("address_id"))
        frame = frame.join(named, on=["customer_id", "address_id"])
    frame = frame.with_columns(plain(pl.col(name)).alias(name) for name in (*_TEXTS, "country"))
    if "country" in facts:
        frame = _with_order_country(reading, frame, customers)
    return frame.select("customer_id", *sorted(facts))


def _with_order_country(
    reading: Reading, frame: pl.DataFrame, customers: pl.DataFrame
) -> pl.DataFrame:
    has = frame.filter(pl.col("country").is_not_null())
    without = customers.join(has, on="customer_id", how="anti")
    wanted = without.filter(pl.col(LAST_ORDER_ID).is_not_null())
    if wanted.is_empty():
        return frame
    order, country = reading.shop.tables.order, reading.shop.tables.country
    ids = wanted[LAST_ORDER_ID].sort().to_list()
    query = select(order.c.order_id, country.c.iso_code_2.label("ordered"))
    query = query.join(country, and_(country.c.country_id == order.c.payment_country_id))
    found = [
        reading.shop.read_keys(
            reading.tx, part, query, {"order_id": WHOLE, "ordered": TEXT}, order.c.order_id, part
        )
        for part in (Scope.of(ids[i : i + _CHUNK]) for i in range(0, len(ids), _CHUNK))
    ]
    ordered = wanted.select("customer_id", order_id=LAST_ORDER_ID).join(
        pl.concat(found).with_columns(plain(pl.col("ordered")).alias("ordered")), on="order_id"
    )
    return frame.join(
        ordered.select("customer_id", "ordered"), on="customer_id", how="full", coalesce=True
    ).with_columns(country=pl.coalesce("country", "ordered"))
