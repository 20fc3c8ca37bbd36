"""What the store removes of store credit by faults of its own, and how the ledger holds on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.model import Scope
from sidecar.service.private_server import PrivateServer
from sidecar.shop.tables import store_tables
from sidecar.sync.loyalty.drift import DriftFinder
from support import small_store
from support.credit import available, issue, look, program, remove, row, rows
from support.database import engine_for
from support.given import Given
from support.ledger_audit import hold
from support.small_store import NOW, SmallStore

#: Of the store's own statuses.
COMPLETE, PROCESSING, CANCELLED = 5, 2, 7

OLD, NEW = ["3.0", "4.0"], ["4.1"]


@pytest.fixture(
    params=[
        pytest.param("3.0", marks=pytest.mark.both_kinds),
        pytest.param("4.0", marks=pytest.mark.both_kinds),
        "4.1",
    ]
)
def store(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[SmallStore]:
    """A store of each generation that keeps store credit."""
    settings = mariadb.settings(database)
    generation: Any = request.param
    with engine_for(settings) as engine, contextlib.closing(mariadb.connect(database)) as writes:
        store_tables(settings.prefix, generation).metadata.create_all(engine)
        given = Given(writes, NOW)
        given.basics()
        for found in small_store.open_on(settings, tmp_path, given):
            program(found)
            yield found


@pytest.fixture
def ann(store: SmallStore) -> int:
    ann = store.given.customer()
    look(store, ann)
    return ann


def is_old(store: SmallStore) -> bool:
    return store.sidecar.shop.capabilities.generation != "4.1"


def order(store: SmallStore, customer: int, *, affiliate: int = 0, status: int = COMPLETE) -> int:
    return store.given.order(customer, "30", status=status, affiliate_id=affiliate)


def status(store: SmallStore, order_id: int, status: int) -> None:
    store.given.update("order", {"order_id": order_id}, order_status_id=status)


def unconfirm(store: SmallStore, order_id: int, new: int = CANCELLED) -> None:
    """As the store does when it confirms an order no more."""
    table = f"{store.given.prefix}customer_transaction"
    only = "" if is_old(store) else " AND amount < 0"
    store.given.execute(f"DELETE FROM {table} WHERE order_id = {order_id}{only}")
    status(store, order_id, new)


def leave_complete(store: SmallStore, order_id: int, customer: int, new: int) -> None:
    """As 4.1 does when an affiliate's order is complete no more."""
    table = f"{store.given.prefix}customer_transaction"
    store.given.execute(
        f"DELETE FROM {table} WHERE order_id = {order_id} AND customer_id = {customer}"
    )
    status(store, order_id, new)


def restored(store: SmallStore, customer: int) -> list[str]:
    shop, book = store.sidecar.shop, store.book()
    found = DriftFinder(shop, book, store.moment, "credit").find(Scope.of([customer]))
    assert {drift.kind for drift in found} <= {"restored", "negative"}
    return [drift.text for drift in found if drift.kind == "restored"]


# -- what an order took is given back when it is confirmed no more -------------------------


def test_a_spend_of_an_order_that_is_cancelled_comes_back(store: SmallStore, ann: int) -> None:
    issue(store, ann, 50)
    order_id = order(store, ann)
    row(store, ann, "-30", order_id)
    look(store, ann)

    unconfirm(store, order_id)
    look(store, ann)

    assert (available(store, ann), rows(store, ann)) == (50_0000, [(0, "50.0000")])


