"""
Customers to look at once more, after the rolling checksum has been round.

It holds a row against what it was a round before. A row that changed, was looked at, and
changed back by the next round is the same to it: an order that is made and deleted, or a
form that is saved twice. So everybody who was looked at is looked at again after the first
whole round that began later; and once more, where that found something to change.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from sidecar.sync.sources.source import Doorbell

#: Customers at a time; where something changed for one of them, all of these come again.
_AT_ONCE = 500


class Again:
    """Remembers who was looked at; in memory, because a daemon begins with a full pass."""

    name = "again"

    def __init__(self) -> None:
        self._looked_at: set[int] = set()
        self._in_round: set[int] = set()
        self._due: set[int] = set()

    def looked_at(self, ids: Iterable[int]) -> None:
        """Somebody rang for *ids*, and they were looked at."""
        self._looked_at.update(ids)

    def round_began(self) -> None:
        """The checksum begins with its first table."""
        self._in_round |= self._looked_at
        self._looked_at = set()

    def round_ended(self) -> None:
        """It has read every table."""
        self._due |= self._in_round
        self._in_round = set()

    def __bool__(self) -> bool:
        """Whether it would ring for anybody now."""
        return bool(self._due)

    def ring(self, now_s: int) -> Doorbell:  # noqa: ARG002 as every source
        """Some of those whose round is over."""
        ids = frozenset(sorted(self._due)[:_AT_ONCE])
        return Doorbell(ids=ids, sources={self.name: len(ids)} if ids else {})

    def note(self, tx: Connection, doorbell: Doorbell) -> None:  # noqa: ARG002 as every source
        """Forget those of *doorbell*."""
        self._due -= doorbell.ids
