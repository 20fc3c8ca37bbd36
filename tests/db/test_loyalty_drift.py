"""Where the store's own rows and the ledger differ is found, told and mended."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.model import Scope
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty.drift import Drift, DriftFinder
from support import small_store
from support.empty_store import empty_store
from support.given import Given, Line
from support.ledger_audit import hold
from support.rows import Value
from support.small_store import SmallStore

PROGRAM = '[loyalty]\nstart = "2026-01-01"\n'


@pytest.fixture
def ann(store: SmallStore) -> int:
    """A customer with 600 points of an order."""
    store.named_rules({}, PROGRAM)
    ann = store.given.customer()
    store.given.order(ann, "60", lines=[Line(product=40, price="60")], days_ago=1)
    store.process(ann)
    hold(store)
    return ann


@pytest.fixture
def myisam(mariadb: PrivateServer, tmp_path: Path) -> Iterator[SmallStore]:
    """A small store of OpenCart 3, whose tables are MyISAM."""
    with (
        empty_store(mariadb, "myisam_drift", "3.0") as database,
        contextlib.closing(mariadb.connect(database.name)) as writes,
    ):
        given = Given(writes, small_store.NOW)
        given.basics()
        yield from small_store.open_on(database, tmp_path, given)


def finder(store: SmallStore) -> DriftFinder:
    return DriftFinder(store.sidecar.shop, store.book(), store.moment)


def everybody(store: SmallStore) -> list[Drift]:
    return finder(store).find(Scope.span(1, 2**31 - 1))


def kinds(found: list[Drift]) -> list[tuple[str, int, int]]:
    return [(drift.kind, drift.amount, drift.wanted) for drift in found]


def execute(store: SmallStore, statement: str) -> None:
    """*statement* on the store's own rows."""
    store.given.execute(statement.replace("{rows}", f"`{store.given.prefix}customer_reward`"))


def mended(store: SmallStore) -> list[Drift]:
    """Everything is mended that can be; what is left."""
    return finder(store).mend(everybody(store))


def reconcile(store: SmallStore, *, fix: bool = False) -> Asked:
    sidecar = store.sidecar
    with transaction(sidecar.engine) as tx:
        asked_for = {"fix": fix}
        number = queue.ask(
            tx, sidecar.shop.own, "loyalty.reconcile", asked_for, "admin:eve", clock.now()
        )
    return Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers()).dispatch(number)


def test_nothing_is_said_of_a_store_that_agrees_with_its_ledger(
    store: SmallStore, ann: int
) -> None:
    store.given.reward(store.given.customer(), 5)
    store.given.customer()

    assert everybody(store) == []
    assert reconcile(store).exit_code == 0


def test_what_just_happened_in_the_store_is_no_drift(store: SmallStore, ann: int) -> None:
    store.given.reward(ann, -50)

    assert everybody(store) == []
    hold(store)


def test_an_altered_row_of_ours_gets_its_amount_back(store: SmallStore, ann: int) -> None:
    execute(store, "UPDATE {rows} SET points = 6000 WHERE points = 600")
    found = everybody(store)
    assert kinds(found) == [("altered", 6_000, 600)]
    assert "was changed from 600 to 6,000" in found[0].text

    assert mended(store) == []

    hold(store)


def test_altered_rows_that_make_up_for_each_other_are_found(store: SmallStore, ann: int) -> None:
    store.given.order(ann, "60", lines=[Line(product=40, price="50")], days_ago=1)
    store.process(ann)
    execute(store, "UPDATE {rows} SET points = points + IF(points = 600, 7, -7)")

    assert kinds(everybody(store)) == [("altered", 607, 600), ("altered", 493, 500)]


def test_a_row_of_ours_without_an_amount_is_altered(store: SmallStore, ann: int) -> None:
    execute(store, "UPDATE {rows} SET points = 0")

    assert kinds(everybody(store)) == [("altered", 0, 600)]
    assert mended(store) == []
    hold(store)


