"""Every table and column that the bridge's SQL names is in our tables or in OpenCart's."""

from __future__ import annotations

import contextlib
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.php_database import BRIDGE, php_call, run_php
from sidecar.config import Database
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.indexes import INDEXES
from sidecar.shop.migrate import migrate

READ = Path(__file__).with_name("php") / "read.php"

#: What takes a statement.
TAKES = ("rows", "row", "value")

#: Columns of information_schema.tables.
SERVERS_OWN = {"table_schema", "table_name", "table_rows", "data_length", "index_length"}

#: Versions that the bridge is for.
VERSIONS = ("4.0.2.3", "4.1.0.4")


def strings() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run_php(READ, "", str(BRIDGE), "strings"))
    return found


@pytest.fixture(scope="module", params=VERSIONS)
def real(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    load_store: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Database:
    """A real store's tables of one version, empty, with ours."""
    source, name = load_store(request.param), f"bridge_{request.param.replace('.', '_')}"
    mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    with contextlib.closing(mariadb.connect(source)) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = '', foreign_key_checks = 0")
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            cursor.execute(f"CREATE TABLE {name}.`{table}` LIKE `{table}`")
    settings = mariadb.settings(name)
    engine = connect(settings)
    migrate(engine, settings.prefix)
    engine.dispose()
    return settings


def columns(mariadb: PrivateServer, name: str) -> dict[str, set[str]]:
    """The columns and indexes of each table, without the prefix."""
    found: dict[str, set[str]] = defaultdict(set)
    with contextlib.closing(mariadb.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = %s"
            " UNION SELECT TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS"
            " WHERE TABLE_SCHEMA = %s",
            (name, name),
        )
        for table, column in cursor.fetchall():
            found[table.removeprefix("oc_")].add(column)
    for index in INDEXES:
        found[index.table].add(index.name)
    return found


def test_every_table_and_column_is_there(mariadb: PrivateServer, real: Database) -> None:
    there = columns(mariadb, real.name)
    sql: dict[str, list[str]] = defaultdict(list)
    for each in strings():
        if re.search(r"\{\w+\}|`", text := str(each["text"])):
            sql[str(each["file"])].append(text)
    named = {
        path: set(re.findall(r"\{([a-z][a-z0-9_]+)\}", " ".join(texts)))
        for path, texts in sql.items()
    }
    everywhere = set().union(*(there[table] for tables in named.values() for table in tables))

    assert any(named.values())
    for path, tables in named.items():
        assert {table for table in tables if table not in there} <= set(), path
        text = " ".join(sql[path])
        aliases = set(re.findall(r"(?:\bAS|\)) `(\w+)`", text))
        wanted = set(re.findall(r"`([a-z]\w*)`", text)) - aliases
        if "information_schema" in text:
            wanted -= {"information_schema", "tables"} | SERVERS_OWN
        known = set().union(*(there[table] for table in tables)) if tables else everywhere
        # A piece of SQL may be of tables that another file names.
        assert wanted <= known | everywhere, f"{path}: {wanted - known - everywhere}"


def test_every_whole_statement_is_one_to_the_server(real: Database) -> None:
    whole = [
        str(each["text"])
        for each in strings()
        if each["whole"] and each["call"] in TAKES and " " in str(each["text"])
    ]

    said = php_call(
        real,
        """
        $wrong = [];
        foreach ($values['statements'] as $sql) {
            try {
                $explain = strpos($sql, 'SHOW') === 0 ? '' : 'EXPLAIN ';
                $database->rows($explain . $sql, array_fill(0, substr_count($sql, '?'), '1'));
            } catch (\\Exception $e) {
                $wrong[] = $e->getMessage();
            }
        }
        return $wrong;
        """,
        statements=whole,
    )

    assert len(whole) > 10
    assert said == []
