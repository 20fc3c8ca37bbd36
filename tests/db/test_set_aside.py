"""Customers whose numbers do not fit are set aside; the others go on."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import config
from sidecar.app import Sidecar, open_sidecar
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.tables import store_tables
from support.given import Given

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

    _, outcome = sidecar.full_pass(sidecar.check_rules())

    assert (outcome.customers, outcome.set_aside, outcome.tag_added) == (5, 1, 8)
    assert [customer for customer, _ in sidecar.set_aside(9)] == [customers[2]]
    others = [*customers[:2], *customers[3:]]
    assert [row["customer_id"] for row in sidecar.customers("orders > 0")] == others
