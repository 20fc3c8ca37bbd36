"""Golden cases of the definition of rules: one pass, its order, and time. One comes, one goes."""

from __future__ import annotations

import datetime

import pytest

from sidecar.errors import RuleError
from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)
SECOND = datetime.timedelta(seconds=1)

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'tags has \"b\"'\n"
CHAIN = "[[segment]]\nname = 's'\nwhen = 'group = \"Gold\"'\n" + GOLD


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


def of(ladder: LadderStore, who: int) -> tuple[set[str], str, bool]:
    """The tags and the group of a customer, and whether they are in segment ``s``."""
    return ladder.store.has(who), ladder.group(who), who in ladder.members("s")


ALL: tuple[set[str], str, bool] = ({"a", "b"}, "Gold", True)
NONE: tuple[set[str], str, bool] = (set(), "Default", False)


def chained(ladder: LadderStore) -> tuple[int, int]:
    """A tag asks for a segment, that for the group, the rung for a tag; one of two has it all."""
    ann, bob = ladder.customer(), ladder.customer()
    ladder.store.given.order(bob)
    ladder.rules(CHAIN, a="in segment 's'", b="orders > 0")
    ladder.store.full_pass()
    assert (of(ladder, ann), of(ladder, bob)) == (NONE, ALL)
    return ann, bob


@pytest.mark.parametrize("how", ["ring", "full pass"])
def test_what_is_needed_comes_first_in_one_pass(ladder: LadderStore, how: str) -> None:
    ann, bob = chained(ladder)
    ladder.store.given.execute("DELETE FROM `oc_order`")
    ladder.store.given.order(ann)

    if how == "ring":
        ladder.ring(ann, bob)
    else:
        assert ladder.store.whole_pass().waiting == []

    assert (of(ladder, ann), of(ladder, bob)) == (ALL, NONE)


def test_while_the_ladder_waits_what_uses_the_group_goes_by_the_standing_one(
    ladder: LadderStore,
) -> None:
    ann, bob = chained(ladder)
    ladder.store.given.execute("DELETE FROM `oc_order`")
    ladder.store.given.order(ann)
    ladder.rules(CHAIN.replace('"b"\'', '"b" and status\''), a="in segment 's'", b="orders > 0")

    ladder.ring(ann, bob)
    (run,) = ladder.store.whole_pass(cap=1).waiting

    # What only follows from the group waits for it; what it comes of does not.
    assert run.customers == 2
    assert (of(ladder, ann), of(ladder, bob)) == (({"b"}, "Default", False), ({"a"}, "Gold", True))


def test_while_a_customer_is_not_moved_what_uses_the_group_goes_by_the_standing_one(
    ladder: LadderStore,
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.store.given.order(bob)
    ladder.rules(CHAIN + "grace = '3 days'\n", a="in segment 's'", b="orders > 0")
    ladder.store.full_pass()
    ladder.pin("group", "Gold", ann, "out")
    ladder.store.given.execute("DELETE FROM `oc_order`")
    ladder.store.given.order(ann)

    ladder.ring(ann, bob)

    assert (of(ladder, ann), of(ladder, bob)) == (({"b"}, "Default", False), ({"a"}, "Gold", True))


def test_cycles_are_refused_by_name(ladder: LadderStore) -> None:
    ladder.rules(GOLD, a="in segment 's'", b="tags has 'a'")
    ladder.rules(CHAIN, a="in segment 's'", b="tags has 'a'")

    with pytest.raises(RuleError, match="needs its own result: a -> s -> ladder -> b -> a"):
        ladder.store.full_pass()


def test_windows_of_days_begin_and_end_at_the_stores_midnight(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann, at="2026-03-31 00:00:00")
    ladder.rules("", recent="last_order within 2 days", old="last_order older than 2 days")
    ladder.store.full_pass()
    midnight = datetime.datetime(2026, 4, 3, tzinfo=datetime.UTC)

    ladder.store.now = midnight - SECOND
    assert ladder.due() == []
    assert ladder.store.whole_pass().outcome.changed == 0
    assert ladder.store.has(ann) == {"recent"}
    ladder.store.now = midnight
    ladder.ring(*ladder.due())

    assert ladder.store.has(ann) == {"old"}


def test_what_is_dated_ahead_is_within_a_span_once_it_is_reached(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann, at="2026-04-02 15:00:00")
    ladder.rules("", recent="last_order within 2 days")
    ladder.store.full_pass()
    then = datetime.datetime(2026, 4, 2, 15, tzinfo=datetime.UTC)

    ladder.store.now = then - SECOND
    ladder.ring(ann)
    assert ladder.store.has(ann) == set()
    assert ladder.due() == []
    ladder.store.now = then
    ladder.ring(*ladder.due())

    assert ladder.store.has(ann) == {"recent"}


def test_a_pin_until_a_day_holds_through_that_day(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules("")
    ladder.store.full_pass()
    ladder.store.tagging().add("friend", [ann], ladder.store.moment.today, None)
    midnight = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)

    ladder.store.now = midnight - SECOND
    ladder.ring(ann)
    assert ladder.store.has(ann) == {"friend"}
    assert ladder.due() == []
    ladder.store.now = midnight
    ladder.ring(*ladder.due())

    assert ladder.store.has(ann) == set()


def test_hours_and_minutes_are_instants(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann, at="2026-03-31 09:00:00")
    ladder.rules("", recent="last_order within 90 minutes", old="last_order older than 90 minutes")
    ladder.store.full_pass()
    end = datetime.datetime(2026, 3, 31, 10, 30, tzinfo=datetime.UTC)

    ladder.store.now = end
    ladder.ring(ann)
    assert ladder.store.has(ann) == {"recent"}
    ladder.store.now = end + SECOND
    ladder.ring(*ladder.due())

    assert ladder.store.has(ann) == {"old"}


def test_no_stored_fact_depends_on_todays_date(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann, days_ago=1)
    ladder.rules("", old="last_order older than 10 years")
    ladder.store.full_pass()
    before = ladder.store.standing().facts

    ladder.store.now += 400 * DAY

    assert ladder.store.whole_pass().outcome.changed == 0
    assert ladder.store.standing().facts == before


def test_limits_are_numbered_and_used_by_every_scope_until_the_next_time(
    ladder: LadderStore,
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.store.given.order(ann, "100")
    ladder.store.given.order(bob, "50")
    ladder.rules("", top="top_percent <= 50")
    ladder.store.full_pass()
    (first,) = ladder.store.rows("SELECT * FROM `{own}rfm_limits`")
    assert ladder.store.who("top") == [ann]

    # With limits of this moment only one would be among the half that spent most.
    ladder.store.given.order(bob, "1000")
    ladder.ring(bob)
    assert ladder.store.who("top") == [ann, bob]
    assert ladder.store.whole_pass().outcome.changed == 0
    ladder.store.now += DAY
    ladder.store.full_pass()

    assert ladder.store.who("top") == [bob]
    numbers = [row["limits_id"] for row in ladder.store.rows("SELECT * FROM `{own}rfm_limits`")]
    assert numbers == [first["limits_id"], first["limits_id"] + 1]
