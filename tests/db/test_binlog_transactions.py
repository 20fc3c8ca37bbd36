"""What the transactions of a real server ring, and how far they bring the place in its log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import Engine

from sidecar.config import Config
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.shop import Shop, open_shop
from sidecar.shop.tables import store_tables
from sidecar.sync.sources import watched
from sidecar.sync.sources.binlog import batch, events
from sidecar.sync.sources.binlog.batch import Batch
from sidecar.sync.sources.binlog.columns import Columns, read_columns
from sidecar.sync.sources.binlog.layouts import undecodable
from sidecar.sync.sources.binlog.position import Position
from sidecar.sync.sources.binlog.server_log import read_log
from sidecar.sync.sources.binlog.transactions import Transactions, open_transactions
from sidecar.sync.sources.watched import Watched
from support import binlog_folded as folded
from support import binlog_recorder as recorder

NAME = "binlog_transactions"


class Log:
    """
    What a store's statements write into the log of its server.

    Attributes:
        do: Runs a statement.
    """

    def __init__(self, server: PrivateServer, engine: Engine) -> None:
        self._server = server
        self._engine = engine
        self.connection: pymysql.connections.Connection[Any] = server.connect(NAME)
        self.do("SET sql_mode = ''")
        self.start = self.now()

    def do(self, *statements: str) -> None:
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def now(self) -> Position:
        """Where the log ends."""
        file, offset = recorder.place(self.connection)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT @@gtid_binlog_pos")
            row = cursor.fetchone()
        assert row is not None
        return Position(str(row[0]), file, offset, "one")

    def packets(self) -> list[bytes]:
        """What was written since the start."""
        login = {
            "unix_socket": str(self._server.socket),
            "user": self._server.user,
            "password": self._server.password,
        }
        return recorder.record(login, self.start.file, self.start.offset)

    def columns(self) -> Columns:
        with transaction(self._engine) as tx:
            return read_columns(tx, NAME, "oc_", folded.watched())

    def transactions(self, *, guests: bool = False) -> Transactions:
        return Transactions(
            folded.watched(),
            self.columns,
            NAME,
            "oc_",
            start=self.start,
            kind=read_log(self._engine).kind,
            guests=guests,
        )

    def rung(self, *statements: str, guests: bool = False) -> Batch:
        """What *statements* ring, one after the other; the place must be where the log ends."""
        self.start = self.now()
        self.do(*statements)
        found, offset = self.transactions(guests=guests), 0
        for packet in self.packets():
            if found.feed(packet):
                offset = events.HEADER.unpack_from(packet)[4]
        result = found.take()
        end, position = self.now(), result.position
        assert position == Position(end.gtid, end.file, offset, "one", position.born)
        return result


@pytest.fixture(scope="module")
def log_of(binlog_mariadb: PrivateServer) -> Iterator[Callable[[], Log]]:
    """The tables of a store in a database of its own."""
    binlog_mariadb.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
    engine = connect(binlog_mariadb.settings(NAME))
    store_tables("oc_", "4.1").metadata.create_all(engine)
    migrate.migrate(engine, "oc_")
    yield lambda: Log(binlog_mariadb, engine)
    engine.dispose()
    binlog_mariadb.execute(f"DROP DATABASE {NAME}")


@pytest.fixture
def log(log_of: Callable[[], Log]) -> Iterator[Log]:
    """The store, empty."""
    found = log_of()
    found.do(*(f"DELETE FROM oc_{name}" for name in folded.TABLES))
    yield found
    found.connection.close()


ADDRESS = "INSERT INTO oc_address SET customer_id = {}, address_id = {}"


def test_rows_ring_when_their_transaction_ends(log: Log) -> None:
    log.do("BEGIN", ADDRESS.format(7, 1), ADDRESS.format(8, 2), "COMMIT")
    found = log.transactions()
    ended = []
    for packet in log.packets():
        if found.feed(packet):
            ended.append(packet[4])
        elif not ended:
            assert found.take().references == {}
    assert ended[-1:] == [events.XID]
    assert found.take().references == {"customer": {7, 8}}


def test_what_was_rolled_back_rings_nobody(log: Log) -> None:
    batch = log.rung(
        *("BEGIN", ADDRESS.format(7, 1), "ROLLBACK"),
        *("BEGIN", ADDRESS.format(8, 2), "SAVEPOINT one", ADDRESS.format(9, 3)),
        *("ROLLBACK TO one", "COMMIT"),
    )
    assert batch.references == {"customer": {8}}
    assert batch.transactions == 1


def test_rows_without_transactions_ring_even_when_they_are_rolled_back(log: Log) -> None:
    log.do("ALTER TABLE oc_address ENGINE = MyISAM")
    try:
        batch = log.rung(
            *("BEGIN", ADDRESS.format(7, 1), "ROLLBACK"),
            *("BEGIN", ADDRESS.format(8, 2), "INSERT INTO oc_country SET iso_code_2 = 'ua'"),
            "COMMIT",
        )
        assert batch.references == {"customer": {7, 8}, "everyone": {1}}
        assert not batch.gaps
    finally:
        log.do("ALTER TABLE oc_address ENGINE = InnoDB")


def test_transactions_of_our_own_ring_nobody(log: Log) -> None:
    ours = "INSERT INTO oc_sidecar_state SET name = 'one', value = '1'"
    batch = log.rung("BEGIN", ADDRESS.format(7, 1), ours, "COMMIT", ADDRESS.format(8, 2))
    assert (batch.references, batch.own, batch.transactions) == ({"customer": {8}}, 1, 2)
    assert batch.own_customers == {7}
    log.do("DELETE FROM oc_sidecar_state WHERE name = 'one'")


@pytest.mark.parametrize("name", ["hint", "command"])
def test_transactions_with_a_hint_or_a_command_are_others(log: Log, name: str) -> None:
    rings = f"INSERT INTO oc_sidecar_{name} () VALUES ()"
    batch = log.rung("BEGIN", ADDRESS.format(7, 1), rings, "COMMIT")
    assert (batch.references, batch.own) == ({"customer": {7}}, 0)
    log.do(f"DELETE FROM oc_sidecar_{name}")


def test_gaps_of_our_own_transactions_count(log: Log) -> None:
    batch = log.rung(
        "BEGIN",
        "INSERT INTO oc_sidecar_state SET name = 'two', value = '1'",
        "SET SESSION binlog_row_image = MINIMAL",
        ADDRESS.format(7, 1),
        "UPDATE oc_address SET city = 'x' WHERE address_id = 1",
        "COMMIT",
    )
    assert (batch.references, batch.own) == ({}, 1)
    assert batch.gaps == {"row_image:address": 1}
    log.do("DELETE FROM oc_sidecar_state WHERE name = 'two'")


def test_statements_instead_of_rows_are_a_gap(log: Log) -> None:
    batch = log.rung("SET SESSION binlog_format = STATEMENT", ADDRESS.format(7, 1))
    assert (batch.references, batch.gaps) == ({}, {"statement": 1})


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
def test_shorter_images_ring_or_are_a_gap(log: Log, image: str) -> None:
    order = "INSERT INTO oc_order SET order_id = 1, customer_id = 7, email = 'ann@x.y'"
    log.do(order, f"SET SESSION binlog_row_image = {image}")
    batch = log.rung("UPDATE oc_order SET total = 5, customer_id = 8 WHERE order_id = 1")
    if image == "NOBLOB":
        assert (batch.references, batch.gaps) == ({"customer": {7, 8}}, {})
    else:
        assert (batch.references, batch.gaps) == ({}, {"row_image:order": 1})


def test_altering_a_watched_table_is_a_gap_and_its_rows_are_read_on(log: Log) -> None:
    batch = log.rung(
        ADDRESS.format(7, 1),
        "ALTER TABLE oc_address ADD extra INT FIRST",
        ADDRESS.format(8, 2),
        "ALTER TABLE oc_address DROP extra",
        ADDRESS.format(9, 3),
    )
    # What was written in between has a column that is not there any more.
    assert batch.gaps == {"ddl:address": 2, "layout:address": 1}
    assert batch.references == {"customer": {7, 9}}


def test_other_tables_are_altered_without_a_gap(log: Log) -> None:
    batch = log.rung(
        "CREATE TABLE oc_banner (x INT)",
        "CREATE TEMPORARY TABLE oc_address (x INT)",
        "DROP TEMPORARY TABLE oc_address",
        "INSERT INTO oc_banner VALUES (1)",
        "DROP TABLE oc_banner",
    )
    assert (batch.gaps, batch.references) == ({}, {})


def test_a_prepared_transaction_is_a_gap_until_it_is_over(log: Log) -> None:
    batch = log.rung("XA START 'one'", ADDRESS.format(7, 1), "XA END 'one'", "XA PREPARE 'one'")
    assert batch.gaps == {"xa": 1}
    assert log.rung("XA COMMIT 'one'").gaps == {"xa": 1}


@pytest.mark.mariadb_only("log_bin_compress")
def test_compressed_rows_are_a_gap(log: Log) -> None:
    log.do("SET GLOBAL log_bin_compress = ON", "SET GLOBAL log_bin_compress_min_len = 10")
    try:
        batch = log.rung(ADDRESS.format(7, 1) + ", city = REPEAT('x', 100)")
    finally:
        log.do("SET GLOBAL log_bin_compress = OFF")
    assert (batch.references, batch.gaps) == ({}, {"compressed": 1})


def test_the_place_goes_on_in_the_next_file(log: Log) -> None:
    batch = log.rung(ADDRESS.format(7, 1), "FLUSH BINARY LOGS", ADDRESS.format(8, 2))
    assert batch.references == {"customer": {7, 8}}
    assert batch.position.file != log.start.file
    assert batch.position.born > 0


def test_too_many_references_are_a_gap_and_are_given_up(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_REFERENCES", 4)
    few = log.rung(*(ADDRESS.format(number, number) for number in range(1, 5)))
    assert few.references == {"customer": {1, 2, 3, 4}}
    many = log.rung("UPDATE oc_address SET customer_id = customer_id + 10")
    assert (many.references, many.gaps, many.rows) == ({}, {"too_many": 1}, 4)
    assert log.rung(ADDRESS.format(7, 9)).references == {"customer": {7}}


def test_guests_ring_by_the_emails_that_their_orders_had(log: Log) -> None:
    rung = log.rung(
        "INSERT INTO oc_order SET order_id = 3, customer_id = 0, email = 'Änn@x.y'",
        "UPDATE oc_order SET customer_id = 8 WHERE order_id = 3",
        guests=True,
    )
    assert rung.references == {"order": {3}, "customer": {8}}
    assert rung.texts == {"guest": {"Änn@x.y"}}


# -- OpenCart's own tables -----------------------------------------------------------------------

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")

#: What rows are about; nobody else has the number.
WHOM = 12_345


@pytest.fixture(params=VERSIONS)
def real_shop(
    request: pytest.FixtureRequest, binlog_mariadb: PrivateServer, stores_dir: Path
) -> Iterator[Shop]:
    """The sidecar on a real store."""
    name = f"binlog_store_{request.param.replace('.', '_')}"
    binlog_mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    binlog_mariadb.load(name, stores_dir / f"store-{request.param}.sql.gz")
    settings = binlog_mariadb.settings(name)
    engine = connect(settings)
    migrate.migrate(engine, "oc_")
    yield open_shop(engine, Config(file=Path("/config.toml"), database=settings))
    engine.dispose()
    binlog_mariadb.execute(f"DROP DATABASE {name}")


def test_every_watched_table_of_a_real_store_rings(
    binlog_mariadb: PrivateServer, real_shop: Shop
) -> None:
    tables = [*watched.changed(real_shop), *watched.appended(real_shop)]
    database = real_shop.engine.url.database or ""
    with transaction(real_shop.engine) as tx:
        assert undecodable(tables, "oc_", read_columns(tx, database, "oc_", tables)) == []
    expected = []
    with contextlib.closing(binlog_mariadb.connect(database)) as connection:
        start = recorder.place(connection)
        for metadata in ("FULL", "NO_LOG"):
            with connection.cursor() as cursor:
                cursor.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
                cursor.execute("SET sql_mode = ''")
                for table in {table.name: table for table in tables}.values():
                    expected += change_each_way(cursor, table)
    login = {
        "unix_socket": str(binlog_mariadb.socket),
        "user": binlog_mariadb.user,
        "password": binlog_mariadb.password,
    }
    folding = open_transactions(
        real_shop, read_log(real_shop.engine).kind, Position("", *start, "one")
    )
    found = []
    for packet in recorder.record(login, *start):
        if folding.feed(packet):
            rung = folding.take()
            assert not rung.gaps
            found.append((dict(rung.references), dict(rung.texts)))
    assert found == expected


#: What a lead's column is called; rows of the others ring everybody.
REFERENCES = {
    "customer": "customer_id",
    "order": "order_id",
    "lines": "order_id",
    "return": "return_id",
    "product": "product_id",
    "email": "email",
}

Rings = tuple[dict[str, set[int]], dict[str, set[str]]]


def change_each_way(cursor: pymysql.cursors.Cursor, table: Watched) -> list[Rings]:
    """Insert a row, change it, change it where nobody looks, delete it; what each rings."""
    name, reference = f"`oc_{table.name}`", REFERENCES.get(table.lead)
    rings: Rings = {table.lead: {WHOM}}, {}
    if table.lead == "everyone":
        rings = {"everyone": {1}}, {}
    elif table.lead == "email":
        rings = {}, {"email": {str(WHOM)}}
    row = f"`{reference}` = {WHOM}" if reference else "`store_id` = 0"
    if table.name == "setting":
        row += ", `key` = 'config_name'"
    elif not reference:
        row = f"`{table.key.name}` = {WHOM}"
    where = row.replace(", ", " AND ")
    cursor.execute(f"DELETE FROM {name} WHERE {where}")
    done = [rings] if cursor.rowcount else []
    cursor.execute(f"INSERT INTO {name} SET {row}")
    done.append(rings)
    cursor.execute(f"SHOW COLUMNS FROM {name}")
    types = {str(field): (str(kind), str(key)) for field, kind, _, key, *_ in cursor.fetchall()}
    declared = {column.name for column in table.columns}
    for is_watched in (True, False):
        free = [
            field
            for field, (kind, key) in types.items()
            if (field in declared) == is_watched
            and key != "PRI"
            and field != reference
            and f"`{field}`" not in row
            and kind.startswith(("int", "varchar", "text", "tinyint"))
        ]
        if free:
            value = "5" if types[free[-1]][0].startswith(("int", "tinyint")) else "'zz'"
            cursor.execute(f"UPDATE {name} SET `{free[-1]}` = {value} WHERE {where}")
            assert cursor.rowcount == 1
            done.append(rings if is_watched else ({}, {}))
    cursor.execute(f"DELETE FROM {name} WHERE {where}")
    done.append(rings)
    return done
