"""Connecting, one transaction, and a server that is not there."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine, text

from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.errors import DatabaseUnavailableError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import database as subject
from sidecar.shop.database import transaction, when_over
from support import in_memory
from support.database import changed, engine_for, failure
from support.foreign_server import on_mysql


@pytest.mark.parametrize("tcp", [False, True], ids=["socket", "port"])
def test_a_session_is_strict_in_utc_and_repeatable(
    mariadb: PrivateServer, database: str, tcp: bool
) -> None:
    isolation, idle = "@@tx_isolation", "@@idle_write_transaction_timeout"
    if on_mysql():  # which has no such timeout
        isolation, idle = "@@transaction_isolation", "30"
    with engine_for(mariadb.settings(database, tcp=tcp)) as engine, transaction(engine) as tx:
        row = tx.execute(
            text(
                f"SELECT @@sql_mode, @@time_zone, {isolation}, @@character_set_connection,"
                f" @@innodb_lock_wait_timeout, {idle}"
            )
        ).one()

    assert tuple(row) == (
        "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
        "+00:00",
        "REPEATABLE-READ",
        "utf8mb4",
        3,
        30,
    )


def test_a_transaction_commits_or_rolls_back_as_a_whole(engine: Engine) -> None:
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE a (id INT PRIMARY KEY) ENGINE=InnoDB"))
    with transaction(engine) as tx:
        tx.execute(text("INSERT INTO a VALUES (1)"))
    with pytest.raises(ZeroDivisionError), transaction(engine) as tx:
        _ = tx.execute(text("INSERT INTO a VALUES (2)")).rowcount / 0

    with transaction(engine) as tx:
        assert tx.scalars(text("SELECT id FROM a")).all() == [1]


def test_a_password_may_be_any_text(mariadb: PrivateServer, clerk: Database) -> None:
    mariadb.execute(f"GRANT SELECT ON `{clerk.name}`.* TO clerk@'%'")

    with engine_for(clerk) as engine, transaction(engine) as tx:
        assert tx.scalar(text("SELECT 1")) == 1


def test_over_a_socket_mysql_is_sent_the_password_as_it_asks(
    settings: Database, tmp_path: Path
) -> None:
    password = "clerk päss 🦊"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        sent: list[bytes] = []
        server = Thread(target=_full_caching_sha2, args=(listening, sent))
        server.start()
        failure(changed(settings, socket=tmp_path / "s", password=Secret(password)))
        server.join()

    assert sent == [password.encode() + b"\0"]


def _full_caching_sha2(listening: socket.socket, sent: list[bytes]) -> None:
    """What MySQL does at an account's first login since its start, but refused at the end."""
    # Version, number, salt, abilities (4.1 protocol, secure connection, plugins), salt again.
    greeting = b"\n9.7.4\0" + bytes(4) + b"saltsalt\0" + b"\x00\x82\xff\x02\x00\x08\x00\x15"
    greeting += bytes(10) + b"saltsaltsalt\0" + b"caching_sha2_password\0"
    with listening.accept()[0] as client, client.makefile("rwb") as wire:
        for number, said in ((0, greeting), (2, b"\x01\x04")):  # 4: the whole login, please
            wire.write(len(said).to_bytes(3, "little") + bytes([number]) + said)
            wire.flush()
            answer = wire.read(int.from_bytes(wire.read(4)[:3], "little"))
        sent.append(answer)
        refused = b"\xff\x15\x04#28000no"
        wire.write(len(refused).to_bytes(3, "little") + b"\x04" + refused)


def test_the_timeout_of_connecting_is_not_one_of_statements(
    settings: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "CONNECT_TIMEOUT_S", 0.2)

    with engine_for(settings) as engine, transaction(engine) as tx:
        assert tx.scalar(text("SELECT SLEEP(0.5)")) == 0


def test_a_connection_that_broke_while_idle_is_replaced(
    mariadb: PrivateServer, engine: Engine
) -> None:
    with transaction(engine) as tx:
        number = tx.scalar(text("SELECT CONNECTION_ID()"))
    mariadb.execute(f"KILL {number}")

    with transaction(engine) as tx:
        assert tx.scalar(text("SELECT CONNECTION_ID()")) != number


