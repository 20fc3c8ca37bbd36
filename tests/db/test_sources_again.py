"""What changes and changes back between two rounds of the checksum."""

from __future__ import annotations

from support.polled import Polled
from support.small_store import SmallStore


def test_an_order_made_and_deleted_within_a_round_is_looked_at_again_after_it(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    store.given.customer()
    polled = Polled(store.sidecar.shop).settled()
    again = polled.polling.again
    order = store.given.order(ann)
    rung = polled.tick(after_s=1)
    again.looked_at(rung.ids)
    store.given.delete("order", order_id=order)
    unnoticed = polled.tick()

    assert rung.ids == {ann}
    assert unnoticed.ids == frozenset()
    assert again.ring(polled.now_s).ids == {ann}


def test_a_round_that_was_not_noted_is_not_over(store: SmallStore) -> None:
    ann = store.given.customer()
    polled = Polled(store.sidecar.shop).settled()
    polled.polling.again.looked_at([ann])
    polled.ring()

    assert not polled.polling.again
    polled.tick(after_s=0)
    assert polled.polling.again


def test_a_round_of_several_looks_is_over_after_the_last(store: SmallStore) -> None:
    ann = store.given.customer()
    polled = Polled(store.sidecar.shop).settled()
    polled.polling.again.looked_at([ann])
    polled.tick(checksum_s=0.0)

    assert not polled.polling.again
    for _ in range(60):
        polled.tick(after_s=0, checksum_s=0.0)
    assert polled.polling.again
