"""The oracle's facts with filters, such as ``orders(within = 1 year, status = "Complete")``."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pymysql.connections import Connection

from oracle.store import Store, half_up, ids, money, possible, text
from oracle.windows import Windows

#: Filters as a rule writes them; ``from`` is a word of Python and stands as text.
Filters = Mapping[str, str | int | Decimal]


def filtered(
    connection: Connection,
    prefix: str,
    version: str,
    now_utc: datetime.datetime,
    zone: ZoneInfo,
    fact: str,
    filters: Filters,
    *,
    guest_orders: str = "ignore",
    refunded_return_statuses: Iterable[int] = (),
) -> dict[int, object]:
    """
    One fact with *filters* of every customer, in the form of the facts without.

    Args:
        fact: ``orders``, ``total_spent``, ``average_order``, ``bought``, ``returns``
            or ``reviews``.
        filters: ``within``, ``from``, ``until``, ``status``, ``store``, ``category``,
            ``product``, ``manufacturer`` and ``total`` (the least); names in the
            store's default language.
    """
    store = Store(
        connection,
        prefix,
        version,
        zone,
        guest_orders=guest_orders,
        refunded_return_statuses=refunded_return_statuses,
    )
    windows = Windows(now_utc, zone)
    compute = {"returns": _returns, "reviews": _reviews, "bought": _bought}.get(fact, _orders)
    found = compute(store, windows, fact, filters)
    default = {"total_spent": money(0), "average_order": None}.get(fact, 0)
    customers = [int(row[0]) for row in store.rows("SELECT customer_id FROM `{p}customer`")]
    return {customer: found.get(customer, default) for customer in customers}


def _orders(store: Store, windows: Windows, fact: str, filters: Filters) -> dict[int, Any]:
    conditions = _order_conditions(store, filters)
    if goods := _goods(store, filters):
        conditions.append(
            "order_id IN (SELECT l.order_id FROM `{p}order_product` l WHERE " + goods + ")"
        )
    chosen = _within(store, windows, filters, "every", "order_id", conditions)
    counts = store.by_customer(f"""{store.orders()}
        SELECT customer_id, COUNT(*) FROM qualifying
        WHERE order_id IN ({chosen}) GROUP BY customer_id""")
    if fact == "orders":
        return counts
    spent = store.by_customer(f"""{store.orders()}
        SELECT customer_id, SUM(amount) FROM (
            SELECT customer_id, order_id, total AS amount FROM qualifying
            UNION ALL SELECT customer_id, order_id, total FROM credit
            UNION ALL SELECT customer_id, order_id, -amount FROM refund) a
        WHERE order_id IN ({chosen}) GROUP BY customer_id""")
    if fact == "total_spent":
        return {customer: money(amount) for customer, amount in spent.items()}
    return {customer: half_up(spent[customer], count, 4) for customer, count in counts.items()}


def _bought(store: Store, windows: Windows, fact: str, filters: Filters) -> dict[int, Any]:
    conditions = _order_conditions(store, filters)
    chosen = _within(store, windows, filters, "qualifying", "order_id", conditions)
    units = store.by_customer(f"""{store.orders()}
        SELECT q.customer_id, SUM(COALESCE(l.quantity, 0))
        FROM qualifying q JOIN `{{p}}order_product` l ON l.order_id = q.order_id
        WHERE q.order_id IN ({chosen}) AND {_goods(store, filters) or "TRUE"}
        GROUP BY q.customer_id""")
    return {customer: int(count) for customer, count in units.items()}


def _returns(store: Store, windows: Windows, fact: str, filters: Filters) -> dict[int, Any]:
    conditions = []
    if status := filters.get("status"):
        named = _named(store, "return_status", str(status))
        conditions.append(f"return_status_id IN ({named})")
    return _rows_of(store, windows, filters, "return", conditions)


def _reviews(store: Store, windows: Windows, fact: str, filters: Filters) -> dict[int, Any]:
    return _rows_of(store, windows, filters, "review", [])


def _rows_of(
    store: Store, windows: Windows, filters: Filters, table: str, conditions: list[str]
) -> dict[int, Any]:
    if product := filters.get("product"):
        named = _named(store, "product", str(product), "product_description")
        conditions.append(f"product_id IN ({named})")
    source = f"(SELECT t.*, {possible('date_added')} AS dated FROM `{{p}}{table}` t) s"
    chosen = _within(store, windows, filters, source, f"{table}_id", conditions)
    return store.by_customer(f"""
        SELECT customer_id, COUNT(*) FROM `{{p}}{table}`
        WHERE customer_id > 0 AND {table}_id IN ({chosen}) GROUP BY customer_id""")


def _within(
    store: Store, windows: Windows, filters: Filters, source: str, key: str, conditions: list[str]
) -> str:
    # The ids of the rows that meet the conditions and lie in the windows. Those are
    # instants, and only Python's zones know when a wall time was.
    begin, end = [], []
    if "within" in filters:
        begin.append(windows.since(str(filters["within"])))
        end.append(windows.now + datetime.timedelta(seconds=1))
    if "from" in filters:
        begin.append(windows.midnight(windows.day(str(filters["from"]))))
    if "until" in filters:
        after = windows.day(str(filters["until"])) + datetime.timedelta(days=1)
        end.append(windows.midnight(after))
    found = []
    for identifier, wall in store.rows(
        f"{store.orders()} SELECT {key}, CAST(dated AS CHAR) FROM {source}"
        f" WHERE {' AND '.join(conditions) or 'TRUE'}"
    ):
        at = store.instant(wall)
        if at is None:
            inside = not begin and not end
        else:
            inside = all(at >= edge for edge in begin) and all(at < edge for edge in end)
        if inside:
            found.append(int(identifier))
    return ids(found)


def _order_conditions(store: Store, filters: Filters) -> list[str]:
    conditions = []
    if status := filters.get("status"):
        conditions.append(f"status IN ({_named(store, 'order_status', str(status))})")
    if name := filters.get("store"):
        conditions.append(f"store_id IN ({_store(store, str(name))})")
    if "total" in filters:
        conditions.append(f"total >= {filters['total']}")
    return conditions


def _goods(store: Store, filters: Filters) -> str:
    conditions = []
    if category := filters.get("category"):
        named = _named(store, "category", str(category), "category_description")
        conditions.append(
            "l.product_id IN (SELECT c.product_id FROM `{p}product_to_category` c"
            " JOIN `{p}category_path` p ON p.category_id = c.category_id"
            f" WHERE p.path_id IN ({named}))"
        )
    if product := filters.get("product"):
        named = _named(store, "product", str(product), "product_description")
        conditions.append(f"l.product_id IN ({named})")
    if manufacturer := filters.get("manufacturer"):
        rows = store.rows("SELECT manufacturer_id, name FROM `{p}manufacturer`")
        conditions.append(
            "l.product_id IN (SELECT m.product_id FROM `{p}product` m"
            f" WHERE m.manufacturer_id IN ({_one(rows, str(manufacturer))}))"
        )
    return " AND ".join(conditions)


def _named(store: Store, key: str, name: str, table: str = "") -> str:
    rows = store.rows(
        f"SELECT {key}_id, name FROM `{{p}}{table or key}` WHERE language_id = {store.language}"
    )
    return _one(rows, name)


def _store(store: Store, name: str) -> str:
    rows = store.rows("SELECT store_id, name FROM `{p}store`")
    return _one([(0, store.setting("config_name")), *rows], name)


def _one(rows: Iterable[tuple[Any, ...]], name: str) -> str:
    found = {int(row[0]) for row in rows if (text(row[1]) or "").lower() == name.lower()}
    if len(found) != 1:
        raise LookupError(f"{name!r} names {len(found)} rows, not one")
    return ids(found)
