"""What OpenCart's own checkout does with coupons, statement by statement."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from support.given import Line
from support.small_store import SmallStore

#: Of the store's own statuses; in the first the store counts a coupon as used.
COMPLETE, PENDING, CANCELLED = 5, 1, 7

#: What the store gives an order whose coupon cannot be used any more.
DENIED = 8

#: Those that the store calls complete or in work.
COUNTED = frozenset({COMPLETE, 3})


class Checkout:
    """The checkout of *store*."""

    def __init__(self, store: SmallStore) -> None:
        self._store, self._given = store, store.given

    def accepts(self, code: str, subtotal: str = "1000", *, logged_in: bool = True) -> bool:
        """Whether the store lets somebody put the coupon *code* on a cart."""
        day = self._store.now.astimezone(self._store.moment.zone)
        wall = day.strftime("%Y-%m-%d %H:%M:%S")
        query = (
            f"SELECT * FROM `{self._given.prefix}coupon` WHERE code = %s AND status = 1"
            " AND (date_start = '0000-00-00' OR date_start < %s)"
            " AND (date_end = '0000-00-00' OR date_end > %s)"
        )
        found = self._store.rows(query, code, wall, wall)
        if not found or found[0]["total"] > Decimal(subtotal):
            return False
        if found[0]["logged"] and not logged_in:
            return False
        return not self._is_used_up(found[0])

    def order(
        self, customer: int, code: str, paid: str = "0", *, total: str = "60", **more: Any
    ) -> int:
        """A draft of an order with the coupon *code* in its totals."""
        line = Line(product=40, price=total)
        columns: dict[str, Any] = {"at": self._store.now} | more
        order_id = self._given.order(customer, total, lines=[line], status=0, **columns)
        for name, title, value in (
            ("sub_total", "Sub-Total", total),
            ("coupon", f"Coupon ({code})", f"-{paid}"),
        ):
            row = {"title": title, "value": value}
            self._given.insert(
                "order_total", {"sort_order": 1}, order_id=order_id, code=name, **row
            )
        return order_id

    def become(self, order_id: int, status: int) -> int:
        """Give an order a *status*; the one that it really gets."""
        order = self._order(order_id)
        was = order["order_status_id"]
        if was not in COUNTED and status in COUNTED and not self._confirm(order):
            status = DENIED
        if was in COUNTED and status not in COUNTED:
            self._given.delete("coupon_history", order_id=order_id)
        self._given.update(
            "order", {"order_id": order_id}, order_status_id=status, date_modified=self._store.now
        )
        return status

    def bought(self, customer: int, code: str, **more: Any) -> int:
        """An order that was paid with the coupon *code*."""
        order_id = self.order(customer, code, **more)
        assert self.become(order_id, COMPLETE) == COMPLETE
        return order_id

    def _confirm(self, order: Mapping[str, Any]) -> bool:
        prefix, order_id = self._given.prefix, order["order_id"]
        totals = f"SELECT title FROM `{prefix}order_total` WHERE order_id = %s AND code = 'coupon'"
        for row in self._store.rows(totals, order_id):
            code = row["title"].partition("(")[2].rpartition(")")[0]
            query = f"SELECT * FROM `{prefix}coupon` WHERE code = %s AND status = 1"
            found = self._store.rows(query, code)
            if not found or self._is_used_up(found[0]):
                return False
            self._given.insert(
                "coupon_history",
                {"amount": "0", "date_added": "2026-01-01"},
                coupon_id=found[0]["coupon_id"],
                order_id=order_id,
                customer_id=order["customer_id"],
            )
        return True

    def _is_used_up(self, coupon: Mapping[str, Any]) -> bool:
        query = f"SELECT * FROM `{self._given.prefix}coupon_history` WHERE coupon_id = %s"
        uses = len(self._store.rows(query, coupon["coupon_id"]))
        return 0 < int(coupon["uses_total"]) <= uses

    def _order(self, order_id: int) -> Mapping[str, Any]:
        query = f"SELECT * FROM `{self._given.prefix}order` WHERE order_id = %s"
        (found,) = self._store.rows(query, order_id)
        return found