def test_a_row_beside_a_rewarded_order_is_deleted_and_named(store: SmallStore, ann: int) -> None:
    (order,) = store.rows(f"SELECT order_id FROM {store.given.prefix}order")
    row = store.given.insert(
        "customer_reward",
        {"description": f"Order ID: #{order['order_id']}"},
        customer_id=ann,
        order_id=order["order_id"],
        points=99,
    )
    found = everybody(store)
    assert kinds(found) == [("beside", 99, 0)]
    assert f"row {row}: others gave 99 for order {order['order_id']}" in found[0].text

    assert mended(store) == []

    hold(store)
    rows = store.rows(f"SELECT points FROM {store.given.prefix}customer_reward")
    assert rows == [{"points": 600}]


def test_a_row_that_was_not_written_is(store: SmallStore, ann: int) -> None:
    execute(store, "DELETE FROM {rows}")
    store.given.execute(
        f"UPDATE {store.given.prefix}sidecar_entry SET native_id = NULL WHERE written = 600"
    )
    store.given.execute(f"UPDATE {store.given.prefix}sidecar_account SET native_mark = 0")
    found = everybody(store)
    assert kinds(found) == [("missing", 0, 600)]
    assert found[0].text == f"the row of 600 is not written yet (entry {found[0].entry_id})"

    assert mended(store) == []

    hold(store)


def test_a_sum_that_no_row_explains_is_told_and_not_touched(store: SmallStore, ann: int) -> None:
    prefix = store.given.prefix
    store.given.execute(f"UPDATE {prefix}sidecar_entry SET written = 590")
    execute(store, "UPDATE {rows} SET points = 590")

    left = mended(store)

    assert kinds(left) == [("sum", 590, 600)]
    assert left[0].text == "the store's rows add up to 590, the ledger to 600"
    assert store.rows(f"SELECT points FROM {prefix}customer_reward") == [{"points": 590}]


@pytest.mark.parametrize(
    ("statement", "points", "wanted"),
    [
        ("UPDATE {own}lot SET remaining = 500", 500, 600),
        ("UPDATE {own}account SET pending = 5", 0, 5),
        ("UPDATE {own}entry SET shown = 590", 590, 600),
        ("UPDATE {own}entry SET amount = 590", 590, 600),
    ],
)
def test_a_ledger_that_does_not_add_up_is_told(
    store: SmallStore, ann: int, statement: str, points: int, wanted: int
) -> None:
    store.given.execute(statement.replace("{own}", f"{store.given.prefix}sidecar_"))

    assert ("ledger", points, wanted) in kinds(everybody(store))


def test_what_the_store_let_spend_twice_is_seen(store: SmallStore, ann: int) -> None:
    for _ in range(2):
        store.given.reward(ann, -600)
    store.process(ann)

    found = everybody(store)

    assert kinds(found) == [("negative", -600, 0)]
    (last,) = store.rows("SELECT MAX(customer_reward_id) AS n FROM oc_customer_reward")
    assert found[0].text == f"-600: row {last['n']} of the store spent more than there was"
    done = reconcile(store)
    assert (done.exit_code, done.answer["drift"]) == (0, 0)
    assert done.answer["kinds"] == {"negative": 1}


def test_what_was_spent_before_it_was_taken_back_is_another_thing(
    store: SmallStore, ann: int
) -> None:
    store.given.reward(ann, -600)
    store.process(ann)
    store.given.execute(f"UPDATE {store.given.prefix}order SET order_status_id = 1, total = 61")
    store.process(ann)

    (found,) = everybody(store)

    assert found.text == "-600: more was taken back, or deducted, than there was"


def test_a_row_of_ours_that_the_store_removed_is_seen(store: SmallStore, ann: int) -> None:
    execute(store, "DELETE FROM {rows}")

    found = everybody(store)

    assert kinds(found) == [("removed", 0, 600)]
    hold(store)
    assert mended(store) == found
    assert reconcile(store).exit_code == 0
    # As if a person had given it back.
    store.given.execute(f"UPDATE {store.given.prefix}sidecar_cause SET overruled = 0")
    assert everybody(store) == []


