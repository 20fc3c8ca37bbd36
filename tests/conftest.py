"""Fixtures of every test: a real MariaDB, empty databases, real stores."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Engine

from sidecar.errors import FatalError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect

_numbers = itertools.count(1)

# The same examples in every run: a failure is one of the code, not of the day.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    # Commands set the log up for the whole process.
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture(scope="session")
def mariadb_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where installed data directories are kept for copying; shared by the workers of a run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mariadb-template"


@pytest.fixture(scope="session")
def mariadb(mariadb_template: Path) -> Iterator[PrivateServer]:
    """One server a run (a worker), without binlog. MariaDB missing fails the test, never skips."""
    server = PrivateServer(tcp=True, template=mariadb_template)
    try:
        server.start()
    except FatalError as error:
        server.remove()
        pytest.fail(str(error), pytrace=False)
    yield server
    server.kill()  # quicker than an orderly end; nothing of it is kept
    server.remove()


@pytest.fixture(scope="session")
def binlog_mariadb(mariadb_template: Path) -> Iterator[PrivateServer]:
    """As `mariadb`, with a binary log, which a daemon on it reads."""
    with PrivateServer(tcp=True, binlog=True, template=mariadb_template) as server:
        yield server


@pytest.fixture
def database(mariadb: PrivateServer) -> Iterator[str]:
    """The name of a fresh, empty database, dropped after the test."""
    with _database(mariadb) as name:
        yield name


@pytest.fixture
def engine(mariadb: PrivateServer, database: str) -> Iterator[Engine]:
    """Our own engine on ``database``."""
    engine = connect(mariadb.settings(database))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def stores_dir() -> Path:
    """The folder of real stores, ``store-VERSION.sql.gz``; skips where there is none."""
    place = os.environ.get("OPENCART_STORES", "")
    if not place:
        pytest.skip("OPENCART_STORES is not set: tests on real stores did not run")
    if not any(Path(place).glob("store-*.sql.gz")):
        pytest.fail(f"OPENCART_STORES is {place}, which holds no store-VERSION.sql.gz")
    return Path(place)


@pytest.fixture(scope="session")
def load_store(mariadb: PrivateServer, stores_dir: Path) -> Callable[[str], str]:
    """
    Load the real store of a version, once a session: ``load_store("4.1.0.4")``.

    Returns the name of its database, which is for reading only. The prefix is ``oc_``.
    """
    loaded: dict[str, str] = {}

    def load(version: str) -> str:
        if version not in loaded:
            loaded[version] = _create(mariadb)
            mariadb.load(loaded[version], stores_dir / f"store-{version}.sql.gz")
        return loaded[version]

    return load


@pytest.fixture
def clone_store(
    mariadb: PrivateServer, load_store: Callable[[str], str]
) -> Iterator[Callable[[str], str]]:
    """Like ``load_store``, but a copy that the test may write to; dropped after it."""
    with contextlib.ExitStack() as stack:

        def clone(version: str) -> str:
            source = load_store(version)
            copy = stack.enter_context(_database(mariadb))
            with contextlib.closing(mariadb.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0")
                cursor.execute(f"SHOW TABLES FROM `{source}`")
                for (table,) in cursor.fetchall():
                    cursor.execute(f"CREATE TABLE `{copy}`.`{table}` LIKE `{source}`.`{table}`")
                    cursor.execute(
                        f"INSERT INTO `{copy}`.`{table}` SELECT * FROM `{source}`.`{table}`"
                    )
            return copy

        yield clone


@contextlib.contextmanager
def _database(server: PrivateServer) -> Iterator[str]:
    name = _create(server)
    try:
        yield name
    finally:
        server.execute(f"DROP DATABASE `{name}`")


def _create(server: PrivateServer) -> str:
    name = f"test_{next(_numbers)}"
    server.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    return name
