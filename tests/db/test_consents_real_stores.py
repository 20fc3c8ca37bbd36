"""Consents on stores that real OpenCarts made, full of oddities."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar import clock
from sidecar.service.private_server import PrivateServer
from sidecar.sync.consents.verifying import verify
from support import small_store
from support.consents import flag, holds, tick, with_key
from support.credit import answered
from support.given import Given
from support.planting import plant
from support.small_store import SmallStore

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.both_kinds
@pytest.mark.parametrize("version", VERSIONS)
def test_flags_and_consents_of_a_real_store_go_together(
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
    version: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = clone_store(version)
    with contextlib.closing(mariadb.connect(database)) as connection:
        plant(connection, "oc_", version, KYIV, NOW)
        given = Given(connection, NOW, KYIV)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            store.now = NOW
            monkeypatch.setattr(clock, "now", lambda: NOW)
            with_key(store)
            before = flags(store)
            readers = sorted(one for one, value in before.items() if value == 1)
            others = sorted(one for one, value in before.items() if value == 0)
            assert min(len(readers), len(others)) > 1
            store.full_pass()
            assert flags(store) == before
            assert together(store) == len(readers)

            answered(store, "consent.object", customer=readers[0], reason="letter")
            answered(
                store, "consent.grant", customer=others[0], channel="email", purpose="newsletter",
                evidence="document", reason="signed",
            )  # fmt: skip
            tick(store, readers[0], 1)
            tick(store, readers[1], 0)
            tick(store, others[1], 1)
            store.full_pass()

            assert [flag(store, one) for one in (*readers[:2], *others[:2])] == [0, 0, 1, 1]
            assert holds(store, readers[0]) == "objected"
            together(store)
            shown = answered(store, "consent.show", customer=others[0])
            assert [one["state"] for one in shown["consents"]] == ["granted"]


def flags(store: SmallStore) -> dict[int, int | None]:
    rows = store.rows("SELECT customer_id, newsletter FROM oc_customer")
    return {row["customer_id"]: row["newsletter"] for row in rows}


def together(store: SmallStore) -> int:
    """Hold flags and consents against each other; the number of consents that are granted."""
    rows = store.rows(
        "SELECT c.customer_id FROM oc_customer c LEFT JOIN {own}consent_state s"
        " ON s.customer_id = c.customer_id AND s.channel = 'email'"
        " AND s.purpose = 'newsletter' AND s.native IS NOT NULL"
        " WHERE (COALESCE(c.newsletter, 0) = 1) <> (COALESCE(s.state, '') = 'granted')"
        " OR s.native <> COALESCE(c.newsletter, 0)"
    )
    assert rows == []
    assert verify(store.sidecar.shop).problems == []
    query = "SELECT COUNT(*) AS n FROM {own}consent_state WHERE state = 'granted'"
    return int(store.rows(query)[0]["n"])
