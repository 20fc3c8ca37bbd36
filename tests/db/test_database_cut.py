"""A network that is cut without a word, in a network of the test's own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import polars as pl
import pytest
from sqlalchemy import func, select

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import database as shop_database
from sidecar.shop.database import connector, transaction
from sidecar.shop.reader import BulkReader
from support import in_memory
from support.database import engine_for

T = TypeVar("T")

#: A cut is noticed by then; without options of ours never.
PATIENCE_S = 8.0

SLEEP = func.sleep(3 * PATIENCE_S).label("slept")

#: Of `unshare`: a network of its own for the thread.
_CLONE_NEWNET = 0x40000000

#: What the kernel is told of connections over TCP, by its option.
OPTIONS = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 25_000,
}


def set_up_network(*, up: bool) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up" if up else "down"], check=True)


class Cut:
    """A network that is cut in half a second, and whole again at the end or after long."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._cut)
        self._since_s = self.lasted_s = 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self.lasted_s = clock.monotonic() - self._since_s
        self._over.set()
        self._thread.join()

    def _cut(self) -> None:
        self._over.wait(0.5)
        set_up_network(up=False)
        self._since_s = clock.monotonic()
        self._over.wait(2 * PATIENCE_S)
        set_up_network(up=True)


@contextlib.contextmanager
def own_network() -> Iterator[Callable[[Callable[[], T]], T]]:
    """Runs what it is given where a network can be cut that nobody else uses."""

    def begin() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        set_up_network(up=True)

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(begin).result()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs a network of its own, which takes root and `ip`: {error}")
        yield lambda work: pool.submit(work).result()


def by_pymysql(settings: Database) -> None:
    with engine_for(settings) as engine, transaction(engine) as tx:
        tx.execute(select(SLEEP))


def by_connectorx(settings: Database) -> None:
    BulkReader(settings, encrypted=False).read(select(SLEEP), {"slept": pl.Int64})


@pytest.mark.parametrize("wait", [by_pymysql, by_connectorx])
def test_a_statement_ends_when_the_network_is_cut_while_its_answer_is_waited_for(
    mariadb_template: Path, monkeypatch: pytest.MonkeyPatch, wait: Callable[[Database], None]
) -> None:
    monkeypatch.setattr(shop_database, "ASKED_AFTER_S", 1)
    monkeypatch.setattr(shop_database, "ASKED_EVERY_S", 1)
    monkeypatch.setattr(shop_database, "CUT_AFTER_S", 3)

    def noticed_after_s() -> float:
        with PrivateServer(tcp=True, template=mariadb_template, parent=in_memory.place()) as server:
            server.execute("CREATE DATABASE shop")
            cut = Cut()
            with pytest.raises(DatabaseUnavailableError), cut:
                wait(server.settings("shop", tcp=True))
            return cut.lasted_s

    with own_network() as within:
        assert within(noticed_after_s) < PATIENCE_S


def test_the_kernel_watches_over_connections_by_tcp(mariadb: PrivateServer, database: str) -> None:
    settings = mariadb.settings(database, tcp=True)

    with contextlib.closing(connector(settings)()) as connection:
        opened = connection._sock
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        found = {name: opened.getsockopt(socket.IPPROTO_TCP, name) for name in OPTIONS}

    assert found == OPTIONS
