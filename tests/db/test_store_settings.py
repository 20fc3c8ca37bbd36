"""The store's own settings, as people and modules of theirs left them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sidecar import clock
from sidecar.errors import ConfigError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.settings import StoreSettings, read_settings
from sidecar.shop.tables import store_tables
from support.given import Given

TABLES = store_tables("oc_", "4.1")


@pytest.fixture
def given(mariadb: PrivateServer, engine: Engine, database: str) -> Iterator[Given]:
    TABLES.metadata.create_all(engine)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, clock.now())
        given.basics()
        yield given


def read_with(given: Given, engine: Engine, key: str, value: str) -> StoreSettings:
    """The settings when the one named *key* is *value*."""
    given.execute(f"DELETE FROM oc_setting WHERE `key` = '{key}'")
    given.execute(f"INSERT INTO oc_setting (store_id, `key`, value) VALUES (0, '{key}', '{value}')")
    with transaction(engine) as tx:
        return read_settings(tx, TABLES)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('["5","3"]', {3, 5}),
        ('{"0": 5}', {5}),
        ('["5", "x", "", null, "1.5", "-1"]', {5}),
        (f'["5", "{"9" * 5_000}"]', {5}),
        ("[" * 5_000, set()),
        ("5", set()),
        ("", set()),
    ],
    ids=["list", "object", "no ids", "endless", "deep", "number", "empty"],
)
def test_statuses_are_the_ids_of_a_list(
    given: Given, engine: Engine, value: str, expected: set[int]
) -> None:
    assert read_with(given, engine, "config_complete_status", value).complete == expected


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "x" * 300, "../etc/passwd"])
def test_a_zone_that_is_none_names_the_setting_to_mend(
    given: Given, engine: Engine, zone: str
) -> None:
    with pytest.raises(ConfigError, match=r"^shop\.timezone: the store's time zone"):
        read_with(given, engine, "config_timezone", zone)
