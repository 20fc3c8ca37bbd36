"""Points that become coupons, and what must be true of them at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from sidecar.model import Scope
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.beginning import require_kept
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.redeeming import Redeeming, Wish
from sidecar.sync.loyalty.redemption_rows import Redemption
from support.ledger_audit import hold
from support.small_store import SmallStore

#: Those in which the points are the coupon's.
SPENT = {"making", "open", "closing", "used"}


def redeeming(store: SmallStore) -> Redeeming:
    """What is asked for in *store*."""
    shop, book = store.sidecar.shop, store.book()
    program = require_kept(shop, book)
    return Redeeming(shop, program, Posting(shop, book, program, store.moment))


def redeem(
    store: SmallStore, customer: int, points: int | None = None, command_id: int | None = None
) -> Redemption:
    """Make *points* a coupon, or all."""
    keeping.bring(store.sidecar.shop, store.book(), Scope.of([customer]), store.moment)
    wish = Wish(
        customer_id=customer, points=points, actor="cli:eve", reason=None, command_id=command_id
    )
    return redeeming(store).redeem(wish, store.moment, _nothing)


def cancel(store: SmallStore, redemption: int) -> Redemption:
    """End its coupon."""
    return redeeming(store).cancel(redemption, "not wanted", store.moment, _nothing)


def _nothing(_: Connection, __: Redemption) -> None:
    pass


def row(store: SmallStore, redemption: int | None = None) -> Mapping[str, Any]:
    """Our row of *redemption*, or of the only one."""
    where = "" if redemption is None else f" WHERE redemption_id = {redemption}"
    (found,) = store.rows(f"SELECT * FROM {{own}}redemption{where}")
    return found


def coupon(store: SmallStore, code: str) -> Mapping[str, Any]:
    """The store's coupon with that *code*."""
    (found,) = store.rows(f"SELECT * FROM `{store.given.prefix}coupon` WHERE code = %s", code)
    return found


def see(store: SmallStore, *customers: int) -> None:
    """Something rang for *customers*; afterwards everything is as it must be."""
    store.process(*customers)
    hold(store)
    hold_spent(store)


def hold_spent(store: SmallStore) -> None:
    """Points are spent by a redemption once, or not at all, as its state says."""
    query = """
        SELECT r.redemption_id, r.state, r.points, COALESCE(SUM(e.amount), 0) AS amount
        FROM {own}redemption r
        LEFT JOIN {own}cause c ON c.kind = 'redeem' AND c.source_id = r.redemption_id
        LEFT JOIN {own}entry e ON e.cause_id = c.cause_id
        GROUP BY r.redemption_id"""
    for found in store.rows(query):
        spent = -found["points"] if found["state"] in SPENT else 0
        assert found["amount"] == spent, found


def available(store: SmallStore, customer: int) -> int:
    """What *customer* can spend."""
    query = "SELECT available FROM {own}account WHERE unit = 'points' AND customer_id = %s"
    (found,) = store.rows(query, customer)
    return int(found["available"])
