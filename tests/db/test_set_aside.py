"""Customers whose numbers do not fit are set aside; the others go on."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import config
from sidecar.app import Sidecar, open_sidecar
from sidecar.errors import DatabaseRefusedError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.tables import store_tables
from support.given import Given
from support.small_store import SmallStore

NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
LARGEST = "99999999999.9999"


@pytest.fixture
def given(mariadb: PrivateServer, database: str) -> Iterator[Given]:
    engine = connect(mariadb.settings(database))
    store_tables("oc_", "4.1").metadata.create_all(engine)
    engine.dispose()
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW)
        given.basics()
        yield given


@pytest.fixture
def sidecar(
    mariadb: PrivateServer, database: str, given: Given, tmp_path: Path
) -> Iterator[Sidecar]:
    rules = tmp_path / "rules.d"
    rules.mkdir()
    (rules / "rules.toml").write_text(
        '[[tag]]\nname = "buyer"\nwhen = "orders > 0 or credit > 0"\n'
        '[[tag]]\nname = "top"\nwhen = "top_percent <= 100"\n'
    )
    opened = open_sidecar(
        config.Config(
            file=tmp_path / "config.toml",
            database=mariadb.settings(database),
            shop=config.Shop(refunded_return_statuses=("#3",)),
            rules=config.Rules(directory=rules),
        )
    )
    opened.migrate()
    yield opened
    opened.engine.dispose()


def too_many_orders(given: Given, customer: int) -> None:
    rows = [{"total": LARGEST}] * 9_300
    given.insert_many(
        "order", rows, customer_id=customer, order_status_id=5, date_added="2026-01-01"
    )


def too_much_credit(given: Given, customer: int) -> None:
    given.insert_many("customer_transaction", [{"amount": LARGEST}] * 9_300, customer_id=customer)


def too_large_a_refund(given: Given, customer: int) -> None:
    order = given.order(customer, "1")
    given.line(order, 40, price=LARGEST)
    given.goods_return(customer, order, 40, 2**31 - 1, status=3)


@pytest.mark.parametrize("too_large", [too_many_orders, too_much_credit, too_large_a_refund])
def test_a_customer_whose_sums_do_not_fit_is_set_aside_and_the_others_go_on(
    sidecar: Sidecar, given: Given, too_large: Callable[[Given, int], None]
) -> None:
    customers = [given.customer() for _ in range(5)]
    for customer in customers:
        given.order(customer, "5")
    too_large(given, customers[2])

    outcome = sidecar.full_pass(sidecar.check_rules(), approved_by="cli:ann").outcome

    assert (outcome.customers, outcome.set_aside, outcome.tag_added) == (5, 1, 8)
    assert [customer for customer, _ in sidecar.view.set_aside(9)] == [customers[2]]
    others = [*customers[:2], *customers[3:]]
    assert [row["customer_id"] for row in sidecar.view.customers("orders > 0")] == others


# -- what cannot be written ------------------------------------------------------------------


@contextlib.contextmanager
def refused(store: SmallStore, *customers: int) -> Iterator[None]:
    """Our table refuses rows of *customers* as if a number did not fit."""
    wanted = ", ".join(map(str, customers))
    store.given.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON oc_sidecar_customer FOR EACH ROW"
        f" IF NEW.customer_id IN ({wanted}) THEN"
        " SIGNAL SQLSTATE '22003' SET MYSQL_ERRNO = 1264, MESSAGE_TEXT = 'planted'; END IF"
    )
    try:
        yield
    finally:
        store.given.execute("DROP TRIGGER refuse")


def set_aside(store: SmallStore) -> list[int]:
    return sorted(customer for customer, _ in store.sidecar.view.set_aside(100))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_whoever_cannot_be_written_is_set_aside_and_taken_back_later(
    store: SmallStore, size: int
) -> None:
    ids = [store.given.customer() for _ in range(7)]
    store.rules(quiet="orders = 0")

    with refused(store, ids[1], ids[6]):
        first = store.full_pass(size=size)
        assert set_aside(store) == [ids[1], ids[6]]
        second = store.full_pass(size=size)

    assert (first.customers, first.changed, first.set_aside) == (7, 5, 2)
    assert (second.customers, second.changed, second.set_aside) == (7, 0, 2)
    assert store.who("quiet") == [ids[0], *ids[2:6]]
    assert store.last_run()["set_aside"] == 2
    assert [row["times"] for row in store.rows("SELECT times FROM `{own}set_aside`")] == [2, 2]
    store.verify()

    third = store.full_pass(size=size)

    assert (third.customers, third.changed, third.set_aside) == (7, 2, 0)
    assert set_aside(store) == []
    assert store.who("quiet") == ids
    store.verify()


def test_of_a_range_with_one_customer_it_is_the_customer_who_is_set_aside(
    store: SmallStore,
) -> None:
    ann = store.given.customer(customer_id=57)

    with refused(store, ann):
        outcome = store.full_pass()

    assert set_aside(store) == [ann]
    assert outcome.set_aside == 1


def test_the_reason_names_what_does_not_fit_and_no_data(store: SmallStore) -> None:
    ann = store.given.customer("secret@example.com")

    with refused(store, ann):
        store.process(ann)

    ((customer, reason),) = store.sidecar.view.set_aside(5)
    assert customer == ann
    assert reason == "a number is out of range (error 1264)"


def test_looking_at_one_customer_sets_aside_nobody_else(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(3)]
    store.rules(quiet="orders = 0")

    with refused(store, *ids):
        outcome = store.process(ids[1])

    assert (outcome.customers, outcome.set_aside) == (1, 1)
    assert set_aside(store) == [ids[1]]
    store.process(ids[1])
    assert set_aside(store) == []
    assert store.who("quiet") == [ids[1]]


def test_a_tag_by_hand_is_not_half_written(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()

    with refused(store, ann):
        outcome = store.tagging().add("friend", [ann, bob], None, None)

    assert outcome.set_aside == 1
    assert store.who("friend") == [bob]
    assert {row[0] for row in store.standing().assertions} == {bob}
    store.verify()


def test_who_was_set_aside_and_then_deleted_is_listed_no_longer(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    with refused(store, ann):
        store.full_pass()
    store.given.delete("customer", customer_id=ann)

    store.full_pass()

    assert set_aside(store) == []
    assert set(store.standing().facts) == {bob}


def test_a_plan_counts_who_would_be_set_aside(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(3)]
    too_much_credit(store.given, ids[1])
    store.rules(rich="credit > 0", quiet="orders = 0")

    planned = store.sidecar.plan(store.sidecar.check_rules()).outcome

    assert (planned.customers, planned.changed, planned.set_aside) == (3, 2, 1)
    assert set_aside(store) == []
    done = store.full_pass()
    assert planned == done


def test_a_refusal_that_is_no_customers_fault_ends_the_pass(store: SmallStore) -> None:
    store.given.customer()
    store.given.execute("RENAME TABLE oc_sidecar_audit TO oc_hidden")
    store.rules(quiet="orders = 0")
    try:
        with pytest.raises(DatabaseRefusedError):
            store.full_pass()
    finally:
        store.given.execute("RENAME TABLE oc_hidden TO oc_sidecar_audit")

    assert store.standing().facts == {}
    assert store.last_run()["state"] == "failed"
