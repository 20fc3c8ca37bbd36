"""Polling over every schema there is, with what real stores hold, and over random changes."""

from __future__ import annotations

import contextlib
import datetime
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pymysql
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from sidecar.config import Config, Secret
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect
from sidecar.shop.shop import Shop, open_shop
from sidecar.sync.sources import watched
from sidecar.sync.sources.source import Doorbell
from support import small_store
from support.given import Given, Line
from support.planting import plant
from support.polled import AFTER_S, Polled
from support.random_store import a_few
from support.small_store import SmallStore

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")


def reader_of(mariadb: PrivateServer, database: str) -> Shop:
    """The store as an account sees it that may only SELECT the store's tables."""
    root = mariadb.settings(database)
    engine = connect(root)
    migrate.migrate(engine, "oc_")
    engine.dispose()
    account = f"reader_{database}"
    mariadb.execute(
        f"CREATE USER '{account}'@'localhost' IDENTIFIED BY 'secret'",
        f"GRANT SELECT ON `{database}`.* TO '{account}'@'localhost'",
        f"GRANT ALL ON `{database}`.`oc_sidecar_source` TO '{account}'@'localhost'",
        f"GRANT ALL ON `{database}`.`oc_sidecar_block` TO '{account}'@'localhost'",
    )
    settings = msgspec.structs.replace(root, user=account, password=Secret("secret"))
    return open_shop(connect(settings), Config(file=Path("/config.toml"), database=settings))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_store_full_of_oddities_is_followed(
    mariadb: PrivateServer, clone_store: Callable[[str], str], version: str
) -> None:
    database = clone_store(version)
    with contextlib.closing(mariadb.connect(database)) as connection:
        plant(connection, "oc_", version, KYIV, NOW)
        given = Given(connection, NOW, KYIV)
        shop = reader_of(mariadb, database)
        try:
            polled = Polled(shop).settled()
            for change in (
                lambda who: given.update("customer", {"customer_id": who}, lastname="\\'#,ä💥"),
                lambda who: given.update("customer", {"customer_id": who}, lastname=""),
                lambda who: given.address(who, city="Zürich, 'x'"),
                lambda who: given.order(who, "1", at="0000-00-00 00:00:00", lines=[Line(1)]),
                lambda who: given.goods_return(who, at="0000-00-00 00:00:00"),
                lambda who: given.cart(who, 1),
                lambda who: given.wish(who, 30),
                given.approval,
                given.note,
                lambda who: given.delete("customer", customer_id=who),
            ):
                ann = given.customer()
                assert polled.tick().ids == {ann}
                change(ann)
                assert polled.tick().ids == {ann}
                assert polled.tick().ids == frozenset()
        finally:
            shop.engine.dispose()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_watched_table_has_a_baseline_in_every_version(
    mariadb: PrivateServer, clone_store: Callable[[str], str], version: str
) -> None:
    database = clone_store(version)
    shop = reader_of(mariadb, database)
    try:
        Polled(shop).settled()
        with contextlib.closing(mariadb.connect(database)) as connection:
            given = Given(connection, NOW)
            said = str(given.value("SELECT position FROM oc_sidecar_source"))
        baselines = msgspec.json.decode(said)["checksum"]["baselines"]
    finally:
        shop.engine.dispose()

    assert baselines.keys() == {table.name for table in watched.changed(shop)}


# -- random changes ------------------------------------------------------------------------

_TABLES = {
    "customer": "customer_id",
    "address": "address_id",
    "order": "order_id",
    "order_product": "order_product_id",
    "customer_reward": "customer_reward_id",
    "return": "return_id",
    "cart": "cart_id",
}
_CHANGING = {
    "customer": "lastname",
    "address": "city",
    "order": "total",
    "order_product": "quantity",
    "customer_reward": "points",
    "return": "quantity",
    "cart": "quantity",
}


