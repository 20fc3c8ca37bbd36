"""Golden cases of the definition of rules: undo, and that an undone run stays undone."""

from __future__ import annotations

import datetime

import pytest

from sidecar.sync import undo
from sidecar.sync.pinning import Word
from sidecar.sync.undo import Undone
from support.deciding import resume
from support.ladder_store import LadderStore
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)
SECOND = datetime.timedelta(seconds=1)

GOLD = "[[group]]\nname = 'Gold'\nwhen = 'orders > 0'\n"


@pytest.fixture
def ladder(store: SmallStore) -> LadderStore:
    return LadderStore(store)


def undone(ladder: LadderStore, run: int | None = None) -> Undone:
    """Undo *run*, or the last."""
    store = ladder.store
    shop, number = store.sidecar.shop, run or store.last_run()["run_id"]
    return undo.undo(shop, store.book, number, store.moment, "cli:eve")


def passes(ladder: LadderStore, number: int = 3) -> None:
    """So many more full passes, a day apart, with everything approved."""
    for _ in range(number):
        ladder.store.now += DAY
        ladder.store.full_pass()


def pin(ladder: LadderStore, tag: str, who: int, word: Word) -> None:
    ladder.pinning().pin("tag", tag, [who], word)


def until_it_turns(direction: str) -> Word:
    """A pin until the rule next turns true."""
    return Word(direction=direction, requalify=True, reason="so far")  # type: ignore[arg-type]


def words(ladder: LadderStore) -> list[tuple[int, str, int | None]]:
    """What people and imports say: customer, kind, until."""
    rows = ladder.store.rows(
        "SELECT customer_id, source_kind, until FROM `{own}assertion`"
        " WHERE source_kind <> 'rule' ORDER BY customer_id, source_kind"
    )
    return [(row["customer_id"], row["source_kind"], row["until"]) for row in rows]


# -- what is reverted ----------------------------------------------------------------------


