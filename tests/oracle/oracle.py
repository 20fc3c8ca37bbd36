"""
The oracle: every fact of every customer of a store, recomputed in plain SQL.

It shares no code with the sidecar, so that an error of one is not an error of both.
Its answers have the form of ``sidecar customers … --json``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from pymysql.connections import Connection

from oracle import accounts, custom, goods, loyalty, rfm, sales
from oracle.store import Store

#: The facts that are 0, no or empty, where a customer has no row to count.
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("approval_pending", "affiliate"), False),
    **dict.fromkeys(("notes", "searches", "coupons", "addresses", "ips", "shared_ips"), 0),
    **dict.fromkeys(("failed_logins", "bought", "distinct_products", "cart_items"), 0),
    **dict.fromkeys(("wishlist_items", "points", "points_earned"), 0),
    **dict.fromkeys(("returns", "returned_units", "reviews"), 0),
    "credit": "0.0000",
}
_MISSING = (
    *("company", "city", "postcode", "zone", "country", "birthday"),
    *("average_order", "largest_order", "smallest_order", "first_order", "last_order"),
    *("first_order_total", "last_order_total", "last_order_status", "last_order_store"),
    *("last_unfinished_order", "order_span", "average_gap", "expected_order"),
    *("cart_added", "last_return", "last_review", "average_rating"),
    *("last_login", "last_failed_login", "purged_on"),
)
_SETS = ("products", "categories", "manufacturers", "cart_products", "wishlist_products", "tags")


def facts(
    connection: Connection,
    prefix: str,
    version: str,
    now_utc: datetime.datetime,
    zone: ZoneInfo,
    *,
    birthday_field: str | None = None,
    guest_orders: str = "ignore",
    refunded_return_statuses: Iterable[int] = (),
    points_for_one: int | None = None,
) -> dict[int, dict[str, object]]:
    """
    Every fact without filters of every customer, by customer and name of the fact.

    Args:
        version: Of OpenCart, e.g. ``4.1.0.4``.
        now_utc: Decides which assertions of tags are live; no other fact needs it.
        zone: The store's.
        birthday_field: The name of the custom field, in the store's default language.
        guest_orders: ``ignore`` or ``by_email``.
        refunded_return_statuses: Ids.
        points_for_one: How many points are worth one currency unit; None: there is no program.
    """
    store = Store(
        connection,
        prefix,
        version,
        zone,
        guest_orders=guest_orders,
        refunded_return_statuses=refunded_return_statuses,
    )
    found = accounts.account(store)
    for row in found.values():
        row.update(_EMPTY)
        row.update(sales.NOTHING)
        row.update(dict.fromkeys(_MISSING))
        row.update({name: [] for name in _SETS})
    columns = {
        **accounts.beside(store),
        **accounts.security(store),
        **goods.bought(store),
        **goods.kept(store),
        **goods.balances(store),
        **goods.feedback(store),
        "last_unfinished_order": sales.unfinished(store),
        "tags": _tags(store, now_utc),
        "birthday": custom.birthdays(store, birthday_field),
    }
    for name, values in columns.items():
        for customer, value in values.items():
            if customer in found:
                found[customer][name] = value
    of_program = loyalty.kept(store, set(found), points_for_one)
    parts = (accounts.address(store), sales.totals(store), custom.fields(store), of_program)
    for part in parts:
        for customer, more in part.items():
            if customer in found:
                found[customer].update(more)

    instants: dict[int, datetime.datetime] = {}
    for customer, ends in sales.ends(store).items():
        if customer in found:
            instants[customer] = ends.pop("last_order_instant")
            country = ends.pop("last_order_country")
            found[customer].update(ends)
            found[customer]["country"] = found[customer]["country"] or country
    for row in found.values():
        row["first_order_delay"] = sales.delay(row["registered"], row["first_order"])
    rfm.score(found, instants)
    return found


def _tags(store: Store, now: datetime.datetime) -> dict[int, list[str]]:
    # The tags in effect as they stand in our tables: what the rules make of the
    # facts is the matter of `oracle.tags`.
    if "sidecar_assertion" not in store.tables():
        return {}
    live = f"(a.until IS NULL OR a.until > {int(now.timestamp())})"
    return store.names_by_customer(f"""
        SELECT a.customer_id, t.name
        FROM `{{p}}sidecar_assertion` a JOIN `{{p}}sidecar_tag` t ON t.tag_id = a.tag_id
        WHERE {live} AND t.archived_at IS NULL
        GROUP BY a.customer_id, t.tag_id, t.name HAVING SUM(a.source_kind = 'pin_out') = 0
        """)
