"""The floors: the least work that any way of doing the job has to do."""

from __future__ import annotations

from sqlalchemy import Integer, Select, cast, func, select

from bench.frame import Bench, case
from sidecar.model import MONEY_SCALE
from sidecar.shop.arrow import read_frame
from sidecar.shop.reader import as_text
from sidecar.shop.tables import store_tables

#: Customers a range, as in a full pass.
RANGE = 100_000


@case(
    "floor: read",
    about="connectorx reads the columns of customers and orders that 50 rules need, in ranges",
)
def read(bench: Bench) -> None:
    url = bench.connectorx_url()
    read_frame(url, "SELECT 1 AS one")
    rows = 0
    with bench.clock():
        for first in range(1, bench.customers + 1, RANGE):
            for query in queries(bench.database.prefix, first, first + RANGE - 1):
                rows += len(read_frame(url, as_text(query)))
    bench.note("rows", rows)


def queries(prefix: str, first: int, last: int) -> tuple[Select[tuple[object, ...]], ...]:
    """The reads of customers and of orders for the customers *first* to *last*."""
    tables = store_tables(prefix, "4.1")
    customer, order = tables.customer, tables.order
    return (
        select(
            customer.c.customer_id,
            customer.c.customer_group_id,
            customer.c.email,
            customer.c.newsletter,
            customer.c.status,
            func.to_seconds(customer.c.date_added).label("registered"),
        ).where(customer.c.customer_id.between(first, last)),
        select(
            order.c.customer_id,
            order.c.order_id,
            order.c.order_status_id,
            cast(order.c.total * MONEY_SCALE, Integer).label("total"),
            order.c.store_id,
            func.to_seconds(order.c.date_added).label("at"),
        ).where(order.c.customer_id.between(first, last)),
    )
