"""Points and tiers of people who are restricted or object to profiling."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync import restrictions
from sidecar.sync.restrictions import Kind
from support.ledger_audit import hold
from support.points import account, order, program
from support.small_store import SmallStore

TIERS = """
[[tier]]
name = "Bronze"
threshold = 0

[[tier]]
name = "Silver"
threshold = 500
multiplier = 2

[[earn]]
name = "Often"
when = "orders >= 2"
multiply = 3
"""


@pytest.fixture(autouse=True)
def clock_of_the_store(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: store.now)


def restrict(store: SmallStore, customer: int, kind: Kind) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        restrictions.put(tx, shop.own, customer, kind, "cli:eve", "asked", store.moment)


def lift(store: SmallStore, customer: int, kind: Kind) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        restrictions.lift(tx, shop.own, customer, kind)


def native(store: SmallStore, customer: int) -> list[dict[str, Any]]:
    table = f"{store.given.prefix}customer_reward"
    return store.rows(f"SELECT points FROM `{table}` WHERE customer_id = %s", customer)


def test_points_of_somebody_restricted_stay_until_that_is_lifted(store: SmallStore) -> None:
    program(store)
    ann, bob, eve = (store.given.customer() for _ in range(3))
    for customer in (ann, bob, eve):
        order(store, customer, "60")
    store.full_pass()
    restrict(store, bob, "restricted")
    for customer in (ann, bob, eve):
        order(store, customer, "60")

    store.full_pass()
    store.process(ann, bob, eve)

    assert [account(store, one)["available"] for one in (ann, bob, eve)] == [1200, 600, 1200]
    assert native(store, bob) == [{"points": 600}]
    lift(store, bob, "restricted")
    store.process(bob)
    assert account(store, bob)["available"] == 1200
    hold(store)


def test_who_objects_to_profiling_earns_as_without_tiers_and_conditions(
    store: SmallStore,
) -> None:
    program(store, TIERS)
    ann, bob = store.given.customer(), store.given.customer()
    for customer in (ann, bob):
        order(store, customer, "60", at=store.now)
    store.full_pass()
    restrict(store, ann, "no_profiling")
    store.now += datetime.timedelta(hours=1)
    for customer in (ann, bob):
        order(store, customer, "10", at=store.now)

    store.full_pass()

    assert account(store, ann)["available"] == 700
    assert account(store, bob)["available"] > 700
    hold(store)


def test_an_objection_keeps_who_has_no_tier_out_of_them_until_it_is_lifted(
    store: SmallStore,
) -> None:
    program(store, TIERS)
    ann = store.given.customer()
    restrict(store, ann, "no_profiling")
    order(store, ann, "60", at=store.now)

    assert store.full_pass().tier_changed == 0

    assert store.rows("SELECT * FROM {own}tier") == []
    assert account(store, ann)["available"] == 600
    lift(store, ann, "no_profiling")
    order(store, ann, "1", at=store.now)
    store.process(ann)
    assert [row["tier"] for row in store.rows("SELECT tier FROM {own}tier")] == ["Silver"]
    hold(store)
