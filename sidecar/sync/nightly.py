"""
The nightly pass: an audit of everything the doorbells did, then the limits of a new day.

With the limits that stand it must find nothing to change. What it finds is mended and
remembered: a change of a moment before rings of its own accord a little later, and is
no fault. What nothing ever rang for is one, ours, and told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import findings
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts import rfm
from sidecar.sync.full_pass import FullPass, Result

#: Every change rings within this; see `sidecar.sync.sources.checksum`.
RINGS_WITHIN_S = 15 * 60

#: The kind of finding that says that something was missed.
MISSED = "full_pass.found"


def with_new_limits(
    audit: FullPass, renewed: Callable[[], Rulebook], budget: Budget, *, due: bool
) -> Result:
    """
    Carry *audit* out; then, where RFM limits are *due* and rules use them, look once more.

    Args:
        renewed: The rulebook with the limits of today.
        budget: What these may change, with everything else of a day.
    """
    result = audit.carry_out()
    if result.stopped or not due:
        return result
    book = renewed()
    if not any(column.fact in rfm.FACTS for column in book.compiled.columns):
        return result
    with transaction(audit.shop.engine) as tx:
        left = budget.left(tx)
    more = dataclasses.replace(audit, book=book, kind="limits", cap=left).carry_out()
    more.found = result.found
    return more


class Missed:
    """What a nightly pass found and nothing has rung for yet."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._until_s = 0.0

    def remember(self, ids: Collection[int], now_s: float) -> None:
        """Wait whether something rings for *ids*; *now_s* on a clock that never goes back."""
        self._ids, self._until_s = set(ids), now_s + RINGS_WITHIN_S

    def rang(self, ids: Collection[int]) -> None:
        """Something rang for *ids*."""
        self._ids.difference_update(ids)

    def report(self, shop: Shop, now_s: float, moment: Moment) -> int:
        """Raise a finding for what nothing rang for in time; returns how many customers."""
        if not self._ids or now_s < self._until_s:
            return 0
        ids, self._ids = sorted(self._ids), set()
        listed = ", ".join(map(str, ids[:10])) + (" and more" if len(ids) > 10 else "")
        message = (
            f"the nightly pass found {len(ids)} customers whose tags, segments or group were not"
            f" right, and nothing had announced a change of them: {listed}; they are right now"
            " (a fault of the sidecar, please report it)"
        )
        with transaction(shop.engine) as tx:
            findings.raise_finding(tx, shop.own, MISSED, "", message, moment)
        return len(ids)
