"""Doorbells from our own tables: hints of the bridge, and the clock."""

from __future__ import annotations

import contextlib

import pytest

from sidecar.shop.database import transaction
from sidecar.sync.sources import hints
from sidecar.sync.sources.due import Due
from sidecar.sync.sources.hints import Hints
from sidecar.sync.sources.source import Doorbell, Source
from support.small_store import SmallStore

NOW_S = 1_800_000_000


def hint(store: SmallStore, customer: int, actor: str | None = None) -> None:
    store.given.execute(
        "INSERT INTO oc_sidecar_hint (customer_id, reason, actor, at)"
        " VALUES (%s, 'customer.edit', %s, 1)",
        customer,
        actor,
    )


def note(store: SmallStore, source: Source, doorbell: Doorbell) -> None:
    with transaction(store.sidecar.shop.engine) as tx:
        source.note(tx, doorbell)


def test_a_hint_rings_its_customer_with_who_saved_it_and_is_consumed(store: SmallStore) -> None:
    source = Hints(store.sidecar.shop)
    for customer, actor in ((1, "admin:ann"), (2, None), (1, "admin:bob"), (1, None)):
        hint(store, customer, actor)

    doorbell = source.ring(NOW_S)
    hint(store, 3)
    note(store, source, doorbell)

    assert doorbell.ids == {1, 2}
    assert doorbell.actors == {1: "admin:bob"}
    assert doorbell.sources == {"hints": 2}
    assert source.ring(NOW_S).ids == {3}


def test_a_hint_rings_again_when_it_was_not_noted(store: SmallStore) -> None:
    source = Hints(store.sidecar.shop)
    hint(store, 1, "admin:ann")
    first = source.ring(NOW_S)
    with contextlib.suppress(ZeroDivisionError), transaction(store.sidecar.shop.engine) as tx:
        source.note(tx, first)
        raise ZeroDivisionError

    again = source.ring(NOW_S)

    assert (again.ids, again.actors) == (first.ids, first.actors)


def test_a_hint_of_nobody_is_consumed_and_rings_nobody(store: SmallStore) -> None:
    source = Hints(store.sidecar.shop)
    hint(store, 0, "admin:ann")

    doorbell = source.ring(NOW_S)
    note(store, source, doorbell)

    assert (doorbell.ids, doorbell.actors, doorbell.sources) == (frozenset(), {}, {})
    assert store.rows("SELECT COUNT(*) AS n FROM {own}hint")[0]["n"] == 0


def test_more_hints_than_one_look_takes_ring_in_several(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "_AT_ONCE", 2)
    source = Hints(store.sidecar.shop)
    for customer in (1, 2, 3):
        hint(store, customer)

    rung = []
    for _ in range(3):
        rung.append(source.ring(NOW_S))
        note(store, source, rung[-1])

    assert [doorbell.ids for doorbell in rung] == [{1, 2}, {3}, frozenset()]


def test_customers_whose_instant_has_come_ring_the_longest_due_first(store: SmallStore) -> None:
    for customer, next_at in ((1, NOW_S), (2, NOW_S + 1), (3, NOW_S - 9), (4, None), (5, 0)):
        store.given.insert("sidecar_customer", {}, customer_id=customer, next_at=next_at)
    source = Due(store.sidecar.shop)

    assert source.ring(NOW_S).ids == {1, 3, 5}
    assert source.ring(NOW_S + 1).sources == {"due": 4}
    assert Due(store.sidecar.shop, at_once=2).ring(NOW_S).ids == {3, 5}


def test_a_customer_set_aside_is_not_due(store: SmallStore) -> None:
    for customer in (1, 2):
        store.given.insert("sidecar_customer", {}, customer_id=customer, next_at=NOW_S)
    store.given.insert("sidecar_set_aside", {}, customer_id=1, at=1, times=1, error="x")
    source = Due(store.sidecar.shop, at_once=1)

    doorbell = source.ring(NOW_S)
    note(store, source, doorbell)

    assert doorbell.ids == {2}
