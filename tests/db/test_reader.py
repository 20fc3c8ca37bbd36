"""The two readers of rows."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy
from polars.testing import assert_frame_equal
from sqlalchemy import ColumnClause, Engine, String, column, literal_column, select
from structlog.testing import capture_logs

from sidecar import config
from sidecar.app import open_sidecar
from sidecar.errors import DatabaseError, DatabaseUnavailableError, SchemaChangedError
from sidecar.model import Scope
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.language.parser import parse
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.reader import BulkReader, as_text, read_rows
from sidecar.shop.shop import Shop
from sidecar.shop.tables import store_tables
from sidecar.sync.facts.load import load
from sidecar.sync.reading import Reading
from support.database import changed
from support.given import Given
from support.planted_store import MADE_UP_STORE, PlantedStore, planted_store

NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def _picky(mariadb: PrivateServer) -> Iterator[None]:
    """A server whose sessions are not like ours unless they say so."""
    mariadb.execute("SET GLOBAL sql_mode = 'ONLY_FULL_GROUP_BY,ALLOW_INVALID_DATES,ANSI_QUOTES'")
    yield
    mariadb.execute("SET GLOBAL sql_mode = DEFAULT")


@pytest.mark.usefixtures("_picky")
def test_both_readers_have_sessions_alike_whatever_the_server_prefers(
    mariadb: PrivateServer, database: str, engine: Engine
) -> None:
    session = literal_column("CONCAT(@@sql_mode, ' ', @@time_zone)", String)
    query = select(session.label("session"))
    schema = {"session": pl.String()}

    bulk = BulkReader(mariadb.settings(database), encrypted=False).read(query, schema)
    with transaction(engine) as tx:
        rows = read_rows(tx, query, schema)

    assert bulk.equals(rows)


@pytest.mark.usefixtures("_picky")
def test_guest_orders_are_read_in_bulk_also_from_a_picky_server(
    mariadb: PrivateServer, database: str, engine: Engine, tmp_path: Path
) -> None:
    store_tables("oc_", "4.1").metadata.create_all(engine)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW)
        given.basics()
        given.customer(email="Ann@Example.org")
    (tmp_path / "config.toml").write_text(
        f"""
[database]
socket = {json.dumps(str(mariadb.socket))}
user = {json.dumps(mariadb.user)}
password = {json.dumps(mariadb.password)}
name = {json.dumps(database)}

[shop]
guest_orders = "by_email"
"""
    )
    sidecar = open_sidecar(config.load(tmp_path / "config.toml", {}))

    assert [row["email"] for row in sidecar.view.customers("orders = 0")] == ["Ann@Example.org"]
    assert sidecar.shop.bulk is not None
    sidecar.engine.dispose()


# -- every fact ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted(
    mariadb: PrivateServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlantedStore]:
    """The made-up store with everything planted that breaks naive code; without our tables."""
    folder = tmp_path_factory.mktemp("readers")
    with planted_store(mariadb, None, MADE_UP_STORE, folder.name, folder) as store:
        yield store


def every_column(store: PlantedStore) -> list[Column]:
    """Each fact, some with filters, and sets as members."""
    dictionary, names = store.words()
    compiler = Compiler(
        dictionary.catalogue, names, {}, lambda _: pl.lit(False), lambda _: pl.lit(False)
    )
    for text in (
        *("orders(within = 90 days) > 0", "total_spent(total >= 20, until = today) > 0"),
        *('bought(category = "Garden") > 0', "average_order(from = 2025-01-01) > 0"),
        *('products has "Mallet" or categories has "Tools & <more>"', "manufacturers is missing"),
        *('cart_products has "Rake"', "wishlist_products is missing"),
        *("returns(within = 1 year) > 0", "reviews(within = 1 year) > 0"),
    ):
        compiler.condition(parse(text))
    plain = [Column(fact.name) for fact in dictionary.catalogue if fact.name != "tags"]
    return [*plain, *compiler.columns.values()]


def read_by(store: PlantedStore, shop: Shop) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every column of every customer, and what was bought."""
    dictionary, _ = store.words()
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, Scope.span(1, 2**31 - 1), store.moment, store.limits())
        loaded = load(reading, every_column(store), dictionary)
    assert loaded.purchases is not None
    return loaded.frame, loaded.purchases.pairs.sort("customer_id", "product_id")


