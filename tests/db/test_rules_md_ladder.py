"""Golden cases of the definition of rules: the ladder on a real store."""

from __future__ import annotations

import datetime

import pytest

from sidecar.sync.pinning import Word
from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'total_spent > 500'\n"
SILVER = "[[group]]\nname = 'Silver'\nwhen = 'orders >= 1'\n"


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


def test_the_first_rung_that_holds_wins(ladder: LadderStore) -> None:
    ann, bob, eve = (ladder.customer() for _ in range(3))
    ladder.store.given.order(ann, "600")
    ladder.store.given.order(bob, "6")
    ladder.rules(GOLD + SILVER)

    ladder.store.full_pass()

    assert [ladder.group(who) for who in (ann, bob, eve)] == ["Gold", "Silver", "Default"]


def test_the_rung_a_customer_stands_on_is_judged_by_keep_when(ladder: LadderStore) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.store.given.order(bob, "450")
    ladder.rules(GOLD + "keep_when = 'total_spent > 400'\n")
    ladder.store.full_pass()
    ladder.store.given.update("order", {"order_id": order}, total="450")

    ladder.ring(ann, bob)

    assert [ladder.group(who) for who in (ann, bob)] == ["Gold", "Default"]


def test_down_after_the_left_rungs_grace_counted_anew_when_it_holds_again(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.rules(GOLD + "grace = '3 days'\n")
    ladder.store.full_pass()
    for status, days in ((7, 2), (5, 2), (7, 2)):
        ladder.store.given.update("order", {"order_id": order}, order_status_id=status)
        ladder.ring(ann)
        ladder.store.now += days * DAY
        ladder.ring(*ladder.due())
        assert ladder.group(ann) == "Gold"

    ladder.store.now += DAY
    ladder.ring(*ladder.due())

    assert ladder.group(ann) == "Default"


def test_min_stay_counts_from_the_move(ladder: LadderStore) -> None:
    ann = ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.rules(GOLD + "min_stay = '3 days'\n")
    ladder.store.full_pass()
    ladder.store.now += 2 * DAY
    ladder.store.given.update("order", {"order_id": order}, order_status_id=7)
    ladder.ring(ann)
    assert ladder.group(ann) == "Gold"

    ladder.store.now += DAY
    ladder.ring(*ladder.due())

    assert ladder.group(ann) == "Default"


def test_who_fell_off_every_rung_goes_to_the_fallback(ladder: LadderStore) -> None:
    ann = ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.rules("[ladder]\nfallback = 'Silver'\n" + GOLD)
    ladder.store.full_pass()
    ladder.store.given.delete("order", order_id=order)

    ladder.ring(ann)

    assert ladder.group(ann) == "Silver"


def test_without_a_fallback_to_the_group_held_before_the_first_move(ladder: LadderStore) -> None:
    ann = ladder.customer("Staff")
    order = ladder.store.given.order(ann, "600")
    ladder.rules("[ladder]\nfrom = ['Staff']\n" + GOLD + SILVER)
    ladder.store.full_pass()
    assert ladder.group(ann) == "Gold"
    ladder.store.given.update("order", {"order_id": order}, total="5")
    ladder.ring(ann)
    assert ladder.group(ann) == "Silver"
    ladder.store.given.delete("order", order_id=order)

    ladder.ring(ann)

    assert ladder.group(ann) == "Staff"


def test_a_customer_found_outside_from_is_treated_as_pinned_there(ladder: LadderStore) -> None:
    ann = ladder.customer("Silver")
    ladder.store.given.order(ann, "600")
    ladder.rules(GOLD)
    ladder.store.full_pass()
    assert ladder.group(ann) == "Silver"

    ladder.pinning().free_groups([ann])

    assert ladder.group(ann) == "Gold"


def test_first_sight_is_also_of_who_registers_later(ladder: LadderStore) -> None:
    ladder.rules(SILVER)
    ladder.store.full_pass()
    ann, bob = ladder.customer(), ladder.customer("Gold")
    for who in (ann, bob):
        ladder.store.given.order(who, "6")

    ladder.ring(ann, bob)

    assert [ladder.group(who) for who in (ann, bob)] == ["Silver", "Gold"]


def test_a_protected_group_is_never_left_and_never_entered(ladder: LadderStore) -> None:
    ann, bob = ladder.customer("Staff"), ladder.customer()
    for who in (ann, bob):
        ladder.store.given.order(who, "600")
    ladder.rules(
        "[ladder]\nprotected = ['Staff', 'Gold']\nfrom = ['Staff', 'Default']\n" + GOLD + SILVER
    )

    ladder.store.full_pass()

    assert [ladder.group(who) for who in (ann, bob)] == ["Staff", "Silver"]


def test_upgrade_only_lets_nobody_fall(ladder: LadderStore) -> None:
    ann = ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.rules("[ladder]\nupgrade_only = true\n" + GOLD)
    ladder.store.full_pass()
    ladder.store.given.delete("order", order_id=order)

    ladder.ring(ann)

    assert ladder.group(ann) == "Gold"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("minutes", "group"), [(1, "Default"), (4, "Gold")])
