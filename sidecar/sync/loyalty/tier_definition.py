"""
Which tiers hold: those of the program in the files, once a person saw what they change.

The first ones hold at once, and so do other multipliers and benefits. Other names,
thresholds, windows and the like wait: until they are applied the old ones hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Connection

from sidecar.model import Moment
from sidecar.rules.loyalty.program import Program, Tier
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import findings, state
from sidecar.sync.facts.loyalty import TIERS
from sidecar.sync.loyalty.revisions import Revisions
from sidecar.sync.state import Json

#: A finding: tiers of the files wait.
WAITING = "tiers.waiting"

#: How other tiers come to hold: everybody's tier is the one that is reached ``now``, or nobody
#: falls before the next ``review``.
How = Literal["now", "review"]


@dataclass(frozen=True, slots=True)
class Definition:
    """
    Tiers that hold.

    Attributes:
        revision: Of the program that they are of.
        program: That program.
        unfinished: They have come to hold, in this way, and not everybody was looked at since;
            None: everybody was.
    """

    revision: int
    program: Program
    unfinished: How | None = None

    @property
    def base(self) -> Tier | None:
        """The tier of who has earned nothing; None: there is none."""
        reached = [tier for tier in self.program.tiers if tier.threshold <= 0]
        return reached[-1] if reached else None

    def named(self, name: str | None) -> Tier | None:
        """The tier called *name*."""
        return next((tier for tier in self.program.tiers if tier.name == name), None)


def is_same(one: Program, other: Program) -> bool:
    """Whether the same customers are in the same tiers by both."""
    return _who(one) == _who(other)


def _who(program: Program) -> object:
    tiers = [
        (
            tier.name,
            tier.threshold,
            tier.threshold if tier.keep is None else tier.keep,
            tier.window or program.window,
            tier.grace,
            tier.downgrade,
        )
        for tier in program.tiers
    ]
    return program.metric, tiers


def held(tx: Connection, own: OwnTables, revisions: Revisions) -> Definition | None:
    """The tiers that hold; None: none ever did, or there is no program."""
    kept = state.read(tx, own, TIERS)
    if not isinstance(kept, Mapping):
        return None
    revision = cast("int", kept["revision"])
    how = cast("How | None", kept.get("unfinished"))
    return Definition(revision, revisions.program(revision), how)


def in_force(
    tx: Connection, own: OwnTables, revisions: Revisions, program: Program, moment: Moment
) -> Definition:
    """
    The tiers that hold while *program* is that of the files.

    Its own, where none held before or the same customers are in them.
    """
    revision = revisions.current(program, moment.epoch_s)
    before = held(tx, own, revisions)
    if before is not None and (before.revision == revision or not is_same(before.program, program)):
        return before
    found = Definition(revision, program, None if before is None else before.unfinished)
    keep(tx, own, found, moment)
    return found


def keep(tx: Connection, own: OwnTables, definition: Definition, moment: Moment) -> None:
    """Let *definition* hold."""
    base = definition.base
    tiers: list[Json] = [
        {"name": tier.name, "threshold": tier.threshold} for tier in definition.program.tiers
    ]
    value: dict[str, Json] = {
        "revision": definition.revision,
        "base": None if base is None else base.name,
        "tiers": tiers,
        "unfinished": definition.unfinished,
    }
    state.write(tx, own, TIERS, value, moment)


def tell(
    tx: Connection, own: OwnTables, held: Definition, program: Program, moment: Moment
) -> None:
    """Tell, as a finding, while *program* has other tiers than those that are *held*."""
    if is_same(held.program, program):
        findings.mend(tx, own, WAITING, None, moment)
        return
    message = (
        "the tiers in the rules files are not those that hold"
        " (`sidecar tier plan` shows what they would change, `sidecar tier apply` lets them hold)"
    )
    findings.raise_finding(tx, own, WAITING, "", message, moment, again=False)


def drop(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """There is no program any more, so nobody is in a tier."""
    state.remove(tx, own, TIERS)
    findings.mend(tx, own, WAITING, None, moment)
