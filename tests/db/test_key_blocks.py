"""Stores on MyISAM are read in blocks of keys: small ones, and the same as at once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Connection, Engine, Select, select, text

from db.test_reader import every_column
from sidecar.app import Sidecar
from sidecar.config import Config, Rules
from sidecar.config import Shop as ShopSettings
from sidecar.errors import SchemaChangedError
from sidecar.model import Moment, Scope
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop import key_blocks
from sidecar.shop.database import connect, transaction
from sidecar.shop.indexes import add_index, drop_index, missing_indexes, present_indexes
from sidecar.shop.key_blocks import KeyBlocks, Pace, read_key_blocks
from sidecar.shop.shop import Shop, open_shop
from sidecar.shop.tables import store_tables
from sidecar.sync import rfm_limits
from sidecar.sync.facts.load import load
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval
from sidecar.sync.reading import Reading
from sidecar.sync.sources.checksum import Progress, RollingChecksum
from sidecar.sync.sources.watched import BLOCK
from support.planted_store import MADE_UP_STORE, PlantedStore, planted_store

#: Rows of a block in these tests; an order has a few lines, an address a zone and a country.
ROWS, EXAMINED = 100, 1_500

CUSTOMERS, ORDERS = 2_000, 6_000

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)

RULES = """
[[tag]]
name = "everything"
when = '''
orders >= 2 and bought(category = "Living") >= 1 or shared_ips >= 1 or failed_logins >= 1
or returns >= 1 or reviews >= 1 or notes >= 1 or searches >= 1 or coupons >= 1
or wishlist_items >= 1 or cart_items >= 1 or country = "DE" or points >= 10 or credit >= 1
or affiliate or rfm_group = "champions" or products has "Aster Lamp 1" or zone = "BE"
'''
"""


def set_blocks(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Every block has so many rows, however long they take."""
    monkeypatch.setattr(Pace, "took", lambda *_: None)
    monkeypatch.setattr(key_blocks, "FEWEST_ROWS", rows)


def set_indexes(engine: Engine, prefix: str, *, wanted: bool) -> None:
    if wanted:
        for missing in missing_indexes(engine, prefix):
            add_index(engine, prefix, missing)
    else:
        for present in present_indexes(engine, prefix):
            drop_index(engine, prefix, present)


# -- the same ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted(
    mariadb: PrivateServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlantedStore]:
    folder = tmp_path_factory.mktemp("blocks")
    variant = dataclasses.replace(MADE_UP_STORE, guest_orders="by_email")
    with planted_store(mariadb, None, variant, folder.name, folder) as store:
        tables = store.sidecar.shop.tables.metadata.sorted_tables
        with store.connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = ''")
            for table in tables:
                cursor.execute(f"ALTER TABLE `{table.name}` ENGINE = MyISAM")
        yield store


