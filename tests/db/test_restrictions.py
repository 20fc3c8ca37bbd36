"""What a look makes of people who are restricted or object to profiling."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.sync import restrictions
from sidecar.sync.restrictions import Kind
from support.commanding import done
from support.small_store import SmallStore

RULES = """
[[tag]]
name = "Never, by a window"
when = "orders(within = 30 days) >= 99"

[[segment]]
name = "Big"
when = "orders >= 2"

[[group]]
name = "Gold"
when = "orders >= 2"
"""


def restrict(store: SmallStore, customer: int, kind: Kind) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        restrictions.put(tx, shop.own, customer, kind, "cli:eve", "asked", store.moment)


def lift(store: SmallStore, customer: int, kind: Kind) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        restrictions.lift(tx, shop.own, customer, kind)


def row(store: SmallStore, customer: int) -> dict[str, Any]:
    """Our row, and the group in the store."""
    (found,) = store.rows("SELECT * FROM `{own}customer` WHERE customer_id = %s", customer)
    (native,) = store.rows(
        f"SELECT customer_group_id FROM `{store.given.prefix}customer` WHERE customer_id = %s",
        customer,
    )
    return {**found, **native}


def members(store: SmallStore, name: str = "Big") -> int:
    (found,) = store.rows("SELECT customers FROM `{own}segment` WHERE name = %s", name)
    return int(found["customers"])


def matching(store: SmallStore, expression: str = "orders >= 0") -> list[int]:
    rows = store.sidecar.view.customers(expression)
    return [int(str(found["customer_id"])) for found in rows]


@pytest.fixture
def shop(store: SmallStore) -> SmallStore:
    """A store with a rule of each kind, and the group that one of them moves to."""
    store.given.group("Gold")
    store.named_rules({"Buyer": "orders >= 1", "Often": "orders >= 2"}, RULES)
    return store


def bought(store: SmallStore, customer: int, times: int = 1) -> None:
    for _ in range(times):
        store.given.order(customer, "50")


def test_of_somebody_restricted_everything_stays_but_they_leave_segments_and_answers(
    shop: SmallStore,
) -> None:
    ann, bob = shop.given.customer(), shop.given.customer()
    bought(shop, ann, 2)
    bought(shop, bob, 2)
    shop.full_pass()
    before = row(shop, ann)
    restrict(shop, ann, "restricted")
    bought(shop, ann, 3)
    shop.named_rules({"Buyer": "orders >= 1", "Often": "orders < 2", "New": "orders > 3"}, RULES)

    shop.full_pass()

    after = row(shop, ann)
    assert after.pop("segments0") == after.pop("segment_verdict0") == 0
    assert (before.pop("next_at") is None, after.pop("next_at")) == (False, None)
    assert before.pop("segments0") != 0
    assert before.pop("segment_verdict0") != 0
    assert after == before
    assert (shop.has(ann), shop.has(bob)) == ({"Buyer", "Often"}, {"Buyer"})
    assert members(shop) == 1
    assert matching(shop) == [bob]
    shop.verify()
    assert shop.process(ann).changed == 0


def test_somebody_restricted_before_the_first_look_is_not_looked_at(shop: SmallStore) -> None:
    ann = shop.given.customer()
    bought(shop, ann, 2)
    restrict(shop, ann, "restricted")

    shop.full_pass()

    assert shop.rows("SELECT * FROM `{own}customer`") == []
    assert shop.process(ann).customers == 0
    shop.verify()


def test_of_whoever_objects_to_profiling_facts_and_what_rules_say_go_and_the_group_stays(
    shop: SmallStore,
) -> None:
    ann, bob = shop.given.customer(), shop.given.customer()
    bought(shop, ann, 2)
    bought(shop, bob, 2)
    shop.full_pass()
    group = row(shop, ann)["customer_group_id"]
    shop.tagging().add("Friend", [ann], None, None)
    restrict(shop, ann, "no_profiling")

    shop.process(ann)

    found = row(shop, ann)
    assert (found["orders"], found["total_spent"]) == (0, 0)
    assert (found["last_order_at"], found["registered_at"], found["next_at"]) == (None,) * 3
    assert found["customer_group_id"] == group == row(shop, bob)["customer_group_id"]
    assert (shop.has(ann), shop.has(bob)) == ({"Friend"}, {"Buyer", "Often"})
    assert members(shop) == 1
    assert matching(shop) == [bob]
    shop.verify()
    assert shop.full_pass().changed == 0


@pytest.mark.parametrize("kind", ["restricted", "no_profiling"])
def test_when_it_is_lifted_all_is_as_if_it_had_never_been(shop: SmallStore, kind: Kind) -> None:
    ann, bob = shop.given.customer(), shop.given.customer()
    bought(shop, ann, 1)
    bought(shop, bob, 1)
    shop.full_pass()
    restrict(shop, ann, kind)
    bought(shop, ann, 2)
    bought(shop, bob, 2)
    shop.full_pass()
    assert shop.has(ann) != shop.has(bob)
    lift(shop, ann, kind)

    shop.process(ann)

    assert shop.has(ann) == shop.has(bob) == {"Buyer", "Often"}
    hers, his = row(shop, ann), row(shop, bob)
    for name in ("orders", "total_spent", "segments0", "verdict0", "customer_group_id"):
        assert hers[name] == his[name]
    assert members(shop) == 2
    shop.verify()


@pytest.mark.parametrize("kind", ["restricted", "no_profiling"])
def test_what_people_say_by_hand_holds_all_the_same(shop: SmallStore, kind: Kind) -> None:
    ann = shop.given.customer()
    bought(shop, ann, 2)
    shop.full_pass()
    restrict(shop, ann, kind)
    shop.full_pass()
    ends = shop.moment.today + datetime.timedelta(days=3)

    shop.tagging().add("Friend", [ann], ends, None)
    shop.tagging().remove("Buyer", [ann], None, None)

    assert "Friend" in shop.has(ann)
    assert "Buyer" not in shop.has(ann)
    assert row(shop, ann)["next_at"] is not None
    shop.verify()
    shop.now += datetime.timedelta(days=5)
    shop.full_pass()
    assert "Friend" not in shop.has(ann)
    assert row(shop, ann)["next_at"] is None
    shop.verify()


@pytest.mark.parametrize("kind", ["restricted", "no_profiling"])
def test_the_group_is_moved_by_no_rule_but_by_a_person(shop: SmallStore, kind: Kind) -> None:
    ann = shop.given.customer()
    shop.full_pass()
    was = row(shop, ann)["customer_group_id"]
    restrict(shop, ann, kind)
    bought(shop, ann, 3)
    shop.full_pass()
    assert row(shop, ann)["customer_group_id"] == was

    done(shop, "group.set", group="Gold", customers=[ann], reason="asked")

    assert row(shop, ann)["customer_group_id"] != was
    assert shop.full_pass().changed == 0
    shop.verify()


def test_goods_that_were_bought_are_forgotten_and_found_again(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    product = 40
    for customer in (ann, bob):
        order = store.given.order(customer, "50")
        store.given.line(order, product)
    store.rules(Has="distinct_products > 0", Buyer="orders > 0")
    store.full_pass()
    assert store.has(ann) == {"Has", "Buyer"}
    restrict(store, ann, "no_profiling")

    store.full_pass()

    assert {customer for customer, _ in store.standing().purchases} == {bob}
    assert row(store, ann)["purchases_mark"] == 0
    assert store.full_pass().changed == 0
    lift(store, ann, "no_profiling")
    store.full_pass()
    assert store.standing().purchases == {(ann, product), (bob, product)}
    store.verify()


def test_a_tag_put_out_of_use_is_not_kept_for_who_is_restricted(shop: SmallStore) -> None:
    ann = shop.given.customer()
    bought(shop, ann, 2)
    shop.full_pass()
    restrict(shop, ann, "restricted")
    shop.named_rules({"Buyer": "orders >= 1"}, RULES)
    shop.tagging().archive("Often", None, restore=False)

    shop.full_pass()

    assert shop.has(ann) == {"Buyer"}
    shop.verify()


def test_a_customer_whom_the_store_deleted_is_forgotten_also_when_restricted(
    shop: SmallStore,
) -> None:
    ann = shop.given.customer()
    bought(shop, ann, 2)
    shop.full_pass()
    restrict(shop, ann, "restricted")
    shop.given.execute(f"DELETE FROM `{shop.given.prefix}customer` WHERE customer_id = %s", ann)

    shop.full_pass()

    assert shop.rows("SELECT * FROM `{own}customer`") == []
    shop.verify()


@pytest.mark.parametrize(
    ("scope", "ids", "parts"),
    [
        (Scope.span(1, 10), [], [(1, 10)]),
        (Scope.span(1, 10), [1, 5, 6, 10], [(2, 4), (7, 9)]),
        (Scope.span(1, 10), [11, 40], [(1, 10)]),
        (Scope.span(4, 4), [4], []),
    ],
)
def test_a_range_without_some_is_the_ranges_between(
    scope: Scope, ids: list[int], parts: list[tuple[int, int]]
) -> None:
    found = restrictions.without(scope, ids)

    assert [(part.first, part.last) for part in found] == parts
    assert all(part.ids is None for part in found)


def test_named_customers_without_some_are_the_others() -> None:
    assert restrictions.without(Scope.of([3, 1, 2]), [2]) == [Scope.of([1, 3])]
    assert restrictions.without(Scope.of([2]), [2]) == []


@pytest.mark.parametrize(
    ("kind", "why"), [("restricted", "nothing is made"), ("no_profiling", "object to profiling")]
)
def test_whoever_is_left_out_is_explained_by_that(shop: SmallStore, kind: Kind, why: str) -> None:
    ann = shop.given.customer()
    bought(shop, ann, 1)
    shop.full_pass()
    restrict(shop, ann, kind)
    bought(shop, ann, 2)
    shop.full_pass()

    found: Any = shop.sidecar.view.explain(str(ann))

    assert found["restrictions"] == [kind]
    assert found["set_aside"] is None
    often = found["tag"]["Often"]
    assert (often["holds"], often["verdict"], often["next_change"]) == (False, None, None)
    assert why in often["why"]
    assert why in found["segment"]["Big"]["why"]
    assert why in found["group"]["why"]
    assert found["tag"]["Buyer"]["holds"] == (kind == "restricted")