def test_our_own_rows_are_never_removed_with_an_order(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    issue(store, ann, 30, "refund", order_id=order_id)

    unconfirm(store, order_id)
    leave_complete(store, order_id, ann, CANCELLED)
    look(store, ann)

    assert (available(store, ann), rows(store, ann)) == (30_0000, [(0, "30.0000")])


# -- before 4.1: what was given beside an order goes with it -------------------------------


def test_a_refund_that_others_gave_outlives_its_order(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    row(store, ann, "-10", order_id)
    row(store, ann, "25", order_id)
    look(store, ann)

    unconfirm(store, order_id)
    look(store, ann)
    look(store, ann)

    assert available(store, ann) == 25_0000
    assert rows(store, ann) == ([(0, "25.0000")] if is_old(store) else [(order_id, "25.0000")])
    told = f"a row of 25.00 for order {order_id} is written again: the store should not have"
    assert [text.startswith(told) for text in restored(store, ann)] == [True] * is_old(store)


def test_what_the_store_gives_again_is_not_given_twice(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    row(store, ann, "25", order_id)
    look(store, ann)
    unconfirm(store, order_id)
    look(store, ann)

    if is_old(store):
        status(store, order_id, COMPLETE)
        row(store, ann, "25", order_id)
    look(store, ann)

    assert available(store, ann) == 25_0000
    assert restored(store, ann) == []


def test_a_restored_row_that_a_person_removes_stays_removed(store: SmallStore, ann: int) -> None:
    order_id = order(store, ann)
    number = row(store, ann, "25", order_id)
    look(store, ann)
    remove(store, number)
    status(store, order_id, CANCELLED)
    look(store, ann)
    store.given.execute(f"DELETE FROM {store.given.prefix}customer_transaction")

    look(store, ann)
    look(store, ann)

    assert (available(store, ann), rows(store, ann)) == (0, [])


def test_a_commission_goes_with_its_order(store: SmallStore, ann: int) -> None:
    bob = store.given.customer()
    order_id = order(store, bob, affiliate=ann)
    number = row(store, ann, "3", order_id)
    look(store, ann, bob)

    remove(store, number)
    status(store, order_id, CANCELLED)
    look(store, ann, bob)

    assert (available(store, ann), rows(store, ann)) == (0, [])
    assert restored(store, ann) == []


# -- an affiliate's order: the buyer's rows go with the commission -------------------------


def test_a_spend_stays_spent_while_the_affiliates_order_is_confirmed(
    store: SmallStore, ann: int
) -> None:
    bob = store.given.customer()
    issue(store, ann, 50)
    order_id = order(store, ann, affiliate=bob)
    row(store, ann, "-30", order_id)
    look(store, ann)

    leave_complete(store, order_id, ann, PROCESSING)
    look(store, ann)
    look(store, ann)

    assert available(store, ann) == 20_0000
    assert rows(store, ann) == [(0, "50.0000"), (0, "-30.0000")]
    assert len(restored(store, ann)) == 1


def test_a_spend_that_was_restored_comes_back_when_its_order_is_cancelled(
    store: SmallStore, ann: int
) -> None:
    issue(store, ann, 50)
    order_id = order(store, ann, affiliate=99)
    row(store, ann, "-30", order_id)
    look(store, ann)
    leave_complete(store, order_id, ann, PROCESSING)
    look(store, ann)

    unconfirm(store, order_id)
    look(store, ann)

    assert available(store, ann) == 50_0000
    assert restored(store, ann) == []


def test_an_order_that_is_confirmed_anew_takes_its_spend_once(store: SmallStore, ann: int) -> None:
    issue(store, ann, 50)
    order_id = order(store, ann, affiliate=99)
    row(store, ann, "-30", order_id)
    look(store, ann)
    leave_complete(store, order_id, ann, PROCESSING)
    look(store, ann)

    unconfirm(store, order_id)
    status(store, order_id, PROCESSING)
    row(store, ann, "-30", order_id)
    look(store, ann)

    assert available(store, ann) == 20_0000
    assert restored(store, ann) == []


def test_what_was_given_for_an_affiliates_order_outlives_it_in_every_generation(
    store: SmallStore, ann: int
) -> None:
    order_id = order(store, ann, affiliate=99)
    row(store, ann, "25", order_id)
    look(store, ann)

    leave_complete(store, order_id, ann, CANCELLED)
    look(store, ann)

    assert (available(store, ann), rows(store, ann)) == (25_0000, [(0, "25.0000")])


# -- double spends -------------------------------------------------------------------------


def test_a_double_spend_is_owed_and_named_until_it_is_paid(store: SmallStore, ann: int) -> None:
    issue(store, ann, 30)
    row(store, ann, "-30", 901)
    late = row(store, ann, "-30", 902)
    look(store, ann)

    finder = DriftFinder(store.sidecar.shop, store.book(), store.moment, "credit")
    (drift,) = finder.find(Scope.of([ann]))

    assert (drift.kind, drift.amount) == ("negative", -30_0000)
    assert drift.text == f"-30.00: row {late} of the store spent more than there was"
    issue(store, ann, 40)
    assert available(store, ann) == 10_0000
    assert finder.find(Scope.of([ann])) == []
    hold(store)
