"""Golden cases of the definition of rules: segments and what is kept of them."""

from __future__ import annotations

import datetime

import pytest

from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)


def rule(name: str, when: str) -> str:
    """A segment as TOML."""
    return f"[[segment]]\nname = '{name}'\nwhen = '''{when}'''\n"


BUYERS = rule("buyers", "orders >= 1")


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


def test_entries_are_history_from_the_first_full_pass_on(ladder: LadderStore) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.store.given.order(ann)
    ladder.rules(BUYERS)
    ladder.store.full_pass()
    assert ladder.history("buyers") == []

    order = ladder.store.given.order(bob)
    ladder.ring(bob)
    ladder.store.given.delete("order", order_id=order)
    ladder.store.now += DAY
    ladder.ring(bob)

    assert ladder.history("buyers") == [(bob, 1), (bob, 0)]
    assert ladder.segment("buyers")["customers"] == 1
    ladder.store.verify()


def test_before_their_baseline_members_are_known_and_not_counted(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.full_pass()
    ladder.rules(BUYERS)
    ladder.store.given.order(ann)

    ladder.ring(ann)

    assert ladder.members("buyers") == [ann]
    assert ladder.history("buyers") == []
    assert ladder.segment("buyers")["baseline_at"] is None


def test_only_rare_segments_have_a_row_for_each_member(ladder: LadderStore) -> None:
    ids = [ladder.customer() for _ in range(41)]
    for who in ids[:2]:
        ladder.store.given.order(who)
    ladder.rules(BUYERS + rule("quiet", "orders = 0"))

    ladder.store.full_pass()

    assert ladder.listed("buyers") == ids[:2]
    assert ladder.listed("quiet") is None
    ladder.store.verify()


def test_rows_of_members_go_when_a_segment_is_rare_no_longer(ladder: LadderStore) -> None:
    ids = [ladder.customer() for _ in range(21)]
    ladder.store.given.order(ids[0])
    ladder.rules(BUYERS)
    ladder.store.full_pass()
    assert ladder.listed("buyers") == ids[:1]
    for who in ids[1:4]:
        ladder.store.given.order(who)

    ladder.ring(*ids[1:4])
    assert ladder.listed("buyers") == ids[:4]
    ladder.store.full_pass()

    assert ladder.listed("buyers") is None
    ladder.store.verify()


def test_who_leaves_a_segment_whose_rule_is_gone_is_counted_when_the_rule_comes_back(
    ladder: LadderStore,
) -> None:
    ids = [ladder.customer() for _ in range(41)]
    orders = [ladder.store.given.order(who) for who in ids[:2]]
    ladder.rules(BUYERS)
    ladder.store.full_pass()
    ladder.rules(rule("everybody", "orders >= 0"))
    ladder.store.given.delete("order", order_id=orders[0])
    ladder.ring(ids[0])

    ladder.rules(BUYERS)
    ladder.ring(ids[0])

    assert ladder.listed("buyers") == ids[1:2]
    assert ladder.segment("buyers")["customers"] == 1
    assert ladder.history("buyers") == [(ids[0], 0)]
    ladder.store.verify()


def test_segments_are_written_while_everything_else_waits(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann)
    ladder.rules(BUYERS, buyer="orders >= 1")

    ladder.store.whole_pass()

    assert ladder.members("buyers") == [ann]
    assert ladder.store.has(ann) == set()
    assert [run.customers for run in ladder.waiting()] == [1]


def test_a_segment_may_be_asked_for_by_tags_and_other_segments(ladder: LadderStore) -> None:
    ann, bob = ladder.customer(newsletter=True), ladder.customer()
    ladder.store.given.order(ann)
    both = rule("both", "in segment 'buyers' and tags has 'mail'")
    ladder.rules(
        both + BUYERS, mail="newsletter", best="in segment 'both'", rest="not in segment 'both'"
    )

    ladder.store.full_pass()

    assert ladder.members("both") == [ann]
    assert (ladder.store.has(ann), ladder.store.has(bob)) == ({"mail", "best"}, {"rest"})


def test_a_segment_asks_for_the_group_after_this_pass(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann)
    rung = "[[group]]\nname = 'Gold'\nwhen = 'orders >= 1'\n"
    ladder.rules(rung + rule("golden", "group = 'Gold'") + rule("plain", "group = 'Default'"))

    ladder.store.full_pass()

    assert (ladder.members("golden"), ladder.members("plain")) == ([ann], [])


def test_while_the_ladder_waits_the_standing_group_is_asked_for(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann)
    rung = "[[group]]\nname = 'Gold'\nwhen = 'orders >= 1'\n"
    ladder.rules(rung + rule("golden", "group = 'Gold'") + rule("plain", "group = 'Default'"))

    ladder.store.whole_pass()

    assert (ladder.members("golden"), ladder.members("plain")) == ([], [ann])
    assert ladder.group(ann) == "Default"


def test_where_the_rule_of_a_segment_stands_is_kept_with_it(ladder: LadderStore) -> None:
    store = ladder.store
    ladder.rules(BUYERS)
    store.full_pass()
    assert store.rows("SELECT name, origin FROM {own}segment") == [
        {"name": "buyers", "origin": "file"}
    ]

    store.rows("UPDATE {own}segment SET origin = NULL")  # as a version before left it
    store.full_pass()
    assert [row["origin"] for row in store.rows("SELECT origin FROM {own}segment")] == ["file"]
