"""
Golden cases of the definition of rules: the budget of 24 hours that small cycles share.

Each once at its end and once a customer over it, for tags and for customer groups.
"""

from __future__ import annotations

import datetime

import pytest

from sidecar.sync import nightly
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.full_pass import FullPass
from support.buyers import GOLD, KINDS, LIMIT, SECOND, order, settled, written
from support.deciding import approve, ring, run_state, waiting
from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)

kinds = pytest.mark.parametrize("kind", KINDS)
bells = pytest.mark.parametrize("bell", ["changed", "clock"])


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


def nightly_pass(store: SmallStore, limit: int) -> None:
    """An audit with the limits that stand, then one with new ones, where the budget is *limit*."""
    shop, moment = store.sidecar.shop, store.moment
    checked = store.sidecar.check_rules()
    book = open_rulebook(shop, checked, moment, writing=True, new_limits=False)
    audit = FullPass(shop=shop, book=book, moment=moment, cap=limit)
    nightly.with_new_limits(audit, store.book, Budget(shop.own, limit, moment), due=True)


@kinds
@bells
def test_small_cycles_go_up_to_the_budget(ladder: LadderStore, kind: str, bell: str) -> None:
    ids = settled(ladder, kind)
    order(ladder, *ids[:LIMIT])

    ring(ladder.store, *ids[:LIMIT], kind=bell, limit=LIMIT)

    assert written(ladder, kind, ids) == ids[:LIMIT]
    assert waiting(ladder.store) == []


@kinds
@bells
def test_a_small_cycle_that_is_one_over_the_budget_waits_whole(
    ladder: LadderStore, kind: str, bell: str
) -> None:
    ids = settled(ladder, kind)
    order(ladder, *ids[: LIMIT + 1])

    ring(ladder.store, *ids[: LIMIT + 1], kind=bell, limit=LIMIT)

    assert written(ladder, kind, ids) == []
    assert [run.customers for run in ladder.waiting()] == [LIMIT + 1]


@bells
def test_only_the_rules_that_go_over_the_budget_wait(ladder: LadderStore, bell: str) -> None:
    ids = [ladder.customer() for _ in range(8)]
    ladder.rules(GOLD, buyer="orders > 0", mail="newsletter")
    ladder.store.full_pass()
    ladder.store.now += SECOND
    order(ladder, *ids[: LIMIT + 1])

    ring(ladder.store, *ids[: LIMIT + 1], kind=bell, limit=LIMIT)

    (run,) = ladder.waiting()
    assert ladder.store.sidecar.view.rule_names(run.rule_ids) == ["buyer", "ladder"]
    ladder.store.given.update("customer", {"customer_id": ids[0]}, newsletter=1)
    ring(ladder.store, ids[0], kind=bell, limit=LIMIT)
    assert (ladder.store.who("mail"), ladder.store.who("buyer")) == (ids[:1], [])


@bells
def test_bells_and_the_clock_share_one_budget(ladder: LadderStore, bell: str) -> None:
    ids = settled(ladder, "group")
    order(ladder, *ids)

    ring(ladder.store, *ids[:2], kind="clock", limit=LIMIT)
    ring(ladder.store, ids[2], kind="changed", limit=LIMIT)
    assert written(ladder, "group", ids) == ids[:LIMIT]
    ring(ladder.store, ids[3], kind=bell, limit=LIMIT)

    assert written(ladder, "group", ids) == ids[:LIMIT]
    assert [run.customers for run in ladder.waiting()] == [1]


def test_one_cycle_in_several_parts_has_one_budget(
    ladder: LadderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = settled(ladder)
    order(ladder, *ids)
    monkeypatch.setattr("sidecar.sync.cycle.BATCH", 2)

    ring(ladder.store, *ids, limit=LIMIT)

    assert ladder.store.who("buyer") == ids[:2]
    assert len(waiting(ladder.store)) == 1


@pytest.mark.parametrize(("later", "left"), [(DAY - SECOND, 0), (DAY, LIMIT)])
def test_the_budget_is_of_a_rolling_24_hours(
    ladder: LadderStore, later: datetime.timedelta, left: int
) -> None:
    ids = settled(ladder)
    order(ladder, *ids[: 2 * LIMIT])
    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)
    ladder.store.now += later

    ring(ladder.store, *ids[LIMIT : 2 * LIMIT], limit=LIMIT)

    assert ladder.store.who("buyer") == ids[: LIMIT + left]


def test_full_passes_and_people_spend_nothing_of_it(ladder: LadderStore) -> None:
    ids = settled(ladder)
    order(ladder, *ids[:LIMIT])
    assert ladder.store.whole_pass(cap=LIMIT).waiting == []
    ladder.store.tagging().add("friend", ids, None, None)
    order(ladder, *ids[LIMIT : 2 * LIMIT])

    ring(ladder.store, *ids[LIMIT : 2 * LIMIT], limit=LIMIT)

    assert ladder.store.who("buyer") == ids[: 2 * LIMIT]


