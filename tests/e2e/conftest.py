"""A made-up store and the real program beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from support.given import Given
from support.installation import Installation


@pytest.fixture
def installation(
    mariadb: PrivateServer, database: str, tmp_path: Path, given_for: Callable[[str], Given]
) -> Iterator[Installation]:
    """An empty store of OpenCart 4.1 with its reference rows, and a config for it."""
    settings = mariadb.settings(database)
    engine = connect(settings)
    create_store(engine, settings.prefix)
    found = Installation(tmp_path, settings, engine, given_for(database))
    (tmp_path / "rules.d").mkdir()
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
