"""Numbers of MySQL and MariaDB that no test can provoke cheaply."""

from __future__ import annotations

import ssl

import pymysql
import pytest
import sqlalchemy.exc

from sidecar.errors import (
    CustomerError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    FatalError,
    SchemaChangedError,
    SidecarError,
)
from sidecar.shop.database_errors import (
    DATA,
    REFUSED,
    RETRYABLE,
    SCHEMA_CHANGED,
    translate,
)


def error(number: int, said: str = "") -> pymysql.err.OperationalError:
    return pymysql.err.OperationalError(number, said)


def test_a_number_means_one_thing_only() -> None:
    assert not set(RETRYABLE) & set(REFUSED)
    assert not set(RETRYABLE) & set(DATA)
    assert not set(REFUSED) & set(DATA)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [(RETRYABLE, DatabaseUnavailableError), (REFUSED, DatabaseRefusedError), (DATA, CustomerError)],
    ids=["retryable", "refused", "data"],
)
def test_every_number_becomes_its_kind(
    numbers: dict[int, object], kind: type[SidecarError]
) -> None:
    for number in numbers:
        translated = translate(error(number), "database 'a' on b:1", "u", "a")
        assert isinstance(translated, kind), number
        assert isinstance(translated, SchemaChangedError) == (number in SCHEMA_CHANGED), number
        assert "{" not in str(translated)


def test_an_unknown_number_is_fatal_and_named() -> None:
    assert str(translate(error(1064, "near 'ann@example.org'"), "here")) == (
        "here: the database refuses a statement (error 1064)"
    )


def test_a_pool_that_is_empty_is_unavailable() -> None:
    assert isinstance(translate(sqlalchemy.exc.TimeoutError()), DatabaseUnavailableError)


def test_a_fault_of_tls_is_told_from_a_server_that_is_away() -> None:
    fault = error(2003, "Can't connect")
    fault.original_exception = ssl.SSLError(1, "certificate verify failed")

    assert isinstance(translate(fault), DatabaseRefusedError)


def test_an_error_without_a_number_is_fatal() -> None:
    assert isinstance(translate(pymysql.err.ProgrammingError("Cursor closed")), FatalError)


@pytest.mark.parametrize(
    ("denied", "table", "granted"),
    [
        ("SELECT", "oc_order", "SELECT ON `shop`.*"),
        ("INDEX", "oc_order", "INDEX ON `shop`.*"),
        ("UPDATE", "oc_customer", "UPDATE (customer_group_id) ON `shop`.`oc_customer`"),
        ("INSERT", "oc_sidecar_hint", "ALL ON `shop`.`oc_sidecar_hint`"),
        ("DELETE", "oc_order", "DELETE ON `shop`.`oc_order`"),
    ],
)
def test_no_more_is_asked_for_than_was_denied(denied: str, table: str, granted: str) -> None:
    for place in (f"`shop`.`{table}`", f"'{table}'"):  # of MariaDB, of MySQL
        said = f"{denied} command denied to user 'u'@'10.0.0.1' for table {place}"

        assert f"GRANT {granted} TO 'u'@…" in str(translate(error(1142, said), "", "u", "shop"))


def test_of_several_privileges_the_narrower_is_named() -> None:
    said = "Access denied; you need (at least one of) the SUPER, BINLOG MONITOR privilege(s) for"

    assert "GRANT BINLOG MONITOR ON *.* TO 'u'@…" in str(translate(error(1227, said), "", "u"))