def everything(store: PlantedStore, shop: Shop, scope: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every column of the customers of *scope*, and what they bought."""
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, scope, store.moment, store.limits())
        loaded = load(reading, every_column(store), store.words()[0])
    assert loaded.purchases is not None
    return loaded.frame, loaded.purchases.pairs.sort("customer_id", "product_id")


@pytest.mark.parametrize("indexed", [True, False])
def test_blocks_give_the_facts_that_one_statement_gives(
    planted: PlantedStore, monkeypatch: pytest.MonkeyPatch, *, indexed: bool
) -> None:
    shop = planted.sidecar.shop
    set_indexes(shop.engine, shop.prefix, wanted=indexed)
    with transaction(shop.engine) as tx:
        blocks = read_key_blocks(tx, str(shop.engine.url.database), shop.tables)
    # Without connectorx, which would connect for each of many blocks.
    in_blocks = dataclasses.replace(shop, key_blocks=blocks, bulk=None)
    at_once = dataclasses.replace(shop, key_blocks=KeyBlocks(), bulk=None)
    whole = Scope.span(1, 2**31 - 1)
    ids = everything(planted, at_once, whole)[0]["customer_id"]
    set_blocks(monkeypatch, 37)

    for scope in (whole, Scope.span(100, 200), Scope.of(ids[::3]), Scope.of(ids[5:15])):
        found = everything(planted, in_blocks, scope)
        for one, other in zip(found, everything(planted, at_once, scope), strict=True):
            assert_frame_equal(one, other)


def test_tables_of_innodb_are_read_at_once(mariadb: PrivateServer, database: str) -> None:
    engine = connect(mariadb.settings(database))
    tables = store_tables("oc_", "4.1")
    tables.metadata.create_all(engine)
    with transaction(engine) as tx:
        blocks = read_key_blocks(tx, database, tables)
        query, key = select(tables.customer.c.email), tables.customer.c.customer_id
        parts = list(blocks.each(tx, query, key, Scope.span(1, 9), str))
    engine.dispose()

    assert not blocks.locked
    assert parts == [str(query.where(key.between(1, 9)))]


# -- small ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow_log(
    server_with: Callable[..., AbstractContextManager[PrivateServer]],
) -> Iterator[PrivateServer]:
    """A server that writes down of every statement how many rows it read."""
    options = {"slow-query-log": 1, "long-query-time": 0, "log-output": "TABLE"}
    with server_with(binlog=False, extra_options=options) as server:
        yield server


@pytest.fixture(scope="module")
def myisam(slow_log: PrivateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """On an OpenCart 3 of some thousand customers."""
    slow_log.execute("CREATE DATABASE myisam CHARACTER SET utf8mb4")
    settings, folder = slow_log.settings("myisam"), tmp_path_factory.mktemp("rules")
    engine = connect(settings)
    create_store(engine, "oc_", "3.0")
    generate(engine, "oc_", customers=CUSTOMERS, orders=ORDERS, seed=3, now=NOW, generation="3.0")
    (folder / "a.toml").write_text(RULES, "utf-8")
    config = Config(
        database=settings,
        file=folder / "config.toml",
        shop=ShopSettings(guest_orders="by_email", refunded_return_statuses=("Complete",)),
        rules=Rules(directory=folder),
    )
    found = Sidecar(config, engine, open_shop(engine, config))
    found.migrate()
    yield found
    engine.dispose()


@contextlib.contextmanager
def nothing_large(engine: Engine, examined: int = EXAMINED) -> Iterator[None]:
    """No statement within reads many rows of a table that is locked as a whole."""
    with engine.begin() as tx:
        tx.execute(text("TRUNCATE mysql.slow_log"))
    yield
    with engine.begin() as tx:
        rows = tx.execute(
            text(
                "SELECT CONVERT(sql_text USING utf8mb4) AS said, rows_examined AS number"
                " FROM mysql.slow_log WHERE db = DATABASE()"
            )
        ).all()
    of_store = [row for row in rows if re.search(r"FROM `?oc_(?!sidecar_|cart\b)", row.said)]
    large = [(row.number, row.said[:2_000]) for row in of_store if row.number > examined]
    assert len(of_store) > 50
    assert not large


@pytest.mark.mariadb_only("the slow log is a table there")
@pytest.mark.parametrize("indexed", [True, False])
def test_no_statement_of_a_full_pass_reads_more_than_a_block_of_a_locked_table(
    myisam: Sidecar, monkeypatch: pytest.MonkeyPatch, *, indexed: bool
) -> None:
    set_indexes(myisam.engine, "oc_", wanted=indexed)
    shop = dataclasses.replace(open_shop(myisam.engine, myisam.config), bulk=None)
    set_blocks(monkeypatch, ROWS)
    monkeypatch.setattr("sidecar.sync.ranges._A_STEP", 1_000)
    moment = Moment(NOW, shop.settings.zone)

    with nothing_large(myisam.engine):
        sidecar = Sidecar(myisam.config, myisam.engine, shop)
        book = sidecar.rulebook(sidecar.check_rules(), moment)
        approval = Approval(actor="cli:ann", everything=True)
        outcome = FullPass(
            shop=shop, book=book, moment=moment, cap=0, approval=approval, size=700
        ).carry_out()

    assert outcome.outcome.customers == CUSTOMERS
    assert rfm_limits.newest_day(shop) is not None


@pytest.mark.mariadb_only("the slow log is a table there")
def test_no_statement_of_who_matches_or_of_an_email_reads_more(
    myisam: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_indexes(myisam.engine, "oc_", wanted=True)
    set_blocks(monkeypatch, ROWS)
    monkeypatch.setattr("sidecar.sync.ranges._A_STEP", 1_000)
    shop = dataclasses.replace(open_shop(myisam.engine, myisam.config), bulk=None)
    sidecar = Sidecar(myisam.config, myisam.engine, shop)
    with transaction(myisam.engine) as tx:
        email = str(tx.scalar(text("SELECT email FROM oc_customer WHERE customer_id = 1999")))

    with nothing_large(myisam.engine):
        assert len(list(sidecar.view.customers(f'email = "{email}"'))) >= 1
        assert len(list(sidecar.view.customers("orders >= 1", limit=3))) == 3


@pytest.mark.mariadb_only("the slow log is a table there")
def test_no_statement_of_a_round_of_the_checksum_reads_more_than_its_own_block(
    myisam: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_blocks(monkeypatch, ROWS)
    shop = open_shop(myisam.engine, myisam.config)
    checksum, progress = RollingChecksum(shop), Progress()

    # Grouping counts each row a few times.
    with nothing_large(myisam.engine, 6 * BLOCK), transaction(myisam.engine) as tx:
        found = checksum.look(tx, progress, int(NOW.timestamp()), 600)

    assert found.everyone


# -- their size ------------------------------------------------------------------------------


def test_a_block_shrinks_when_it_takes_long_and_grows_when_it_does_not() -> None:
    pace = Pace()

    pace.took(key_blocks.TARGET_S / 100)
    assert pace.rows == 2 * key_blocks.FEWEST_ROWS
    pace.took(key_blocks.TARGET_S * 2)
    assert pace.rows == key_blocks.FEWEST_ROWS
    for _ in range(20):
        pace.took(0.0)
    assert pace.rows == key_blocks.MOST_ROWS
    for _ in range(20):
        pace.took(10.0)
    assert pace.rows == key_blocks.FEWEST_ROWS


def test_what_was_left_of_a_table_does_not_make_blocks_grow() -> None:
    blocks = KeyBlocks()
    pace = blocks.pace("orders")

    blocks.timed(pace, lambda: None, is_whole=False)

    assert pace.rows == key_blocks.FEWEST_ROWS


def test_an_index_that_is_gone_is_a_changed_store(myisam: Sidecar) -> None:
    set_indexes(myisam.engine, "oc_", wanted=True)
    shop = open_shop(myisam.engine, myisam.config)
    set_indexes(myisam.engine, "oc_", wanted=False)
    order = shop.tables.order

    def rows(tx: Connection, part: Select[tuple[int]]) -> int:
        return len(tx.execute(part).all())

    with pytest.raises(SchemaChangedError), transaction(myisam.engine) as tx:
        list(
            shop.key_blocks.each(
                tx,
                select(order.c.order_id),
                order.c.customer_id,
                Scope.span(1, 99),
                lambda part: rows(tx, part),
            )
        )
