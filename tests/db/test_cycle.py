"""Passes over small stores: who gets which tag, what is written, and that it is enough."""

from __future__ import annotations

import datetime
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from sidecar.rules.ruleset import assemble
from sidecar.sync import ranges, rulebook
from sidecar.sync.pass_runs import Approval
from support.given import Line
from support.random_store import FACTS, OWN_FACTS, a_few, start_anew, tag_by_hand, tag_rules
from support.small_store import NOW, SmallStore

DAY = datetime.timedelta(days=1)


# -- whom ----------------------------------------------------------------------------------


def test_a_pass_tags_whom_the_rules_name_and_nobody_else(store: SmallStore) -> None:
    ann, bob, eve = (store.given.customer() for _ in range(3))
    store.given.order(ann, "600")
    store.given.order(bob, "600", status=7)
    store.rules(vip="total_spent > 500", quiet="orders = 0")

    outcome = store.full_pass()

    assert store.who("vip") == [ann]
    assert store.who("quiet") == [bob, eve]
    assert (outcome.customers, outcome.changed) == (3, 3)
    assert (outcome.tag_added, outcome.tag_removed) == (3, 0)
    store.verify()


def test_a_pass_stores_the_facts_that_lists_are_sorted_by(store: SmallStore) -> None:
    ann = store.given.customer(at="2025-01-01 00:00:00")
    bob = store.given.customer(at="0000-00-00 00:00:00")
    for total, at in (("10.5", "2026-01-02 03:04:05"), ("-3", "2026-02-02 00:00:00")):
        store.given.order(ann, total, at=at)

    store.full_pass()

    facts = store.rows("SELECT * FROM `{own}customer` ORDER BY customer_id")
    names = ("customer_id", "orders", "total_spent", "last_order_at", "registered_at")
    instants = [
        int(datetime.datetime.fromisoformat(f"{at}Z").timestamp())
        for at in ("2026-01-02T03:04:05", "2025-01-01T00:00:00")
    ]
    assert [tuple(row[name] for name in names) for row in facts] == [
        (ann, 1, 75_000, *instants),
        (bob, 0, 0, None, None),
    ]


def test_without_rules_a_pass_keeps_facts_and_no_tags(store: SmallStore) -> None:
    ann = store.given.customer()

    outcome = store.full_pass()

    assert (outcome.customers, outcome.changed) == (1, 0)
    assert set(store.standing().facts) == {ann}
    assert store.audit() == {}


def test_tags_that_need_tags_follow_in_the_same_pass(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)
    store.given.order(ann, "600")
    store.rules(
        top='tags has all of ("vip", "mail")', vip="total_spent > 500", mail="newsletter = yes"
    )

    store.full_pass()

    assert store.has(ann) == {"top", "vip", "mail"}


def test_a_segment_may_ask_whether_a_customer_has_any_tag_at_all(store: SmallStore) -> None:
    ann = store.given.customer()
    rule = "[[segment]]\nname = 'plain'\nwhen = 'tags is missing'\n"
    store.named_rules({"vip": "orders = 0"}, rule)

    store.full_pass()

    assert store.has(ann) == {"vip"}


# -- what is written -----------------------------------------------------------------------

RULES = {
    "vip": "total_spent > 500",
    "buyer": "orders > 0",
    "tool user": 'categories has "Tools"',
    "top": "top_percent <= 50 and tags has 'vip'",
}


def busy(store: SmallStore) -> list[int]:
    """Three customers with orders, lines and a tag by hand; a full pass with `RULES`."""
    tools = store.given.category("Tools")
    saw = store.given.product("Saw", categories=[tools])
    ids = [store.given.customer() for _ in range(3)]
    for customer, total in zip(ids, ("5", "600", "700"), strict=True):
        store.given.order(customer, total, lines=[Line(saw)])
    store.named_rules(RULES)
    store.full_pass()
    store.tagging().add("friend", ids[:1], None, None)
    return ids


def test_a_second_pass_writes_nothing_at_all(store: SmallStore) -> None:
    busy(store)
    before = store.checksums()

    result = store.whole_pass()

    assert store.checksums() == before
    assert (result.outcome.customers, result.outcome.changed) == (3, 0)
    assert result.run_id is None


def test_one_changed_customer_is_all_that_is_touched(store: SmallStore) -> None:
    ann, bob, eve = busy(store)
    before = store.rows("SELECT * FROM `{own}customer` WHERE customer_id <> %s", ann)
    for customer in (ann, bob):
        store.given.order(customer, "10000")

    outcome = store.process(ann)

    assert outcome.customers == outcome.changed == 1
    assert store.audit() == {ann: ({"vip", "top"}, set())}
    assert store.rows("SELECT * FROM `{own}customer` WHERE customer_id <> %s", ann) == before
    assert store.has(eve) == {"vip", "buyer", "tool user", "top"}
    store.verify()


