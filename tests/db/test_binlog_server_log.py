"""The server's log: where it ends, what is lost, and why it may be no source."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Database
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.sync.sources.binlog.offered import offered
from sidecar.sync.sources.binlog.position import Position
from sidecar.sync.sources.binlog.server_log import backlog_bytes, head, read_log, why_lost
from support.database import engine_for
from support.foreign_server import on_mysql, settle_s
from support.log_reader import as_log_reader, make_log_reader

TRIAL_ID = 4_000_000_001


@pytest.fixture(scope="module")
def server(
    server_with: Callable[..., AbstractContextManager[PrivateServer]],
) -> Iterator[PrivateServer]:
    with server_with(binlog=True) as server:
        server.execute(
            "CREATE DATABASE shop",
            "CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY, t TEXT) ENGINE=InnoDB",
        )
        make_log_reader(server, "shop", "SELECT, INSERT")
        yield server


@pytest.fixture
def reader(server: PrivateServer) -> Database:
    """An account that may have the log sent, and nothing else of the whole server."""
    return as_log_reader(server, "shop")


@pytest.fixture
def engine(reader: Database) -> Iterator[Engine]:
    with engine_for(reader) as engine:
        yield engine


def rows(server: PrivateServer, query: str) -> Any:
    with contextlib.closing(server.connect("shop")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def insert(server: PrivateServer, count: int, text: str = "x") -> None:
    server.execute(*[f"INSERT INTO shop.a (t) VALUES ('{text}')"] * count)


def purge(server: PrivateServer, until: str) -> None:
    """Delete the files of the log before *until*, which the server does once it can do without."""
    deadline = clock.monotonic() + 20
    while rows(server, "SHOW BINARY LOGS")[0][0] != until and clock.monotonic() < deadline:
        server.execute("FLUSH ENGINE LOGS", f"PURGE BINARY LOGS TO '{until}'")
        clock.sleep(0.05)


def test_the_head_is_where_the_log_ends(server: PrivateServer, engine: Engine) -> None:
    insert(server, 3)
    position = head(engine)

    assert (position.file, position.offset) == rows(server, "SHOW MASTER STATUS")[0][:2]
    assert position.gtid == rows(server, "SELECT @@gtid_binlog_pos")[0][0]
    assert position.server == rows(server, "SELECT @@server_uid")[0][0]
    assert read_log(engine).kind == ("mysql" if on_mysql() else "mariadb")


def test_the_head_is_not_ahead_of_a_commit_that_nobody_sees(
    server: PrivateServer, engine: Engine
) -> None:
    before = head(engine)
    with contextlib.closing(server.connect("shop", autocommit=False)) as connection:
        connection.cursor().execute("INSERT INTO a (t) VALUES ('open')")
        assert head(engine) == before
        connection.commit()
    assert head(engine) != before


def test_a_position_stays_good_over_new_files_and_a_restart(
    server: PrivateServer, engine: Engine
) -> None:
    position = head(engine)
    insert(server, 2)
    server.execute("FLUSH BINARY LOGS")
    insert(server, 2)
    assert why_lost(engine, position) is None

    server.kill()
    server.start()
    assert why_lost(engine, position) is None
    assert why_lost(engine, head(engine)) is None


def test_a_position_whose_file_was_purged_is_lost(server: PrivateServer, engine: Engine) -> None:
    position = head(engine)
    insert(server, 1)
    server.execute("FLUSH BINARY LOGS")
    insert(server, 1)
    purge(server, head(engine).file)

    assert why_lost(engine, position) == "purged"
    assert why_lost(engine, head(engine)) is None


@pytest.mark.parametrize("later", [0, 3, 20, 60])
def test_a_position_is_lost_when_the_log_began_anew(
    server: PrivateServer, engine: Engine, later: int
) -> None:
    insert(server, 10)
    position = head(engine)
    server.execute("RESET MASTER")
    insert(server, later, text="of another length")

    assert why_lost(engine, position) in ("ahead", "reset")


@pytest.mark.mariadb_only("how its transactions are named")
def test_the_same_place_with_other_numbers_is_lost(server: PrivateServer, engine: Engine) -> None:
    server.execute("RESET MASTER")
    insert(server, 1)
    position = head(engine)

    assert why_lost(engine, position) is None
    assert why_lost(engine, dataclasses.replace(position, gtid="0-1-7")) == "reset"
    assert why_lost(engine, dataclasses.replace(position, offset=position.offset - 1)) == "reset"


def test_another_server_is_no_place_to_go_on(engine: Engine) -> None:
    position = head(engine)

    assert why_lost(engine, dataclasses.replace(position, server="other")) == "other_server"
    assert why_lost(engine, dataclasses.replace(position, server="")) is None
    assert why_lost(engine, dataclasses.replace(position, file="other.000001")) == "renamed"


def test_the_backlog_is_what_comes_after_in_all_files(
    server: PrivateServer, engine: Engine
) -> None:
    with engine_for(server.settings("shop")) as allowed:
        server.execute("FLUSH BINARY LOGS")
        position = head(allowed)
        assert backlog_bytes(allowed, position) == 0
        insert(server, 1, text="y" * 5000)
        server.execute("FLUSH BINARY LOGS")
        insert(server, 1, text="y" * 5000)
        sizes = [int(size) for _, size, *_ in rows(server, "SHOW BINARY LOGS")[-2:]]
        assert sum(sizes) > 10_000
        assert backlog_bytes(allowed, position) == sum(sizes) - position.offset
        assert backlog_bytes(allowed, Position("", "other.000001", 4, "")) is None
        if not on_mysql():
            assert backlog_bytes(engine, position) is None  # it may not know


def test_one_privilege_is_enough(reader: Database, engine: Engine) -> None:
    assert offered(engine, reader, TRIAL_ID) is None


def test_a_missing_privilege_comes_with_its_grant(
    server: PrivateServer, reader: Database, engine: Engine
) -> None:
    server.execute("REVOKE REPLICATION SLAVE ON *.* FROM reader@localhost")
    without = offered(engine, reader, TRIAL_ID)
    server.execute("GRANT REPLICATION SLAVE ON *.* TO reader@localhost")

    assert without == (
        "the account lacks the privilege REPLICATION SLAVE: an administrator runs"
        " GRANT REPLICATION SLAVE ON *.* TO 'reader'@'localhost'"
    )


def test_a_privilege_by_a_role_counts(
    server: PrivateServer, reader: Database, engine: Engine
) -> None:
    server.execute(
        "REVOKE REPLICATION SLAVE ON *.* FROM reader@localhost",
        "CREATE ROLE copying",
        "GRANT REPLICATION SLAVE ON *.* TO copying",
        "GRANT copying TO reader@localhost",
        "SET DEFAULT ROLE copying FOR reader@localhost",
    )
    by_role = offered(engine, reader, TRIAL_ID)
    server.execute("GRANT REPLICATION SLAVE ON *.* TO reader@localhost", "DROP ROLE copying")

    assert by_role is None


@pytest.mark.parametrize(
    ("option", "bad", "good"),
    [
        ("binlog_format", "MIXED", "ROW"),
        ("binlog_format", "STATEMENT", "ROW"),
        ("binlog_row_image", "MINIMAL", "FULL"),
        pytest.param(
            *("log_bin_compress", "ON", "OFF"), marks=pytest.mark.mariadb_only("log_bin_compress")
        ),
    ],
)
def test_a_setting_in_the_way_comes_with_the_one_that_is_not(
    server: PrivateServer, reader: Database, engine: Engine, option: str, bad: str, good: str
) -> None:
    server.execute(f"SET GLOBAL {option} = '{bad}'")
    why = offered(engine, reader, TRIAL_ID)
    server.execute(f"SET GLOBAL {option} = '{good}'")

    assert why is not None
    assert why.startswith(f"{option} is {bad}, ")
    assert f"set {option} = {good} in the server's configuration" in why
    assert offered(engine, reader, TRIAL_ID) is None


def test_row_images_without_blobs_are_no_hindrance(
    server: PrivateServer, reader: Database, engine: Engine
) -> None:
    server.execute("SET GLOBAL binlog_row_image = 'NOBLOB'")
    why = offered(engine, reader, TRIAL_ID)
    server.execute("SET GLOBAL binlog_row_image = 'FULL'")

    assert why is None


@pytest.mark.own_server_only("one without a binary log")
def test_a_server_without_a_log_says_so(mariadb: PrivateServer, database: str) -> None:
    settings = mariadb.settings(database)
    with engine_for(settings) as engine:
        why = offered(engine, settings, TRIAL_ID)

    assert why is not None
    assert "set log_bin" in why


@pytest.mark.parametrize(
    ("option", "value", "in_the_log"),
    [
        ("binlog-ignore-db", "shop", False),
        ("binlog-ignore-db", "another", True),
        ("binlog-do-db", "another", False),
        ("binlog-do-db", "shop", True),
    ],
)
def test_a_database_that_is_left_out_of_the_log_is_seen(
    mariadb_template: Path, option: str, value: str, in_the_log: bool
) -> None:
    with PrivateServer(
        binlog=True, extra_options={option: value}, template=mariadb_template
    ) as server:
        server.execute("CREATE DATABASE shop")
        settings = server.settings("shop")
        engine = connect(settings)
        why = offered(engine, settings, TRIAL_ID)
        engine.dispose()

    assert (why is None) == in_the_log
    assert why is None or option.replace("-", "_") in why


def test_a_trial_takes_no_longer_than_a_connection(reader: Database, engine: Engine) -> None:
    offered(engine, reader, TRIAL_ID)
    start = clock.monotonic()
    offered(engine, reader, TRIAL_ID)

    assert clock.monotonic() - start < 1 + settle_s()
