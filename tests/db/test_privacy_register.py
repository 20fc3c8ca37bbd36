"""The register against the schemas of real OpenCarts, and against our own tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from sidecar.privacy.coverage import read_coverage, read_registered
from sidecar.privacy.live_schema import LiveTable, read_live_schema
from sidecar.rules.privacy.register_file import shipped
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect

_VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.3", "4.1.0.4")

#: Written down by hand from OpenCart's own code: in tables that hold customers' data, these
#: are the texts that the program writes, and no person.
_WORDS_OF_THE_PROGRAM = {
    "api_history": {"call"},
    "article_comment": {"status"},
    "cart": {"override"},
    "customer_activity": {"key"},
    "customer_affiliate": {"payment", "payment_method"},
    "customer_approval": {"type"},
    "customer_token": {"type"},
    "gdpr": {"action"},
    "order": {
        "invoice_prefix", "store_name", "store_url", "payment_country", "payment_address_format",
        "payment_code", "shipping_country", "shipping_address_format", "shipping_code",
        "language_code", "currency_code",
    },
    "order_option": {"name", "type"},
    "order_recurring": {
        "product_name", "recurring_name", "recurring_description", "recurring_frequency",
        "trial_frequency",
    },
    "order_recurring_transaction": {"type"},
    "order_total": {"extension", "code", "title"},
    "subscription": {"shipping_method", "language", "currency"},
    "subscription_log": {"code"},
    "subscription_option": {"name", "type"},
}  # fmt: skip

#: What leads from a row to a person in OpenCart's own tables.
_LEADS = {"customer_id", "order_id", "return_id", "subscription_id", "email", "ip"}

#: Of these tables such a column leads to nobody: what is for all, and staff.
_OF_NOBODY = {"api_ip", "user", "user_authorize", "user_login"}

_Schemas = Mapping[str, Mapping[str, LiveTable]]


@pytest.fixture(scope="module")
def stores(mariadb: PrivateServer, stores_dir: Path) -> Iterator[Mapping[str, str]]:
    """A database with the whole schema of each version and our own tables in it."""
    names = {version: f"register_{version.replace('.', '_')}" for version in _VERSIONS}
    with contextlib.ExitStack() as stack:
        for version, name in names.items():
            mariadb.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
            stack.callback(mariadb.execute, f"DROP DATABASE `{name}`")
            mariadb.load(name, stores_dir / f"schema-{version}.sql")
            engine = connect(mariadb.settings(name))
            stack.callback(engine.dispose)
            migrate.migrate(engine, "oc_")
        yield names


@pytest.fixture(scope="module")
def schemas(mariadb: PrivateServer, stores: Mapping[str, str]) -> _Schemas:
    found = {}
    for version, name in stores.items():
        engine = connect(mariadb.settings(name))
        with engine.connect() as tx:
            found[version] = read_live_schema(tx, name, "oc_")
        engine.dispose()
    return found


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_store_as_its_installer_made_it_has_no_gaps(
    mariadb: PrivateServer, stores: Mapping[str, str], version: str
) -> None:
    engine = connect(mariadb.settings(stores[version]))
    with engine.connect() as tx:
        found = read_coverage(tx, stores[version], "oc_", shipped())
    engine.dispose()
    assert [str(gap) for gap in found.gaps] == []
    assert found.tables > 60


@pytest.mark.parametrize("version", _VERSIONS)
def test_every_column_of_a_registered_table_is_classified(schemas: _Schemas, version: str) -> None:
    for name, table in shipped().tables.items():
        if name in schemas[version]:
            assert schemas[version][name].columns.keys() - table.classified == set(), name


def test_every_table_and_column_that_is_registered_is_there_in_some_version(
    schemas: _Schemas,
) -> None:
    for name, table in shipped().tables.items():
        there = {
            column for live in schemas.values() if name in live for column in live[name].columns
        }
        assert table.classified - there == set(), name
    every = {name for live in schemas.values() for name in live}
    assert shipped().not_personal.keys() - every == set()


def test_every_table_with_a_column_that_leads_to_a_person_is_registered(schemas: _Schemas) -> None:
    for live in schemas.values():
        leading = {name for name, table in live.items() if _LEADS & table.columns.keys()}
        assert leading - _OF_NOBODY - shipped().tables.keys() == set()


def test_every_text_in_a_registered_table_that_a_person_may_have_written_is_personal(
    schemas: _Schemas,
) -> None:
    plain: dict[str, set[str]] = {}
    for live in schemas.values():
        for name, table in shipped().tables.items():
            if table.own or name not in live:
                continue
            for column, found in live[name].columns.items():
                is_text = found.type in ("char", "varchar", "text", "mediumtext", "longtext")
                if is_text and column not in table.columns:
                    plain.setdefault(name, set()).add(column)
    assert plain == _WORDS_OF_THE_PROGRAM


def test_keys_and_links_are_those_of_the_tables(schemas: _Schemas) -> None:
    for version, live in schemas.items():
        for name, table in shipped().tables.items():
            if name not in live:
                continue
            columns = live[name].columns.keys()
            assert live[name].key == tuple(each for each in table.key if each in columns), name
            assert {link.column for link in table.links} <= columns, (version, name)
            for link in table.links:
                parent = shipped().tables.get(link.to)
                if parent is not None and link.to != "customer":
                    assert live[name].columns[link.column].type in ("int", "bigint"), name


def test_every_table_of_ours_is_looked_at(schemas: _Schemas) -> None:
    own = {name for name in schemas["4.1.0.4"] if name.startswith("sidecar_")}
    register = shipped()
    looked_at = {name for name in register.tables if name.startswith("sidecar_")}
    assert own - looked_at - register.not_personal.keys() == set()
    for name in own & register.not_personal.keys():
        columns = schemas["4.1.0.4"][name].columns.keys()
        assert not columns & {"customer_id", "email", "parameters", "personal"}, name


def test_every_row_of_ours_that_names_a_customer_is_found_by_it(schemas: _Schemas) -> None:
    for name, table in schemas["4.1.0.4"].items():
        if name.startswith("sidecar_") and "customer_id" in table.columns:
            links = {(link.column, link.to) for link in shipped().tables[name].links}
            assert ("customer_id", "customer") in links, name


def test_what_extensions_made_is_found_in_a_live_store(
    mariadb: PrivateServer, stores: Mapping[str, str], tmp_path: Path
) -> None:
    name = stores["4.1.0.4"]
    engine = connect(mariadb.settings(name))
    with engine.connect() as tx:
        for statement in (
            "ALTER TABLE oc_order ADD COLUMN vat_number VARCHAR(20), ADD COLUMN kilos INT",
            "CREATE TABLE oc_pay (pay_id INT PRIMARY KEY, order_id INT, payer_email VARCHAR(96))",
            "CREATE TABLE oc_courier (courier_id INT PRIMARY KEY, name VARCHAR(32))",
            "CREATE TABLE other_pay (pay_id INT PRIMARY KEY, email VARCHAR(96))",
            "CREATE VIEW oc_people AS SELECT firstname FROM oc_customer",
        ):
            tx.execute(text(statement))
        try:
            before = read_coverage(tx, name, "oc_", shipped())
            for gap in before.gaps:
                (tmp_path / f"{gap.table}.toml").write_text(gap.snippet)
            after = read_coverage(tx, name, "oc_", read_registered(tmp_path))
        finally:
            tx.execute(text("DROP VIEW oc_people"))
            tx.execute(text("DROP TABLE oc_pay, oc_courier, other_pay"))
            tx.execute(text("ALTER TABLE oc_order DROP COLUMN vat_number, DROP COLUMN kilos"))
    engine.dispose()

    assert [(gap.table, gap.columns) for gap in before.gaps] == [
        ("order", ("vat_number",)),
        ("pay", ("order_id", "payer_email")),
    ]
    assert after.complete
