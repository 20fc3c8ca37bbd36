"""A small store of each test's own, in one database that is emptied after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sidecar.config import Database, Secret
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from support import small_store
from support.database import changed
from support.empty_store import empty_store
from support.given import Given
from support.small_store import NOW, SmallStore


@pytest.fixture(scope="session")
def small_database(mariadb: PrivateServer) -> Iterator[Database]:
    """The tables of an OpenCart 4.1 as far as they are declared, and our own, all empty."""
    with empty_store(mariadb, "small_store") as found:
        yield found


@pytest.fixture
def small_engine(small_database: Database) -> Iterator[Engine]:
    """An engine on the database of small stores, which is empty again after the test."""
    engine = connect(small_database)
    yield engine
    small_store.empty(engine, small_database.prefix)
    engine.dispose()


@pytest.fixture
def store(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    small_database: Database,
    small_engine: Engine,
    tmp_path: Path,
) -> Iterator[SmallStore]:
    """A small store with OpenCart's own rows and the sidecar on it; its parameter: `[shop]`."""
    shop: dict[str, object] = getattr(request, "param", {})
    with contextlib.closing(mariadb.connect(small_database.name)) as connection:
        given = Given(connection, NOW)
        given.basics()
        yield from small_store.open_on(small_database, tmp_path, given, **shop)


@pytest.fixture
def settings(mariadb: PrivateServer, database: str) -> Database:
    """An empty database, by its port."""
    return mariadb.settings(database, tcp=True)


@pytest.fixture
def clerk(mariadb: PrivateServer, settings: Database) -> Iterator[Database]:
    """The settings of an account without any privilege."""
    mariadb.execute("CREATE USER clerk@'%' IDENTIFIED BY 'clerk päss 🦊'")
    yield changed(settings, user="clerk", password=Secret("clerk päss 🦊"))
    mariadb.execute("DROP USER clerk@'%'")
