"""Undo: what nobody changed since is as it was, the rest is listed, and it stays so."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import Any

import pytest

from sidecar.errors import NotNowError, UsageError
from sidecar.shop.database import transaction
from sidecar.sync import cycle, decisions, undo
from sidecar.sync.pass_runs import Approval
from sidecar.sync.pinning import Pinning, Word
from sidecar.sync.undo import Undone
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)

LADDER = """
[ladder]
fallback = "Default"
[[group]]
name = "VIP"
when = "orders >= 2"
"""


def undone(store: SmallStore, run: int) -> Undone:
    """Undo the run *run*."""
    shop = store.sidecar.shop
    return undo.undo(shop, store.book, run, store.moment, "cli:eve")


def pinning(store: SmallStore) -> Pinning:
    """Pins by hand, with the rules as a cycle of changed customers has them."""
    means = store.sidecar._means()
    moment = store.moment
    return Pinning(
        store.sidecar.shop,
        lambda group: means.rulebook(store.sidecar.check_rules(), moment, group),
        moment,
        "cli:ann",
    )


def passes(store: SmallStore, number: int = 3) -> None:
    """So many more full passes, a day apart, with everything approved."""
    for _ in range(number):
        store.now += DAY
        store.full_pass()


def group(store: SmallStore, customer: int) -> int:
    """The native customer group."""
    (row,) = store.rows(
        f"SELECT customer_group_id AS g FROM `{store.given.prefix}customer` WHERE customer_id = %s",
        customer,
    )
    return int(row["g"])


def vip_group(store: SmallStore, identifier: int = 7, name: str = "VIP") -> int:
    """One more customer group."""
    store.given.insert("customer_group", {}, customer_group_id=identifier)
    store.given.describe("customer_group", identifier, name)
    return identifier


def state(store: SmallStore, run: int) -> dict[str, Any]:
    """The row of a run."""
    return store.rows("SELECT * FROM `{own}run` WHERE run_id = %s", run)[0]


def resume(store: SmallStore, name: str) -> None:
    """Let a rule go on."""
    with transaction(store.sidecar.engine) as tx:
        rules = store.sidecar.check_rules().rules
        decisions.resume_rule(tx, store.sidecar.shop.own, name, None, rules, store.moment)


# -- tags of rules -------------------------------------------------------------------------


def test_an_undone_run_stays_undone_over_any_number_of_passes(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.given.order(ann)
    store.rules(buyer="orders > 0", quiet="orders = 0", thankful='tags has "buyer"')
    run = store.whole_pass(approval=Approval(actor="cli:ann", everything=True)).run_id
    assert run is not None

    found = undone(store, run)

    assert (found.customers, found.changes, found.rest_total) == (2, 3, 0)
    assert found.held == ["buyer", "quiet", "thankful"]
    assert store.has(ann) == store.has(bob) == set()
    row = state(store, run)
    assert (row["state"], row["decided_by"]) == ("undone", "cli:eve")
    again = state(store, found.run_id or 0)
    assert (again["kind"], again["state"], again["undoes"]) == ("undo", "applied", run)
    assert (again["changed"], again["tag_removed"]) == (2, 3)
    store.verify()

    passes(store)

    assert store.has(ann) == store.has(bob) == set()
    store.verify()


def test_what_a_run_took_away_comes_back(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    store.given.order(ann)
    store.full_pass()
    run = store.last_run()["run_id"]
    assert store.has(ann) == set()

    undone(store, run)
    passes(store)

    assert store.has(ann) == {"quiet"}
    store.verify()


def test_a_held_rule_goes_on_when_its_text_changes(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    undone(store, store.last_run()["run_id"])
    store.rules(quiet="orders = 0 ")
    passes(store, 1)
    assert store.has(ann) == set()

    store.rules(quiet="orders < 1")
    passes(store, 1)

    assert store.has(ann) == {"quiet"}


def test_a_resumed_rule_is_like_a_new_one(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(4)]
    store.rules(quiet="orders = 0")
    store.full_pass()
    undone(store, store.last_run()["run_id"])

    resume(store, "Quiet")
    assert store.process(ids[0]).changed == 1  # as if a full pass had settled it
    waiting = store.whole_pass(cap=2).waiting

    assert [run.customers for run in waiting] == [3]
    assert store.whole_pass(cap=3).waiting != []  # one that waits goes on waiting
    passes(store, 1)
    assert store.who("quiet") == ids


def test_what_somebody_changed_since_is_listed_and_stays(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    run = store.last_run()["run_id"]
    store.tagging().remove("quiet", [ann], None, "asked to")

    found = undone(store, run)

    (kept,) = found.rest
    assert (kept.customer_id, kept.kind, kept.name) == (ann, "tag", "quiet")
    assert kept.why == f"run {run + 1} changed it again"
    assert (found.customers, found.changes, found.rest_total) == (1, 1, 1)
    assert store.has(bob) == set()
    store.verify()


def test_the_first_hundred_of_the_rest_are_named(store: SmallStore) -> None:
    ids = [store.given.customer() for _ in range(103)]
    store.rules(quiet="orders = 0")
    store.full_pass()
    run = store.last_run()["run_id"]
    store.tagging().remove("quiet", ids, None, None)

    found = undone(store, run)

    assert (len(found.rest), found.rest_total) == (100, 103)
    assert found.run_id is None
    assert state(store, run)["state"] == "undone"


def test_customers_who_are_gone_are_listed(store: SmallStore) -> None:
    ann, bob, eve = (store.given.customer() for _ in range(3))
    store.rules(quiet="orders = 0")
    store.full_pass()
    run = store.last_run()["run_id"]
    store.given.delete("customer", customer_id=ann)
    store.given.delete("customer", customer_id=bob)
    store.process(ann)  # noticed of one, not yet of the other

    found = undone(store, run)

    assert {kept.customer_id for kept in found.rest} == {ann, bob}
    assert {kept.why for kept in found.rest} == {"the customer is gone"}
    assert found.customers == 1
    assert store.has(eve) == set()
    passes(store, 1)
    store.verify()


def test_a_rule_that_was_removed_takes_nothing_away_again(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    store.rules(other="orders > 3")
    store.full_pass()
    run = store.last_run()["run_id"]
    assert store.has(ann) == set()

    found = undone(store, run)
    assert (found.changes, found.held) == (1, ["quiet"])
    passes(store)

    assert store.has(ann) == {"quiet"}
    store.verify()
    resume(store, "quiet")
    passes(store, 1)
    assert store.has(ann) == set()


def test_two_undos_lead_back_to_the_beginning(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    first = store.last_run()["run_id"]
    store.given.order(ann)
    store.process(ann)
    second = store.last_run()["run_id"]

    assert undone(store, second).changes == 1
    assert store.has(ann) == {"quiet"}
    found = undone(store, first)

    assert (found.changes, found.rest_total) == (1, 0)
    passes(store)
    assert store.has(ann) == set()
    store.verify()


def test_the_older_of_two_runs_leaves_what_the_newer_changed(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    first = store.last_run()["run_id"]
    store.given.order(ann)
    store.process(ann)

    found = undone(store, first)

    assert (found.changes, found.rest_total) == (0, 1)
    assert store.has(ann) == set()


def test_an_undo_that_was_broken_off_goes_on(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store.given.customer() for _ in range(6)]
    store.rules(quiet="orders = 0")
    store.full_pass()
    run = store.last_run()["run_id"]
    monkeypatch.setattr(cycle, "BATCH", 2)

    def killed(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undo.undo(store.sidecar.shop, store.book, run, store.moment, "cli:eve", killed)
    assert store.who("quiet") == ids[4:]
    assert state(store, run)["state"] == "applied"
    store.verify()

    found = undone(store, run)

    assert (found.customers, found.changes, found.rest_total) == (6, 6, 0)
    passes(store)
    assert store.who("quiet") == []
    store.verify()


def test_what_cannot_be_undone_is_refused(store: SmallStore) -> None:
    store.given.customer()
    store.rules(quiet="orders = 0")
    waiting = store.whole_pass(cap=0).waiting[0].run_id
    with pytest.raises(UsageError, match=f"sidecar discard {waiting}"):
        undone(store, waiting)
    with pytest.raises(UsageError, match="there is no run 99"):
        undone(store, 99)
    store.full_pass()
    again = undone(store, waiting).run_id
    assert again is not None

    with pytest.raises(UsageError, match="is undone"):
        undone(store, waiting)
    with pytest.raises(UsageError, match="itself an undo"):
        undone(store, again)


# -- what people said ----------------------------------------------------------------------


def test_a_tag_by_hand_is_undone_with_its_pin(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], None, "first")
    before = store.rows("SELECT * FROM `{own}assertion`")
    store.now += DAY
    store.tagging().remove("friend", [ann], None, "second")
    assert store.has(ann) == set()

    found = undone(store, store.last_run()["run_id"])

    assert (found.changes, found.rest_total) == (1, 0)
    assert store.has(ann) == {"friend"}
    assert store.rows("SELECT * FROM `{own}assertion`") == before
    store.verify()


def test_a_pin_without_effect_is_undone_too(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(quiet="orders = 0")
    store.full_pass()
    store.tagging().add("quiet", [ann], None, None)

    found = undone(store, store.last_run()["run_id"])

    assert (found.changes, found.rest_total, found.held) == (1, 0, [])
    assert {row[2] for row in store.standing().assertions} == {"rule"}
    store.verify()


def test_a_pin_that_was_said_anew_stays(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("friend", [ann], store.moment.today + DAY, "first")
    run = store.last_run()["run_id"]
    store.tagging().add("friend", [ann], None, "second")

    found = undone(store, run)

    assert [kept.why for kept in found.rest] == ["people said something else of it since"]
    assert store.has(ann) == {"friend"}


def test_a_merge_is_undone(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.tagging().add("old", [ann], None, None)
    store.tagging().add("new", [bob], None, None)
    before = store.standing()
    store.now += DAY
    store.tagging().merge("old", "new", None)

    found = undone(store, store.last_run()["run_id"])

    assert found.rest == []
    assert store.standing() == before
    assert not store.tags()["old"].archived
    passes(store)
    assert store.standing().tags == before.tags
    store.verify()


def test_an_archived_tag_is_taken_into_use_again(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().add("old", [ann], None, None)
    store.now += DAY
    store.tagging().archive("old", None, restore=False)
    assert store.has(ann) == set()

    undone(store, store.last_run()["run_id"])

    assert store.has(ann) == {"old"}
    store.verify()


def test_a_segment_pin_is_undone(store: SmallStore) -> None:
    ann = store.given.customer()
    store.named_rules({}, "[[segment]]\nname = 'buyers'\nwhen = 'orders > 0'\n")
    store.full_pass()
    word = Word(direction="in", reason="knows us")
    hand = pinning(store)
    hand.pin("segment", "Buyers", [ann], word)
    assert store.rows("SELECT segments0 AS w FROM `{own}customer`") != [{"w": 0}]

    found = undone(store, hand.run_id or 0)

    assert (found.changes, found.rest_total) == (1, 0)
    assert store.rows("SELECT * FROM `{own}pin`") == []
    assert store.rows("SELECT segments0 AS w, pins FROM `{own}customer`") == [{"w": 0, "pins": 0}]


# -- customer groups -----------------------------------------------------------------------


def test_customers_whom_the_ladder_moved_go_back_and_stay(store: SmallStore) -> None:
    vip_group(store)
    ann, bob = store.given.customer(), store.given.customer()
    for _ in range(2):
        store.given.order(ann)
    store.named_rules({}, LADDER)
    store.full_pass()
    run = store.last_run()["run_id"]
    assert (group(store, ann), group(store, bob)) == (7, 1)

    found = undone(store, run)

    assert (found.changes, found.held) == (1, ["ladder"])
    assert group(store, ann) == 1
    (row,) = store.rows("SELECT * FROM `{own}audit` WHERE run_id = %s", found.run_id)
    assert (row["group_from"], row["group_to"], row["group_why"]) == (7, 1, 6)
    assert state(store, found.run_id or 0)["group_changed"] == 1
    passes(store)
    assert group(store, ann) == 1
    holds = store.rows("SELECT DISTINCT group_hold AS h FROM `{own}customer`")
    assert holds == [{"h": 0}]
    resume(store, "VIP")
    passes(store, 1)
    assert group(store, ann) == 7


def test_who_fell_stands_on_the_rung_again(store: SmallStore) -> None:
    vip_group(store)
    ann = store.given.customer()
    orders = [store.given.order(ann) for _ in range(2)]
    store.named_rules({}, LADDER)
    store.full_pass()
    store.given.delete("order", order_id=orders[0])
    store.full_pass()
    run = store.last_run()["run_id"]
    assert group(store, ann) == 1

    undone(store, run)
    passes(store)

    assert group(store, ann) == 7


def test_a_group_that_was_changed_since_stays(store: SmallStore) -> None:
    vip_group(store)
    vip_group(store, 8, "Staff")
    ann = store.given.customer()
    for _ in range(2):
        store.given.order(ann)
    store.named_rules({}, LADDER)
    store.full_pass()
    run = store.last_run()["run_id"]
    store.given.update("customer", {"customer_id": ann}, customer_group_id=8)

    found = undone(store, run)

    assert [(kept.kind, kept.why) for kept in found.rest] == [
        ("group", "the customer group was changed since")
    ]
    assert group(store, ann) == 8


def test_a_group_set_by_hand_is_undone(store: SmallStore) -> None:
    vip_group(store)
    ann = store.given.customer()
    store.full_pass()
    hand = pinning(store)
    hand.set_group("VIP", [ann], "a friend")
    assert group(store, ann) == 7

    found = undone(store, hand.run_id or 0)

    assert (found.changes, found.rest_total, found.held) == (1, 0, [])
    assert group(store, ann) == 1
    assert store.rows("SELECT * FROM `{own}pin`") == []
    passes(store)
    assert group(store, ann) == 1


def test_who_was_left_alone_before_a_pin_is_left_alone_after_its_undo(store: SmallStore) -> None:
    vip_group(store)
    vip_group(store, 8, "Staff")
    ann = store.given.customer()
    store.given.update("customer", {"customer_id": ann}, customer_group_id=8)
    for _ in range(2):
        store.given.order(ann)
    store.named_rules({}, LADDER)
    store.full_pass()
    assert group(store, ann) == 8  # found at installation
    hand = pinning(store)
    hand.free_groups([ann])
    assert group(store, ann) == 7
    run = hand.run_id or 0

    undone(store, run)
    passes(store)

    assert group(store, ann) == 8
    resume(store, "ladder")
    passes(store, 1)
    assert group(store, ann) == 8


def test_a_pause_keeps_groups_from_being_undone(store: SmallStore) -> None:
    vip_group(store)
    ann = store.given.customer()
    hand = pinning(store)
    hand.set_group("VIP", [ann], "a friend")
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, store.sidecar.shop.own, "cli:ann", None, store.moment)

    with pytest.raises(NotNowError, match="sidecar resume"):
        undone(store, hand.run_id or 0)

    assert group(store, ann) == 7


def test_an_undo_that_a_pause_refuses_takes_no_tag_into_use_again(store: SmallStore) -> None:
    vip_group(store)
    ann = store.given.customer()
    store.named_rules({}, LADDER.replace("orders >= 2", "tags has 'new'"))
    store.tagging().ensure(["new"])
    store.tagging().add("old", [ann], None, None)
    store.full_pass()
    store.now += DAY
    store.tagging().merge("old", "new", None)
    run = store.last_run()["run_id"]
    assert group(store, ann) == 7
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, store.sidecar.shop.own, "cli:ann", None, store.moment)

    with pytest.raises(NotNowError, match="sidecar resume"):
        undone(store, run)

    assert store.tags()["old"].archived


# -- anything ------------------------------------------------------------------------------

WORLD = (
    LADDER
    + """
