"""Fixtures of every test: a real MariaDB, empty databases, real stores."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Engine

from sidecar.config import Database
from sidecar.errors import FatalError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from support import foreign_server, in_memory, small_store
from support.empty_store import empty_store
from support.foreign_server import ForeignServer
from support.given import Given
from support.small_store import NOW, SmallStore

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


@pytest.fixture(scope="session", autouse=True)
def _a_real_installation_is_left_alone() -> Iterator[None]:
    """Tests write where they are told to, never where the settings point by default."""
    place = Path("/var/lib/opencart-sidecar")
    before = _state(place)
    yield
    assert _state(place) == before, f"a test wrote into {place}"


def _state(place: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in place.rglob("*")}


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "mariadb_only(why): not for MySQL, where ./dev compat runs the other tests too",
        "both_kinds: writes InnoDB and MyISAM in one transaction, which MySQL with GTID refuses",
        "own_server_only(why): not for a server that others have set up and started",
    ):
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if foreign_server.dsn() is None:
        return
    for marker in item.iter_markers("own_server_only"):
        pytest.skip(f"for a server of our own: {marker.args[0]}")
    if item.get_closest_marker("both_kinds") and foreign_server.refuses_both_kinds():
        pytest.skip("for a server that lets a transaction write InnoDB and MyISAM")
    for marker in item.iter_markers("mariadb_only"):
        if foreign_server.on_mysql():
            pytest.skip(f"for MariaDB: {marker.args[0]}")


@pytest.fixture(scope="session")
def foreign() -> Iterator[ForeignServer | None]:
    """The server that tests were told to run on; None: on private ones."""
    address = foreign_server.dsn()
    if address is None:
        yield None
        return
    try:
        with foreign_server.emptied(address) as server:
            yield server
    except FatalError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def mariadb_template(
    tmp_path_factory: pytest.TempPathFactory, foreign: ForeignServer | None
) -> Path:
    """Where installed data directories are kept for copying; shared by the workers of a run."""
    if foreign is not None:
        pytest.skip("needs a server of its own, to stop it or to set it up")
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mariadb-template"


@pytest.fixture(scope="session")
def mariadb(
    request: pytest.FixtureRequest, foreign: ForeignServer | None
) -> Iterator[PrivateServer]:
    """One server a run (a worker), without binlog. MariaDB missing fails the test, never skips."""
    if foreign is not None:
        yield foreign
        return
    server = PrivateServer(
        tcp=True,
        template=request.getfixturevalue("mariadb_template"),
        parent=in_memory.place(),
    )
    try:
        server.start()
    except FatalError as error:
        server.remove()
        pytest.fail(str(error), pytrace=False)
    yield server
    server.kill()  # quicker than an orderly end; nothing of it is kept
    server.remove()


@pytest.fixture(scope="session")
def binlog_mariadb(
    server_with: Callable[..., AbstractContextManager[PrivateServer]],
) -> Iterator[PrivateServer]:
    """As `mariadb`, with a binary log, which a daemon on it reads."""
    with server_with(binlog=True) as server:
        yield server


@pytest.fixture(scope="session")
def server_with(
    request: pytest.FixtureRequest, foreign: ForeignServer | None
) -> Callable[..., AbstractContextManager[PrivateServer]]:
    """
    A server as a test wants it: ``server_with(binlog=True, extra_options={...})``.

    It is the test's own, unless tests were told which one to run on: then that one, with the
    options that can be set on it.
    """

    def start(
        *, binlog: bool, extra_options: Mapping[str, str | int] | None = None
    ) -> AbstractContextManager[PrivateServer]:
        if foreign is not None:
            return foreign.again(binlog=binlog, extra_options=extra_options)
        return PrivateServer(
            tcp=True,
            binlog=binlog,
            extra_options=extra_options,
            template=request.getfixturevalue("mariadb_template"),
            parent=in_memory.place(),
        )

    return start


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
