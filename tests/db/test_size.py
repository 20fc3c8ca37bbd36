"""What we take up in the store's database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from sidecar.service.demo_store import create_store
from sidecar.shop import migrate
from sidecar.shop.indexes import INDEXES, add_index, missing_indexes
from sidecar.shop.own_tables import own_tables
from sidecar.shop.size import own_size
from sidecar.shop.tables import Generation
from support.reviews import add_reviews


@pytest.mark.parametrize("version", ["3.0", "4.1"])
def test_our_tables_and_our_indexes_on_the_stores_are_counted(
    engine: Engine, version: Generation
) -> None:
    create_store(engine, "oc_", version)
    create_store(engine, "oc2_", version)

    before = own_size(engine, "oc_")
    assert (before.tables, before.rows, before.table_bytes) == ({}, 0, 0)
    assert (before.indexes, before.index_bytes) == (0, 0)

    for prefix in ("oc_", "oc2_"):
        migrate.migrate(engine, prefix)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("INSERT INTO oc_sidecar_customer (customer_id) VALUES (:customer)"),
            [{"customer": number} for number in range(1, 2001)],
        )
        add_reviews(connection)
    for missing in missing_indexes(engine, "oc_"):
        add_index(engine, "oc_", missing)
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE TABLE oc_sidecar_customer, oc_review")

    size = own_size(engine, "oc_")

    names = {name.removeprefix("oc_") for name in own_tables("oc_").metadata.tables}
    assert size.tables.keys() == names | {"sidecar_migration"}
    assert 1_500 < size.tables["sidecar_customer"][0] < 2_500
    assert size.rows > 1_500
    assert size.table_bytes >= size.tables["sidecar_customer"][1] > 0
    assert size.indexes == len(INDEXES)
    assert size.index_bytes > 10_000
    assert own_size(engine, "oc2_").indexes == 0
