"""A person who saves a customer twice within a second, and whose second hint comes late."""

from __future__ import annotations

import pytest

from support.ladder_store import LadderStore
from support.small_store import SmallStore

GOLD = "[ladder]\n[[group]]\nname = 'Gold'\nwhen = 'total_spent >= 500'\n"


@pytest.mark.parametrize("looks", [1, 2])
def test_the_group_that_was_saved_last_stands(store: SmallStore, looks: int) -> None:
    ladder = LadderStore(store)
    ladder.rules(GOLD)
    ann = ladder.customer()
    store.full_pass()
    ladder.save(ann, "Staff")
    ladder.ring(ann, by="admin:7")

    ladder.save(ann, "Silver")
    for _ in range(looks):  # the log tells of the row before the hint is read
        ladder.ring(ann)
    assert ladder.group(ann) == "Silver"
    ladder.ring(ann, by="admin:7")

    assert ladder.group(ann) == "Silver"
    pins = store.rows("SELECT target_id AS g FROM `{own}pin`")
    assert pins == [{"g": ladder.ids["Silver"]}]
