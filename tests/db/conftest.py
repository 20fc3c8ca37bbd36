"""Accounts and settings of a database of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sidecar.config import Database, Secret
from sidecar.service.private_server import PrivateServer
from support.database import changed


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
