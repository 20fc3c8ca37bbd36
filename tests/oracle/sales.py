"""The oracle's facts of orders."""

from __future__ import annotations

import datetime
from typing import Any

from oracle import accounts
from oracle.store import Store, half_up, ids, money, text

#: What a customer has who never ordered; the other order facts are missing then.
NOTHING = {
    "orders": 0,
    "total_spent": "0.0000",
    "complete_orders": 0,
    "unpaid_orders": 0,
    "unfinished_orders": 0,
    "credit_orders": 0,
    "credited": "0.0000",
}


def totals(store: Store) -> dict[int, dict[str, Any]]:
    """Counts and sums of every kind of order, by customer."""
    found: dict[int, dict[str, Any]] = {}
    for row in store.rows(f"""{store.orders()}
        SELECT customer_id, SUM(qualifies), SUM(qualifies * total), MAX(IF(qualifies, total, NULL)),
               MIN(IF(qualifies, total, NULL)), SUM(qualifies AND status IN ({store.complete})),
               SUM(status > 0 AND total >= 0 AND NOT qualifies), SUM(status = 0),
               SUM(status > 0 AND total < 0), SUM(IF(status > 0 AND total < 0, total, 0))
        FROM (SELECT every.*, COALESCE(status IN ({store.paid}), 0) AND total >= 0 AS qualifies
              FROM every) e
        GROUP BY customer_id
        """):
        found[int(row[0])] = {
            "orders": int(row[1]),
            "paid": row[2],
            "largest_order": None if row[3] is None else money(row[3]),
            "smallest_order": None if row[4] is None else money(row[4]),
            "complete_orders": int(row[5] or 0),
            "unpaid_orders": int(row[6]),
            "unfinished_orders": int(row[7]),
            "credit_orders": int(row[8]),
            "credited": money(-row[9]),
            "credits": row[9],
        }
    refunds = store.by_customer(
        f"{store.orders()} SELECT customer_id, SUM(amount) FROM refund GROUP BY customer_id"
    )
    for customer, facts in found.items():
        spent = facts.pop("paid") + facts.pop("credits") - refunds.get(customer, 0)
        facts["total_spent"] = money(spent)
        facts["average_order"] = half_up(spent, facts["orders"], 4) if facts["orders"] else None
    return found


def ends(store: Store) -> dict[int, dict[str, Any]]:
    """The first and the last dated qualifying order, and what lies between, by customer."""
    dated: dict[int, list[tuple[datetime.datetime, int]]] = {}
    for customer, order, wall in store.rows(
        f"{store.orders()} SELECT customer_id, order_id, CAST(dated AS CHAR) FROM qualifying"
        " WHERE dated IS NOT NULL"
    ):
        if at := store.instant(wall):
            dated.setdefault(int(customer), []).append((at, int(order)))
    found = {}
    orders = _details(
        store, [order for rows in dated.values() for _, order in (min(rows), max(rows))]
    )
    for customer, rows in dated.items():
        (begin, first), (end, last) = min(rows), max(rows)
        found[customer] = {
            **_between(store, begin, end, len(rows) - 1),
            "first_order_total": orders[first]["total"],
            "last_order_total": orders[last]["total"],
            "last_order_status": orders[last]["status"],
            "last_order_store": orders[last]["store"],
            "last_order_country": orders[last]["country"],
            "last_order_instant": end,
        }
    return found


def _details(store: Store, orders: list[int]) -> dict[int, dict[str, str | None]]:
    stores = accounts.store_names(store)
    return {
        int(row[0]): {
            "total": money(row[1]),
            "status": text(row[2]),
            "store": stores.get(int(row[3])),
            "country": text(row[4]),
        }
        for row in store.rows(f"""{store.orders()}
            SELECT q.order_id, q.total, s.name, q.store_id, n.iso_code_2
            FROM qualifying q
            LEFT JOIN {store.named("order_status", "order_status_id")} s
                ON s.order_status_id = q.status
            LEFT JOIN `{{p}}country` n ON n.country_id = q.country_id
            WHERE q.order_id IN ({ids(orders)})
            """)
    }


def _between(
    store: Store, begin: datetime.datetime, end: datetime.datetime, gaps: int
) -> dict[str, Any]:
    span_s = (end - begin) // datetime.timedelta(seconds=1)
    facts: dict[str, Any] = {
        "first_order": store.shown(begin),
        "last_order": store.shown(end),
        "order_span": span_s // 86_400,
    }
    if gaps:
        facts["average_gap"] = span_s // gaps // 86_400
        try:
            expected = end + datetime.timedelta(seconds=span_s // gaps)
            facts["expected_order"] = store.shown(expected)
        except OverflowError:  # past the year 9999 there is no date to show
            facts["expected_order"] = None
    return facts


def unfinished(store: Store) -> dict[int, str | None]:
    """The latest order with status 0, by customer."""
    return store.shown_by_customer(
        f"{store.orders()} SELECT customer_id, CAST(MAX(dated) AS CHAR) FROM every"
        " WHERE status = 0 GROUP BY customer_id"
    )


def delay(registered: str | None, first_order: str | None) -> int | None:
    """Whole days from the registration to the first order, 0 when the order came first."""
    if registered is None or first_order is None:
        return None
    passed = datetime.datetime.fromisoformat(first_order) - datetime.datetime.fromisoformat(
        registered
    )
    return max(0, passed // datetime.timedelta(days=1))
