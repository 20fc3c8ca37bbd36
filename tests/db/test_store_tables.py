"""The declared columns held against the schemas of real stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect, transaction
from sidecar.shop.tables import Generation, store_tables
from sidecar.shop.versions import detect

VERSIONS: dict[str, Generation] = {"3.0.5.1": "3.0", "4.0.2.3": "4.0", "4.1.0.4": "4.1"}

#: What a declared type may be in a real store: we read integers and text only.
ALIKE = {
    "int": {"int", "tinyint", "smallint", "bigint"},
    "tinyint": {"tinyint", "int"},
    "varchar": {"varchar", "char", "text", "mediumtext"},
    "text": {"text", "mediumtext", "varchar"},
    "decimal": {"decimal"},
    "datetime": {"datetime", "date"},
    "date": {"date"},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_declared_column_is_in_a_real_store(
    mariadb: PrivateServer, load_store: Callable[[str], str], version: str
) -> None:
    columns = _columns(mariadb, load_store(version))

    for table in store_tables("oc_", VERSIONS[version]).metadata.sorted_tables:
        for column in table.columns:
            declared = column.type.compile().split("(")[0].lower().replace("integer", "int")
            real = columns.get((table.name, column.name))
            assert real in ALIKE[declared], f"{table.name}.{column.name}: {declared}, really {real}"


def test_every_declared_column_is_in_every_schema_there_is(
    mariadb: PrivateServer, stores_dir: Path, database: str
) -> None:
    for schema in sorted(stores_dir.glob("schema-*.sql")):
        mariadb.execute(f"DROP DATABASE `{database}`", f"CREATE DATABASE `{database}`")
        mariadb.load(database, schema)
        columns = _columns(mariadb, database)
        generation = VERSIONS.get(schema.stem.removeprefix("schema-"), "4.1")

        for table in store_tables("oc_", generation).metadata.sorted_tables:
            for column in table.columns:
                assert (table.name, column.name) in columns, schema.name


@pytest.mark.parametrize("version", VERSIONS)
def test_the_generation_is_told_from_the_columns(
    mariadb: PrivateServer, load_store: Callable[[str], str], version: str
) -> None:
    database = load_store(version)
    with transaction(connect(mariadb.settings(database))) as tx:
        found = detect(tx, database, "oc_")

    assert found.generation == VERSIONS[version]
    assert found.transactional == (version != "3.0.5.1")


def _columns(mariadb: PrivateServer, database: str) -> dict[tuple[str, str], str]:
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s",
            (database,),
        )
        return {(table, column): kind for table, column, kind in cursor.fetchall()}
