"""
Random histories of a store: whatever happens, in whatever order, the ledger adds up.

What an order should have earned is told by a naive look at the store's rows, which shares
nothing with the program.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import ledger_audit
from support.given import Line
from support.small_store import NOW, SmallStore

COMPLETE, PENDING, REFUNDED = 5, 1, 11
CUSTOMERS = 2

PROGRAMS = {
    "plain": "",
    "pending": 'pending = "3 days"\n',
    "expires soon": 'expiry = "5 days"\n',
}


@dataclass
class History:
    """
    What happened to a store, told in its own rows.

    Attributes:
        qualified: Orders that were complete when somebody looked.
        removed: Orders whose points an admin removed.
    """

    store: SmallStore
    customers: list[int]
    orders: list[int] = field(default_factory=list)
    qualified: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)

    # -- what may happen -------------------------------------------------------------------

    def order(self, who: int, cents: int, quantity: int, status: int) -> None:
        price = f"{cents / 100:.2f}"
        line = Line(product=40, quantity=quantity, price=price)
        total = f"{cents * quantity / 100:.2f}"
        self.orders.append(
            self.store.given.order(
                self._customer(who), total, lines=[line], status=status, at=self.store.now
            )
        )

    def status(self, which: int, status: int) -> None:
        if order_id := self._order(which):
            self._update(order_id, order_status_id=status)

    def owner(self, which: int, who: int) -> None:
        if order_id := self._order(which):
            self._update(order_id, customer_id=self._customer(who))

    def edit(self, which: int, cents: int) -> None:
        if order_id := self._order(which):
            self._execute(f"DELETE FROM {{p}}order_product WHERE order_id = {order_id}")
            self.store.given.line(order_id, 40, 1, price=f"{cents / 100:.2f}")
            self._update(order_id, total=f"{cents / 100:.2f}")

    def refund(self, which: int, units: int) -> None:
        if order_id := self._order(which):
            given = self.store.given
            given.goods_return(self._owner(order_id), order_id, 40, units, status=3)
            self._update(order_id)

    def delete(self, which: int) -> None:
        if order_id := self._order(which):
            for table in ("order", "order_product"):
                self._execute(f"DELETE FROM {{p}}{table} WHERE order_id = {order_id}")
            self.orders.remove(order_id)

    def use(self, who: int, points: int, order_id: int) -> None:
        self._reward(who, -points, 900 + order_id)

    def not_confirmed(self, who: int, order_id: int) -> None:
        self._execute(
            "DELETE FROM {p}customer_reward WHERE points < 0"
            f" AND customer_id = {self._customer(who)} AND order_id = {900 + order_id}"
        )

    def by_hand(self, who: int, points: int) -> None:
        self._reward(who, points, 0)

    def remove(self, which: int) -> None:
        if order_id := self._order(which):
            table = f"{self.store.given.prefix}customer_reward"
            query = f"SELECT * FROM {table} WHERE order_id = %s AND points > 0"
            if self.store.rows(query, order_id):
                self.removed.add(order_id)
            self._execute(
                f"DELETE FROM {{p}}customer_reward WHERE order_id = {order_id} AND points > 0"
            )

    def days(self, days: int) -> None:
        self.store.now += datetime.timedelta(days=days)

    def look(self) -> None:
        self.store.process(*self.customers)
        for row in self._orders():
            if row["order_status_id"] == COMPLETE:
                self.qualified.add(row["order_id"])
        ledger_audit.hold(self.store)
        self._hold_targets()

    # -- what must be true -----------------------------------------------------------------

    def _hold_targets(self) -> None:
        query = (
            "SELECT source_id, customer_id, SUM(posted) AS posted FROM {own}cause"
            " WHERE kind = 'earn' GROUP BY source_id, customer_id HAVING posted <> 0"
        )
        posted = {
            (row["source_id"], row["customer_id"]): int(row["posted"])
            for row in self.store.rows(query)
        }
        wanted = {}
        for row in self._orders():
            points = self._earns(row)
            if points and row["order_id"] in self.qualified:
                wanted[row["order_id"], row["customer_id"]] = points
        removed = {pair for pair in wanted if pair[0] in self.removed}
        for pair in removed:
            # The one it was removed from; another owner earns it.
            if pair not in posted:
                del wanted[pair]
        assert posted == wanted

    def _earns(self, order: dict[str, Any]) -> int:
        """Ten points a unit of what the customer kept."""
        if order["order_status_id"] != COMPLETE:
            return 0
        prefix, order_id = self.store.given.prefix, order["order_id"]
        lines = f"SELECT * FROM {prefix}order_product WHERE order_id = %s"
        back = f"SELECT * FROM `{prefix}return` WHERE order_id = %s AND return_status_id = 3"
        returned = sum(row["quantity"] for row in self.store.rows(back, order_id))
        kept = Fraction(0)
        for line in self.store.rows(lines, order_id):
            left = max(0, line["quantity"] - returned)
            kept += Fraction(line["price"]) * left
        return int(kept * 10)

    # -- rows ------------------------------------------------------------------------------

    def _customer(self, who: int) -> int:
        return self.customers[who % len(self.customers)]

    def _order(self, which: int) -> int:
        return self.orders[which % len(self.orders)] if self.orders else 0

    def _owner(self, order_id: int) -> int:
        owners = {row["order_id"]: int(row["customer_id"]) for row in self._orders()}
        return owners[order_id]

    def _orders(self) -> list[dict[str, Any]]:
        return self.store.rows(f"SELECT * FROM `{self.store.given.prefix}order`")

    def _reward(self, who: int, points: int, order_id: int) -> None:
        row = {"customer_id": self._customer(who), "order_id": order_id, "points": points}
        self.store.given.insert("customer_reward", {"description": "Somebody"}, **row)

    def _update(self, order_id: int, **columns: Any) -> None:
        # As OpenCart does with everything that it does to an order.
        self.store.now += datetime.timedelta(seconds=1)
        self.store.given.update(
            "order", {"order_id": order_id}, date_modified=self.store.now, **columns
        )

    def _execute(self, statement: str) -> None:
        self.store.given.execute(
            statement.replace("{p}order ", "`{p}order` ").replace("{p}", self.store.given.prefix)
        )


small = st.integers(0, 5)
cents = st.integers(1, 9_999)
STEPS = st.one_of(
    st.tuples(
        st.just("order"), small, cents, st.integers(1, 3), st.sampled_from([COMPLETE, PENDING])
    ),
    st.tuples(st.just("status"), small, st.sampled_from([COMPLETE, PENDING, REFUNDED])),
    st.tuples(st.just("owner"), small, small),
    st.tuples(st.just("edit"), small, cents),
    st.tuples(st.just("refund"), small, st.integers(1, 2)),
    st.tuples(st.just("delete"), small),
    st.tuples(st.just("use"), small, st.integers(1, 1_000), small),
    st.tuples(st.just("not_confirmed"), small, small),
    st.tuples(st.just("by_hand"), small, st.integers(-500, 500).filter(bool)),
    st.tuples(st.just("remove"), small),
    st.tuples(st.just("days"), st.integers(1, 4)),
    st.tuples(st.just("look")),
)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("store", [{"refunded_return_statuses": ("Complete",)}], indirect=True)
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(STEPS, min_size=3, max_size=25))
def test_whatever_happens_the_ledger_adds_up(
    store: SmallStore, name: str, steps: list[tuple[Any, ...]]
) -> None:
    _anew(store)
    store.named_rules({}, f'[loyalty]\nstart = "2026-01-01"\n{PROGRAMS[name]}')
    history = History(store, [store.given.customer() for _ in range(CUSTOMERS)])
    history.look()
    for step, *arguments in steps:
        getattr(history, step)(*arguments)
    history.look()
    history.days(400)
    history.look()


def _anew(store: SmallStore) -> None:
    """No customers, no orders, nothing of ours."""
    store.forget_everything()
    store.now = NOW
    for table in ("customer", "order", "order_product", "return", "customer_reward"):
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")
