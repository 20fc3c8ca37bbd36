"""Our own tables: made from nothing, from half of it, and never by an older program."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, inspect, text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from sidecar.config import Secret
from sidecar.errors import DatabaseRefusedError, NotNowError, SchemaError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.leader import lock_name
from sidecar.shop.own_tables import own_tables
from support.database import changed, engine_for


def _tables(engine: Engine) -> dict[str, set[str]]:
    found = inspect(engine)
    return {
        name: {str(column["name"]) for column in found.get_columns(name)}
        for name in found.get_table_names()
    }


def test_the_migrated_tables_are_the_declared_ones(engine: Engine) -> None:
    migrate.migrate(engine, "oc_")

    declared = own_tables("oc_").metadata.tables
    found = _tables(engine)
    assert found.keys() == declared.keys() | {"oc_sidecar_migration"}
    for name, table in declared.items():
        assert found[name] == set(table.columns.keys())
        key = inspect(engine).get_pk_constraint(name)["constrained_columns"]
        assert key == table.primary_key.columns.keys()


def test_every_table_of_ours_is_transactional(engine: Engine) -> None:
    migrate.migrate(engine, "oc_")

    with engine.connect() as connection:
        query = (
            "SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        engines = connection.scalars(text(query)).all()
    assert engines == ["InnoDB"]


def test_a_second_migration_finds_nothing_to_do(engine: Engine) -> None:
    first = migrate.migrate(engine, "oc_")

    assert [migration.version for migration in first] == [m.version for m in migrate.migrations()]
    assert migrate.migrate(engine, "oc_") == []
    migrate.require_current(engine, "oc_")


def test_each_prefix_has_its_own_tables(engine: Engine) -> None:
    migrate.migrate(engine, "a_")

    assert migrate.exist(engine, "a_")
    assert not migrate.exist(engine, "b_")


def test_a_migration_that_was_killed_half_way_goes_on_from_there(engine: Engine) -> None:
    first = migrate.migrations()[0]
    with engine.begin() as connection:
        for statement in first.statements[:3]:
            connection.exec_driver_sql(statement.replace("{prefix}", "oc_"))
    with pytest.raises(SchemaError, match="run `sidecar migrate`"):
        migrate.require_current(engine, "oc_")

    migrate.migrate(engine, "oc_")

    migrate.require_current(engine, "oc_")
    assert own_tables("oc_").metadata.tables.keys() < _tables(engine).keys()


def test_tables_of_a_newer_program_are_left_alone(engine: Engine) -> None:
    migrate.migrate(engine, "oc_")
    with engine.begin() as connection:
        insert = "INSERT INTO oc_sidecar_migration VALUES (9999, 'from-the-future', 1, 9999)"
        connection.execute(text(insert))

    with pytest.raises(SchemaError, match="newer"):
        migrate.require_current(engine, "oc_")
    with pytest.raises(SchemaError, match="newer"):
        migrate.migrate(engine, "oc_")


def test_a_program_works_on_newer_tables_that_only_grew_and_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = migrate.migrations()
    last = whole[-1].version
    grown = migrate.Migration(
        last + 1,
        "from-the-future",
        ("ALTER TABLE `{prefix}sidecar_tag` ADD COLUMN `mood` INT NULL",),
        compatible=last,
    )
    monkeypatch.setattr(migrate, "migrations", lambda: (*whole, grown))
    migrate.migrate(engine, "oc_")
    monkeypatch.setattr(migrate, "migrations", lambda: whole)

    with structlog.testing.capture_logs() as logged:
        migrate.require_current(engine, "oc_")

    assert [entry["event"] for entry in logged] == ["own_tables.newer"]
    assert migrate.migrate(engine, "oc_") == []


def test_one_of_several_newer_migrations_that_changed_too_much_is_enough_to_refuse(
    engine: Engine,
) -> None:
    migrate.migrate(engine, "oc_")
    last = migrate.migrations()[-1].version
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO oc_sidecar_migration VALUES"
            f" ({last + 1}, 'breaking', 1, {last + 1}), ({last + 2}, 'growing', 1, {last})"
        )

    with pytest.raises(SchemaError, match="newer"):
        migrate.require_current(engine, "oc_")


def test_a_newer_program_that_did_not_say_what_it_is_compatible_with_is_not(
    engine: Engine,
) -> None:
    migrate.migrate(engine, "oc_")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO oc_sidecar_migration VALUES (9999, 'from-the-future', 1, NULL)"
        )

    with pytest.raises(SchemaError, match="newer"):
        migrate.require_current(engine, "oc_")


def test_the_list_of_migrations_of_the_first_version_is_brought_up_to_date(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE oc_sidecar_migration (version INT UNSIGNED NOT NULL,"
            " name VARCHAR(64) NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (version))"
        )
        for statement in migrate.migrations()[0].statements:
            connection.exec_driver_sql(statement.replace("{prefix}", "oc_"))
        connection.exec_driver_sql("INSERT INTO oc_sidecar_migration VALUES (1, 'first', 1)")

    ran = migrate.migrate(engine, "oc_")

    assert ran[0].version == 2
    migrate.require_current(engine, "oc_")


def test_no_migration_claims_to_serve_a_version_later_than_itself() -> None:
    for migration in migrate.migrations():
        assert 1 <= migration.compatible <= migration.version


def test_two_migrations_do_not_run_at_once(engine: Engine) -> None:
    with engine.connect() as other:
        lock = lock_name(str(engine.url.database), "oc_ migrate")
        other.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": lock})

        with pytest.raises(NotNowError):
            migrate.migrate(engine, "oc_", wait_s=0)


def test_migrations_are_numbered_without_gaps() -> None:
    versions = [migration.version for migration in migrate.migrations()]

    assert versions == list(range(1, len(versions) + 1))


def test_an_account_that_may_not_make_tables_is_told_the_grant(
    engine: Engine, mariadb: PrivateServer, database: str
) -> None:
    mariadb.execute(
        "CREATE OR REPLACE USER reader IDENTIFIED BY 'secret'",
        f"GRANT SELECT ON `{database}`.* TO reader",
    )
    settings = changed(mariadb.settings(database), user="reader", password=Secret("secret"))

    with (
        engine_for(settings) as reader,
        pytest.raises(DatabaseRefusedError, match="CREATE") as error,
    ):
        migrate.migrate(reader, "oc_")

    assert "secret" not in str(error.value)


def test_the_migrated_columns_have_the_declared_types(engine: Engine) -> None:
    migrate.migrate(engine, "oc_")

    for table in own_tables("oc_").metadata.tables.values():
        found = {column["name"]: column for column in inspect(engine).get_columns(table.name)}
        for column in table.columns:
            declared = column.type.compile(mysql.dialect())
            assert _without_width(found[column.name]["type"]) == declared, column
            assert not (column.primary_key and found[column.name]["nullable"])


def _without_width(kind: TypeEngine[Any]) -> str:
    # Servers before MySQL 8.0.19, and MariaDB, name a width that means nothing.
    text_type = kind.compile(mysql.dialect())
    text_type = re.sub(r" (CHARACTER SET|COLLATE) \w+", "", text_type)
    text_type = re.sub(r"^CHAR(?=\()", "VARCHAR", text_type)
    return re.sub(r"INT(EGER)?\(\d+\)", lambda match: match[0].split("(")[0], text_type)


def test_a_migration_that_was_killed_after_any_statement_goes_on_from_there(
    engine: Engine,
) -> None:
    first = migrate.migrations()[0]
    migrate.migrate(engine, "whole_")
    whole = {name.removeprefix("whole_"): columns for name, columns in _tables(engine).items()}
    for done in range(len(first.statements) + 1):
        prefix = f"part{done}_"
        with engine.begin() as connection:
            for statement in first.statements[:done]:
                connection.exec_driver_sql(statement.replace("{prefix}", prefix))

        ran = migrate.migrate(engine, prefix)

        assert [migration.version for migration in ran] == [
            migration.version for migration in migrate.migrations()
        ]
        mended = {n: c for n, c in _tables(engine).items() if n.startswith(prefix)}
        assert {name.removeprefix(prefix): columns for name, columns in mended.items()} == whole


def test_each_earlier_version_is_brought_up_to_date_with_its_rows(engine: Engine) -> None:
    for upto in range(1, len(migrate.migrations()) + 1):
        prefix = f"from{upto}_"
        migrate.migrate(engine, prefix, upto=upto)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO {prefix}sidecar_tag (name, name_key, slot, created_at)"
                " VALUES ('VIP', 'vip', 3, 1)"
            )

        migrate.migrate(engine, prefix)

        migrate.require_current(engine, prefix)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT name, slot FROM {prefix}sidecar_tag")
            assert [tuple(row) for row in rows] == [("VIP", 3)]