def _rows_of(given: Given, customer: int) -> dict[str, object]:
    """Everything there is of *customer*, as a daemon that looks now would see it."""
    given.connection.commit()
    found: dict[str, object] = {
        table: given._rows(f"SELECT * FROM oc_{table} WHERE customer_id = {customer} ORDER BY 1")
        for table in _TABLES
        if table != "order_product"
    }
    found["order_product"] = given._rows(
        "SELECT line.* FROM oc_order JOIN oc_order_product line USING (order_id)"
        f" WHERE customer_id = {customer} ORDER BY 1"
    )
    return found


def _write(given: Given, chance: random.Random, customers: list[int]) -> None:
    """Write, change, move or delete a row."""
    who = chance.choice(customers)
    kind = chance.choice(["insert", "insert", "change", "move", "delete"])
    table = chance.choice(sorted(_TABLES))
    if kind == "insert":
        inserts: dict[str, Callable[[], object]] = {
            "address": lambda: given.address(who),
            "order": lambda: given.order(who, chance.randint(1, 99), lines=[Line(1)]),
            "customer_reward": lambda: given.reward(who, chance.randint(-9, 9)),
            "return": lambda: given.goods_return(who),
            "cart": lambda: given.cart(who, 1),
        }
        chance.choice(list(inserts.values()))()
        return
    keys = given._rows(f"SELECT {_TABLES[table]} FROM oc_{table} ORDER BY 1")
    if not keys:
        return
    where = {_TABLES[table]: int(str(chance.choice(keys)[0]))}
    if kind == "delete" and table != "customer":
        given.delete(table, **where)
    elif kind == "move" and table not in ("customer", "order_product"):
        given.update(table, where, customer_id=who)
    else:
        given.update(table, where, **{_CHANGING[table]: chance.randint(10, 9999)})


@a_few
@examples(seed=st.integers(0, 10_000))
def test_whatever_several_connections_write_is_seen_in_the_end(
    store: SmallStore, mariadb: PrivateServer, seed: int
) -> None:
    chance = random.Random(seed)
    shop = store.sidecar.shop
    small_store.empty(shop.engine, shop.prefix)
    store.given.basics()
    customers = [store.given.customer(customer_id=n * 701) for n in range(1, 9)]
    polled = Polled(shop).settled()
    seen = {customer: _rows_of(store.given, customer) for customer in customers}

    def look(ids: Iterable[int]) -> None:
        seen.update({who: _rows_of(store.given, who) for who in ids})

    def answer(doorbell: Doorbell) -> None:
        look(doorbell.ids)
        polled.polling.again.looked_at(doorbell.ids)
        polled.note(doorbell)

    with contextlib.ExitStack() as stack:
        writers = []
        for _ in range(3):
            connection = mariadb.connect(shop.engine.url.database or "", autocommit=False)
            stack.callback(connection.close)
            with connection.cursor() as cursor:
                cursor.execute("SET innodb_lock_wait_timeout = 0")
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            writers.append(Given(connection, store.now))
        for _ in range(60):
            writer, step = chance.choice(writers), chance.randrange(10)
            if step < 6:
                with contextlib.suppress(pymysql.MySQLError):  # another holds the row
                    _write(writer, chance, customers)
            elif step < 8:
                writer.connection.commit()
            else:
                after_s, budget_s = chance.choice([1, AFTER_S]), chance.random() / 50
                doorbell = polled.ring(after_s=after_s, checksum_s=budget_s)
                if chance.random() < 0.7:
                    answer(doorbell)
                elif chance.random() < 0.5:
                    polled.start()
                    look(customers)  # as a daemon does when it begins
        for writer in writers:
            writer.connection.commit()
    # The rest of a round, and a whole one.
    for _ in range(3):
        answer(polled.ring())
        # What was written and taken back between two rounds rang, and nothing rings again.
        again = polled.polling.again.ring(polled.now_s)
        look(again.ids)
        with shop.engine.begin() as tx:
            polled.polling.again.note(tx, again)

    assert seen == {customer: _rows_of(store.given, customer) for customer in customers}
    assert polled.tick().ids == frozenset()
