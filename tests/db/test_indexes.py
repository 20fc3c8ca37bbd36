"""Our indexes on the store's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sidecar.config import Database, Secret
from sidecar.errors import DatabaseRefusedError
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop.indexes import INDEXES, add_index, drop_indexes, missing_indexes
from support.database import changed, engine_for


@pytest.fixture
def indexer(mariadb: PrivateServer, engine: Engine, database: str) -> Iterator[Database]:
    """The settings of an account that may read the store and index its tables, no more."""
    create_store(engine, "oc_")
    mariadb.execute(
        "CREATE OR REPLACE USER indexer@localhost IDENTIFIED BY 'secret'",
        f"GRANT SELECT, INDEX ON `{database}`.* TO indexer@localhost",
    )
    yield changed(mariadb.settings(database), user="indexer", password=Secret("secret"))
    mariadb.execute("DROP USER indexer@localhost")


def test_the_right_to_index_is_enough_to_add_and_remove_them(indexer: Database) -> None:
    with engine_for(indexer) as engine:
        for missing in missing_indexes(engine, "oc_"):
            add_index(engine, "oc_", missing)

        assert missing_indexes(engine, "oc_") == []
        assert drop_indexes(engine, "oc_") == list(INDEXES)
        assert len(missing_indexes(engine, "oc_")) == len(INDEXES)


def test_without_it_the_error_names_the_grant(mariadb: PrivateServer, indexer: Database) -> None:
    mariadb.execute(f"REVOKE INDEX ON `{indexer.name}`.* FROM indexer@localhost")

    with engine_for(indexer) as engine, pytest.raises(DatabaseRefusedError) as error:
        add_index(engine, "oc_", missing_indexes(engine, "oc_")[0])

    assert f"GRANT INDEX ON `{indexer.name}`.* TO 'indexer'@'localhost'" in str(error.value)
