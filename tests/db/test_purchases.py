"""What customers bought is kept by a fingerprint of their orders, and is never older than it."""

from __future__ import annotations

import polars as pl
import pytest

from sidecar.sync import changed, cycle, standing
from sidecar.sync.caps import Budget
from sidecar.sync.reading import Reading
from sidecar.sync.slots import Slots
from support.given import Line
from support.polled import Polled
from support.small_store import SmallStore


def test_an_order_that_is_placed_while_a_full_pass_reads_is_not_kept_without_its_lines(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = store.given.category("Tools")
    saw = store.given.product("Saw", categories=[tools])
    ann = store.given.customer()
    store.rules(handy='categories has "Tools"')
    store.full_pass()
    real = standing.load_standing
    placed: list[int] = []

    def slow(reading: Reading, slots: Slots) -> pl.DataFrame:
        found = real(reading, slots)
        # From its first question on the transaction shows the store as it is now; what is
        # read in bulk comes later.
        reading.tx.exec_driver_sql("SELECT COUNT(*) FROM oc_customer")
        if not placed:
            placed.append(store.given.order(ann, lines=[Line(saw)]))
        return found

    monkeypatch.setattr(cycle, "load_standing", slow)
    store.full_pass()
    store.full_pass()

    assert store.has(ann) == {"handy"}


def test_a_line_that_is_changed_behind_the_orders_back_is_read_again(store: SmallStore) -> None:
    tools = store.given.category("Tools")
    saw, cup = store.given.product("Saw", categories=[tools]), store.given.product("Cup")
    ann, bob = store.given.customer(), store.given.customer()
    order = store.given.order(ann, lines=[Line(cup)])
    store.given.order(bob, lines=[Line(saw)])
    store.rules(handy='categories has "Tools"')
    store.full_pass()
    polled = Polled(store.sidecar.shop).settled()
    assert store.has(ann) == set()

    store.given.update("order_product", {"order_id": order}, product_id=saw)
    doorbell = polled.ring()
    book, moment = store.book(), store.moment
    changed.answer(
        store.sidecar.shop,
        book,
        sorted(doorbell.ids),
        moment,
        Budget(store.sidecar.shop.own, 10**9, moment),
        kind="changed",
        buyers=doorbell.buyers,
    )

    assert doorbell.ids == doorbell.buyers == {ann}
    assert (store.has(ann), store.has(bob)) == ({"handy"}, {"handy"})


def test_that_a_bell_was_answered_is_written_with_what_came_of_it(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(vip="total_spent >= 500")
    store.full_pass()
    store.given.order(ann, "600")
    shop, moment = store.sidecar.shop, store.moment
    seen: list[int] = []

    def after(tx: object) -> None:
        # Not committed yet, so that nobody else sees the tag.
        seen.append(len(store.who("vip")))
        raise ZeroDivisionError

    budget = Budget(shop.own, 10**9, moment)
    with pytest.raises(ZeroDivisionError):
        changed.answer(shop, store.book(), [ann], moment, budget, kind="changed", after=after)

    assert seen == [0]
    assert store.who("vip") == []
