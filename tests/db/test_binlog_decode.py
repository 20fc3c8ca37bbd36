"""Our decoder of rows, held against a server's own tables and against a full decoder."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pymysql.cursors
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from sidecar.service.private_server import PrivateServer
from support import binlog_recorder as recorder
from support.binlog_tables import (
    COMMON,
    MARIADB,
    MYSQL,
    Changed,
    RandomTable,
    decoded,
    random_tables,
)
from support.foreign_server import on_mysql

_numbers = itertools.count(1)

KINDS = st.deferred(lambda: MYSQL if on_mysql() else MARIADB)

#: Few examples of many tables: each records the log once.
MANY = settings(
    max_examples=6,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def logging_server(binlog_mariadb: PrivateServer) -> Iterator[PrivateServer]:
    """A server with a binary log, and a database for random tables."""
    binlog_mariadb.execute("CREATE DATABASE random_tables CHARACTER SET utf8mb4")
    yield binlog_mariadb
    binlog_mariadb.execute("DROP DATABASE random_tables", "SET GLOBAL binlog_row_metadata = NO_LOG")


def login(server: PrivateServer) -> dict[str, Any]:
    return {"unix_socket": str(server.socket), "user": server.user, "password": server.password}


class Told:
    """What was done with random tables: what their rows were, and where the log begins."""

    def __init__(self, server: PrivateServer, metadata: str) -> None:
        server.execute(f"SET GLOBAL binlog_row_metadata = {metadata}")
        self.server = server
        self.rows: list[tuple[str, Changed]] = []
        self.tables: dict[str, RandomTable] = {}
        self._connection = server.connect("random_tables", cursorclass=pymysql.cursors.DictCursor)
        with contextlib.closing(server.connect()) as connection:
            self.file, self.offset = recorder.place(connection)

    def do(self, table: RandomTable) -> None:
        """Make *table*, and change its rows as it says."""
        name = f"t{next(_numbers)}"
        self.tables[name] = table
        with self._connection.cursor() as cursor:
            cursor.execute("SET sql_mode = ''")
            cursor.execute(table.create(name))
            for change in table.changes:
                before = self._read(cursor, name, change.keys)
                cursor.execute(*table.statement(name, change))
                after = self._read(cursor, name, change.keys)
                for key in change.keys:
                    # An UPDATE that changes nothing writes nothing.
                    if before.get(key) != after.get(key):
                        self.rows.append((name, (before.get(key), after.get(key))))

    def _read(
        self, cursor: pymysql.cursors.DictCursor, name: str, keys: tuple[int, ...]
    ) -> dict[int, dict[str, object]]:
        listed = ", ".join(map(str, keys))
        cursor.execute(f"SELECT * FROM {name} WHERE id IN ({listed}) ORDER BY id")
        return {int(row["id"]): row for row in cursor.fetchall()}

    def packets(self) -> list[bytes]:
        """What the server wrote meanwhile."""
        self._connection.close()
        return recorder.record(login(self.server), self.file, self.offset)


def comparable(row: Mapping[str, object] | None, table: RandomTable) -> dict[str, object] | None:
    """Whole numbers and texts of *row* as they are, of the others only whether they are NULL."""
    if row is None:
        return None
    kinds = table.by_name()
    return {
        name: value if value is None or kinds[name].is_number or kinds[name].is_text else ...
        for name, value in row.items()
    }


def comparables(
    rows: list[tuple[str, Changed]], tables: Mapping[str, RandomTable]
) -> list[tuple[str, list[dict[str, object] | None]]]:
    return [(name, [comparable(row, tables[name]) for row in both]) for name, both in rows]


@pytest.mark.parametrize("metadata", ["FULL", "NO_LOG"])
@given(tables=st.lists(random_tables(KINDS), min_size=8, max_size=12))
@MANY
def test_rows_of_any_table_are_cut_out_as_the_server_shows_them(
    logging_server: PrivateServer, metadata: str, tables: list[RandomTable]
) -> None:
    told = Told(logging_server, metadata)
    for table in tables:
        told.do(table)
    found = decoded(told.packets(), told.tables)
    assert comparables(found, told.tables) == comparables(told.rows, told.tables)


@pytest.mark.filterwarnings("ignore:'db' is deprecated")
@given(tables=st.lists(random_tables(COMMON), min_size=8, max_size=12))
@MANY
def test_a_full_decoder_says_the_same_of_the_same_log(
    logging_server: PrivateServer, tables: list[RandomTable]
) -> None:
    told = Told(logging_server, "FULL")
    for table in tables:
        told.do(table)
    found = decoded(told.packets(), told.tables)
    theirs = list(fully_decoded(told))
    assert len(found) == len(theirs)
    for (name, ours), (their_name, full) in zip(found, theirs, strict=True):
        assert name == their_name
        assert_same(ours, full, told.tables[name])


def fully_decoded(told: Told) -> Iterator[tuple[str, Changed]]:
    """The same log through mysql-replication."""
    reader = BinLogStreamReader(
        connection_settings={**login(told.server), "charset": "utf8mb4"},
        server_id=4_243,
        log_file=told.file,
        log_pos=told.offset,
        resume_stream=True,
        blocking=False,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
        only_tables=list(told.tables),
        enable_logging=False,
    )
    try:
        for event in reader:
            for row in event.rows:
                if isinstance(event, UpdateRowsEvent):
                    yield event.table, (row["before_values"], row["after_values"])
                elif isinstance(event, WriteRowsEvent):
                    yield event.table, (None, row["values"])
                else:
                    yield event.table, (row["values"], None)
    finally:
        reader.close()


def assert_same(ours: Changed, full: Changed, table: RandomTable) -> None:
    for mine, other in zip(ours, full, strict=True):
        assert (mine is None) == (other is None)
        if mine is None or other is None:
            continue
        assert mine.keys() == other.keys()
        for name, kind in table.by_name().items():
            if kind.is_number or kind.is_text:
                assert mine[name] == other[name], (name, kind.sql)
            elif kind.name != "set":  # an empty one is None to them
                assert (mine[name] is None) == (other[name] is None), (name, kind.sql)
    before, after = ours
    if before is not None and after is not None:
        assert full[0] is not None
        assert full[1] is not None
        for name, kind in table.by_name().items():
            if kind.name != "set":
                is_same = before[name] == after[name]
                assert is_same == (full[0][name] == full[1][name]), (name, kind.sql)