def test_a_port_where_nobody_listens_is_unavailable(settings: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = failure(changed(settings, port=port))

    assert isinstance(error, DatabaseUnavailableError)
    assert error.exit_code == 69
    assert str(error) == (
        f"database '{settings.name}' on 127.0.0.1:{port}: no server answers: connection refused"
    )


def test_a_host_that_takes_the_call_but_says_nothing_is_unavailable(
    settings: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "CONNECT_TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = failure(changed(settings, port=silent.getsockname()[1]))

    assert isinstance(error, DatabaseUnavailableError)


def test_a_host_that_cannot_be_one_is_unavailable(settings: Database) -> None:
    error = failure(changed(settings, host="a" * 64))

    assert isinstance(error, DatabaseUnavailableError)
    assert f"on {'a' * 64}:{settings.port}: no server answers" in str(error)


def test_a_socket_that_is_not_there_is_unavailable(settings: Database, tmp_path: Path) -> None:
    error = failure(changed(settings, socket=tmp_path / "s"))

    assert isinstance(error, DatabaseUnavailableError)
    assert str(error) == (
        f"database '{settings.name}' on {tmp_path}/s: no server answers at the socket: "
        "no such file or directory"
    )


def test_a_server_that_goes_away_and_comes_back(mariadb_template: Path) -> None:
    with PrivateServer(template=mariadb_template, parent=in_memory.place()) as server:
        server.execute("CREATE DATABASE shop")
        with engine_for(server.settings("shop")) as engine:
            with transaction(engine) as tx:
                tx.execute(text("SELECT 1"))
            server.kill()
            with pytest.raises(DatabaseUnavailableError), transaction(engine) as tx:
                tx.execute(text("SELECT 1"))
            server.start()
            with transaction(engine) as tx:
                assert tx.scalar(text("SELECT 1")) == 1


def test_a_killed_session_and_a_slow_statement_may_work_later(settings: Database) -> None:
    slow = "SET STATEMENT max_statement_time = 0.05 FOR SELECT SLEEP(1) FROM (SELECT 1) AS a"
    if on_mysql():  # where what sleeps is only woken, and is no slow statement
        slow = (
            "SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(*) FROM information_schema.collations AS a,"
            " information_schema.collations AS b, information_schema.collations AS c"
        )

    assert isinstance(failure(settings, slow), DatabaseUnavailableError)
    assert isinstance(failure(settings, "KILL CONNECTION_ID()"), DatabaseUnavailableError)


def test_a_lock_held_by_another_may_be_free_later(settings: Database, engine: Engine) -> None:
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE a (id INT PRIMARY KEY) ENGINE=InnoDB"))
        tx.execute(text("INSERT INTO a VALUES (1)"))
    with transaction(engine) as tx:
        tx.execute(text("UPDATE a SET id = 2"))
        error = failure(settings, "SELECT id FROM a FOR UPDATE NOWAIT")

    assert isinstance(error, DatabaseUnavailableError)
    assert "another session holds a lock" in str(error)


def test_we_wait_three_seconds_for_a_row_and_no_longer(settings: Database, engine: Engine) -> None:
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE a (id INT PRIMARY KEY) ENGINE=InnoDB"))
        tx.execute(text("INSERT INTO a VALUES (1)"))
    with transaction(engine) as tx:
        tx.execute(text("UPDATE a SET id = 2"))
        started = clock.monotonic()
        error = failure(settings, "UPDATE a SET id = 3")

    assert isinstance(error, DatabaseUnavailableError)
    assert clock.monotonic() - started >= 2.5


def test_what_is_to_follow_a_transaction_follows_whatever_becomes_of_it(engine: Engine) -> None:
    done: list[str] = []
    with transaction(engine) as tx:
        when_over(tx, lambda: done.append("committed"))
        assert done == []
    with contextlib.suppress(ZeroDivisionError), transaction(engine) as tx:
        when_over(tx, lambda: done.append("rolled back"))
        _ = 1 / 0
    with transaction(engine):
        pass

    assert done == ["committed", "rolled back"]


def test_what_could_not_follow_a_transaction_goes_before_the_next(engine: Engine) -> None:
    done: list[str] = []
    away = [DatabaseUnavailableError("no server answers")] * 2

    def follow() -> None:
        if away:
            raise away.pop()
        done.append("at last")

    with transaction(engine) as tx:
        when_over(tx, follow)
    with pytest.raises(DatabaseUnavailableError), transaction(engine):
        pytest.fail("it began")
    with transaction(engine):
        assert done == ["at last"]
