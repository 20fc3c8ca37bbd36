"""Which of our errors an error of the database becomes, and what it tells a person."""

from __future__ import annotations

import re
import traceback

import pytest
from sqlalchemy import Engine, text

from sidecar.config import Database, Secret
from sidecar.errors import CustomerError, DatabaseRefusedError, FatalError, SidecarError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from support.database import changed, failure
from support.foreign_server import on_mysql
from support.mysql_dialect import for_mysql


def test_a_wrong_password_is_refused_without_showing_it(settings: Database) -> None:
    error = failure(changed(settings, password=Secret("hunter2")))

    assert isinstance(error, DatabaseRefusedError)
    assert "user 'root' is unknown or the password wrong" in str(error)
    assert "check database.user, password and tls" in str(error)
    assert "hunter2" not in "".join(traceback.format_exception(error))


def test_a_password_that_is_not_given_is_told_from_a_wrong_one(settings: Database) -> None:
    error = failure(changed(settings, password=Secret("")))

    assert "user 'root' is unknown or needs a password" in str(error)


def test_a_wrong_database_name_is_refused(settings: Database) -> None:
    error = failure(changed(settings, name="nowhere"))

    assert isinstance(error, DatabaseRefusedError)
    assert "database 'nowhere' on 127.0.0.1:" in str(error)
    assert "there is no database of this name (check database.name; error 1049)" in str(error)


def test_a_database_one_may_not_use_names_the_page_of_grants(clerk: Database) -> None:
    error = failure(clerk)

    assert isinstance(error, DatabaseRefusedError)
    assert "user 'clerk' may not use it, or it is not there" in str(error)
    assert "let an administrator run docs/howto/grants.sql" in str(error)


def test_a_table_one_may_not_write_names_the_grant(
    mariadb: PrivateServer, clerk: Database, engine: Engine
) -> None:
    with transaction(engine) as tx:
        tx.execute(text("CREATE TABLE a (id INT)"))
    mariadb.execute(f"GRANT SELECT ON `{clerk.name}`.* TO clerk@'%'")

    error = failure(clerk, "INSERT INTO a VALUES (1)")

    assert isinstance(error, DatabaseRefusedError)
    assert f"GRANT INSERT ON `{clerk.name}`.`a` TO 'clerk'@" in str(error)


def test_a_privilege_of_the_server_names_the_grant(mariadb: PrivateServer, clerk: Database) -> None:
    mariadb.execute(f"GRANT SELECT ON `{clerk.name}`.* TO clerk@'%'")

    (statement,) = for_mysql("SHOW MASTER STATUS") if on_mysql() else ["SHOW MASTER STATUS"]
    error = failure(clerk, statement)

    assert isinstance(error, DatabaseRefusedError)
    assert "user 'clerk' lacks a privilege of the whole server" in str(error)
    privilege = "REPLICATION CLIENT" if on_mysql() else "BINLOG MONITOR"
    assert f"GRANT {privilege} ON *.* TO 'clerk'@" in str(error)


def test_a_missing_table_and_a_missing_column_are_refused(settings: Database) -> None:
    table = failure(settings, "SELECT 1 FROM oc_nothing")
    column = failure(settings, "SELECT nothing FROM (SELECT 1) AS a")

    assert isinstance(table, DatabaseRefusedError)
    assert "oc_nothing" in str(table)
    assert "sidecar migrate" in str(table)
    assert isinstance(column, DatabaseRefusedError)
    assert "'nothing'" in str(column)


def test_a_statement_of_ours_that_is_wrong_is_fatal(settings: Database) -> None:
    error = failure(settings, "SELEKT 'ann@example.org'")

    assert isinstance(error, FatalError)
    assert "error 1064" in str(error)
    assert "ann@example.org" not in str(error)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("1, 'ann', 1, '2026-01-01'", "a value is there already (error 1062, key PRIMARY)"),
        ("2, 'ann o hara', 1, '2026-01-01'", "a text is too long (error 1406, column name)"),
        ("2, 'ann', 300, '2026-01-01'", "a number is out of range (error 1264, column count)"),
        ("2, 'ann', 'x', '2026-01-01'", "a value is of the wrong kind (error 1366, column count)"),
        ("2, 'ann', 1, 'ann'' for key'", "a value is of the wrong kind (error 1292, column day)"),
        ("2, 'ann', NULL, '2026-01-01'", "a value is missing (error 1048)"),
        ("2, 'ann', 0, '2026-01-01'", "a value breaks a constraint (error 4025)"),
    ],
)
def test_a_value_that_does_not_fit_is_one_customers_matter(
    settings: Database, engine: Engine, values: str, expected: str
) -> None:
    with transaction(engine) as tx:
        tx.execute(
            text(
                "CREATE TABLE a (id INT PRIMARY KEY, name VARCHAR(5), count TINYINT NOT NULL"
                " CHECK (count > 0), day DATE) ENGINE=InnoDB"
            )
        )
        tx.execute(text("INSERT INTO a VALUES (1, 'bob', 1, '2026-01-01')"))

    error = failure(settings, f"INSERT INTO a VALUES ({values})")

    assert isinstance(error, CustomerError)
    said = str(error).replace("`", "").replace("'", "")
    said = re.sub(rf"\b({settings.name}\.)?a\.", "", said).replace("3819", "4025")
    assert expected.removesuffix(")") in said
    assert "ann" not in str(error)


def test_parameters_never_stand_in_an_error(engine: Engine) -> None:
    email = "@".join(("ann", "example.org"))
    with pytest.raises(SidecarError) as error, transaction(engine) as tx:
        tx.execute(text("SELECT :email FROM nothing"), {"email": email})

    assert email not in "".join(traceback.format_exception(error.value))
