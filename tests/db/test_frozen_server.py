"""A server that is frozen while an answer of it is waited for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pymysql
import pytest
from sqlalchemy import Engine, func, select

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import database as shop_database
from sidecar.shop import silence
from sidecar.shop.database import transaction
from sidecar.shop.reader import BulkReader
from sidecar.sync.sources.binlog import wire
from support import in_memory
from support.database import engine_for

#: Of the tests, who would else wait for long.
HEARTBEAT_S, LOGIN_S = 0.3, 1.0

SLEEP_S = 3.0
SLEEP = func.sleep(SLEEP_S).label("slept")


@pytest.fixture(autouse=True)
def quick_hearts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "HEARTBEAT_S", HEARTBEAT_S)
    monkeypatch.setattr(shop_database, "CONNECT_TIMEOUT_S", LOGIN_S)


@pytest.fixture
def server(mariadb_template: Path) -> Iterator[PrivateServer]:
    with PrivateServer(tcp=True, template=mariadb_template, parent=in_memory.place()) as found:
        found.execute("CREATE DATABASE shop")
        yield found


def by_pymysql(settings: Database) -> None:
    with engine_for(settings) as engine, transaction(engine) as tx:
        tx.execute(select(SLEEP))


def by_connectorx(settings: Database) -> None:
    BulkReader(settings, encrypted=False).read(select(SLEEP), {"slept": pl.Int64})


WAITS = [by_pymysql, by_connectorx]


@pytest.mark.parametrize("tcp", [True, False], ids=["port", "socket"])
@pytest.mark.parametrize("wait", WAITS)
def test_a_statement_ends_when_the_server_freezes_while_its_answer_is_waited_for(
    server: PrivateServer, wait: Callable[[Database], None], tcp: bool
) -> None:
    pid = int((server.directory / "pid").read_text())
    began_s = 0.0

    def freeze() -> None:
        nonlocal began_s
        began_s = clock.monotonic()
        os.kill(pid, signal.SIGSTOP)

    freezing = threading.Timer(0.5, freeze)
    freezing.start()
    try:
        with pytest.raises(DatabaseUnavailableError, match=r"silent \(frozen, or cut off\)"):
            wait(server.settings("shop", tcp=tcp))
        noticed_s = clock.monotonic() - began_s
    finally:
        freezing.join()
        os.kill(pid, signal.SIGCONT)

    assert noticed_s < HEARTBEAT_S + LOGIN_S + 0.5


def test_the_work_goes_on_over_new_connections_when_the_server_does(server: PrivateServer) -> None:
    pid = int((server.directory / "pid").read_text())
    with engine_for(server.settings("shop")) as engine:
        with transaction(engine) as tx:
            tx.execute(select(1))
        os.kill(pid, signal.SIGSTOP)
        began_s = clock.monotonic()
        try:
            with pytest.raises(DatabaseUnavailableError), transaction(engine) as tx:
                tx.execute(select(1))
        finally:
            took_s = clock.monotonic() - began_s
            os.kill(pid, signal.SIGCONT)
        assert took_s < HEARTBEAT_S + LOGIN_S + 0.5

        clock.sleep(HEARTBEAT_S)
        with transaction(engine) as tx:
            assert tx.scalar(select(1)) == 1


@pytest.mark.parametrize("wait", WAITS)
def test_a_server_that_works_may_take_its_time(
    server: PrivateServer, wait: Callable[[Database], None]
) -> None:
    began_s = clock.monotonic()

    wait(server.settings("shop"))

    assert clock.monotonic() - began_s >= SLEEP_S


@pytest.mark.parametrize("wait", WAITS)
def test_a_server_that_refuses_who_logs_in_lives(
    server: PrivateServer, monkeypatch: pytest.MonkeyPatch, wait: Callable[[Database], None]
) -> None:
    def full(_: Path) -> object:
        asked.append(1)
        raise pymysql.err.OperationalError(1040, "Too many connections")

    asked: list[int] = []
    open_socket = shop_database._open

    def first(path: Path) -> object:
        monkeypatch.setattr(shop_database, "_open", full)
        return open_socket(path)

    if wait is by_pymysql:
        monkeypatch.setattr(shop_database, "_open", first)
    else:  # which opens its own
        monkeypatch.setattr(shop_database, "_open", full)

    wait(server.settings("shop"))

    assert len(asked) > 1


def test_nobody_waits_for_a_silent_server_once_more(server: PrivateServer) -> None:
    pid = int((server.directory / "pid").read_text())
    began_s = 0.0

    def freeze_within_two(engine: Engine) -> None:
        nonlocal began_s
        try:
            with transaction(engine) as outer:
                outer.execute(select(1))
                with transaction(engine) as inner:
                    os.kill(pid, signal.SIGSTOP)
                    began_s = clock.monotonic()
                    inner.execute(select(1))
        finally:
            with transaction(engine) as noted:
                noted.execute(select(1))

    with engine_for(server.settings("shop")) as engine:
        try:
            with pytest.raises(DatabaseUnavailableError):
                freeze_within_two(engine)
            took_s = clock.monotonic() - began_s
        finally:
            os.kill(pid, signal.SIGCONT)

    assert took_s < HEARTBEAT_S + LOGIN_S + 0.5


def test_a_short_statement_is_given_up_although_the_server_lives(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.detach()
        shop_database.answer_within(connection, 0.5)
        began_s = clock.monotonic()

        with (
            pytest.raises(DatabaseUnavailableError),
            shop_database.database_errors(engine),
        ):
            connection.execute(select(SLEEP))

    assert clock.monotonic() - began_s < SLEEP_S


def test_it_takes_no_longer_than_three_heartbeats_of_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    assert (
        silence.HEARTBEAT_S + shop_database.CONNECT_TIMEOUT_S
        <= wire.SILENT_HEARTBEATS * wire.HEARTBEAT_S
    )
