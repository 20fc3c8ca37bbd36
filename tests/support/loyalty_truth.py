"""
What must be true of points after every look, told by a naive look at the store's own rows.

It shares nothing with the program, and knows of it only the limit of debt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Set
from fractions import Fraction
from typing import Any

from support import ledger_audit
from support.points import COMPLETE
from support.small_store import SmallStore


class Truth:
    """
    What must be true of the points in one store, with ten points a unit.

    Args:
        most_debt: What a customer may owe for orders; None: anything.
    """

    def __init__(self, store: SmallStore, most_debt: int | None) -> None:
        self._store, self._most_debt = store, most_debt
        self._qualified: set[int] = set()

    def hold(self, removed: Set[tuple[int, int]]) -> None:
        """
        Hold everything that must be true.

        Args:
            removed: Order and customer, of rows of ours that an admin removed.
        """
        ledger_audit.hold(self._store)
        self._hold_targets(removed)
        self._hold_others()
        self._hold_time()
        self._hold_debt()

    def note_qualified(self, customers: Collection[int] | None = None) -> None:
        """Somebody looks at *customers*; None: at all."""
        for order_id, row in self.orders().items():
            is_seen = row["owner"] and (customers is None or row["owner"] in customers)
            if is_seen and row["order_status_id"] == COMPLETE:
                self._qualified.add(order_id)

    def orders(self) -> dict[int, dict[str, Any]]:
        """Every order, with its ``owner``: an account, by its number or its e-mail; 0: nobody."""
        prefix = self._store.given.prefix
        accounts = self._store.rows(f"SELECT customer_id, email FROM `{prefix}customer`")
        ids = {row["customer_id"] for row in accounts}
        by_email = {row["email"]: row["customer_id"] for row in accounts}
        found = {}
        for row in self._store.rows(f"SELECT * FROM `{prefix}order`"):
            known, email = row["customer_id"], row["email"]
            owner = by_email.get(email, 0) if not known else known if known in ids else 0
            found[row["order_id"]] = {**row, "owner": owner}
        return found

    # -- what must be true -------------------------------------------------------------------

    def _hold_targets(self, removed: Set[tuple[int, int]]) -> None:
        query = (
            "SELECT source_id, customer_id, SUM(posted) AS posted FROM {own}cause"
            " WHERE kind = 'earn' GROUP BY source_id, customer_id HAVING posted <> 0"
        )
        posted = {
            (row["source_id"], row["customer_id"]): int(row["posted"])
            for row in self._store.rows(query)
        }
        earned = self._earned()
        wanted = {}
        for order_id, row in self.orders().items():
            if earned[order_id] and order_id in self._qualified and row["owner"]:
                wanted[order_id, row["owner"]] = earned[order_id]
        for pair in removed - posted.keys():
            wanted.pop(pair, None)
        assert dict(posted.items() - wanted.items()) == dict(wanted.items() - posted.items())

    def _earned(self) -> dict[int, int]:
        """Ten points a unit of what the customer kept, by order."""
        prefix = self._store.given.prefix
        back: Counter[int] = Counter()
        query = f"SELECT * FROM `{prefix}return` WHERE return_status_id = 3"
        for row in self._store.rows(query):
            back[row["order_id"]] += row["quantity"]
        kept: dict[int, Fraction] = {}
        for line in self._store.rows(f"SELECT * FROM `{prefix}order_product`"):
            left = max(0, line["quantity"] - back[line["order_id"]])
            kept[line["order_id"]] = Fraction(line["price"]) * left
        return {
            order_id: int(kept[order_id] * 10) if row["order_status_id"] == COMPLETE else 0
            for order_id, row in self.orders().items()
        }

    def _hold_others(self) -> None:
        """Each row that is not ours counts, as long as it is there."""
        table = f"`{self._store.given.prefix}customer_reward`"
        theirs: Counter[int] = Counter()
        for row in self._store.rows(f"SELECT * FROM {table} WHERE description = 'Somebody'"):
            theirs[row["customer_id"]] += row["points"]
        posted: Counter[int] = Counter()
        query = "SELECT customer_id, posted FROM {own}cause WHERE kind IN ('native', 'opening')"
        for row in self._store.rows(query):
            posted[row["customer_id"]] += row["posted"]
        assert {k: v for k, v in posted.items() if v} == {k: v for k, v in theirs.items() if v}

    def _hold_time(self) -> None:
        now = self._store.moment.epoch_s
        query = (
            "SELECT customer_id FROM {own}lot WHERE remaining > 0 AND"
            " (expires_at <= %s OR (available_at <= %s AND NOT is_released))"
        )
        assert self._store.rows(query, now, now) == []
        query = "SELECT customer_id, next_at FROM {own}account WHERE next_at <= %s"
        assert self._store.rows(query, now) == []

    def _hold_debt(self) -> None:
        """Nobody owes more for orders than the program lets them, and nothing waits to pay it."""
        query = "SELECT lot_id FROM {own}lot WHERE cause_id IS NULL"
        debts = {row["lot_id"] for row in self._store.rows(query)}
        owed: Counter[int] = Counter()
        query = "SELECT customer_id, taken FROM {own}cause WHERE kind = 'earn'"
        for row in self._store.rows(query):
            owed[row["customer_id"]] += sum(
                n for lot, n in json.loads(row["taken"]) if lot in debts
            )
        if self._most_debt is not None:
            assert {k: v for k, v in owed.items() if v > self._most_debt} == {}
        # What was waived can never be spent.
        query = (
            "SELECT l.customer_id FROM {own}lot l JOIN {own}cause c USING (cause_id)"
            " WHERE c.kind = 'waive' AND l.remaining <> 0"
        )
        assert self._store.rows(query) == []
        query = (
            "SELECT d.customer_id FROM {own}lot d JOIN {own}lot l USING (customer_id)"
            " WHERE d.cause_id IS NULL AND d.remaining < 0"
            " AND l.cause_id IS NOT NULL AND l.remaining > 0 AND l.is_released"
        )
        assert self._store.rows(query) == []