def test_what_a_person_approves_of_renews_the_budget(ladder: LadderStore) -> None:
    ids = settled(ladder)
    order(ladder, *ids)
    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)
    ring(ladder.store, *ids[LIMIT : LIMIT + 1], limit=LIMIT)
    (run,) = waiting(ladder.store)
    ladder.store.now += SECOND
    # All the others, of whom nothing rang, come with it: it has grown.
    assert approve(ladder.store, run, cap=LIMIT).state == "waiting"
    assert approve(ladder.store, run, cap=LIMIT).state == "applied"
    ladder.store.given.execute("DELETE FROM `oc_order`")
    ladder.store.now += SECOND

    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)

    assert ladder.store.who("buyer") == ids[LIMIT:]
    assert run_state(ladder.store, run) == ("applied", "cli:eve")


def test_an_approval_by_a_clock_that_was_ahead_lifts_no_budget(ladder: LadderStore) -> None:
    ids = settled(ladder)
    order(ladder, *ids)
    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)
    ring(ladder.store, ids[LIMIT], limit=LIMIT)
    (run,) = waiting(ladder.store)
    right, ladder.store.now = ladder.store.now, ladder.store.now + 400 * DAY
    assert approve(ladder.store, run, cap=LIMIT).state == "waiting"
    assert approve(ladder.store, run, cap=LIMIT).state == "applied"
    ladder.store.now = right
    ladder.store.given.execute("DELETE FROM `oc_order`")

    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)

    assert ladder.store.who("buyer") == ids


def test_an_approval_that_waits_again_renews_nothing(ladder: LadderStore) -> None:
    ids = settled(ladder)
    order(ladder, *ids)
    ring(ladder.store, *ids[:LIMIT], limit=LIMIT)
    ring(ladder.store, ids[LIMIT], limit=LIMIT)
    (run,) = waiting(ladder.store)
    ladder.store.now += SECOND
    assert approve(ladder.store, run, cap=LIMIT).state == "waiting"
    ladder.rules("", buyer="orders > 0", mail="newsletter")
    assert ladder.store.whole_pass(cap=LIMIT).outcome.changed == 0
    ladder.store.given.update("customer", {"customer_id": ids[0]}, newsletter=1)
    ladder.store.now += SECOND

    ring(ladder.store, ids[0], limit=LIMIT)

    assert ladder.store.who("mail") == []
    assert len(waiting(ladder.store)) == 2


@pytest.mark.parametrize("limit", [LIMIT, LIMIT - 1])
def test_facts_and_segments_never_count_and_are_always_written(
    ladder: LadderStore, limit: int
) -> None:
    ids = [ladder.customer() for _ in range(8)]
    segment = "[[segment]]\nname = 'buyers'\nwhen = 'orders > 0'\n"
    ladder.rules(segment, vip="orders > 1")
    ladder.store.full_pass()
    order(ladder, *ids, *ids[:LIMIT])

    ring(ladder.store, *ids, limit=limit)

    assert ladder.members("buyers") == ids
    assert ladder.store.who("vip") == (ids[:LIMIT] if limit == LIMIT else [])
    assert {facts[0] for facts in ladder.store.standing().facts.values()} == {1, 2}


@pytest.mark.parametrize("limit", [2, 1])
def test_new_limits_share_the_budget_of_the_small_cycles(ladder: LadderStore, limit: int) -> None:
    ids = [ladder.customer() for _ in range(10)]
    for number, customer in enumerate(ids):
        ladder.store.given.order(customer, str(100 * (number + 1)))
    ladder.rules("", top="top_percent <= 10", mail="newsletter")
    ladder.store.full_pass()
    assert ladder.store.who("top") == ids[-1:]
    ladder.store.now += SECOND
    ladder.store.given.order(ids[0], "5000")
    ring(ladder.store, ids[0], limit=limit + 1)
    assert ladder.store.who("top") == [ids[0], ids[-1]]
    ladder.store.given.order(ids[1], "9000")
    ladder.store.now += DAY - SECOND

    nightly_pass(ladder.store, limit + 1)

    # One was spent by the bell. New limits let two go, where the rest of the budget allows it.
    still = [] if limit == 2 else [ids[0], ids[-1]]
    assert ladder.store.who("top") == sorted([ids[1], *still])
    # And what they changed is spent for the bells.
    ladder.store.given.update("customer", {"customer_id": ids[5]}, newsletter=1)
    ring(ladder.store, ids[5], limit=limit + 1)
    assert ladder.store.who("mail") == ([] if limit == 2 else [ids[5]])
