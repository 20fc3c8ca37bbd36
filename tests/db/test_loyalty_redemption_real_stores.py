"""Points become coupons in real stores of each generation."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.service.private_server import PrivateServer
from support import small_store
from support.checkout import Checkout
from support.given import Given
from support.redeeming import available, coupon, redeem, row

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.both_kinds
@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_store_takes_the_coupon(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    database = clone_store(version)
    with contextlib.closing(mariadb.connect(database)) as connection:
        given = Given(connection, NOW, KYIV)
        for store in small_store.open_on(mariadb.settings(database), tmp_path, given):
            store.now = NOW
            store.named_rules({}, '[loyalty]\nstart = "2026-01-01"\nredeem_share = 0.5\n')
            checkout = Checkout(store)
            used, unused = (given.customer() for _ in range(2))
            for customer in (used, unused):
                given.reward(customer, 700)
            store.process(used, unused)
            codes = [redeem(store, customer, 650).code for customer in (used, unused)]
            for code in codes:
                assert checkout.accepts(code, "13")
                assert not checkout.accepts(code, "12.99")
                assert str(coupon(store, code)["date_end"]) == "2026-05-01"
            order_id = checkout.bought(used, codes[0], total="13")
            store.now += datetime.timedelta(days=31)
            store.full_pass()
            store.now += datetime.timedelta(days=1)
            store.full_pass()
            assert row(store, 1)["state"] == "used"
            assert row(store, 1)["order_id"] == order_id
            assert row(store, 2)["state"] == "returned"
            assert available(store, unused) == 700
            assert not checkout.accepts(codes[1])
