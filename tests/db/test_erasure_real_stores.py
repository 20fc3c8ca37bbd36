"""A person planted everywhere in real stores is erased: nothing is left of them, all of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.privacy import erasure_ground, erasure_persons
from sidecar.service.private_server import PrivateServer
from support.erased_store import ErasedStore, left_of

VERSIONS = ("3.0.5.1", "4.0.2.3", "4.1.0.4")

ANN, BOB = 7001, 7002

#: Of ours, tables that say what was done.
_OF_THE_WORK = (
    "sidecar_state", "sidecar_source", "sidecar_erasure", "sidecar_journal",
    "sidecar_suppression", "sidecar_privacy_request", "sidecar_privacy_act",
)  # fmt: skip


@pytest.fixture(params=VERSIONS)
def store(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    clone_store: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[ErasedStore]:
    found = ErasedStore(mariadb, clone_store(request.param), tmp_path)
    yield found
    found.close()


def _has(rows: list[str], address: str) -> list[str]:
    return [row for row in rows if address in row.replace(f"x{address}", "")]


def test_nothing_is_left_of_who_was_erased_and_everything_of_everybody_else(
    store: ErasedStore,
) -> None:
    bob = store.plant("qbob", BOB, "xann@example.com")
    before = store.dump()
    ann = store.plant("qann", ANN, "ann@example.com")
    totals = store.totals()
    assert len(left_of(ann, store.dump(), store.register)) > 100

    outcome = store.erase(ANN)

    after = store.dump()
    assert left_of(ann, after, store.register) == []
    assert [name for name, rows in after.items() if _has(rows, "ann@example.com")] == []
    assert outcome.is_complete, outcome.as_json()
    prefix = store.sidecar.shop.prefix
    for name, rows in before.items():
        if name.removeprefix(prefix) not in _OF_THE_WORK:
            assert set(rows) <= set(after[name]), name
    assert store.totals() == totals
    assert len(left_of(bob, after, store.register)) > 100
    files = {path.name for path in store.uploads.iterdir()}
    assert files == {path.name for path in bob.files}


def test_of_a_guest_nothing_is_left_either(store: ErasedStore) -> None:
    store.plant("qbob", BOB, "xgast@example.com")
    before = store.dump()
    guest = store.plant("qgst", 0, "gast@example.com")
    totals = store.totals()

    outcome = store.erase(0, "gast@example.com")

    after = store.dump()
    assert left_of(guest, after, store.register) == []
    assert outcome.is_complete, outcome.as_json()
    prefix = store.sidecar.shop.prefix
    for name, rows in before.items():
        if name.removeprefix(prefix) not in _OF_THE_WORK:
            assert set(rows) <= set(after[name]), name
    assert store.totals() == totals


def test_a_plan_counts_what_the_erasure_then_does_and_writes_nothing(store: ErasedStore) -> None:
    store.plant("qann", ANN, "ann@example.com")
    before = store.dump()
    ground = store.ground()
    people = erasure_persons.accounts(store.means, [ANN])

    planned = erasure_ground.plan(ground, people)

    assert store.dump() == before
    by_name = {one.name: one for one in planned.tables}
    assert by_name["order"].does == "rewritten"
    assert by_name["customer"].rows == 1
    assert by_name["order_product"].why
    assert not planned.gaps
