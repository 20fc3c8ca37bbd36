"""Pins by hand: tags, segments and customer groups of single customers."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.config import Database
from sidecar.errors import UsageError
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.pinning import Kind, Pinning, Word
from support import small_store
from support.small_store import SmallStore

DAY = datetime.timedelta(days=1)

LADDER = """
[ladder]
fallback = "Default"
[[group]]
name = "VIP"
when = "orders >= 2"
[[group]]
name = "Regular"
when = "orders >= 1"
"""


def hand(store: SmallStore) -> Pinning:
    """Pins by hand, with the rules as they are now."""
    means = store.sidecar._means()
    moment = store.moment

    def compiled(pinning: bool) -> Rulebook:
        return means.rulebook(store.sidecar.check_rules(), moment, pinning)

    return Pinning(store.sidecar.shop, compiled, moment, "cli:ann")


def yes(*, requalify: bool = False, until: datetime.date | None = None) -> Word:
    """Whatever the rules say: yes."""
    return Word(direction="in", reason="asked to", requalify=requalify, until=until)


def no(*, requalify: bool = False, until: datetime.date | None = None) -> Word:
    """Whatever the rules say: no."""
    return Word(direction="out", reason="asked to", requalify=requalify, until=until)


def pin(store: SmallStore, kind: Kind, name: str, ids: Sequence[int], word: Word) -> None:
    """Pin, and hold our tables against each other."""
    hand(store).pin(kind, name, ids, word)
    store.verify()


def groups(store: SmallStore) -> list[int]:
    """The native customer group of every customer."""
    query = f"SELECT customer_group_id AS g FROM `{store.given.prefix}customer`"
    return [row["g"] for row in store.rows(query + " ORDER BY customer_id")]


def segment(store: SmallStore) -> list[int]:
    """Who is in the first segment."""
    query = "SELECT customer_id AS c FROM `{own}customer` WHERE segments0 & 1 ORDER BY c"
    return [row["c"] for row in store.rows(query)]


def named_groups(store: SmallStore, *names: str) -> list[int]:
    """More customer groups; their ids."""
    return [store.given.group(name) for name in names]


def passes(store: SmallStore, number: int = 2) -> None:
    """So many full passes, a day apart, with everything approved."""
    for _ in range(number):
        store.now += DAY
        store.full_pass()


# -- tags ----------------------------------------------------------------------------------


def test_the_newer_pin_of_a_tag_replaces_the_older(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.rules(quiet="orders = 0", buyer="orders > 0")
    store.full_pass()

    pin(store, "tag", "quiet", [ann], no())
    pin(store, "tag", "buyer", [ann], yes())
    assert (store.has(ann), store.has(bob)) == ({"buyer"}, {"quiet"})
    pin(store, "tag", "quiet", [ann], yes())
    pin(store, "tag", "buyer", [ann], no())
    assert store.has(ann) == {"quiet"}
    passes(store)
    assert store.has(ann) == {"quiet"}

    hand(store).unpin("tag", "quiet", [ann])
    hand(store).unpin("tag", "buyer", [ann])

    store.given.order(ann)
    passes(store, 1)
    assert store.has(ann) == {"buyer"}
    assert store.has(bob) == {"quiet"}
    store.verify()


def test_a_tag_that_is_forbidden_beforehand_never_comes(store: SmallStore) -> None:
    ann = store.given.customer()
    store.rules(buyer="orders > 0")
    store.full_pass()
    pin(store, "tag", "buyer", [ann], no())
    store.given.order(ann)

    passes(store)

    assert store.has(ann) == set()
    assert store.standing().verdict[ann] == {"buyer"}


def test_requalify_ends_a_pin_when_the_rule_next_turns_true(store: SmallStore) -> None:
    ann = store.given.customer()
    order = store.given.order(ann)
    store.rules(buyer="orders > 0")
    store.full_pass()
    pin(store, "tag", "buyer", [ann], no(requalify=True))
    passes(store, 1)
    assert store.has(ann) == set()  # it holds already, and did not turn
    store.given.delete("order", order_id=order)
    passes(store, 1)
    assert store.has(ann) == set()
    store.given.order(ann)

    passes(store, 1)

    assert store.has(ann) == {"buyer"}
    assert {row[2] for row in store.standing().assertions} == {"rule"}
    store.verify()


def test_a_pin_ends_after_a_day_or_with_the_rule_not_with_both(store: SmallStore) -> None:
    ann = store.given.customer()
    store.tagging().create("quiet", None, "")
    with pytest.raises(UsageError, match="not both"):
        hand(store).pin("tag", "quiet", [ann], yes(requalify=True, until=store.moment.today))
    with pytest.raises(UsageError, match="is over"):
        hand(store).pin("tag", "quiet", [ann], yes(until=store.moment.today - DAY))
    with pytest.raises(UsageError, match="say why"):
        hand(store).pin("tag", "quiet", [ann], Word(direction="in", reason=" "))


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        # Clocks go forward there at the midnight that begins 6 September, and back on 5 April.
        ("2026-09-05", "2026-09-06T04:00:00+00:00"),
        ("2026-04-04", "2026-04-05T04:00:00+00:00"),
    ],
)
def test_until_a_day_is_through_that_day_also_when_clocks_change(
    store: SmallStore, small_database: Database, tmp_path: Path, day: str, ends: str
) -> None:
    ann = store.given.customer()
    there = contextlib.contextmanager(small_store.open_on)
    with there(
        small_database, tmp_path, store.given, timezone=ZoneInfo("America/Santiago")
    ) as local:
        local.named_rules({}, "[[segment]]\nname = 'buyers'\nwhen = 'orders > 0'\n")
        local.full_pass()
        pin(local, "segment", "buyers", [ann], yes(until=datetime.date.fromisoformat(day)))
        instant = datetime.datetime.fromisoformat(ends)
        local.now = instant - datetime.timedelta(seconds=1)
        local.full_pass()
        assert segment(local) == [ann]

        local.now = instant
        local.full_pass()

        assert segment(local) == []


# -- segments ------------------------------------------------------------------------------


def test_a_segment_pin_overrides_the_verdict(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    store.given.order(bob)
    store.named_rules(
        {"liked": 'in segment "Buyers"'}, "[[segment]]\nname = 'Buyers'\nwhen = 'orders > 0'\n"
    )
    store.full_pass()

    pin(store, "segment", "buyers", [ann], yes())
    pin(store, "segment", "BUYERS", [bob], no())

    assert segment(store) == [ann]
    assert store.who("liked") == [ann]
    passes(store)
    assert segment(store) == [ann]
    hand(store).unpin("segment", "Buyers", [ann, bob])
    assert segment(store) == [bob]


# -- customer groups -----------------------------------------------------------------------


def test_the_very_first_group_pin_moves_though_there_is_no_ladder(store: SmallStore) -> None:
    (vip,) = named_groups(store, "VIP")
    ann, _bob = store.given.customer(), store.given.customer()

    hand(store).set_group("vip", [ann], "a friend")

    assert groups(store) == [vip, 1]
    passes(store)
    assert groups(store) == [vip, 1]


def test_the_ladder_leaves_alone_who_is_pinned_into_a_group(store: SmallStore) -> None:
    vip, regular, staff = named_groups(store, "VIP", "Regular", "Staff")
    ann = store.given.customer()
    store.given.order(ann)
    store.named_rules({}, LADDER)
    store.full_pass()
    assert groups(store) == [regular]

    pin(store, "group", f"#{staff}", [ann], yes())
    store.given.order(ann)
    passes(store)
    assert groups(store) == [staff]
    pin(store, "group", "Regular", [ann], yes())
    assert groups(store) == [regular]  # at most one is in, the newer replaces the older
    assert store.rows("SELECT COUNT(*) AS n FROM `{own}pin`") == [{"n": 1}]

    hand(store).free_groups([ann])

    assert groups(store) == [vip]
    assert store.rows("SELECT COUNT(*) AS n FROM `{own}pin`") == [{"n": 0}]


def test_a_rung_that_is_pinned_out_does_not_hold(store: SmallStore) -> None:
    vip, regular = named_groups(store, "VIP", "Regular")
    ann = store.given.customer()
    for _ in range(2):
        store.given.order(ann)
    store.named_rules({}, LADDER)
    store.full_pass()
    assert groups(store) == [vip]

    pin(store, "group", "VIP", [ann], no())
    assert groups(store) == [regular]
    pin(store, "group", "Regular", [ann], no())
    assert groups(store) == [1]

    hand(store).free_groups([ann])

    assert groups(store) == [vip]


def test_who_was_changed_outside_twice_is_given_back(store: SmallStore) -> None:
    vip, staff = named_groups(store, "VIP", "Staff")
    ann = store.given.customer()
    for _ in range(2):
        store.given.order(ann)
    store.named_rules({}, LADDER.split('[[group]]\nname = "Regular"')[0])
    store.full_pass()
    assert groups(store) == [vip]
    for group in (staff, 1):
        store.now += datetime.timedelta(hours=3)
        store.given.update("customer", {"customer_id": ann}, customer_group_id=group)
        store.process(ann)
    assert groups(store) == [1]
    assert [row["kind"] for row in _open_findings(store)] == ["ladder.changed_again"]

    hand(store).free_groups([ann])

    assert groups(store) == [vip]
    assert _open_findings(store) == []


def _open_findings(store: SmallStore) -> list[dict[str, object]]:
    return store.rows("SELECT kind FROM `{own}finding` WHERE mended_at IS NULL")


def test_names_that_are_none_are_refused(store: SmallStore) -> None:
    ann = store.given.customer()
    _, one, other = named_groups(store, "Wholesale", "Twin", "Twin")
    store.tagging().create("friend", None, "")
    with pytest.raises(UsageError, match="did you mean 'Wholesale'"):
        hand(store).set_group("Wholesal", [ann], "x")
    with pytest.raises(UsageError, match=f"name one as #{one}, #{other}"):
        hand(store).set_group("twin", [ann], "x")
    with pytest.raises(UsageError, match="did you mean 'friend'"):
        hand(store).pin("tag", "fiend", [ann], yes())
    with pytest.raises(UsageError, match="no segment is called 'nobody'"):
        hand(store).pin("segment", "nobody", [ann], yes())
    assert store.rows("SELECT * FROM `{own}run`") == []
