"""What people asked for about their data ends when it was answered long enough ago."""

from __future__ import annotations

import datetime

import pytest

from sidecar.privacy import purges
from sidecar.privacy.means import Means
from sidecar.privacy.retaining import retain
from sidecar.shop.database import transaction
from support.commanding import done
from support.gdpr import acts, prepared, requests
from support.small_store import SmallStore

RULE = '[[retention]]\nname = "answered"\nof = "requests"\nage = "30 days"\n'


@pytest.fixture
def shop(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> SmallStore:
    return prepared(store, monkeypatch)


def refused(shop: SmallStore, address: str) -> int:
    """A request of somebody that was refused now."""
    number = int(entered(shop, address))
    done(shop, "gdpr.refuse", request=number, reason="nobody can be told by it")
    return number


def entered(shop: SmallStore, address: str) -> int:
    shop.given.customer(address)
    return int(done(shop, "gdpr.request", kind="access", customer=address)["request"])


def end(shop: SmallStore) -> dict[str, int]:
    """What the rule ends, once it was let; how many rows by table."""
    shop.named_rules({}, RULE)
    means = Means(shop.sidecar.config, shop.sidecar.shop, shop.moment)
    own = shop.sidecar.shop.own
    retain(means)
    with transaction(shop.sidecar.engine) as tx:
        for purge in purges.listed(tx, own, 9):
            purges.approve(tx, own, purge.purge_id, "cli:ann", shop.moment)
    retain(means)
    with transaction(shop.sidecar.engine) as tx:
        (purge,) = purges.listed(tx, own, 9)
    return dict(purge.result or {})


def test_a_request_goes_with_all_acts_when_it_was_answered_long_ago(shop: SmallStore) -> None:
    old = refused(shop, "old@example.com")
    still_open = entered(shop, "open@example.com")
    shop.now += datetime.timedelta(days=30)
    new = refused(shop, "new@example.com")
    shop.now += datetime.timedelta(days=1)

    assert end(shop) == {"sidecar_privacy_request": 1}

    assert [row["request_id"] for row in requests(shop)] == [still_open, new]
    whose = {row["request_id"] for row in shop.rows("SELECT request_id FROM {own}privacy_act")}
    assert old not in whose
    assert {still_open, new} <= whose


def test_a_request_is_kept_to_the_last_day_of_its_age(shop: SmallStore) -> None:
    refused(shop, "ann@example.com")
    shop.now += datetime.timedelta(days=30)
    shop.named_rules({}, RULE)

    retain(Means(shop.sidecar.config, shop.sidecar.shop, shop.moment))

    assert shop.rows("SELECT * FROM {own}purge") == []
    assert len(requests(shop)) == 1


def test_requests_of_somebody_under_a_legal_hold_stay(shop: SmallStore) -> None:
    number = refused(shop, "ann@example.com")
    done(shop, "gdpr.hold", customer="ann@example.com", reason="a claim")
    refused(shop, "bob@example.com")
    shop.now += datetime.timedelta(days=99)

    assert end(shop) == {"sidecar_privacy_request": 1}

    assert [row["request_id"] for row in requests(shop)] == [number]
    assert "refused" in acts(shop)
