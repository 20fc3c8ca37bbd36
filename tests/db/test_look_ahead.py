"""Ranges of a full pass are read side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Column, Select

from sidecar import clock
from sidecar.app import Sidecar
from sidecar.config import Config, Rules, Shop
from sidecar.service.private_server import PrivateServer
from sidecar.shop.reader import Schema
from sidecar.shop.shop import open_shop
from sidecar.shop.tables import store_tables
from sidecar.sync.full_pass import FullPass
from sidecar.sync.pass_runs import Approval
from sidecar.sync.reading import Reading
from support.database import engine_for
from support.given import Given


@pytest.fixture
def sidecar(mariadb: PrivateServer, database: str, tmp_path: Path) -> Iterator[Sidecar]:
    """On a store of twelve customers with a guest order each, which count as theirs."""
    settings = mariadb.settings(database)
    with engine_for(settings) as engine:
        store_tables(settings.prefix, "4.1").metadata.create_all(engine)
        with contextlib.closing(mariadb.connect(database)) as connection:
            given = Given(connection, clock.now())
            given.basics()
            for number in range(12):
                given.customer(f"customer{number}@example.com")
                given.order(0, "10", email=f"customer{number}@example.com")
        folder = tmp_path / "rules.d"
        folder.mkdir()
        (folder / "a.toml").write_text("[[tag]]\nname = 'buyer'\nwhen = 'orders = 1'\n", "utf-8")
        config = Config(
            database=settings,
            file=tmp_path / "config.toml",
            shop=Shop(guest_orders="by_email"),
            rules=Rules(directory=folder),
        )
        found = Sidecar(config, engine, open_shop(engine, config))
        found.migrate()
        yield found


def test_they_share_the_guest_orders_of_the_whole_store(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(
        reading: Reading, query: Select[Any], schema: Schema, key: Column[int]
    ) -> pl.DataFrame:
        frame = read(reading, query, schema, key)
        if "owner" in schema:
            clock.sleep(0.3)  # so that the other thread comes by before it is kept
        return frame

    read = Reading.all_rows
    monkeypatch.setattr(Reading, "all_rows", slow)
    checked, moment = sidecar.check_rules(), sidecar.moment()
    book = sidecar.rulebook(checked, moment)
    approval = Approval(actor="cli:ann", everything=True)
    whole = FullPass(shop=sidecar.shop, book=book, moment=moment, cap=0, approval=approval, size=1)

    outcome = whole.carry_out().outcome

    assert (outcome.customers, outcome.tag_added, outcome.set_aside) == (12, 12, 0)
