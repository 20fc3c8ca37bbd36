"""
Golden cases of the definition of rules: the cap of a run.

Each once at the cap and once a customer over it, for tags and for customer groups.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

import msgspec
import pytest

from sidecar.sync import undo
from support.buyers import GOLD, KINDS, LIMIT, order, settled, written
from support.deciding import approve, ring
from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


@kinds
def test_a_run_that_changes_as_many_customers_as_the_cap_goes(
    ladder: LadderStore, kind: str
) -> None:
    ids = settled(ladder, kind)
    order(ladder, *ids[:LIMIT])

    assert ladder.store.whole_pass(cap=LIMIT).waiting == []

    assert written(ladder, kind, ids) == ids[:LIMIT]


@kinds
def test_a_run_that_changes_one_more_than_the_cap_waits(ladder: LadderStore, kind: str) -> None:
    ids = settled(ladder, kind)
    order(ladder, *ids[: LIMIT + 1])

    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting

    assert run.customers == LIMIT + 1
    assert written(ladder, kind, ids) == []


@kinds
def test_what_is_new_goes_at_the_cap_and_waits_over_it(ladder: LadderStore, kind: str) -> None:
    ids = [ladder.customer() for _ in range(LIMIT)]
    order(ladder, *ids)
    ladder.store.full_pass()
    tags, rungs = KINDS[kind]
    ladder.rules(rungs, **tags)

    assert ladder.store.whole_pass(cap=LIMIT - 1).waiting[0].customers == LIMIT
    assert written(ladder, kind, ids) == []
    ladder.rules(rungs.replace("> 0", ">= 1"), **{n: f"{w} and status" for n, w in tags.items()})
    assert ladder.store.whole_pass(cap=LIMIT).waiting == []
    assert written(ladder, kind, ids) == ids


def test_whom_a_tag_is_taken_from_counts_as_well(ladder: LadderStore) -> None:
    ids = [ladder.customer() for _ in range(8)]
    ladder.rules("", quiet="orders = 0")
    ladder.store.full_pass()

    order(ladder, *ids[: LIMIT + 1])
    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
    assert (run.customers, ladder.store.who("quiet")) == (LIMIT + 1, ids)
    ladder.store.given.execute("DELETE FROM `oc_order` LIMIT 1")

    # It was planned with one more, so that it goes on waiting though it is small now.
    assert [again.customers for again in ladder.store.whole_pass(cap=LIMIT).waiting] == [LIMIT]
    assert approve(ladder.store, run.run_id).state == "applied"
    assert len(ladder.store.who("quiet")) == 8 - LIMIT


def test_new_rules_and_the_rest_have_a_cap_each(ladder: LadderStore) -> None:
    ids = settled(ladder)
    order(ladder, *ids[:LIMIT])
    ladder.rules("", buyer="orders > 0", mail="newsletter")
    for customer in ids[-LIMIT:]:
        ladder.store.given.update("customer", {"customer_id": customer}, newsletter=1)

    assert ladder.store.whole_pass(cap=LIMIT).waiting == []

    assert (ladder.store.who("buyer"), ladder.store.who("mail")) == (ids[:LIMIT], ids[-LIMIT:])


@pytest.mark.parametrize(
    ("share", "floor", "goes"),
    [("0.1", 4, True), ("0.5", 0, True), ("0.4", 3, False), ("0.49", 3, False), ("0", 4, True)],
)
def test_a_run_waits_only_where_it_is_over_the_share_and_over_the_floor(
    ladder: LadderStore, share: str, floor: int, goes: bool
) -> None:
    ids = settled(ladder)
    sidecar = ladder.store.sidecar
    rules = msgspec.structs.replace(
        sidecar.config.rules, max_change=Decimal(share), max_change_floor=floor
    )
    sidecar.config = msgspec.structs.replace(sidecar.config, rules=rules)
    order(ladder, *ids[:4])  # half of all
    cap = sidecar.cap()

    assert (ladder.store.whole_pass(cap=cap).waiting == []) is goes


def test_while_a_run_waits_its_rules_write_nothing_and_the_others_go_on(
    ladder: LadderStore,
) -> None:
    ids = settled(ladder)
    ladder.rules(GOLD, buyer="orders > 0", quiet="orders = 0")
    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
    order(ladder, *ids[:2])

    ring(ladder.store, *ids[:2])
    assert [found.run_id for found in ladder.store.whole_pass(cap=LIMIT).waiting] == [run.run_id]

    assert (ladder.store.who("buyer"), ladder.store.who("quiet")) == (ids[:2], [])
    assert [ladder.group(who) for who in ids[:2]] == ["Default"] * 2


def test_only_rules_that_want_something_wait(ladder: LadderStore) -> None:
    ids = settled(ladder, "both")
    ladder.rules(GOLD, buyer="orders > 0", second="orders = 1", mail="newsletter")
    ladder.store.full_pass()
    order(ladder, *ids[: LIMIT + 1])
    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
    ladder.store.given.update("customer", {"customer_id": ids[0]}, newsletter=1)

    ring(ladder.store, ids[0])

    assert ladder.store.sidecar.view.rule_names(run.rule_ids) == ["buyer", "ladder", "second"]
    assert ladder.store.has(ids[0]) == {"mail"}


def test_whatever_depends_on_a_run_that_waits_is_judged_without_it(ladder: LadderStore) -> None:
    ids = [ladder.customer() for _ in range(8)]
    ladder.store.tagging().ensure(["vip"])
    few = "orders > 0 and not tags has 'vip'"
    ladder.rules("", second=few)
    ladder.store.full_pass()
    order(ladder, *ids[: LIMIT + 1])
    ladder.rules("", second=few, vip="orders > 0")

    # With the new rule the other would change nobody; as it waits, it is one over the cap.
    waiting = ladder.store.whole_pass(cap=LIMIT).waiting

    assert [ladder.store.sidecar.view.rule_names(run.rule_ids) for run in waiting] == [
        ["vip"],
        ["second"],
    ]
    assert [run.customers for run in waiting] == [LIMIT + 1] * 2
    assert (ladder.store.who("vip"), ladder.store.who("second")) == ([], [])


def test_a_rule_that_is_edited_waits_no_more_and_is_judged_anew(ladder: LadderStore) -> None:
    ids = settled(ladder)
    ladder.rules("", buyer="orders > 0", quiet="orders = 0", all="status")
    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
    assert ladder.store.sidecar.view.rule_names(run.rule_ids) == ["all", "quiet"]
    ladder.store.given.update("customer", {"customer_id": ids[0]}, newsletter=1)
    ladder.rules("", buyer="orders > 0", quiet="orders = 0", all="newsletter")

    (renewed,) = ladder.store.whole_pass(cap=LIMIT).waiting

    assert renewed.run_id == run.run_id
    assert ladder.store.sidecar.view.rule_names(renewed.rule_ids) == ["quiet"]
    assert (ladder.store.who("all"), ladder.store.who("quiet")) == (ids[:1], [])


def test_what_people_said_ends_also_over_the_cap(ladder: LadderStore) -> None:
    ids = settled(ladder)
    ladder.store.tagging().add("friend", ids, ladder.store.now.date(), None)
    assert ladder.store.who("friend") == ids
    ladder.store.now += 2 * DAY

    assert ladder.store.whole_pass(cap=LIMIT).waiting == []

    assert ladder.store.who("friend") == []


def test_what_a_rule_that_is_gone_gave_is_taken_back_once_it_is_approved(
    ladder: LadderStore,
) -> None:
    ids = settled(ladder)
    order(ladder, *ids)
    ladder.store.full_pass()
    ladder.rules("", mail="newsletter")
    for _ in range(2):
        (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
        assert ladder.store.sidecar.view.rule_names(run.rule_ids) == ["buyer", "mail"]
    assert ladder.store.who("buyer") == ids

    assert approve(ladder.store, run.run_id).state == "applied"

    assert ladder.store.who("buyer") == []


def test_a_rule_has_one_waiting_run_that_the_next_pass_renews_under_its_number(
    ladder: LadderStore,
) -> None:
    ids = settled(ladder)
    order(ladder, *ids[: LIMIT + 1])
    (run,) = ladder.store.whole_pass(cap=LIMIT).waiting
    order(ladder, ids[LIMIT + 1])

    (renewed,) = ladder.store.whole_pass(cap=LIMIT).waiting

    assert (renewed.run_id, renewed.customers) == (run.run_id, LIMIT + 2)


def test_rules_of_an_undone_run_write_nothing_until_their_text_changes_and_then_for_good(
    ladder: LadderStore,
) -> None:
    store, ids = ladder.store, settled(ladder)
    order(ladder, ids[0])
    ring(store, ids[0])
    undo.undo(store.sidecar.shop, store.book, store.last_run()["run_id"], store.moment, "cli:eve")
    order(ladder, ids[1])
    ring(store, *ids[:2])
    assert store.who("buyer") == []

    ladder.rules("", buyer="orders > 0 and status")
    assert store.whole_pass(cap=LIMIT).waiting == []
    assert store.who("buyer") == ids[:2]
    ladder.rules("", buyer="orders > 0")
    order(ladder, ids[2])

    assert store.whole_pass(cap=LIMIT).waiting == []
    assert store.who("buyer") == ids[:3]
