"""A made-up store and the real program beside it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.config import Database
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from support import in_memory
from support.given import Given
from support.installation import Installation


@pytest.fixture
def own_server(mariadb_template: Path) -> Iterator[PrivateServer]:
    """A server that the test may stop."""
    with PrivateServer(template=mariadb_template, parent=in_memory.place()) as server:
        yield server


@pytest.fixture
def installation(
    mariadb: PrivateServer, database: str, tmp_path: Path, given_for: Callable[[str], Given]
) -> Iterator[Installation]:
    """An empty store of OpenCart 4.1 with its reference rows, and a config for it."""
    with _installed(mariadb.settings(database), tmp_path, given_for(database)) as found:
        yield found


@pytest.fixture
def binlog_installation(binlog_mariadb: PrivateServer, tmp_path: Path) -> Iterator[Installation]:
    """The same on a server with a binary log."""
    name = f"store_{secrets.token_hex(4)}"
    binlog_mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    settings = binlog_mariadb.settings(name)
    with (
        contextlib.closing(binlog_mariadb.connect(name)) as connection,
        _installed(settings, tmp_path, Given(connection, now=clock.now())) as found,
    ):
        yield found
    binlog_mariadb.execute(f"DROP DATABASE {name}")


@pytest.fixture
def own_installation(own_server: PrivateServer, tmp_path: Path) -> Iterator[Installation]:
    """The same on a server that the test may stop."""
    own_server.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
    with (
        contextlib.closing(own_server.connect("shop")) as connection,
        _installed(
            own_server.settings("shop"), tmp_path, Given(connection, now=clock.now())
        ) as found,
    ):
        yield found


@contextlib.contextmanager
def _installed(database: Database, folder: Path, given: Given) -> Iterator[Installation]:
    engine = connect(database)
    create_store(engine, database.prefix)
    found = Installation(folder, database, engine, given)
    (folder / "rules.d").mkdir()
    found.write_config()
    yield found
    engine.dispose()


@pytest.fixture
def given_for(mariadb: PrivateServer) -> Iterator[Callable[[str], Given]]:
    """A builder of rows for the store in a database."""
    opened = []

    def build(database: str) -> Given:
        connection = mariadb.connect(database)
        opened.append(connection)
        return Given(connection, now=clock.now())

    yield build
    for connection in opened:
        connection.close()
