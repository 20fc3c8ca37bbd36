"""What others did to the store's rows of points that a person should look at, as findings."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.loyalty import native_findings
from support.points import PENDING, look, order, program, used
from support.small_store import SmallStore


def findings(store: SmallStore) -> list[tuple[str, str]]:
    """Kind and subject of those that are open."""
    found: Any = store.sidecar.view.status()["findings"]
    return sorted((one["kind"], one["subject"]) for one in found)


def only_order(store: SmallStore) -> int:
    (found,) = store.rows(f"SELECT order_id FROM `{store.given.prefix}order`")
    return int(found["order_id"])


def execute(store: SmallStore, statement: str) -> None:
    store.given.execute(statement.replace("{p}", store.given.prefix))


def reconcile(store: SmallStore, *, fix: bool = False) -> None:
    sidecar = store.sidecar
    with transaction(sidecar.engine) as tx:
        own = sidecar.shop.own
        number = queue.ask(tx, own, "loyalty.reconcile", {"fix": fix}, "cli:eve", clock.now())
    Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers()).dispatch(number)


@pytest.fixture
def ann(store: SmallStore) -> int:
    """A customer with 600 points."""
    program(store)
    customer = store.given.customer()
    order(store, customer)
    look(store, customer)
    assert findings(store) == []
    return customer


def test_a_row_of_ours_that_is_changed_is_told_until_it_is_put_back(
    store: SmallStore, ann: int
) -> None:
    execute(store, "UPDATE {p}customer_reward SET points = 6000")

    store.process(ann)

    assert findings(store) == [("points.altered", f"customer {ann}")]
    reconcile(store, fix=True)
    assert findings(store) == []


def test_points_beside_a_rewarded_order_are_told_until_the_row_is_gone(
    store: SmallStore, ann: int
) -> None:
    row = {"customer_id": ann, "order_id": only_order(store), "points": 600}
    store.given.insert("customer_reward", {"description": "The button"}, **row)

    store.process(ann)

    assert findings(store) == [("points.beside", f"customer {ann}")]
    execute(store, "DELETE FROM {p}customer_reward WHERE description = 'The button'")
    look(store, ann)
    assert findings(store) == []


def test_points_that_two_browsers_spent_are_told_until_they_are_paid(
    store: SmallStore, ann: int
) -> None:
    for order_id in (77, 78):
        used(store, ann, 600, order_id)

    look(store, ann)
    look(store, ann)

    assert findings(store) == [("points.negative", f"customer {ann}")]
    order(store, ann, "60")
    look(store, ann)
    assert findings(store) == []


def test_who_owes_for_an_order_that_was_taken_back_is_no_finding(
    store: SmallStore, ann: int
) -> None:
    used(store, ann, 600)
    look(store, ann)
    store.given.update("order", {"order_id": only_order(store)}, order_status_id=PENDING)

    look(store, ann)

    assert findings(store) == []


def test_of_very_many_customers_only_the_first_are_listed(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_findings, "MOST", 3)
    program(store)
    many = [store.given.customer() for _ in range(7)]
    store.full_pass()
    for customer in many:
        used(store, customer, 5)

    store.full_pass()

    listed = [("points.negative", f"customer {one}") for one in many[:3]]
    assert findings(store) == [("points.negative", ""), *listed]
    for customer in many[:5]:
        store.given.reward(customer, 5)
    store.full_pass()
    # The others are not known by name; whoever compares everybody finds them.
    assert findings(store) == [("points.negative", "")]
    reconcile(store)
    assert findings(store) == [("points.negative", f"customer {one}") for one in many[5:]]


def test_of_a_customer_who_is_deleted_no_finding_is_left(store: SmallStore, ann: int) -> None:
    used(store, ann, 700)
    look(store, ann)
    assert findings(store) != []
    execute(store, "DELETE FROM {p}customer")

    store.full_pass()

    assert store.rows("SELECT * FROM {own}finding") == []


def test_an_account_that_can_be_kept_again_is_no_finding_any_more(
    store: SmallStore, ann: int
) -> None:
    row = {"customer_id": ann, "order_id": 0, "points": 2_000_000_000}
    numbers = [store.given.insert("customer_reward", {"description": ""}, **row) for _ in range(2)]
    look(store, ann)
    store.now = store.now.replace(year=2028)
    store.process(ann)
    assert findings(store) == [("loyalty.refused", f"customer {ann}")]
    execute(store, f"DELETE FROM {{p}}customer_reward WHERE customer_reward_id = {numbers[0]}")

    look(store, ann)

    assert findings(store) == []


def test_rows_that_the_store_deleted_and_are_written_again_are_logged(
    store: SmallStore, ann: int
) -> None:
    store.given.update("order", {"order_id": only_order(store)}, order_status_id=PENDING)
    look(store, ann)
    execute(store, "DELETE FROM {p}customer_reward WHERE points < 0")

    with capture_logs() as lines:
        look(store, ann)

    told = [line for line in lines if line["event"] == "points.rewritten"]
    assert told == [{"event": "points.rewritten", "log_level": "info", "unit": "points", "rows": 1}]
