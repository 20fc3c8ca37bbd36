"""What an undo is to take back from one customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sidecar.sync.said import Item, Turn
from sidecar.sync.undo_history import Done

#: The customer group as a whole.
GROUP: Item = ("group", 0)


@dataclass(slots=True)
class Plan:
    """
    What is to be taken back from one customer.

    Attributes:
        did: What the run did to them.
        turn: What it said of them anew; None: nothing.
        kept: Items that stay as they are, and why.
        move: From which customer group to which they go back; None: they stay.
        memory: What the ladder is to remember, in the order of `MEMORY`; None: as it does.
    """

    did: Done
    turn: Turn | None
    kept: dict[Item, str] = field(default_factory=dict)
    move: tuple[int, int] | None = None
    memory: tuple[Any, ...] | None = None

    @property
    def items(self) -> list[Item]:
        """Everything that people can see of what the run did."""
        found: set[Item] = {("tag", tag_id) for tag_id in self.did.tags}
        found.update(self.turn.items if self.turn else ())
        return sorted(found | {GROUP} if self.did.group else found)

    @property
    def takes_back(self) -> bool:
        """Whether anything does not stay, also what nobody sees."""
        unseen: list[Item] = [("tag", tag_id) for tag_id in self.did.verdicts]
        return any(item not in self.kept for item in (*self.items, *unseen))
