"""The oracle's facts of goods, cart, wishlist, balances, returns and reviews."""

from __future__ import annotations

from typing import Any

from oracle.store import Store, half_up, money, possible


def bought(store: Store) -> dict[str, dict[int, Any]]:
    """Units and different products of qualifying orders, and their names."""
    lines = f"""{store.orders()}, line AS (
        SELECT q.customer_id, l.product_id, COALESCE(l.quantity, 0) AS quantity
        FROM qualifying q JOIN `{{p}}order_product` l ON l.order_id = q.order_id
        )"""
    units = store.by_customer(
        f"{lines} SELECT customer_id, SUM(quantity) FROM line GROUP BY customer_id"
    )
    return {
        "bought": {customer: int(count) for customer, count in units.items()},
        "distinct_products": store.by_customer(
            f"{lines} SELECT customer_id, COUNT(DISTINCT product_id) FROM line"
            " WHERE product_id > 0 GROUP BY customer_id"
        ),
        "products": store.names_by_customer(
            f"{lines} SELECT DISTINCT l.customer_id, d.name FROM line l {_product(store)}"
        ),
        "categories": store.names_by_customer(f"""{lines}
            SELECT DISTINCT l.customer_id, d.name FROM line l
            JOIN `{{p}}product_to_category` c ON c.product_id = l.product_id
            LEFT JOIN `{{p}}category_path` p ON p.category_id = c.category_id
            JOIN {store.named("category_description", "category_id")} d
                ON d.category_id IN (p.path_id, c.category_id)
            """),
        "manufacturers": store.names_by_customer(f"""{lines}
            SELECT DISTINCT l.customer_id, m.name FROM line l
            JOIN `{{p}}product` p ON p.product_id = l.product_id
            JOIN `{{p}}manufacturer` m ON m.manufacturer_id = p.manufacturer_id
            """),
    }


def kept(store: Store) -> dict[str, dict[int, Any]]:
    """Cart and wishlist."""
    items = store.by_customer(
        "SELECT customer_id, SUM(COALESCE(quantity, 0)) FROM `{p}cart`"
        " WHERE customer_id > 0 GROUP BY customer_id"
    )
    return {
        "cart_items": {customer: int(count) for customer, count in items.items()},
        "cart_added": store.shown_by_customer(
            f"SELECT customer_id, CAST(MAX({possible('date_added')}) AS CHAR) FROM `{{p}}cart`"
            " WHERE customer_id > 0 GROUP BY customer_id"
        ),
        "cart_products": store.names_by_customer(
            f"SELECT DISTINCT l.customer_id, d.name FROM `{{p}}cart` l {_product(store)}"
            " WHERE l.customer_id > 0"
        ),
        "wishlist_items": store.by_customer(
            "SELECT customer_id, COUNT(DISTINCT product_id) FROM `{p}customer_wishlist`"
            " GROUP BY customer_id"
        ),
        "wishlist_products": store.names_by_customer(
            "SELECT DISTINCT l.customer_id, d.name"
            f" FROM `{{p}}customer_wishlist` l {_product(store)}"
        ),
    }


def balances(store: Store) -> dict[str, dict[int, Any]]:
    """Points and store credit."""
    points = "SELECT customer_id, SUM(points) FROM `{p}customer_reward` WHERE customer_id > 0"
    group = " GROUP BY customer_id"
    credit = store.by_customer(
        "SELECT customer_id, SUM(amount) FROM `{p}customer_transaction`"
        f" WHERE customer_id > 0{group}"
    )
    return {
        "points": _whole(store.by_customer(points + group)),
        "points_earned": _whole(store.by_customer(f"{points} AND points > 0{group}")),
        "credit": {customer: money(amount) for customer, amount in credit.items()},
    }


def feedback(store: Store) -> dict[str, dict[int, Any]]:
    """Returns and reviews."""

    def each(what: str, table: str) -> dict[int, Any]:
        return store.by_customer(
            f"SELECT customer_id, {what} FROM `{{p}}{table}`"
            " WHERE customer_id > 0 GROUP BY customer_id"
        )

    latest = f"CAST(MAX({possible('date_added')}) AS CHAR)"
    rated, ratings = each("COUNT(rating)", "review"), each("SUM(rating)", "review")
    return {
        "returns": each("COUNT(*)", "return"),
        "returned_units": _whole(each("SUM(COALESCE(quantity, 0))", "return")),
        "last_return": _shown(store, each(latest, "return")),
        "reviews": each("COUNT(*)", "review"),
        "last_review": _shown(store, each(latest, "review")),
        "average_rating": {
            customer: half_up(ratings[customer], count, 2) if count else None
            for customer, count in rated.items()
        },
    }


def _product(store: Store) -> str:
    # A product counts by name while its row stands.
    named = store.named("product_description", "product_id")
    return (
        "JOIN `{p}product` p ON p.product_id = l.product_id"
        f" JOIN {named} d ON d.product_id = p.product_id"
    )


def _whole(found: dict[int, Any]) -> dict[int, int]:
    return {customer: int(value or 0) for customer, value in found.items()}


def _shown(store: Store, found: dict[int, Any]) -> dict[int, str | None]:
    return {customer: store.shown(store.instant(wall)) for customer, wall in found.items()}
