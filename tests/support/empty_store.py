"""A store without a row, for tests that share its tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sidecar.config import Database
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect
from sidecar.shop.tables import Generation, store_tables


@contextlib.contextmanager
def empty_store(
    mariadb: PrivateServer, name: str, generation: Generation = "4.1"
) -> Iterator[Database]:
    """The tables of an OpenCart as far as they are declared, and our own, in a database *name*."""
    mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    settings = mariadb.settings(name)
    engine = connect(settings)
    store_tables(settings.prefix, generation).metadata.create_all(engine)
    migrate.migrate(engine, settings.prefix)
    engine.dispose()
    yield settings
    mariadb.execute(f"DROP DATABASE {name}")
