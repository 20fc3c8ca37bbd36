"""A small store for each test of the oracle, written row by row."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy

from oracle.filtered import Filters, filtered
from oracle.oracle import facts
from sidecar.service.private_server import PrivateServer
from sidecar.shop.tables import Generation, store_tables
from support.given import Given

NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)

#: The tables are made from the sidecar's own declarations: they stand without real stores.
VERSIONS: dict[Generation, str] = {"3.0": "3.0.5.1", "4.0": "4.0.2.3", "4.1": "4.1.0.4"}


@dataclass
class Shop:
    """A small store and the oracle's view of it."""

    given: Given
    version: str

    def facts(self, customer: int, **options: Any) -> dict[str, Any]:
        """The facts of one customer."""
        return self.all_facts(**options)[customer]

    def all_facts(self, **options: Any) -> dict[int, dict[str, Any]]:
        """The facts of every customer."""
        return facts(
            self.given.connection, "oc_", self.version, self.given.now, self.given.zone, **options
        )

    def filtered(self, customer: int, fact: str, filters: Filters, **options: Any) -> object:
        """One fact with filters of one customer."""
        found = filtered(
            self.given.connection,
            "oc_",
            self.version,
            self.given.now,
            self.given.zone,
            fact,
            filters,
            **options,
        )
        return found[customer]


OpenShop = Callable[..., Shop]


def chosen(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Only the facts called *names*, in that order."""
    return {name: facts[name] for name in names}


@pytest.fixture(scope="session")
def empty_stores(mariadb: PrivateServer) -> Iterator[Callable[[Generation], str]]:
    """The name of a store's database with OpenCart's own rows, made once a session."""
    made: dict[Generation, str] = {}

    def database(generation: Generation) -> str:
        if generation not in made:
            name = made[generation] = f"oracle_{generation.replace('.', '')}"
            mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            engine = sqlalchemy.create_engine(mariadb.url(name))
            tables = sqlalchemy.MetaData()
            for one in store_tables("oc_", generation).metadata.sorted_tables:
                table = one.to_metadata(tables)  # the declared ones stay as they are
                table.dialect_options["mysql"]["engine"] = "InnoDB"  # so that tests roll back
            tables.create_all(engine)
            engine.dispose()
            with contextlib.closing(mariadb.connect(name)) as connection:
                Given(connection, NOW).basics()
        return made[generation]

    yield database
    for name in made.values():
        mariadb.execute(f"DROP DATABASE {name}")


@pytest.fixture
def shop_of(
    mariadb: PrivateServer, empty_stores: Callable[[Generation], str]
) -> Iterator[OpenShop]:
    """The store of one generation and zone: ``shop_of("4.1", "Europe/Kyiv")``."""
    with contextlib.ExitStack() as stack:

        def make(generation: Generation = "4.1", zone: str = "Europe/Kyiv") -> Shop:
            connection = mariadb.connect(empty_stores(generation), autocommit=False)
            stack.callback(connection.close)  # which rolls back
            return Shop(Given(connection, NOW, ZoneInfo(zone)), VERSIONS[generation])

        yield make


@pytest.fixture
def shop(shop_of: OpenShop) -> Shop:
    """A small store of OpenCart 4.1 in Kyiv."""
    return shop_of()
