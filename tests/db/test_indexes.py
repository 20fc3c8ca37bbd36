"""Our indexes on the store's tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.errors import DatabaseRefusedError
from sidecar.service.demo_store import create_store
from sidecar.service.private_server import PrivateServer
from sidecar.shop.indexes import INDEXES, add_index, drop_index, missing_indexes, present_indexes
from support.database import changed, engine_for
from support.reviews import add_reviews


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
        present = present_indexes(engine, "oc_")
        assert {(found.table, found.name) for found in present} == {
            (index.table, index.name) for index in INDEXES
        }
        for index in present:
            drop_index(engine, "oc_", index)
        assert len(missing_indexes(engine, "oc_")) == len(INDEXES)


def test_without_it_the_error_names_the_grant(mariadb: PrivateServer, indexer: Database) -> None:
    mariadb.execute(f"REVOKE INDEX ON `{indexer.name}`.* FROM indexer@localhost")

    with engine_for(indexer) as engine, pytest.raises(DatabaseRefusedError) as error:
        add_index(engine, "oc_", missing_indexes(engine, "oc_")[0])

    assert f"GRANT INDEX ON `{indexer.name}`.* TO 'indexer'@" in str(error.value)


def test_an_index_that_an_upgrade_of_the_store_dropped_is_found_missing(indexer: Database) -> None:
    with engine_for(indexer) as engine:
        for missing in missing_indexes(engine, "oc_"):
            add_index(engine, "oc_", missing)
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP INDEX sidecar_customer ON oc_order")

        (lost,) = missing_indexes(engine, "oc_")
        assert lost.index.table == "order"
        assert not lost.blocking
        add_index(engine, "oc_", lost)
        assert missing_indexes(engine, "oc_") == []


def test_adding_one_waits_for_a_table_in_use_and_says_so(
    mariadb: PrivateServer, indexer: Database
) -> None:
    told: list[int] = []
    with (
        engine_for(indexer) as engine,
        contextlib.closing(mariadb.connect(indexer.name, autocommit=False)) as other,
    ):
        with other.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM oc_order")  # until this transaction ends
        first = missing_indexes(engine, "oc_")[0]

        def retried(attempt: int) -> None:
            told.append(attempt)
            other.commit()

        started = clock.monotonic()
        add_index(engine, "oc_", first, retried)

        assert told == [1]
        assert clock.monotonic() - started < 20  # else the store's own queries queue up behind
        assert first.index not in {missing.index for missing in missing_indexes(engine, "oc_")}


def test_of_a_table_that_would_block_its_size_is_told_before_it_is_indexed(engine: Engine) -> None:
    create_store(engine, "oc_", "3.0")

    found = missing_indexes(engine, "oc_")

    assert len(found) == len(INDEXES)
    assert all(missing.blocking for missing in found)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        add_reviews(connection)
    (reviews,) = (m for m in missing_indexes(engine, "oc_") if m.index.table == "review")
    assert (reviews.rows, reviews.blocking) == (4000, True)
    assert reviews.megabytes > 0
    assert reviews.block_s == pytest.approx(0.01)
    add_index(engine, "oc_", reviews)
    assert reviews.index not in {missing.index for missing in missing_indexes(engine, "oc_")}


def test_tables_of_another_store_in_the_same_database_are_left_alone(engine: Engine) -> None:
    for prefix in ("oc_", "oc2_"):
        create_store(engine, prefix)
    for missing in missing_indexes(engine, "oc_"):
        add_index(engine, "oc_", missing)

    assert len(missing_indexes(engine, "oc2_")) == len(INDEXES)
    assert present_indexes(engine, "oc2_") == []
    assert missing_indexes(engine, "oc_") == []
