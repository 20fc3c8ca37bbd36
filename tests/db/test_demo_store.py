"""The generator of the made-up store, against a real MariaDB."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Iterator
from typing import get_args

import pytest
from sqlalchemy import Engine, func, select, text

from sidecar.service.demo_store import create_store, generate, store
from sidecar.service.demo_store.reference import MANUFACTURERS
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.tables import Generation, StoreTables, store_tables
from sidecar.shop.versions import detect

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
TABLES = store_tables("shop_", "4.1")
#: Every table that holds made-up people.
PERSONAL = [table for table in TABLES.metadata.sorted_tables if "customer_id" in table.c]


@pytest.fixture
def engine(mariadb: PrivateServer, database: str) -> Iterator[Engine]:
    engine = connect(mariadb.settings(database))
    yield engine
    engine.dispose()


def made(engine: Engine, *, customers: int, orders: int, seed: int = 7) -> dict[str, str]:
    """The checksum of each table of a fresh store, by the table's name."""
    TABLES.metadata.drop_all(engine)
    create_store(engine, "shop_")
    generate(engine, "shop_", customers=customers, orders=orders, seed=seed, now=NOW)
    names = [table.name for table in TABLES.metadata.sorted_tables]
    with engine.connect() as tx:
        rows = tx.execute(text(f"CHECKSUM TABLE {', '.join(f'`{name}`' for name in names)}"))
        return {row[0].split(".")[1]: str(row[1]) for row in rows}


def test_the_same_seed_gives_the_same_rows_in_chunks_of_any_size(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(engine, customers=300, orders=1500)
    monkeypatch.setattr(store, "CHUNK", 97)
    monkeypatch.setattr(store, "INDEX_LATER", 1000)

    assert made(engine, customers=300, orders=1500) == whole


def test_another_seed_gives_another_store(engine: Engine) -> None:
    one = made(engine, customers=100, orders=500)
    other = made(engine, customers=100, orders=500, seed=8)

    assert one["shop_customer"] != other["shop_customer"]
    assert one["shop_order"] != other["shop_order"]
    assert one["shop_setting"] == other["shop_setting"]


@pytest.mark.parametrize(("customers", "orders"), [(1, 0), (1, 3), (2000, 10000)])
def test_there_are_as_many_customers_and_orders_as_asked_for(
    engine: Engine, customers: int, orders: int
) -> None:
    made(engine, customers=customers, orders=orders)

    with engine.connect() as tx:
        assert tx.scalar(select(func.count()).select_from(TABLES.customer)) == customers
        assert tx.scalar(select(func.count()).select_from(TABLES.order)) == orders


@pytest.fixture
def large(engine: Engine) -> Engine:
    made(engine, customers=2000, orders=10000)
    return engine


def test_every_kind_of_row_is_there(large: Engine) -> None:
    with large.connect() as tx:
        for table in TABLES.metadata.sorted_tables:
            assert tx.scalar(select(func.count()).select_from(table)), f"{table.name} is empty"


def test_every_manufacturer_makes_something_and_some_goods_have_none(large: Engine) -> None:
    with large.connect() as tx:
        makers = set(tx.scalars(select(TABLES.product.c.manufacturer_id)))

    assert makers == {0, *range(1, len(MANUFACTURERS) + 1)}


def test_order_statuses_are_mixed_and_all_known(large: Engine) -> None:
    order, status = TABLES.order, TABLES.order_status
    with large.connect() as tx:
        known = set(tx.scalars(select(status.c.order_status_id)))
        statuses = select(order.c.order_status_id)
        counts = collections.Counter(tx.scalars(statuses))

    assert set(counts) - {0} <= known
    assert {0, 1, 2, 3, 5, 7, 11} <= set(counts)
    assert 0.6 < counts[5] / 10000 < 0.85


def test_more_than_half_of_the_customers_have_orders_and_some_many(large: Engine) -> None:
    order = TABLES.order
    with large.connect() as tx:
        counts = sorted(
            tx.scalars(
                select(func.count()).where(order.c.customer_id > 0).group_by(order.c.customer_id)
            )
        )

    assert 0.5 < len(counts) / 2000 < 0.7
    assert counts[0] == 1
    assert counts[-1] > 25


def test_nobody_orders_before_registering_and_nothing_is_in_the_future(large: Engine) -> None:
    order, customer = TABLES.order, TABLES.customer
    berlin = datetime.datetime(2026, 6, 1, 14)  # NOW there
    theirs = order.join(customer, order.c.customer_id == customer.c.customer_id)
    early = order.c.date_added < customer.c.date_added
    with large.connect() as tx:
        assert tx.scalar(select(func.count()).select_from(theirs).where(early)) == 0
        for table in PERSONAL:
            for column in (c for c in table.columns if c.name.startswith("date_")):
                assert (tx.scalar(select(func.max(column))) or berlin) <= berlin, column


def test_an_order_s_total_is_its_lines_and_shipping_or_negative(large: Engine) -> None:
    order, line = TABLES.order, TABLES.order_product
    goods = func.sum((line.c.price + line.c.tax) * line.c.quantity)
    with large.connect() as tx:
        shipping = tx.scalars(
            select(order.c.total - goods)
            .join_from(order, line, order.c.order_id == line.c.order_id)
            .group_by(order.c.order_id, order.c.total)
        ).all()
        credit = tx.scalars(select(order.c.total).where(order.c.total < 0)).all()

    assert {str(amount) for amount in shipping} == {"4.9000"}
    assert len(shipping) + len(credit) == 10000
    assert credit


def test_every_address_of_a_person_is_at_a_reserved_domain(large: Engine) -> None:
    with large.connect() as tx:
        for table in (TABLES.customer, TABLES.order, TABLES.customer_login):
            domain = func.substring_index(table.c.email, "@", -1)
            for name in tx.scalars(select(domain).distinct()):
                assert name.endswith((".example", ".test")) or name.startswith("example."), name


@pytest.mark.parametrize("generation", get_args(Generation))
def test_a_store_of_each_generation_is_recognised_as_such(
    engine: Engine, database: str, generation: Generation
) -> None:
    create_store(engine, "shop_", generation)
    generate(engine, "shop_", customers=50, orders=200, seed=1, now=NOW, generation=generation)
    tables: StoreTables = store_tables("shop_", generation)

    with engine.connect() as tx:
        assert detect(tx, database, "shop_").generation == generation
        assert tx.scalar(select(func.count()).select_from(tables.order)) == 200


def test_progress_ends_with_everything_done(engine: Engine) -> None:
    create_store(engine, "shop_")
    told: list[tuple[int, int]] = []
    generate(
        engine,
        "shop_",
        customers=50,
        orders=200,
        seed=1,
        now=NOW,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[0] == (0, 250)
    assert told[-1] == (250, 250)