def test_an_audit_row_says_what_a_customer_gained_and_lost(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer(newsletter=True)
    store.rules(buyer="orders > 0", quiet="orders = 0", mail="newsletter = yes")
    store.full_pass()
    assert store.audit() == {ann: ({"quiet"}, set()), bob: ({"quiet", "mail"}, set())}
    store.given.order(ann)

    outcome = store.full_pass()

    assert store.audit() == {ann: ({"buyer"}, {"quiet"})}
    assert (outcome.changed, outcome.tag_added, outcome.tag_removed) == (1, 1, 1)
    assert store.last_run()["tag_removed"] == 1
    assert {row["at"] for row in store.rows("SELECT at FROM `{own}audit`")} == {NOW.timestamp()}


def test_a_rule_that_is_gone_takes_back_only_its_own(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.rules(early="orders = 0", calm="orders = 0")
    store.full_pass()
    store.tagging().add("early", [ann], None, None)
    store.rules(calm="orders = 0")

    store.full_pass()

    assert store.has(ann) == {"early", "calm"}
    assert store.has(bob) == {"calm"}
    assert store.audit() == {bob: (set(), {"early"})}
    store.verify()


def test_a_rule_that_says_something_else_moves_its_tag(store: SmallStore) -> None:
    ann, bob, eve = (store.given.customer() for _ in range(3))
    for customer, total in ((ann, "10"), (bob, "20"), (eve, "30")):
        store.given.order(customer, total)
    store.rules(vip="total_spent between 10 and 20")
    store.full_pass()
    since = "SELECT since FROM `{own}assertion` WHERE customer_id = %s"
    store.now += DAY
    store.rules(vip="total_spent between 20 and 30")

    store.full_pass()

    assert store.audit() == {ann: (set(), {"vip"}), eve: ({"vip"}, set())}
    # Who had it all along has had it since the first day.
    assert store.rows(since, bob) == [{"since": NOW.timestamp()}]
    assert store.rows(since, eve) == [{"since": (NOW + DAY).timestamp()}]


def test_time_alone_takes_a_customer_out_of_a_window(store: SmallStore) -> None:
    ann = store.given.customer()
    store.given.order(ann, days_ago=29)
    store.rules(recent="last_order within 30 days", busy="orders(within = 30 days) >= 1")

    store.full_pass()
    assert store.has(ann) == {"recent", "busy"}
    store.now += 2 * DAY
    store.full_pass()

    assert store.has(ann) == set()


@pytest.mark.parametrize("whole_store", [True, False], ids=["full pass", "one customer"])
def test_a_deleted_customer_is_forgotten_and_that_is_audited(
    store: SmallStore, whole_store: bool
) -> None:
    ann, bob, eve = busy(store)
    store.given.delete("customer", customer_id=ann)  # as OpenCart does, which keeps the orders

    outcome = store.full_pass() if whole_store else store.process(ann)

    assert store.audit() == {ann: (set(), {"buyer", "tool user", "friend"})}
    assert (outcome.changed, outcome.tag_removed) == (1, 3)
    standing = store.standing()
    assert set(standing.facts) == {bob, eve}
    assert {row[0] for row in standing.assertions} == {bob, eve}
    assert {row[0] for row in standing.purchases} == {bob, eve}
    assert store.tags()["friend"].customers == 0
    store.verify()


def test_nothing_is_kept_of_who_ordered_and_is_gone(store: SmallStore) -> None:
    ann, bob, eve = busy(store)
    order = store.given.order(999_999)
    store.given.line(order, 40)
    store.given.delete("customer", customer_id=ann)
    store.given.order(ann, at=NOW + DAY)

    for _ in range(2):
        store.full_pass()
        store.process(ann, 999_999)

        assert {row[0] for row in store.standing().purchases} == {bob, eve}
        assert set(store.standing().facts) == {bob, eve}


def test_what_was_bought_follows_the_orders(store: SmallStore) -> None:
    ann, *_ = busy(store)
    saw = next(product for customer, product in store.standing().purchases if customer == ann)
    rake = store.given.product("Rake")
    order = store.given.order(ann, lines=[Line(rake), Line(rake), Line(saw)])
    store.process(ann)
    mine = {product for customer, product in store.standing().purchases if customer == ann}
    assert mine == {saw, rake}

    # Cancelled, which OpenCart 4.1 does without touching date_modified.
    store.given.update("order", {"order_id": order}, order_status_id=7)
    store.process(ann)

    mine = {product for customer, product in store.standing().purchases if customer == ann}
    assert mine == {saw}
    assert "tool user" in store.has(ann)


def test_a_store_without_customers_has_an_empty_pass(store: SmallStore) -> None:
    store.rules(vip="orders > 3")

    result = store.whole_pass(approval=Approval(actor="cli:ann", everything=True))

    assert result.outcome.customers == 0
    assert (result.run_id, result.waiting, result.stopped) == (None, [], False)
    (noted,) = store.rows("SELECT value FROM `{own}state` WHERE name = 'last_full_pass'")
    assert int(noted["value"]) == store.moment.epoch_s


def test_customers_that_do_not_exist_are_no_error(store: SmallStore) -> None:
    store.rules(vip="orders = 0")

    outcome = store.process(5, 999_999)

    assert (outcome.customers, outcome.changed) == (0, 0)
    assert store.standing().facts == {}


# -- in parts ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7, 8, 1000])
def test_ranges_of_any_size_give_the_same(store: SmallStore, size: int) -> None:
    ids = [1, 2, 3, 500, 501, 70_000, 70_001, 2**31 - 1]
    for customer in ids:
        store.given.customer(customer_id=customer)
        store.given.order(customer, str(customer % 1000))
    store.rules(even="total_spent in (2, 500, 0)", top="top_percent <= 25")

    outcome = store.full_pass(size=size)

    assert outcome.customers == len(ids)
    assert store.who("even") == [2, 500, 70_000]
    assert store.who("top") == [501, 2**31 - 1]
    store.verify()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_ranges_hold_every_id_once(store: SmallStore, size: int) -> None:
    for customer in (3, 4, 10, 2**31 - 1):
        store.given.customer(customer_id=customer)

    scopes = list(ranges.ranges(store.sidecar.shop, size))

    assert scopes[0].first == 1
    assert scopes[-1].last == 2**31 - 1
    for one, next_one in itertools.pairwise(scopes):
        assert next_one.first == one.last + 1
    assert len(scopes) == -(-4 // size), "none is empty"


def test_who_was_deleted_between_two_ranges_is_forgotten_too(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(6)]
    store.rules(all="orders = 0")
    store.full_pass()
    for customer in (ids[0], ids[2], ids[5]):
        store.given.delete("customer", customer_id=customer)

    store.full_pass(size=2)

    assert store.who("all") == [ids[1], ids[3], ids[4]]
    assert sorted(store.audit()) == [ids[0], ids[2], ids[5]]


# -- planned -------------------------------------------------------------------------------


def test_a_plan_counts_what_the_pass_then_does_and_writes_nothing(store: SmallStore) -> None:
    ann, bob, eve = busy(store)
    store.given.order(ann, "1000")
    store.given.delete("customer", customer_id=bob)
    store.rules(vip="total_spent > 800", new="orders = 1", quiet="orders = 0")
    checked = store.sidecar.check_rules()
    before = store.checksums()

    planned = store.sidecar.plan(checked, sample=100)

    assert store.checksums() == before
    done = store.full_pass()
    assert planned.outcome == done
    named = {(step["customer_id"], step["name"]): step["after"] for step in planned.sample}
    happened = {(c, name): True for c, (added, _) in store.audit().items() for name in added}
    happened |= {(c, name): False for c, (_, gone) in store.audit().items() for name in gone}
    assert named == happened
    assert {step["why"] for step in planned.sample if step["customer_id"] == bob} == {
        "the customer was deleted"
    }
    assert eve in {step["customer_id"] for step in planned.sample}


# -- any store, any rules ------------------------------------------------------------------


@pytest.mark.parametrize(
    "store",
    [{}, {"guest_orders": "by_email", "refunded_return_statuses": ("#3",)}],
    ids=["as installed", "guests and refunds"],
    indirect=True,
)
@a_few
@given(st.integers(0, 2**32), st.data())
def test_a_full_pass_equals_customers_one_by_one(
    store: SmallStore, small_engine: Engine, seed: int, data: st.DataObject
) -> None:
    made = start_anew(store, small_engine, random.Random(seed))
    names = rulebook.read_names(store.sidecar.shop, own_tables=False)
    rules = assemble(tags=data.draw(tag_rules(names, FACTS)))

    store.full_pass(rules=rules, size=random.Random(seed).randint(1, 9))

    together, audit = store.standing(), store.audit()
    store.verify()
    before = store.checksums(without=["run", "figure"])
    assert store.full_pass(rules=rules).changed == 0
    assert store.checksums(without=["run", "figure"]) == before
    store.forget_everything(but=["tag", "rfm_limits"])
    store.given.execute("UPDATE `oc_sidecar_tag` SET customers = 0")
    limits = store.work(rules).rulebook.limits
    one_by_one: dict[int, tuple[set[str], set[str]]] = {}
    for customer in made.customers:
        store.process(customer, rules=rules)
        one_by_one |= store.audit()
    assert store.standing() == together
    assert one_by_one == audit
    assert store.work(rules).rulebook.limits == limits
    store.verify()


@a_few
@given(st.integers(0, 2**32), st.data())
def test_looking_again_at_who_changed_is_as_good_as_a_full_pass(
    store: SmallStore, small_engine: Engine, seed: int, data: st.DataObject
) -> None:
    chance = random.Random(seed)
    made = start_anew(store, small_engine, chance)
    names = rulebook.read_names(store.sidecar.shop, own_tables=False)
    rules = assemble(tags=data.draw(tag_rules(names, OWN_FACTS)))
    store.full_pass(rules=rules)

    for _ in range(3):
        changed = {customer for _ in range(chance.randint(1, 3)) for customer in made.change()}
        store.process(*sorted(changed), rules=rules)
        tag_by_hand(store, rules, made)
        if chance.random() < 0.3:
            store.now += DAY
            store.full_pass(rules=rules)
        store.verify()

    before = store.checksums(without=["run", "figure"])
    assert store.full_pass(rules=rules).changed == 0
    assert store.checksums(without=["run", "figure"]) == before