def test_only_who_differs_is_named(store: SmallStore, ann: int) -> None:
    others = [store.given.customer() for _ in range(60)]
    for other in others:
        store.given.order(other, "10", lines=[Line(product=40, price="10")], days_ago=1)
    store.full_pass()
    execute(store, f"UPDATE {{rows}} SET points = 1 WHERE customer_id IN ({others[3]}, {ann})")

    assert [drift.customer_id for drift in everybody(store)] == [ann, others[3]]


def test_the_command_counts_tells_and_mends(store: SmallStore, ann: int) -> None:
    execute(store, "UPDATE {rows} SET points = 6000")

    seen = reconcile(store)
    fixed = reconcile(store, fix=True)
    again = reconcile(store)

    assert (seen.state, seen.exit_code, seen.answer["drift"], seen.answer["mended"]) == (
        "done", 1, 1, 0,
    )  # fmt: skip
    assert seen.answer["found"][0]["mended"] is False
    assert (fixed.exit_code, fixed.answer["drift"], fixed.answer["mended"]) == (0, 1, 1)
    assert fixed.answer["found"][0]["mended"] is True
    assert (again.exit_code, again.answer["drift"]) == (0, 0)
    hold(store)


def test_what_cannot_be_mended_is_left_with_an_exit_code(store: SmallStore, ann: int) -> None:
    store.given.execute(f"UPDATE {store.given.prefix}sidecar_lot SET remaining = 500")

    done = reconcile(store, fix=True)

    assert (done.exit_code, done.answer["mended"]) == (1, 0)


def test_a_row_that_somebody_changes_meanwhile_is_left_alone(store: SmallStore, ann: int) -> None:
    execute(store, "UPDATE {rows} SET points = 6000")
    found = everybody(store)
    execute(store, "UPDATE {rows} SET points = 7000")

    left = finder(store).mend(found)

    assert kinds(left) == [("altered", 7_000, 600)]


def test_while_paused_nothing_is_compared(store: SmallStore, ann: int) -> None:
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, store.sidecar.shop.own, "cli:eve", None, store.moment)

    done = reconcile(store, fix=True)

    assert (done.state, done.exit_code) == ("failed", 75)
    assert "`sidecar resume`" in (done.error or "")


@pytest.mark.both_kinds
def test_on_myisam_everything_is_found_and_mended_too(myisam: SmallStore) -> None:
    myisam.named_rules({}, PROGRAM)
    ann, bob, cat = (myisam.given.customer() for _ in range(3))
    orders = [
        myisam.given.order(who, "60", lines=[Line(product=40, price="60")], days_ago=1)
        for who in (ann, bob, cat)
    ]
    myisam.process(ann, bob, cat)
    hold(myisam)
    execute(myisam, f"UPDATE {{rows}} SET points = 1 WHERE customer_id = {ann}")
    row: dict[str, Value] = {"description": "", "points": 9, "order_id": orders[1]}
    myisam.given.insert("customer_reward", row, customer_id=bob)
    execute(myisam, f"DELETE FROM {{rows}} WHERE customer_id = {cat}")
    prefix = myisam.given.prefix
    of_cat = f"customer_id = {cat}"
    myisam.given.execute(f"UPDATE {prefix}sidecar_entry SET native_id = NULL WHERE {of_cat}")
    myisam.given.execute(f"UPDATE {prefix}sidecar_account SET native_mark = 0 WHERE {of_cat}")

    found = everybody(myisam)

    assert kinds(found) == [("altered", 1, 600), ("beside", 9, 0), ("missing", 0, 600)]
    assert finder(myisam).mend(found) == []
    hold(myisam)


def test_points_that_expired_since_are_no_drift(store: SmallStore, ann: int) -> None:
    store.now += datetime.timedelta(days=400)

    assert everybody(store) == []
    hold(store)
