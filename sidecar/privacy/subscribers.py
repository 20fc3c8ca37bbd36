"""Who has a running subscription, which the store renews by itself: their account is in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import select

from sidecar.privacy.live_schema import LiveTable, read_live_schema
from sidecar.privacy.short_reads import ShortReads, in_parts
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop

#: Settings of OpenCart 4 that name a state in which a subscription is over.
_OVER_SETTINGS: Final = tuple(
    f"config_subscription_{state}_status_id"
    for state in ("expired", "canceled", "cancelled", "denied", "failed")
)

#: The same states of a recurring payment of OpenCart 3: inactive, cancelled, expired.
_OVER: Final = frozenset({2, 3, 5})


def subscribers(shop: Shop) -> frozenset[int]:
    """
    The customers with a subscription, or a recurring payment, that is not known to be over.

    So one that is suspended or has not begun counts too.
    """
    with transaction(shop.engine) as tx:
        live = read_live_schema(tx, shop.engine.url.database or "", shop.prefix)
    reads = ShortReads(shop)
    return frozenset({*_of_subscriptions(reads, live), *_of_recurring(reads, live)}) - {0}


def _of_subscriptions(reads: ShortReads, live: Mapping[str, LiveTable]) -> Iterator[int]:
    setting = reads.shop.tables.setting
    query = select(setting.c.value).where(setting.c.key.in_(_OVER_SETTINGS))
    over = {int(value) for (value,) in reads.read(query) if value and value.isdecimal()}
    for customer_id, status in _rows(reads, live, "subscription", "subscription_status_id"):
        if status not in over:
            yield int(customer_id or 0)


def _of_recurring(reads: ShortReads, live: Mapping[str, LiveTable]) -> Iterator[int]:
    rows = _rows(reads, live, "order_recurring", "status", of="order_id")
    orders = sorted({number for number, status in rows if status not in _OVER})
    order = reads.shop.tables.order
    for part in in_parts(orders):
        query = select(order.c.customer_id).where(order.c.order_id.in_(part))
        yield from (int(row[0] or 0) for row in reads.read(query))


def _rows(
    reads: ShortReads,
    live: Mapping[str, LiveTable],
    name: str,
    status: str,
    of: str = "customer_id",
) -> Iterator[tuple[Any, Any]]:
    """Whose each row of the table *name* is, and its state; none where the store has no such."""
    there = live.get(name)
    if there is None or not {of, status} <= there.columns.keys():
        return
    sql, width = reads.sql(there), len(there.key)
    columns = [*(sql.c[part] for part in there.key), sql.c[of], sql.c[status]]
    for block in reads.blocks(there, there.key, columns):
        yield from ((row[width], row[width + 1]) for row in block)
