"""Customers whom the store deleted: nothing of their points, tiers, credit and cards is left."""

from __future__ import annotations

import pytest

from sidecar.model import Scope
from sidecar.sync.loyalty import keeping
from support.points import order, program
from support.small_store import SmallStore

#: Tables of ours with rows of customers.
OF_CUSTOMERS = (
    "account", "cause", "lot", "entry", "rewarded", "tier", "tier_change", "redemption", "issue",
    "card",
)  # fmt: skip


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "program removed"])
def test_who_is_deleted_before_the_first_cycle_leaves_nothing_behind(
    store: SmallStore, is_kept: bool
) -> None:
    program(store)
    ann = store.given.customer()
    bob = store.given.customer()
    order(store, ann)
    order(store, bob)
    shop = store.sidecar.shop
    keeping.bring(shop, store.book(), Scope.of([ann, bob]), store.moment)
    for table in ("tier", "tier_change", "redemption", "issue", "card"):
        _any_row(store, table, ann)
        _any_row(store, table, bob)
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer` WHERE customer_id = {ann}")
    if not is_kept:
        store.named_rules({})

    store.full_pass(size=1)

    assert _kept_of(store) == {name: [bob] for name in OF_CUSTOMERS}
    assert len(store.rows("SELECT * FROM {own}move")) == 1


def _any_row(store: SmallStore, table: str, customer: int) -> None:
    """A row of *customer* in a table of ours, with anything where something must be."""
    columns = store.rows(f"SHOW COLUMNS FROM {{own}}{table}")
    named = [
        column["Field"]
        for column in columns
        if column["Null"] == "NO" and column["Default"] is None and not column["Extra"]
    ]
    kinds = {column["Field"]: column["Type"] for column in columns}
    values = [
        customer if name == "customer_id" or "enum" not in kinds[name] else 1 for name in named
    ]
    names, marks = ", ".join(f"`{name}`" for name in named), ", ".join("%s" for _ in named)
    store.rows(f"INSERT IGNORE INTO {{own}}{table} ({names}) VALUES ({marks})", *values)


def _kept_of(store: SmallStore) -> dict[str, list[int]]:
    """Whose rows each table of ours has."""
    return {
        name: [
            row["id"]
            for row in store.rows(
                f"SELECT DISTINCT customer_id AS id FROM {{own}}{name} ORDER BY 1"
            )
        ]
        for name in OF_CUSTOMERS
    }
