"""An order's points that somebody removed in the store, given back by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.errors import UsageError
from sidecar.sync.loyalty import restoring
from support.ledger_audit import hold
from support.points import PENDING, account, look, order, program, used
from support.small_store import SmallStore

THANKS = """
[[earn]]
name = "Thanks"
points = 100
"""


def remove(store: SmallStore, order_id: int) -> None:
    """As the button in the store's order form does."""
    table = f"{store.given.prefix}customer_reward"
    store.given.execute(f"DELETE FROM {table} WHERE order_id = {order_id} AND points > 0")


def restore(store: SmallStore, customer: int, order_id: int, command: int = 7) -> int:
    return restoring.restore(
        store.sidecar.shop,
        store.book(),
        customer,
        order_id,
        store.moment,
        actor="cli:eve",
        reason="wrong button",
        source_id=command,
    )


def entries(store: SmallStore, customer: int) -> list[Mapping[str, Any]]:
    found: Any = store.sidecar.loyalty_view.points(str(customer), 10)["entries"]
    return list(found)


@pytest.fixture
def ann(store: SmallStore) -> int:
    program(store, THANKS)
    return store.given.customer()


@pytest.fixture
def removed(store: SmallStore, ann: int) -> int:
    """Ann's order, whose 700 points somebody removed."""
    order_id = order(store, ann)
    look(store, ann)
    remove(store, order_id)
    look(store, ann)
    assert account(store, ann)["available"] == 0
    return order_id


def test_the_order_earns_again_what_its_rules_say_with_the_expiry_it_had(
    store: SmallStore, ann: int, removed: int
) -> None:
    expires = store.rows("SELECT expires_at FROM {own}lot")

    assert restore(store, ann, removed) == 700

    hold(store)
    assert account(store, ann)["available"] == 700
    assert store.rows("SELECT expires_at FROM {own}lot") == expires
    rows = f"SELECT SUM(points) AS n FROM {store.given.prefix}customer_reward WHERE order_id = %s"
    assert store.rows(rows, removed) == [{"n": 700}]


def test_who_did_it_and_why_is_shown(store: SmallStore, ann: int, removed: int) -> None:
    restore(store, ann, removed)

    (said,) = [one for one in entries(store, ann) if one["actor"]]

    assert (said["reason"], said["actor"]) == (
        f"order {removed} given back: wrong button",
        "cli:eve",
    )
    assert (said["points"], said["available"], said["what"]) == (0, 0, "by hand")


def test_it_is_done_once(store: SmallStore, ann: int, removed: int) -> None:
    restore(store, ann, removed)
    remove(store, removed)
    look(store, ann)

    assert restore(store, ann, removed) == 0  # the same command, tried again after a crash

    hold(store)
    assert account(store, ann)["available"] == 0
    assert restore(store, ann, removed, command=8) == 700


def test_what_happened_meanwhile_to_the_order_counts(
    store: SmallStore, ann: int, removed: int
) -> None:
    store.given.update("order", {"order_id": removed}, order_status_id=PENDING)

    assert restore(store, ann, removed) == 0

    hold(store)
    assert account(store, ann)["available"] == 0


def test_what_was_owed_for_it_is_paid_with_it(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    look(store, ann)
    used(store, ann, 500)
    remove(store, order_id)
    look(store, ann)
    assert account(store, ann)["available"] == -500

    restore(store, ann, order_id)

    hold(store)
    assert account(store, ann)["available"] == 200


def test_an_order_of_which_nothing_was_removed_is_refused(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    look(store, ann)

    for other in (order_id, order_id + 1):
        with pytest.raises(UsageError, match=rf"nothing of what order {other} earned"):
            restore(store, ann, other)

    assert len(entries(store, ann)) == 2
