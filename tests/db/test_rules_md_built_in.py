"""Golden cases of the definition of rules: into each built-in segment one comes, one does not."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import msgspec
import pytest

from sidecar.rules.built_in import built_in_segments
from support.given import Given, Line
from support.small_store import NOW, SmallStore

#: Writes something of a customer.
Do = Callable[[Given, int], object]


def orders(*days_ago: float, total: str = "10") -> Do:
    def do(given: Given, who: int) -> None:
        for days in days_ago:
            given.order(who, total, days_ago=days)

    return do


def registered(days_ago: float, number: int = 0) -> Do:
    def do(given: Given, who: int) -> None:
        at = NOW - datetime.timedelta(days=days_ago)
        given.update("customer", {"customer_id": who}, date_added=str(at.replace(tzinfo=None)))
        orders(*[100] * number)(given, who)

    return do


def column(**values: int) -> Do:
    return lambda given, who: given.update("customer", {"customer_id": who}, **values)


def born(days_ahead: int) -> Do:
    """The birthday is so many days ahead, in another year."""
    day = (NOW + datetime.timedelta(days=days_ahead)).date().replace(year=1980)
    return lambda given, who: given.update(
        "customer", {"customer_id": who}, custom_field=f'{{"1":"{day}"}}'
    )


def cart(*hours_ago: float) -> Do:
    def do(given: Given, who: int) -> None:
        for hours in hours_ago:
            at = NOW - datetime.timedelta(hours=hours)
            given.cart(who, 1, at=str(at.replace(tzinfo=None)))

    return do


def returns(*days_ago: float) -> Do:
    def do(given: Given, who: int) -> None:
        for days in days_ago:
            given.goods_return(who, days_ago=days)

    return do


def bought(total: str) -> Do:
    """Goods that earn ten points a unit, good for 30 days."""
    line = Line(product=40, price=total)
    return lambda given, who: given.order(who, total, days_ago=1, lines=[line])


def nothing(_given: Given, _who: int) -> None:
    pass


#: Who is in it, and who is only just not.
CASES: dict[str, tuple[Do, Do | None]] = {
    "everyone": (nothing, None),
    "active accounts": (column(status=1), column(status=0)),
    "never ordered": (lambda given, who: given.order(who, status=0), orders(400)),
    "one-time buyers": (orders(31), orders(30)),
    "repeat buyers": (orders(31, 400), orders(31)),
    "loyal": (orders(1, 2, 3, 4, 5), orders(1, 2, 3, 4)),
    "new": (registered(30, 2), registered(30, 3)),
    "ordered recently": (orders(90), orders(91)),
    "inactive": (orders(181), orders(180)),
    "high value": (orders(90, total="1000.01"), orders(90, total="1000")),
    "at risk": (orders(91, total="1000.01"), orders(90, total="1000.01")),
    "wholesale": (column(customer_group_id=8), column(customer_group_id=1)),
    "newsletter subscribers": (column(newsletter=1), column(newsletter=0)),
    "birthday soon": (born(30), born(31)),
    "wishlist holders": (lambda given, who: given.wish(who, 1), nothing),
    "full carts": (cart(24.1), cart(48, 23.9)),
    "many returns": (returns(0, 1, 365), returns(0, 1, 366)),
    "with reviews": (lambda given, who: given.review(who, 1), nothing),
    "in no group": (column(customer_group_id=77), column(customer_group_id=1)),
    "points expire soon": (bought("10"), bought("0.09")),  # less than one point
    "close to the next tier": (bought("90"), bought("89.90")),
}
#: More who are only just not in it.
ALSO_OUT: dict[str, Do] = {
    "one-time buyers": orders(31, 32),
    "new": registered(31),
    "inactive": nothing,
    "high value": orders(91, total="1000.01"),
    "at risk": orders(91, total="1000"),
    "birthday soon": born(-1),
    "full carts": nothing,
}


@pytest.fixture
def built_in(store: SmallStore) -> SmallStore:
    settings = store.sidecar.config
    rules = msgspec.structs.replace(settings.rules, builtins=True)
    store.sidecar.config = msgspec.structs.replace(settings, rules=rules)
    store.given.insert("customer_group", {}, customer_group_id=8)
    store.given.describe("customer_group", 8, "Wholesale")
    store.given.custom_field("Birthday", "date")
    return store


def members(store: SmallStore) -> dict[str, set[int]]:
    """Who is in each segment."""
    slots = {row["name"]: row["slot"] for row in store.rows("SELECT * FROM `{own}segment`")}
    customers = store.rows("SELECT * FROM `{own}customer`")
    return {
        name: {
            row["customer_id"]
            for row in customers
            if (row[f"segments{slot // 64}"] or 0) >> slot % 64 & 1
        }
        for name, slot in slots.items()
    }


@pytest.mark.parametrize("store", [{"birthday_field": "Birthday"}], indirect=True)
def test_one_comes_in_and_one_who_lacks_little_does_not(built_in: SmallStore) -> None:
    given = built_in.given
    people: dict[str, list[tuple[int, bool]]] = {}
    for name, (into, out) in CASES.items():
        for do, is_in in ((into, True), (out, False), (ALSO_OUT.get(name), False)):
            if do is not None:
                who = given.customer(days_ago=400)
                do(given, who)
                people.setdefault(name, []).append((who, is_in))

    built_in.named_rules({}, '[loyalty]\nstart = "2020-01-01"\nexpiry = "30 days"\n')
    built_in.full_pass()

    found = members(built_in)
    assert {
        name: [(who, who in found[name]) for who, _ in expected]
        for name, expected in people.items()
    } == people
    built_in.verify()


def test_each_buyer_is_in_one_rfm_segment_and_a_tenth_are_big_spenders(
    built_in: SmallStore,
) -> None:
    by_group: dict[str, set[int]] = {}
    for recency in range(5):
        for money in range(5):
            who = built_in.given.customer(days_ago=400)
            for _ in range(money + 1):
                built_in.given.order(who, str(10 + money), days_ago=100 - 10 * recency)
            by_group.setdefault(RFM[4 - recency].split()[money], set()).add(who)
    nobody = built_in.given.customer()

    built_in.full_pass()

    found = members(built_in)
    rfm = {name: who for name, who in found.items() if name.startswith("RFM ")}
    assert {
        name.removeprefix("RFM ").replace(" ", "-"): who for name, who in rfm.items()
    } == by_group
    # Five spent the same, the most: the tenth of 25 ends among them.
    assert found["big spenders"] == set(range(5, 26, 5))
    assert nobody in found["everyone"]


#: By the score of recency, 5 first, the group of each score of frequency and money, 1 first.
RFM = (
    "new promising promising champions champions",
    "new promising promising champions champions",
    "about-to-sleep about-to-sleep needs-attention loyal loyal",
    "hibernating hibernating at-risk at-risk at-risk",
    "lost lost cannot-lose cannot-lose cannot-lose",
)


def test_every_built_in_segment_has_its_case() -> None:
    told_from_limits = {"big spenders"} | {
        rule.name for rule in built_in_segments() if rule.name.startswith("RFM ")
    }

    assert {rule.name for rule in built_in_segments()} == CASES.keys() | told_from_limits
