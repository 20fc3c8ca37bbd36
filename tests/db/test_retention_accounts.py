"""Which accounts a retention rule would end, and when: by their last sign of life."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.privacy import holds
from sidecar.privacy.lifetimes import Lifetimes
from sidecar.shop.database import transaction
from support.small_store import SmallStore

RULE = '[[retention]]\nname = "asleep"\nof = "accounts"\nage = "2 years"\n'


def ends(store: SmallStore, rule: str = RULE) -> dict[int, tuple[str, list[str]]]:
    """By account: the day on which it ends, and what protects it."""
    store.named_rules({}, rule)
    checked = store.sidecar.check_rules()
    rules = checked.rules.retention
    told: dict[int, tuple[str, list[str]]] = {}
    for _, frame in Lifetimes(store.sidecar.shop, checked, rules, store.moment).frames():
        for row in frame.iter_rows(named=True):
            day = datetime.datetime.fromtimestamp(row["purge_at"], store.moment.zone)
            assert (day.hour, day.minute, day.second) == (0, 0, 0)
            told[row["customer_id"]] = (day.date().isoformat(), row["held"])
    return told


def ended(store: SmallStore, customer: int, rule: str = RULE) -> str | None:
    """The day on which the account of *customer* ends; None: none is told."""
    return ends(store, rule).get(customer, (None, []))[0]


def test_an_account_ends_the_day_after_its_age_counted_from_its_registration(
    store: SmallStore,
) -> None:
    ann = store.given.customer(at="2020-01-31 23:30:00")
    assert ended(store, ann) == "2022-02-01"


@pytest.mark.parametrize(
    ("sign", "arguments"),
    [
        ("order", {"at": "2021-05-05 10:00:00"}),
        ("order", {"at": "2021-05-05 10:00:00", "status": 0}),
        ("order", {"at": "2021-05-05 10:00:00", "status": 1}),
        ("order", {"at": "2021-05-05 10:00:00", "total": "-5"}),
        ("ip", {"at": "2021-05-05 10:00:00"}),
        ("cart", {"at": "2021-05-05 10:00:00", "product": 1}),
        ("goods_return", {"at": "2021-05-05 10:00:00"}),
        ("review", {"at": "2021-05-05 10:00:00"}),
    ],
)
def test_every_sign_of_life_counts(store: SmallStore, sign: str, arguments: dict[str, Any]) -> None:
    ann = store.given.customer(at="2020-01-31 23:30:00")
    bob = store.given.customer(at="2020-01-31 23:30:00")
    getattr(store.given, sign)(ann, **arguments)
    told = ends(store)
    assert told[ann][0] == "2023-05-06"
    assert told[bob][0] == "2022-02-01"


def test_an_older_sign_of_life_changes_nothing(store: SmallStore) -> None:
    ann = store.given.customer(at="2020-01-31 23:30:00")
    store.given.order(ann, at="2019-05-05 10:00:00")
    assert ended(store, ann) == "2022-02-01"


def test_an_account_without_any_date_never_ends(store: SmallStore) -> None:
    ann = store.given.customer(at="0000-00-00 00:00:00")
    assert ended(store, ann) is None
    store.given.order(ann, at="2019-05-05 10:00:00")
    assert ended(store, ann) == "2021-05-06"


def test_days_are_those_of_the_store(store: SmallStore) -> None:
    zone = store.moment.zone.key
    ann = store.given.customer(at="2020-06-30 23:59:59")
    bob = store.given.customer(at="2020-07-01 00:00:00")
    told = ends(store)
    assert (told[ann][0], told[bob][0]) == ("2022-07-01", "2022-07-02"), zone


@pytest.mark.parametrize(
    ("status", "held"), [(1, ["open orders"]), (2, ["open orders"]), (5, []), (7, []), (0, [])]
)
def test_an_order_that_is_being_handled_protects(
    store: SmallStore, status: int, held: list[str]
) -> None:
    ann = store.given.customer(at="2019-01-31 23:30:00")
    store.given.order(ann, at="2019-05-05 10:00:00", status=status)
    assert ends(store)[ann][1] == held


@pytest.mark.parametrize(("points", "held"), [(5, ["points"]), (-5, ["points"]), (0, [])])
def test_points_protect_also_owed_ones(store: SmallStore, points: int, held: list[str]) -> None:
    ann = store.given.customer(at="2019-01-31 23:30:00")
    store.given.reward(ann, points)
    assert ends(store)[ann][1] == held


@pytest.mark.parametrize(
    ("amount", "held"), [("0.0001", ["credit"]), ("-3", ["credit"]), ("0", [])]
)
def test_store_credit_protects(store: SmallStore, amount: str, held: list[str]) -> None:
    ann = store.given.customer(at="2019-01-31 23:30:00")
    store.given.credit(ann, amount)
    assert ends(store)[ann][1] == held


SUBSCRIPTION = """CREATE TABLE `oc_subscription` (
  `subscription_id` int(11) NOT NULL AUTO_INCREMENT, `customer_id` int(11) DEFAULT NULL,
  `subscription_status_id` int(11) DEFAULT NULL, PRIMARY KEY (`subscription_id`))"""
RECURRING = """CREATE TABLE `oc_order_recurring` (
  `order_recurring_id` int(11) NOT NULL AUTO_INCREMENT, `order_id` int(11) NOT NULL,
  `status` tinyint(4) NOT NULL, PRIMARY KEY (`order_recurring_id`))"""


@pytest.fixture
def subscriptions(store: SmallStore) -> Iterator[SmallStore]:
    """A store with the tables of OpenCart 4 and 3, and the states that 4.1 begins with."""
    for state, number in (("active", 2), ("expired", 3), ("suspended", 4), ("canceled", 5)):
        store.given.setting(f"config_subscription_{state}_status_id", number)
    for statement in (SUBSCRIPTION, RECURRING):
        store.given.execute(statement)
    yield store
    store.given.execute("DROP TABLE `oc_subscription`, `oc_order_recurring`")


@pytest.mark.parametrize(
    ("status", "is_over"), [(1, False), (2, False), (4, False), (3, True), (5, True)]
)
def test_a_subscription_that_is_not_over_protects(
    subscriptions: SmallStore, status: int, is_over: bool
) -> None:
    given = subscriptions.given
    ann, bob = (given.customer(at="2019-01-31 23:30:00") for _ in range(2))
    given.execute(f"INSERT INTO `oc_subscription` VALUES (1, {ann}, {status}), (2, {bob}, 3)")

    held = ends(subscriptions)
    assert held[ann][1] == ([] if is_over else ["subscriptions"])
    assert held[bob][1] == []
    even = RULE + 'even_with = ["subscriptions"]\n'
    assert ends(subscriptions, even)[ann][1] == []


@pytest.mark.parametrize(
    ("status", "is_over"), [(1, False), (4, False), (6, False), (2, True), (3, True), (5, True)]
)
def test_a_recurring_payment_of_opencart_3_that_is_not_over_protects(
    subscriptions: SmallStore, status: int, is_over: bool
) -> None:
    given = subscriptions.given
    ann, bob = (given.customer(at="2019-01-31 23:30:00") for _ in range(2))
    order = given.order(ann, at="2019-05-05 10:00:00", status=5)
    given.order(bob, at="2019-05-05 10:00:00", status=5)
    given.execute(f"INSERT INTO `oc_order_recurring` VALUES (1, {order}, {status})")

    held = ends(subscriptions)
    assert (held[ann][1], held[bob][1]) == ([] if is_over else ["subscriptions"], [])


def test_what_a_rule_ends_all_the_same_protects_nobody(store: SmallStore) -> None:
    ann = store.given.customer(at="2019-01-31 23:30:00")
    store.given.credit(ann, "3")
    store.given.reward(ann, 3)
    store.given.order(ann, at="2019-05-05 10:00:00", status=2)
    assert ends(store)[ann][1] == ["open orders", "points", "credit"]
    even = RULE + 'even_with = ["credit", "open orders"]\n'
    assert ends(store, even)[ann][1] == ["points"]


def test_holds_restrictions_and_requests_protect_whatever_a_rule_says(store: SmallStore) -> None:
    shop, given = store.sidecar.shop, store.given
    people = [given.customer(at="2019-01-31 23:30:00") for _ in range(5)]
    held, over, restricted, asking, answered = people
    own, now = shop.own.privacy, store.moment.epoch_s
    with transaction(shop.engine) as tx:
        holds.put(tx, shop.own, held, "cli:ann", "a lawsuit", None, store.moment)
        holds.put(tx, shop.own, over, "cli:ann", "a lawsuit", now, store.moment)
        tx.execute(
            own.restriction.insert().values(
                customer_id=restricted, kind="restricted", since=now, actor="a", reason="r"
            )
        )
        for customer, state in ((asking, "open"), (answered, "done")):
            tx.execute(
                own.privacy_request.insert().values(
                    kind="access", state=state, customer_id=customer, person="0" * 64,
                    store_id=0, source="staff", identity="none", actor="a",
                    received_at=now, due_at=now,
                )
            )  # fmt: skip
    rule = RULE + 'even_with = ["credit", "points", "open orders"]\n'
    assert {customer: told[1] for customer, told in ends(store, rule).items()} == {
        held: ["a legal hold"],
        over: [],
        restricted: ["a restriction"],
        asking: ["a request"],
        answered: [],
    }


def test_a_rule_with_a_condition_ends_only_those(store: SmallStore) -> None:
    ann = store.given.customer(at="2019-01-31 23:30:00")
    bob = store.given.customer(at="2019-01-31 23:30:00", newsletter=True)
    assert ends(store, RULE + "when = 'not newsletter'\n").keys() == {ann}
    assert ends(store).keys() == {ann, bob}


def test_of_two_rules_each_has_its_own_condition_and_age(store: SmallStore) -> None:
    store.given.customer(at="2019-01-31 23:30:00")
    store.given.customer(at="2019-01-31 23:30:00", newsletter=True)
    rules = (
        '[[retention]]\nname = "a"\nof = "accounts"\nage = "1 year"\nwhen = "newsletter"\n'
        '[[retention]]\nname = "b"\nof = "accounts"\nage = "3 years"\n'
        '[[retention]]\nname = "c"\nof = "accounts"\nage = "5 years"\nwhen = "not newsletter"\n'
    )
    store.named_rules({}, rules)
    checked = store.sidecar.check_rules()
    ((_, frame),) = Lifetimes(
        store.sidecar.shop, checked, checked.rules.retention, store.moment
    ).frames()
    years = [
        (row["customer_id"], row["rule"], datetime.datetime.fromtimestamp(
            row["purge_at"], store.moment.zone).year)
        for row in frame.sort("rule", "customer_id").iter_rows(named=True)
    ]  # fmt: skip
    assert years == [(2, 0, 2020), (1, 1, 2022), (2, 1, 2022), (1, 2, 2024)]
