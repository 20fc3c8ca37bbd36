"""Customers by id and e-mail."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.config import Config
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.shop import Shop, open_shop
from sidecar.shop.tables import store_tables
from sidecar.sync.finding import find_customers
from support.given import Given


@pytest.fixture
def given(mariadb: PrivateServer, database: str) -> Iterator[Given]:
    engine = connect(mariadb.settings(database))
    store_tables("oc_", "4.1").metadata.create_all(engine)
    engine.dispose()
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, datetime.datetime(2026, 3, 31, tzinfo=datetime.UTC))
        given.basics()
        yield given


@pytest.fixture
def shop(mariadb: PrivateServer, database: str, given: Given) -> Iterator[Shop]:
    settings = mariadb.settings(database)
    engine = connect(settings)
    yield open_shop(engine, Config(database=settings, file=Path("config.toml")))
    engine.dispose()


@pytest.mark.parametrize("charset", ["utf8mb4 COLLATE utf8mb4_bin", "latin1 COLLATE latin1_bin"])
def test_an_e_mail_is_found_in_any_character_set(shop: Shop, given: Given, charset: str) -> None:
    given.execute(f"ALTER TABLE `oc_customer` CONVERT TO CHARACTER SET {charset}")
    ann, accented = given.customer(email="Ann@Example.org"), given.customer(email="é&@x.org")

    found, problems = find_customers(shop, ["ANN@example.org", "É&@x.org", "ы@x.org", "🦊@x.org"])

    assert found == {"ANN@example.org": ann, "É&@x.org": accented}
    assert problems.keys() == {"ы@x.org", "🦊@x.org"}


def test_a_number_of_any_length_is_at_most_an_unknown_id(shop: Shop, given: Given) -> None:
    ann = given.customer()
    too_long = ["9" * digits for digits in (10, 19, 5_000)]

    found, problems = find_customers(shop, [f"0{ann}", *too_long])

    assert found == {f"0{ann}": ann}
    assert problems == {text: f"no customer has the id {text}" for text in too_long}


def test_thousands_of_e_mails_are_found_as_one_is(shop: Shop, given: Given) -> None:
    ann, accented = given.customer(email="Ann@Example.org "), given.customer(email="é&@x.org")
    twins = [given.customer(email="twin@x.org") for _ in range(2)]
    nobody = [f"nobody{number}@x.org" for number in range(5_000)]

    found, problems = find_customers(
        shop, ["ANN@example.org", "É&@x.org", "twin@x.org", str(ann), *nobody]
    )

    assert found == {"ANN@example.org": ann, "É&@x.org": accented, str(ann): ann}
    assert ", ".join(map(str, twins)) in problems["twin@x.org"]
    assert len(problems) == 5_001


def test_a_blank_behind_a_stored_e_mail_hides_nobody(shop: Shop, given: Given) -> None:
    ann = given.customer(email="ann@x.org ")

    assert find_customers(shop, ["ann@x.org"]) == ({"ann@x.org": ann}, {})