def test_both_readers_give_equal_frames_of_every_fact(planted: PlantedStore) -> None:
    bulk = dataclasses.replace(planted.sidecar.shop)
    rows = dataclasses.replace(planted.sidecar.shop, bulk=None)

    by_bulk, by_rows = read_by(planted, bulk), read_by(planted, rows)

    assert bulk.bulk is not None  # it was not given up on the way
    for one, other in zip(by_bulk, by_rows, strict=True):
        assert one.schema == other.schema
        assert_frame_equal(one, other)
    assert by_bulk[0].height > 600


def test_few_customers_by_name_have_what_they_have_in_a_range(planted: PlantedStore) -> None:
    shop = planted.sidecar.shop
    whole, _ = read_by(planted, shop)
    limits = planted.limits()
    dictionary, _ = planted.words()
    for scope in (Scope.of(whole["customer_id"][::15]), Scope.of(whole["customer_id"][-50:])):
        with transaction(shop.engine) as tx:
            reading = Reading(shop, tx, scope, planted.moment, limits)
            few = load(reading, every_column(planted), dictionary).frame

        ids = pl.Series(scope.ids, dtype=pl.Int64).implode()
        assert_frame_equal(few, whole.filter(pl.col("customer_id").is_in(ids)))


def test_where_the_bulk_reader_fails_the_other_reads_on(
    planted: PlantedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = planted.sidecar.config.database
    reader = BulkReader(settings, encrypted=False)
    monkeypatch.setattr(reader, "_url", f"{reader._url}?nonsense=1")
    shop = dataclasses.replace(planted.sidecar.shop, bulk=reader)

    with capture_logs() as lines:
        frame, _ = read_by(planted, shop)

    assert shop.bulk is None
    assert_frame_equal(frame, read_by(planted, planted.sidecar.shop)[0])
    assert [line["event"] for line in lines] == ["bulk_reader.given_up"]
    assert settings.password.reveal() not in str(lines)


def test_a_table_that_is_missing_for_a_moment_does_not_end_the_bulk_reader(
    planted: PlantedStore, database: str
) -> None:
    # Another database is the store while it is upgraded: its tables are not there.
    elsewhere = changed(planted.sidecar.config.database, name=database)
    reader = BulkReader(elsewhere, encrypted=False)
    shop = dataclasses.replace(planted.sidecar.shop, bulk=reader)

    frame, _ = read_by(planted, shop)

    assert shop.bulk is reader
    assert_frame_equal(frame, read_by(planted, planted.sidecar.shop)[0])


@pytest.mark.parametrize(
    ("table", "kind"),
    [("missing", SchemaChangedError), ("zero_date", DatabaseUnavailableError)],
)
def test_whatever_the_bulk_reader_meets_is_an_error_of_ours(
    mariadb: PrivateServer, database: str, table: str, kind: type[DatabaseError]
) -> None:
    # At a zero date connectorx panics, which is no Exception.
    mariadb.execute(
        f"CREATE TABLE `{database}`.zero_date (at DATETIME)",
        f"SET STATEMENT sql_mode = '' FOR INSERT INTO `{database}`.zero_date VALUES (0)",
    )
    reader = BulkReader(mariadb.settings(database), encrypted=False)
    at: ColumnClause[int] = column("at")

    with pytest.raises(kind, match="the bulk reader failed"):
        reader.read(select(at).select_from(sqlalchemy.table(table)), {"at": pl.Int64()})


def test_a_query_is_written_with_its_numbers_and_texts_as_they_are() -> None:
    order = store_tables("oc_", "4.1").order
    query = select(order.c.order_id).where(
        order.c.email.in_(["100 %", "o'neil", "a\\b", "%s", ":name"]), order.c.customer_id == 5
    )

    text = as_text(query)

    assert "'100 %'" in text
    assert "'o''neil'" in text
    assert "'a\\\\b'" in text
    assert "customer_id = 5" in text
