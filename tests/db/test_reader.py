"""The two readers of rows."""

from __future__ import annotations

import polars as pl
from sqlalchemy import Engine, literal_column, select

from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.reader import BulkReader, read_rows


def test_both_readers_have_sessions_alike_whatever_the_server_prefers(
    mariadb: PrivateServer, database: str, engine: Engine
) -> None:
    query = select(
        literal_column("@@sql_mode").label("mode"), literal_column("@@time_zone").label("zone")
    )
    schema = {"mode": pl.String(), "zone": pl.String()}
    mariadb.execute("SET GLOBAL sql_mode = 'ONLY_FULL_GROUP_BY,ALLOW_INVALID_DATES'")
    try:
        bulk = BulkReader(mariadb.settings(database), encrypted=False).read(query, schema)
        with transaction(engine) as tx:
            rows = read_rows(tx, query, schema)
    finally:
        mariadb.execute("SET GLOBAL sql_mode = DEFAULT")

    assert bulk.equals(rows)
