"""What must be true of the ledger at any time, told in plain SQL from every row of it."""

from __future__ import annotations

from typing import Any

from support.small_store import SmallStore

#: Name, and a query whose every row is a fault.
_FAULTS = {
    "an account says what its lots add up to": """
        SELECT a.unit, a.customer_id, a.available, a.pending,
               COALESCE(SUM(IF(l.is_released, l.remaining, 0)), 0) AS released,
               COALESCE(SUM(IF(l.is_released, 0, l.remaining)), 0) AS not_yet
        FROM {own}account a LEFT JOIN {own}lot l USING (unit, customer_id)
        GROUP BY a.unit, a.customer_id
        HAVING a.available <> released OR a.pending <> not_yet""",
    "who has lots or entries has an account": """
        SELECT l.customer_id FROM {own}lot l LEFT JOIN {own}account a USING (unit, customer_id)
        WHERE a.customer_id IS NULL UNION ALL
        SELECT e.customer_id FROM {own}entry e LEFT JOIN {own}account a USING (unit, customer_id)
        WHERE a.customer_id IS NULL""",
    "only the debt is below zero, and never above": """
        SELECT * FROM {own}lot
        WHERE (cause_id IS NOT NULL AND remaining < 0) OR (cause_id IS NULL AND remaining > 0)""",
    "moves add up to their entry": """
        SELECT e.entry_id, e.amount, COALESCE(SUM(m.amount), 0) AS moved
        FROM {own}entry e LEFT JOIN {own}move m USING (entry_id)
        GROUP BY e.entry_id HAVING e.amount <> moved""",
    "moves add up to their lot": """
        SELECT l.lot_id, l.remaining, COALESCE(SUM(m.amount), 0) AS moved
        FROM {own}lot l LEFT JOIN {own}move m USING (lot_id)
        GROUP BY l.lot_id HAVING l.remaining <> moved""",
    "every move is of a lot and an entry": """
        SELECT m.* FROM {own}move m LEFT JOIN {own}lot l USING (lot_id)
        LEFT JOIN {own}entry e USING (entry_id) WHERE l.lot_id IS NULL OR e.entry_id IS NULL""",
    "every entry and every lot but debt has a cause": """
        SELECT e.entry_id FROM {own}entry e LEFT JOIN {own}cause c USING (cause_id)
        WHERE c.cause_id IS NULL UNION ALL
        SELECT l.lot_id FROM {own}lot l LEFT JOIN {own}cause c USING (cause_id)
        WHERE l.cause_id IS NOT NULL AND c.cause_id IS NULL""",
    "entries add up to their cause": """
        SELECT c.cause_id, c.posted, COALESCE(SUM(e.amount), 0) AS amounts
        FROM {own}cause c LEFT JOIN {own}entry e USING (cause_id)
        GROUP BY c.cause_id HAVING c.posted <> amounts""",
    "what was shown is what is available": """
        SELECT a.unit, a.customer_id, a.available, COALESCE(SUM(e.shown), 0) AS shown
        FROM {own}account a LEFT JOIN {own}entry e USING (unit, customer_id)
        GROUP BY a.unit, a.customer_id HAVING a.available <> shown""",
    "rows of ours are there, with their amount": """
        SELECT e.entry_id, e.written, r.points FROM {own}entry e
        LEFT JOIN {store}customer_reward r ON r.customer_reward_id = e.native_id
        WHERE e.unit = 'points' AND (e.native_id > 0 OR e.native_id IS NULL)
          AND (r.points IS NULL OR r.points <> e.written OR r.customer_id <> e.customer_id)""",
    "rows of ours are there, with their money": """
        SELECT e.entry_id, e.written, t.amount FROM {own}entry e
        LEFT JOIN {store}customer_transaction t ON t.customer_transaction_id = e.native_id
        WHERE e.unit = 'credit' AND (e.native_id > 0 OR e.native_id IS NULL)
          AND (t.amount IS NULL OR t.amount * 10000 <> e.written
               OR t.customer_id <> e.customer_id OR t.order_id <> 0)""",
    "what was issued stands in the ledger, and nothing else does": """
        SELECT i.issue_id, i.state, i.amount, c.posted FROM {own}issue i
        LEFT JOIN {own}cause c ON c.unit = 'credit' AND c.kind = 'issue'
          AND c.source_id = i.issue_id AND c.customer_id = i.customer_id
        WHERE (i.state = 'issued') <> (c.cause_id IS NOT NULL)
          OR c.posted <> IF(c.overruled, 0, i.amount)""",
}

_SUMS = """
    SELECT c.customer_id, COALESCE(a.available, 0) AS available,
           COALESCE((SELECT SUM(points) FROM {store}customer_reward r
                     WHERE r.customer_id = c.customer_id), 0) AS native
    FROM {store}customer c
    LEFT JOIN {own}account a ON a.customer_id = c.customer_id AND a.unit = 'points'"""

#: Only where store credit was kept once.
_MONEY = """
    SELECT c.customer_id, COALESCE(a.available, 0) AS available,
           COALESCE((SELECT SUM(amount) FROM {store}customer_transaction t
                     WHERE t.customer_id = c.customer_id), 0) * 10000 AS native
    FROM {store}customer c
    LEFT JOIN {own}account a ON a.customer_id = c.customer_id AND a.unit = 'credit'
    WHERE EXISTS (SELECT 1 FROM {own}state s WHERE s.name = 'credit.opened')"""


def hold(store: SmallStore, beside: dict[int, int] | None = None) -> None:
    """
    Hold the ledger against itself and against the store's own rows.

    Args:
        beside: By customer, what others wrote for orders that the program rewards.
    """
    for name, query in _FAULTS.items():
        assert _rows(store, query) == [], name
    for row in _rows(store, _SUMS):
        extra = (beside or {}).get(row["customer_id"], 0)
        assert row["native"] == row["available"] + extra, row
    for row in _rows(store, _MONEY):
        assert row["native"] == row["available"], row


def _rows(store: SmallStore, query: str) -> list[dict[str, Any]]:
    return store.rows(query.replace("{store}", store.given.prefix))
