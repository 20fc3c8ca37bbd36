"""What waits for approval, what people decide of it, and pauses."""

from __future__ import annotations

import datetime

import pytest

from sidecar.errors import UsageError
from sidecar.shop.database import transaction
from sidecar.sync import decisions, full_pass, runs, state
from sidecar.sync.full_pass import Result
from sidecar.sync.pass_runs import Approval
from sidecar.sync.planning import StoppedError
from support.deciding import approve, discard, resume, run_state, waiting
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)


def settled(store: SmallStore, customers: int = 5) -> list[int]:
    """So many customers, and a first full pass that was approved, with one rule."""
    ids = [store.given.customer() for _ in range(customers)]
    store.rules(buyer="orders > 0")
    store.full_pass()
    return ids


# -- approving -----------------------------------------------------------------------------


def test_an_approved_run_is_written_under_its_number(store: SmallStore) -> None:
    ids = settled(store)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    assert store.who("quiet") == []

    found = approve(store, run)

    assert (found.state, found.was, found.now) == ("applied", 5, 5)
    assert found.changes["tag_added"] == 5
    assert store.who("quiet") == ids
    assert set(store.audit(run)) == set(ids)
    assert run_state(store, run) == ("applied", "cli:eve")
    assert waiting(store) == []
    store.verify()


def test_an_approved_run_that_has_grown_by_more_than_a_tenth_waits_again(
    store: SmallStore,
) -> None:
    settled(store, 10)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    more = [store.given.customer() for _ in range(2)]

    found = approve(store, run)

    assert (found.state, found.was, found.now) == ("waiting", 10, 12)
    assert waiting(store) == [run]
    assert store.who("quiet") == []
    store.given.delete("customer", customer_id=more[0])
    assert approve(store, run).state == "applied"
    assert len(store.who("quiet")) == 11


def test_an_approved_run_may_have_grown_by_a_tenth(store: SmallStore) -> None:
    settled(store, 10)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    store.given.customer()

    assert approve(store, run).state == "applied"
    assert len(store.who("quiet")) == 11


def test_a_run_with_nothing_left_to_do_is_told_so(store: SmallStore) -> None:
    ids = settled(store)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    for customer in ids:
        store.given.order(customer)
    store.given.execute(f"UPDATE `{store.given.prefix}order` SET order_status_id = 5")
    store.rules(buyer="orders > 0", quiet="orders = 0 and orders = 1")

    found = approve(store, run)

    assert found.state == "obsolete"
    assert found.now == 0


def test_one_run_is_approved_and_the_others_wait_on(store: SmallStore) -> None:
    ids = settled(store)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (first,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    store.rules(buyer="orders > 0", quiet="orders = 0", all="status")
    _, second = (found.run_id for found in store.whole_pass(cap=2).waiting)

    assert approve(store, second, cap=2).state == "applied"

    assert waiting(store) == [first]
    assert (store.who("quiet"), store.who("all")) == ([], ids)


def test_only_runs_that_wait_can_be_approved_or_discarded(store: SmallStore) -> None:
    settled(store)
    store.given.order(1)
    store.full_pass()
    run = store.last_run()["run_id"]

    for decide in (approve, discard):
        with pytest.raises(UsageError, match="it is applied"):
            decide(store, run)
        with pytest.raises(UsageError, match="there is no run 77"):
            decide(store, 77)


def test_an_approval_that_was_broken_off_can_be_given_again(store: SmallStore) -> None:
    # So many that what is left, more than a half, is told from the plan that was shown.
    ids = settled(store, 7)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 7  # what is kept of three ranges, three are planned, then two are written

    def stopped(approval: Approval) -> Result:
        work = full_pass.FullPass(
            shop=store.sidecar.shop,
            book=store.book(),
            moment=store.moment,
            cap=2,
            approval=approval,
            stop=stop,
            size=3,
        )
        return work.carry_out()

    with pytest.raises(StoppedError):
        decisions.approve(store.sidecar.shop, run, "cli:eve", store.moment, stopped)
    assert run_state(store, run) == ("interrupted", "cli:eve")
    assert store.who("quiet") == ids[:3]

    assert approve(store, run).state == "applied"

    assert store.who("quiet") == ids
    assert set(store.audit(run)) == set(ids)
    store.verify()


def test_a_run_that_a_crash_left_open_can_be_approved_again(store: SmallStore) -> None:
    ids = settled(store, 4)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    with transaction(store.sidecar.engine) as tx:
        own = store.sidecar.shop.own
        runs.decide(tx, own, [run], "running", store.moment, "cli:eve")
        runs.recover(tx, own)

    assert approve(store, run).state == "applied"
    assert store.who("quiet") == ids


def test_a_discarded_run_holds_its_rules_and_no_others(store: SmallStore) -> None:
    ids = settled(store)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)

    assert discard(store, run) == ["quiet"]

    assert run_state(store, run) == ("discarded", "cli:eve")
    store.given.order(ids[0])
    for _ in range(3):
        store.now += DAY
        assert store.whole_pass(cap=2).waiting == []
    assert store.who("quiet") == []
    assert store.who("buyer") == ids[:1]
    store.verify()


def test_a_resumed_rule_waits_in_a_run_of_its_own(store: SmallStore) -> None:
    settled(store)
    store.rules(buyer="orders > 0", quiet="orders = 0")
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    discard(store, run)

    assert resume(store, "QUIET") == "quiet"

    (new,) = store.whole_pass(cap=2).waiting
    assert new.run_id != run
    with transaction(store.sidecar.engine) as tx:
        named = decisions.rules_of(tx, store.sidecar.shop.own, [new.run_id])
    assert named == {new.run_id: ["quiet"]}


def test_a_rule_that_is_not_held_is_not_resumed(store: SmallStore) -> None:
    settled(store)
    with pytest.raises(UsageError, match="'buyer' is not held"):
        resume(store, "buyer")
    with pytest.raises(UsageError, match="did you mean 'buyer'"):
        resume(store, "buyr")


# -- pausing -------------------------------------------------------------------------------

LADDER = "[[group]]\nname = 'VIP'\nwhen = 'orders > 0'\n"


def test_while_paused_facts_and_tags_go_on_and_groups_are_not_written(store: SmallStore) -> None:
    store.given.insert("customer_group", {}, customer_group_id=7)
    store.given.describe("customer_group", 7, "VIP")
    ann = store.given.customer()
    store.named_rules({"buyer": "orders > 0"}, LADDER)
    store.full_pass()
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, own, "cli:eve", "moving house", store.moment)
        kept = state.read(tx, own, "paused")
    assert kept == {"by": "cli:eve", "reason": "moving house", "at": store.moment.epoch_s}
    store.given.order(ann)
    store.full_pass()
    query = f"SELECT customer_group_id AS g FROM `{store.given.prefix}customer`"
    assert store.has(ann) == {"buyer"}
    assert store.rows(query) == [{"g": 1}]

    with transaction(store.sidecar.engine) as tx:
        assert decisions.resume(tx, own, store.moment)
        assert not decisions.resume(tx, own, store.moment)
        assert state.read(tx, own, full_pass.WANTED) is not None
    store.full_pass()

    assert store.rows(query) == [{"g": 7}]
    with transaction(store.sidecar.engine) as tx:
        assert state.read(tx, own, full_pass.WANTED) is None
