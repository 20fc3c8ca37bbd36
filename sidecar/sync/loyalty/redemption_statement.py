"""What redemptions are told as: in answers to commands and in `points show`."""

from __future__ import annotations

from sqlalchemy import Connection, select

from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.redeeming import quote
from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows
from sidecar.sync.state import Json

#: Of those that are over, so many are told.
_LAST = 10


def read(tx: Connection, shop: Shop, customer_id: int) -> list[dict[str, Json]]:
    """Those of a customer that are not over, and the last others; the newest first."""
    rows = RedemptionRows(shop.own).of_customer(tx, customer_id, _LAST)
    return [told(one, shop) for one in rows]


def quoted(
    tx: Connection, shop: Shop, program: Program, customer_id: int, points: int | None
) -> dict[str, Json]:
    """
    What *points* of a customer would become, of those that our tables have; None: all of them.

    Raises:
        UsageError: They are not redeemed; see `sidecar.rules.loyalty.redeeming.quote`.
    """
    account = shop.own.loyalty.account
    query = select(account.c.available).where(
        account.c.unit == "points", account.c.customer_id == customer_id
    )
    available = tx.scalar(query) or 0
    found = quote(program, available, points)
    return {
        "customer_id": customer_id,
        "points": found.points,
        "value": as_json.money(found.value),
        "least_order": as_json.money(found.least_order),
        "available": available - found.points,
        "currency": shop.settings.currency,
    }


def told(one: Redemption, shop: Shop) -> dict[str, Json]:
    """
    One redemption.

    ``code`` is null where the coupon cannot be used, or there is none; ``until`` where it never
    ends. Money is text in the store's currency.
    """
    zone = shop.settings.zone
    last = None if one.ends_at is None else as_json.iso(one.ends_at - 1, zone)
    return {
        "redemption": one.redemption_id,
        "at": as_json.iso(one.at, zone),
        "points": one.points,
        "value": as_json.money(one.value),
        "becomes": one.becomes,
        "state": one.state,
        "code": one.code if one.code and one.state in ("making", "open") else None,
        "least_order": as_json.money(one.least_order),
        "until": last and last[:10],
        "order": one.order_id or None,
        "used_by": one.used_by or None,
        "actor": one.actor,
        "reason": one.reason,
    }
