"""A program that says how many points a customer may owe: what goes beyond is forgiven."""

from __future__ import annotations

import pytest

from support.ledger_audit import hold
from support.points import COMPLETE, PENDING, account, look, order, program, used
from support.small_store import SmallStore


@pytest.fixture
def ann(store: SmallStore) -> int:
    """A customer who spent the 600 points of an order that was taken back."""
    program(store, "most_debt = 100\n")
    customer = store.given.customer()
    order(store, customer)
    look(store, customer)
    used(store, customer, 600)
    look(store, customer)
    status(store, PENDING)
    look(store, customer)
    return customer


def status(store: SmallStore, number: int) -> None:
    store.given.update("order", {"order_id": first_order(store)}, order_status_id=number)


def first_order(store: SmallStore) -> int:
    (found,) = store.rows(f"SELECT MIN(order_id) AS n FROM `{store.given.prefix}order`")
    return int(found["n"])


def waived(store: SmallStore) -> int:
    return int(store.rows("SELECT SUM(posted) AS n FROM {own}cause WHERE kind = 'waive'")[0]["n"])


def native(store: SmallStore) -> list[tuple[int, str]]:
    table = f"{store.given.prefix}customer_reward"
    rows = store.rows(f"SELECT points, description FROM `{table}` ORDER BY customer_reward_id")
    return [(row["points"], row["description"].rsplit(" [")[0]) for row in rows]


def test_debt_beyond_the_limit_is_forgiven_by_a_row_that_says_so(
    store: SmallStore, ann: int
) -> None:
    assert (account(store, ann)["available"], waived(store)) == (-100, 500)
    order_id = first_order(store)
    assert native(store) == [
        (600, f"Order #{order_id}"),
        (-600, "Used"),
        (-600, f"Order #{order_id}, taken back"),
        (500, "Debt waived"),
    ]
    entries = store.sidecar.loyalty_view.points(str(ann), 1)["entries"]
    (entry,) = entries if isinstance(entries, list) else []
    assert (entry["what"], entry["cause"], entry["points"]) == ("debt waived", "waive", 500)
    assert store.sidecar.loyalty_view.status()["owed"] == 100
    assert store.sidecar.loyalty_view.status()["issued"] == 0


def test_looking_again_forgives_nothing_more(store: SmallStore, ann: int) -> None:
    before = store.checksums()

    look(store, ann)
    store.full_pass()

    names = ("account", "cause", "lot", "entry", "move")
    after = store.checksums()
    assert [after[name] for name in names] == [before[name] for name in names]


def test_what_is_earned_later_is_the_customers_but_for_what_is_owed(
    store: SmallStore, ann: int
) -> None:
    order(store, ann, "30")

    look(store, ann)

    assert (account(store, ann)["available"], waived(store)) == (200, 500)


def test_an_order_that_is_complete_again_takes_the_forgiveness_back(
    store: SmallStore, ann: int
) -> None:
    status(store, COMPLETE)
    look(store, ann)
    assert (account(store, ann)["available"], waived(store)) == (0, 0)
    assert native(store)[-1] == (-500, "Debt waived, corrected")

    status(store, PENDING)
    look(store, ann)

    assert (account(store, ann)["available"], waived(store)) == (-100, 500)


def test_points_that_the_checkout_spent_twice_are_owed_whatever_the_limit(
    store: SmallStore,
) -> None:
    program(store, "most_debt = 100\n")
    customer = store.given.customer()
    look(store, customer)
    used(store, customer, 700)

    look(store, customer)

    assert account(store, customer)["available"] == -700


def test_who_removes_such_a_row_in_the_store_is_obeyed_for_good(
    store: SmallStore, ann: int
) -> None:
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer_reward` WHERE points = 500")

    look(store, ann)
    look(store, ann)

    assert (account(store, ann)["available"], waived(store)) == (-600, 0)
    status(store, COMPLETE)
    look(store, ann)
    assert account(store, ann)["available"] == 0


def test_a_limit_that_comes_later_holds_from_the_next_full_pass_on(store: SmallStore) -> None:
    program(store)
    customer = store.given.customer()
    order(store, customer)
    look(store, customer)
    used(store, customer, 600)
    status(store, PENDING)
    store.full_pass()
    assert account(store, customer)["available"] == -600
    program(store, "most_debt = 100\n")

    store.full_pass()

    hold(store)
    assert account(store, customer)["available"] == -100
