"""Which server it is, and whether the store can be read there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.errors import DatabaseRefusedError, DatabaseUnavailableError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.server import Server, probe
from support.database import changed, engine_for
from support.foreign_server import on_mysql


@pytest.fixture
def store(engine: Engine, mariadb: PrivateServer, database: str) -> Database:
    """Settings of a database that holds the two tables that tell a store."""
    with transaction(engine) as tx:
        for table in ("oc_customer", "oc_setting", "wp_setting", "crm_customer"):
            tx.execute(text(f"CREATE TABLE {table} (id INT)"))
    return mariadb.settings(database)


@pytest.fixture
def clerk(mariadb: PrivateServer, store: Database) -> Iterator[Database]:
    """The settings of an account that may use the database but read no table of the store."""
    mariadb.execute("CREATE USER clerk@'%' IDENTIFIED BY 'c'")
    mariadb.execute(f"GRANT CREATE ON `{store.name}`.* TO clerk@'%'")
    yield changed(store, user="clerk", password=Secret("c"))
    mariadb.execute("DROP USER clerk@'%'")


def refusal(settings: Database, prefix: str = "oc_") -> str:
    started = clock.monotonic()
    with engine_for(settings) as engine, pytest.raises(DatabaseRefusedError) as error:
        probe(engine, prefix)
    assert clock.monotonic() - started < 5
    return str(error.value)


@pytest.mark.parametrize(
    ("text_", "flavour", "version", "skips"),
    [
        ("10.11.6-MariaDB-0+deb12u1", "mariadb", (10, 11, 6), True),
        ("5.5.5-10.5.12-MariaDB-log", "mariadb", (10, 5, 12), False),
        ("11.8.2-MariaDB", "mariadb", (11, 8, 2), True),
        ("8.0.36", "mysql", (8, 0, 36), True),
        ("5.7.44-48-log", "mysql", (5, 7, 44), False),
        ("9.7.0-commercial", "mysql", (9, 7, 0), True),
        ("unknown", "mysql", (), False),
    ],
)
def test_a_server_is_told_by_its_version(
    text_: str, flavour: str, version: tuple[int, ...], skips: bool
) -> None:
    server = Server.of(text_)

    assert (server.flavour, server.version, server.version_text) == (flavour, version, text_)
    assert server.supports_max_statement_time == (flavour == "mariadb")
    assert server.supports_skip_locked == skips


def test_a_store_that_can_be_read_passes(store: Database) -> None:
    with engine_for(store) as engine:
        server = probe(engine, "oc_")

    assert server.flavour == ("mysql" if on_mysql() else "mariadb")
    assert server.version >= ((8, 0) if on_mysql() else (10, 6))


@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.2.3", "4.1.0.4"])
def test_a_real_store_passes(
    mariadb: PrivateServer, load_store: Callable[[str], str], version: str
) -> None:
    with engine_for(mariadb.settings(load_store(version))) as engine:
        assert probe(engine, "oc_").supports_skip_locked


def test_a_wrong_prefix_names_the_right_one(store: Database) -> None:
    message = refusal(store, "xx_")

    assert f"database '{store.name}' on {store.socket}: no table `xx_customer`" in message
    assert "this database has OpenCart tables with prefix 'oc_': check database.prefix" in message


def test_a_prefix_of_a_table_that_is_no_stores_is_wrong_too(store: Database) -> None:
    assert "no table `crm_setting`" in refusal(store, "crm_")


def test_a_database_without_a_store_is_told_as_one(mariadb: PrivateServer, database: str) -> None:
    message = refusal(mariadb.settings(database))

    assert "this database has no OpenCart tables" in message
    assert "check database.name" in message


def test_an_account_that_may_not_read_names_the_grant(clerk: Database) -> None:
    message = refusal(clerk)

    assert f"GRANT SELECT ON `{clerk.name}`.* TO 'clerk'@" in message


def test_an_account_that_may_read_one_table_only_names_the_grant(
    mariadb: PrivateServer, clerk: Database
) -> None:
    mariadb.execute(f"GRANT SELECT ON `{clerk.name}`.oc_customer TO clerk@'%'")

    assert f"GRANT SELECT ON `{clerk.name}`.* TO 'clerk'@" in refusal(clerk)


def test_a_wrong_password_and_a_wrong_database_are_refused(store: Database) -> None:
    assert "the password wrong" in refusal(changed(store, password=Secret("wrong")))
    assert "no database of this name" in refusal(changed(store, name="nowhere"))


def test_a_server_that_is_away_is_unavailable(store: Database) -> None:
    with (
        engine_for(changed(store, socket=None, port=1)) as engine,
        pytest.raises(DatabaseUnavailableError, match="no server answers: connection refused"),
    ):
        probe(engine, "oc_")
