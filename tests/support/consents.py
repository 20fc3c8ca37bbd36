"""Stores with a key, and what their consents are, read without the code that wrote them."""

from __future__ import annotations

from typing import Any

from sidecar.config.key import Key
from support.small_store import SmallStore

KEY = Key({1: bytes(range(32))})


def with_key(store: SmallStore) -> SmallStore:
    """*store* with the installation's key."""
    store.sidecar.shop.key = KEY
    return store


def chain(store: SmallStore) -> list[dict[str, Any]]:
    """Every row of the chain."""
    return store.rows("SELECT * FROM {own}consent ORDER BY consent_id")


def said(store: SmallStore, customer: int) -> list[tuple[str, str, str]]:
    """State, source and evidence of all that was said of the customer's newsletter, in order."""
    rows = store.rows(
        "SELECT state, source, evidence FROM {own}consent WHERE customer_id = %s"
        " AND channel = 'email' AND purpose = 'newsletter' ORDER BY consent_id",
        customer,
    )
    return [(row["state"], row["source"], row["evidence"]) for row in rows]


def holds(store: SmallStore, customer: int) -> str | None:
    """The state of the customer's newsletter; None: nobody said anything."""
    rows = store.rows(
        "SELECT state FROM {own}consent_state WHERE customer_id = %s"
        " AND channel = 'email' AND purpose = 'newsletter'",
        customer,
    )
    assert len(rows) < 2, rows
    return rows[0]["state"] if rows else None


def flag(store: SmallStore, customer: int) -> int:
    """The flag in the store."""
    table = f"`{store.given.prefix}customer`"
    rows = store.rows(f"SELECT newsletter FROM {table} WHERE customer_id = %s", customer)
    return int(rows[0]["newsletter"])


def tick(store: SmallStore, customer: int, value: int) -> None:
    """Set the flag, as the store does."""
    table = f"`{store.given.prefix}customer`"
    store.given.execute(
        f"UPDATE {table} SET newsletter = %s WHERE customer_id = %s", value, customer
    )