def test_undo_of_a_command_reverts_also_what_a_rule_said_unseen_in_it(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    ladder.store.given.order(ann)
    # The rule turns in the very cycle that forbids its tag.
    pin(ladder, "buyer", ann, Word(direction="out", reason="no"))
    assert ladder.store.has(ann) == set()

    found = undone(ladder)

    assert (found.changes, found.rest, found.held) == (1, [], ["buyer"])
    assert ladder.store.has(ann) == set()
    passes(ladder)
    assert ladder.store.has(ann) == set()
    ladder.store.verify()


@pytest.mark.parametrize("seen", [1, 0])
def test_an_undone_run_stays_undone_also_when_a_pin_over_its_tag_ends(
    ladder: LadderStore, seen: int
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    for who in (ann, bob)[: 1 + seen]:
        ladder.store.given.order(who)
    ladder.store.tagging().ensure(["buyer"])
    pin(ladder, "buyer", ann, Word(direction="out", until=ladder.store.moment.today, reason="no"))
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    assert ladder.store.who("buyer") == [ann, bob][1 : 1 + seen]

    assert undone(ladder).changes == seen
    passes(ladder)

    assert ladder.store.who("buyer") == []
    ladder.store.verify()


@pytest.mark.parametrize("direction", ["in", "out"])
def test_undo_brings_pins_back_that_ended_because_a_rule_of_the_run_turned_true(
    ladder: LadderStore, direction: str
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    ladder.store.tagging().import_rows({"buyer": {ann: None}}, "x.csv", None)
    pin(ladder, "buyer", ann, until_it_turns(direction))
    had, before = ladder.store.has(ann), words(ladder)
    for who in (ann, bob):
        ladder.store.given.order(who)
    ladder.ring(ann, bob)
    assert ladder.store.who("buyer") == [ann, bob]
    assert words(ladder) == [(ann, "import", None)]

    found = undone(ladder)

    assert (found.rest, found.held) == ([], ["buyer"])
    assert (ladder.store.has(ann), words(ladder)) == (had, before)
    passes(ladder)
    assert (ladder.store.has(ann), ladder.store.has(bob)) == (had, set())
    ladder.store.verify()


def test_undo_brings_a_pin_until_a_day_back_that_the_command_had_replaced(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    day = ladder.store.moment.today + 3 * DAY
    pin(ladder, "buyer", ann, Word(direction="in", until=day, reason="a friend"))
    before = words(ladder)
    ladder.store.given.order(ann)
    # What is said instead ends in the same run, as the rule turns true in it.
    pin(ladder, "buyer", ann, until_it_turns("out"))
    assert words(ladder) == []

    found = undone(ladder)

    assert (found.changes, found.rest) == (1, [])
    assert words(ladder) == before
    assert ladder.store.has(ann) == {"buyer"}
    passes(ladder, 4)
    assert ladder.store.has(ann) == set()


def test_what_was_said_and_ended_in_one_run_is_nothing_to_take_back(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    ladder.store.tagging().import_rows({"buyer": {ann: None}}, "x.csv", None)
    before = words(ladder)
    ladder.store.given.order(ann)
    pin(ladder, "buyer", ann, until_it_turns("out"))
    assert words(ladder) == before

    found = undone(ladder)

    assert (found.changes, found.rest_total, found.held) == (0, 0, ["buyer"])
    assert (words(ladder), ladder.store.has(ann)) == (before, {"buyer"})
    ladder.store.verify()


def test_a_pin_that_a_later_run_ended_is_listed_until_that_is_undone(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    pin(ladder, "buyer", ann, Word(direction="in", reason="a friend"))
    before = words(ladder)
    pin(ladder, "buyer", ann, until_it_turns("out"))
    command = ladder.store.last_run()["run_id"]
    ladder.store.given.order(ann)
    ladder.ring(ann)
    bell = ladder.store.last_run()["run_id"]
    assert ladder.store.has(ann) == {"buyer"}

    assert undone(ladder, bell).rest == []
    assert ladder.store.has(ann) == set()
    assert undone(ladder, command).rest == []

    assert words(ladder) == before
    assert ladder.store.has(ann) == {"buyer"}


# -- which rules are held ------------------------------------------------------------------


def test_undo_holds_the_rules_that_wrote_a_step_in_the_run_also_in_a_command(
    ladder: LadderStore,
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.rules("", spoken='tags has "friend"', buyer="orders > 0", both='tags has "spoken"')
    ladder.store.full_pass()
    ladder.store.tagging().add("friend", [ann], None, None)
    assert ladder.store.has(ann) == {"friend", "spoken", "both"}

    found = undone(ladder)

    # They wrote a step in it; the other rule, and who never had the tag, go on.
    assert found.held == ["both", "spoken"]
    assert ladder.store.has(ann) == set()
    ladder.store.given.order(bob)
    ladder.store.tagging().add("friend", [bob], None, None)
    assert ladder.store.has(bob) == {"friend", "buyer"}
    resume(ladder.store, "spoken")
    passes(ladder, 1)
    assert ladder.store.has(bob) == {"friend", "buyer", "spoken"}


def test_a_resumed_rule_is_applied_by_a_full_pass_as_a_run_of_its_own(
    ladder: LadderStore,
) -> None:
    ann, bob = ladder.customer(), ladder.customer()
    ladder.rules("", buyer="orders > 0")
    ladder.store.full_pass()
    ladder.store.given.order(ann)
    ladder.ring(ann)
    undone(ladder)
    ladder.store.given.order(bob)

    resume(ladder.store, "buyer")
    ladder.ring(ann, bob)
    assert ladder.store.who("buyer") == []
    assert ladder.store.whole_pass(cap=2).waiting == []

    assert ladder.store.who("buyer") == [ann, bob]
    assert ladder.store.last_run()["what"] == "new and edited rules"


def test_an_undone_run_that_wrote_a_group_again_over_a_stale_form_stays_undone(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    ladder.rules(GOLD)
    ladder.store.full_pass()
    ladder.store.given.order(ann)
    ladder.ring(ann)
    ladder.store.now += SECOND
    ladder.save(ann, "Default")
    ladder.ring(ann)
    assert ladder.group(ann) == "Gold"

    assert undone(ladder).held == ["ladder"]
    passes(ladder)

    assert ladder.group(ann) == "Default"


# -- who is left alone ---------------------------------------------------------------------


def test_undo_of_group_auto_leaves_what_the_ladder_did_since(ladder: LadderStore) -> None:
    ann = ladder.customer("Staff")
    ladder.rules(GOLD)
    ladder.store.full_pass()  # found at installation
    ladder.pinning().free_groups([ann])
    auto = ladder.store.last_run()["run_id"]
    ladder.store.given.order(ann)
    ladder.ring(ann)
    assert ladder.group(ann) == "Gold"

    assert undone(ladder, auto).rest == []
    ladder.store.verify()
    (row,) = ladder.store.rows("SELECT group_hold AS h, outside_at AS at FROM `{own}customer`")
    assert (row["h"], row["at"]) == (1, None)
    ladder.store.given.execute("DELETE FROM `oc_order`")
    passes(ladder)

    # Left alone as before, where they are now.
    assert ladder.group(ann) == "Gold"


def test_undo_of_a_pin_keeps_a_group_that_something_else_wrote_since(ladder: LadderStore) -> None:
    ann = ladder.customer()
    ladder.store.given.order(ann)
    ladder.rules(GOLD)
    ladder.store.full_pass()
    ladder.pin("group", "Gold", ann)
    run = ladder.store.last_run()["run_id"]
    ladder.store.now += SECOND
    ladder.save(ann, "Silver")
    ladder.ring(ann)
    assert ladder.group(ann) == "Silver"

    undone(ladder, run)
    passes(ladder)

    # Unknown: adopted and kept, until the verdict changes.
    assert ladder.group(ann) == "Silver"


def test_undo_where_nothing_else_uses_groups_holds_to_the_pins_that_come_back(
    ladder: LadderStore,
) -> None:
    ann = ladder.customer()
    ladder.rules("")
    ladder.pin("group", "Gold", ann)
    ladder.pinning().free_groups([ann])
    run = ladder.store.last_run()["run_id"]
    ladder.save(ann, "Default")
    store = ladder.store
    moment, shop = store.moment, store.sidecar.shop
    undo.undo(shop, lambda: ladder.pinning().rulebook(True), run, moment, "cli:eve")

    assert ladder.group(ann) == "Gold"
