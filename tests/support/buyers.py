"""Customers who order, and rules that give a tag, a customer group or both to whoever does."""

from __future__ import annotations

import datetime

from support.ladder_store import LadderStore

SECOND = datetime.timedelta(seconds=1)

#: The cap and the budget of tests with them.
LIMIT = 3

#: Who orders gets the tag, stands on the rung, or both.
GOLD = "[[group]]\nname = 'Gold'\nwhen = 'orders > 0'\n"
KINDS = {"tag": ({"buyer": "orders > 0"}, ""), "group": ({}, GOLD), "both": (
    {"buyer": "orders > 0", "second": "orders = 1"}, GOLD)}  # fmt: skip


def settled(ladder: LadderStore, kind: str = "tag", customers: int = 8) -> list[int]:
    """So many customers, none of whom has ordered, and rules that a full pass has settled."""
    ids = [ladder.customer() for _ in range(customers)]
    tags, rungs = KINDS[kind]
    ladder.rules(rungs, **tags)
    ladder.store.full_pass()
    # What happens in the second of an approval belongs to it.
    ladder.store.now += SECOND
    return ids


def order(ladder: LadderStore, *ids: int) -> None:
    for customer in ids:
        ladder.store.given.order(customer)


def written(ladder: LadderStore, kind: str, ids: list[int]) -> list[int]:
    """Those of *ids* for whom all is written that the rules of *kind* say of buyers."""
    tags = set(KINDS[kind][0])
    group = "Gold" if KINDS[kind][1] else "Default"
    found = [who for who in ids if ladder.store.has(who) == tags and ladder.group(who) == group]
    untouched = [who for who in ids if not ladder.store.has(who) and ladder.group(who) == "Default"]
    assert sorted(found + untouched) == sorted(ids)
    return found
