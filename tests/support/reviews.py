"""Reviews in a store, so many that its table has a size worth telling."""

from __future__ import annotations

from sqlalchemy import Connection, text


def add_reviews(connection: Connection, number: int = 4_000) -> None:
    """One of each of the customers from 1 on, whether there is one or not."""
    connection.execute(
        text(
            "INSERT INTO oc_review (product_id, customer_id, rating, date_added)"
            " VALUES (:product, :customer, :rating, :day)"
        ),
        [
            {"product": 1, "customer": customer, "rating": 5, "day": "2026-01-01"}
            for customer in range(1, number + 1)
        ],
    )