[[group]]
name = "Regular"
when = "orders >= 1"
"""
)
CONDITIONS = {
    "quiet": "orders = 0",
    "buyer": "orders > 0",
    "often": "orders > 1",
    "spoken of": 'tags has "quiet" or group = "VIP"',
}


def stands(store: SmallStore) -> dict[int, tuple[frozenset[str], int]]:
    """The tags and the group of every customer of the store."""
    tags = store.standing().tags
    rows = store.rows(
        f"SELECT customer_id AS c, customer_group_id AS g FROM `{store.given.prefix}customer`"
    )
    return {row["c"]: (tags.get(row["c"], frozenset()), row["g"]) for row in rows}


@pytest.mark.parametrize("seed", range(12))
def test_who_was_not_touched_since_is_as_before_the_run_over_any_number_of_passes(
    store: SmallStore, seed: int
) -> None:
    draw = random.Random(seed)
    vip_group(store)
    vip_group(store, 8, "Regular")
    vip_group(store, 9, "Staff")
    ids = [store.given.customer() for _ in range(12)]
    store.named_rules({"quiet": "orders = 0"}, WORLD if draw.random() < 0.5 else "")
    store.full_pass()

    def order(some: Sequence[int]) -> None:
        for customer in some:
            store.given.order(customer)

    def by_hand(some: list[int], *, only: int | None = None) -> None:
        tag = draw.choice(["friend", "quiet"])
        match draw.randrange(4) if only is None else only:
            case 0:
                pinning(store).set_group("Staff", some, "x")
            case 1:
                pinning(store).free_groups(some)
            case 2 if tag in store.tags():
                store.tagging().remove(tag, some, None, None)
            case _:
                store.tagging().add(tag, some, None, None)

    for _ in range(draw.randrange(4)):
        store.now += DAY
        by_hand(sorted(draw.sample(ids, 4)))
    order(draw.sample(ids, 6))
    store.now += DAY
    store.full_pass()
    store.now += DAY
    before = stands(store)
    last = store.rows("SELECT MAX(run_id) AS n FROM `{own}run`")[0]["n"]
    if draw.random() < 0.5:
        store.named_rules(CONDITIONS, WORLD)
        store.full_pass()
    else:
        some = sorted(draw.sample(ids, 4))
        has_ordered = draw.random() < 0.5
        # Their rules and the ladder decide in the same run, and are held with it.
        order(some if has_ordered else ())
        by_hand(some, only=1 if has_ordered else None)
    made = store.rows("SELECT run_id FROM `{own}run` WHERE run_id > %s", last)
    touched: set[int] = set()
    for customer in draw.sample(ids, 3):
        store.tagging().add(draw.choice(["friend", "quiet"]), [customer], None, None)
        touched.add(customer)
    store.verify()

    assert len(made) <= 1
    if not made:
        return
    store.now += DAY
    undone(store, made[0]["run_id"])
    store.verify()

    rest = set(ids) - touched
    for _ in range(4):
        now = stands(store)
        assert {c: now[c] for c in rest} == {c: before[c] for c in rest}
        store.now += DAY
        store.full_pass()
    store.verify()