def test_the_breaker_counts_our_writes_of_the_last_ten_minutes(
    ladder: LadderStore, whole: bool, minutes: int, group: str
) -> None:
    ann = ladder.customer()
    order = ladder.store.given.order(ann, "600")
    ladder.rules("[ladder]\nfallback = 'Default'\n" + GOLD)
    ladder.store.full_pass()
    for status, expected in ((7, "Default"), (5, "Gold"), (7, "Default"), (5, group)):
        ladder.store.given.update("order", {"order_id": order}, order_status_id=status)
        ladder.store.now += datetime.timedelta(minutes=minutes)

        if whole:
            ladder.store.full_pass()
        else:
            ladder.ring(ann)

        assert ladder.group(ann) == expected


def test_a_group_that_somebody_changes_between_reading_and_writing_is_looked_at_again(
    ladder: LadderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.rules(GOLD, rich="total_spent > 500", gold="group = 'Gold'")
    ladder.store.full_pass()
    for who in (ann, bob):
        ladder.store.given.order(who, "600")

    ladder.somebody_faster(ann, "Staff", monkeypatch)
    ladder.ring(ann, bob)

    # Theirs stands, and everything that goes by it follows theirs.
    assert [ladder.group(who) for who in (ann, bob)] == ["Staff", "Gold"]
    assert ladder.store.has(ann) == {"rich"}
    assert ladder.store.has(bob) == {"rich", "gold"}
    ladder.store.verify()


def test_a_group_that_disappears_turns_its_rung_off_and_customers_stay(
    ladder: LadderStore,
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.store.given.order(ann, "600")
    ladder.rules(GOLD)
    ladder.store.full_pass()
    number = ladder.ids.pop("Gold")
    ladder.store.given.delete("customer_group", customer_group_id=number)
    ladder.store.given.order(bob, "600")

    ladder.ring(ann, bob)

    assert [ladder.group(who) for who in (ann, bob)] == ["?", "Default"]


def test_a_person_moves_a_customer_out_of_a_group_that_does_not_exist(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    ladder.rules("", lost="group is missing", silver="group = 'Silver'")
    ladder.save(ann, 77)
    ladder.store.full_pass()
    assert ladder.store.has(ann) == {"lost"}

    ladder.pin("group", "Silver", ann)

    assert ladder.group(ann) == "Silver"
    assert ladder.store.has(ann) == {"silver"}


def test_group_is_the_value_after_this_pass_also_where_only_people_move_customers(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    ladder.rules("", gold="group = 'Gold'", plain="group = 'Default'")
    ladder.store.full_pass()

    ladder.pin("group", "Gold", ann)

    assert ladder.store.has(ann) == {"gold"}


def test_a_group_that_does_not_exist_is_missing_also_after_the_ladder(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules(GOLD, lost="group is missing", odd="group != 'Gold'")
    ladder.save(ann, 77)

    ladder.store.full_pass()

    assert ladder.store.has(ann) == {"lost"}


def test_a_pin_until_the_rung_turns_true_ends_also_where_another_rung_was_before(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer(newsletter=True)
    ladder.rules("[[group]]\nname = 'Silver'\nwhen = 'newsletter'\n")
    ladder.store.full_pass()
    assert ladder.group(ann) == "Silver"
    # One rung for another: ann, who is not looked at in between, has the old one's bit.
    ladder.rules(GOLD)
    word = Word(direction="out", requalify=True, reason="said so")
    ladder.pinning().pin("group", "Gold", [ann], word)
    ladder.store.given.order(ann, "600")
    ladder.store.full_pass()

    assert ladder.store.rows("SELECT * FROM `{own}pin`") == []


def test_a_negative_group_is_none_and_sets_nobody_aside(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules(GOLD, lost="group is missing")
    ladder.save(ann, -1)

    outcome = ladder.store.full_pass()

    assert (outcome.set_aside, ladder.store.has(ann)) == (0, {"lost"})
