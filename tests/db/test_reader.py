"""The two readers of rows."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, String, literal_column, select

from sidecar import config
from sidecar.app import open_sidecar
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.reader import BulkReader, read_rows
from sidecar.shop.tables import store_tables
from support.given import Given

NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def _picky(mariadb: PrivateServer) -> Iterator[None]:
    """A server whose sessions are not like ours unless they say so."""
    mariadb.execute("SET GLOBAL sql_mode = 'ONLY_FULL_GROUP_BY,ALLOW_INVALID_DATES,ANSI_QUOTES'")
    yield
    mariadb.execute("SET GLOBAL sql_mode = DEFAULT")


@pytest.mark.usefixtures("_picky")
def test_both_readers_have_sessions_alike_whatever_the_server_prefers(
    mariadb: PrivateServer, database: str, engine: Engine
) -> None:
    session = literal_column("CONCAT(@@sql_mode, ' ', @@time_zone)", String)
    query = select(session.label("session"))
    schema = {"session": pl.String()}

    bulk = BulkReader(mariadb.settings(database), encrypted=False).read(query, schema)
    with transaction(engine) as tx:
        rows = read_rows(tx, query, schema)

    assert bulk.equals(rows)


@pytest.mark.usefixtures("_picky")
def test_guest_orders_are_read_in_bulk_also_from_a_picky_server(
    mariadb: PrivateServer, database: str, engine: Engine, tmp_path: Path
) -> None:
    store_tables("oc_", "4.1").metadata.create_all(engine)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW)
        given.basics()
        given.customer(email="Ann@Example.org")
    (tmp_path / "config.toml").write_text(
        f"""
[database]
socket = {json.dumps(str(mariadb.socket))}
user = {json.dumps(mariadb.user)}
password = {json.dumps(mariadb.password)}
name = {json.dumps(database)}

[shop]
guest_orders = "by_email"
"""
    )
    sidecar = open_sidecar(config.load(tmp_path / "config.toml", {}))

    assert [row["email"] for row in sidecar.customers("orders = 0")] == ["Ann@Example.org"]
    assert sidecar.shop.bulk is not None
    sidecar.engine.dispose()
