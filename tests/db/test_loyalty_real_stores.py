"""Points of real stores full of oddities, in which every order there ever was earns."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import state
from sidecar.sync.loyalty.posting import BEGUN
from support import small_store
from support.given import Given
from support.ledger_audit import hold
from support.planting import plant
from support.small_store import SmallStore

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")

#: What others gave for orders that the program rewards, which does not count beside it.
BESIDE = """
    SELECT r.customer_id, SUM(r.points) AS points FROM oc_customer_reward r
    WHERE r.points > 0 AND r.description NOT LIKE '%%[sidecar:%%' AND EXISTS (
        SELECT 1 FROM oc_sidecar_cause c WHERE c.kind = 'earn' AND c.posted <> 0
        AND c.source_id = r.order_id AND c.customer_id = r.customer_id)
    GROUP BY r.customer_id"""


@pytest.mark.both_kinds
@pytest.mark.parametrize("version", VERSIONS)
def test_the_ledger_of_a_real_store_adds_up(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    database = clone_store(version)
    with contextlib.closing(mariadb.connect(database)) as connection:
        plant(connection, "oc_", version, KYIV, NOW)
        given = Given(connection, NOW, KYIV)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            store.now = NOW
            store.named_rules({}, '[loyalty]\nstart = "all"\npending = "3 days"\n')
            with transaction(store.sidecar.engine) as tx:
                state.write(tx, store.sidecar.shop.own, BEGUN, {"by": "", "at": 0}, store.moment)
            store.full_pass()
            hold(store, beside(store))
            (earned,) = store.rows("SELECT SUM(posted) AS n FROM {own}cause WHERE kind = 'earn'")
            assert earned["n"] > 0
            for days in (4, 400):
                store.now += datetime.timedelta(days=days)
                store.full_pass()
                hold(store, beside(store))
            left = store.rows(
                "SELECT customer_id FROM {own}account WHERE available > 0 OR pending > 0"
            )
            # Among the oddities is somebody with more points than one row of the store holds.
            refused = store.rows("SELECT subject FROM {own}finding WHERE kind = 'loyalty.refused'")
            assert [f"customer {row['customer_id']}" for row in left] == [
                row["subject"] for row in refused
            ]
            assert len(left) == 1


def beside(store: SmallStore) -> dict[int, int]:
    return {row["customer_id"]: int(row["points"]) for row in store.rows(BESIDE)}
