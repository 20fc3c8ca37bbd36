"""A compare-and-set of a customer group that is lost on MyISAM, where each statement stands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Connection

from sidecar.service.private_server import PrivateServer
from sidecar.shop.shop import Shop
from sidecar.shop.tables import store_tables
from sidecar.sync.writers import intents
from support import small_store
from support.database import engine_for
from support.given import Given
from support.ladder_store import LadderStore
from support.small_store import NOW

pytestmark = pytest.mark.both_kinds

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'total_spent > 500'\n"


@pytest.fixture
def ladder(mariadb: PrivateServer, database: str, tmp_path: Path) -> Iterator[LadderStore]:
    """A ladder on the tables of an OpenCart 3; a full pass has settled its rules."""
    settings = mariadb.settings(database)
    with engine_for(settings) as engine, contextlib.closing(mariadb.connect(database)) as writes:
        store_tables(settings.prefix, "3.0").metadata.create_all(engine)
        given = Given(writes, NOW)
        given.basics()
        for store in small_store.open_on(settings, tmp_path, given):
            assert not store.sidecar.shop.capabilities.transactional
            ladder = LadderStore(store)
            ladder.rules(GOLD, rich="total_spent > 500", gold="group = 'Gold'")
            store.full_pass()
            yield ladder


@pytest.mark.parametrize("when", ["before the intent", "after the intent"])
def test_a_group_that_a_person_saves_between_our_reading_and_writing_stays_theirs(
    ladder: LadderStore, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    for who in (ann, bob):
        ladder.store.given.order(who, "600")
    if when == "before the intent":
        ladder.somebody_faster(ann, "Staff", monkeypatch)
    else:
        saved_after_the_intent(ladder, ann, monkeypatch)

    ladder.ring(ann, bob)

    assert [ladder.group(who) for who in (ann, bob)] == ["Staff", "Gold"]
    assert [ladder.store.has(who) for who in (ann, bob)] == [{"rich"}, {"rich", "gold"}]
    moves = ladder.store.rows("SELECT * FROM `{own}audit` WHERE group_to IS NOT NULL")
    assert [row["customer_id"] for row in moves] == [bob]
    assert ladder.store.rows("SELECT * FROM `{own}intent`") == []
    ladder.store.verify()
    ladder.ring(ann, bob)
    assert ladder.store.whole_pass().outcome.changed == 0
    assert ladder.group(ann) == "Staff"


def saved_after_the_intent(
    ladder: LadderStore, customer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer's group is saved once between our intent and our write."""
    ours = intents.announce
    saved: list[int] = []

    def announce(tx: Connection, shop: Shop, moved: pl.DataFrame) -> None:
        ours(tx, shop, moved)
        if not saved:
            ladder.save(customer, "Staff")
            saved.append(customer)

    monkeypatch.setattr(intents, "announce", announce)
