"""A ladder's rungs as one pass applies them, and what is said of each by expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from sidecar.rules.syntax import Span


@dataclass(frozen=True, slots=True)
class Rung:
    """
    One rung of the ladder.

    Attributes:
        slot: Its bit in the word ``rungs``, 0 to 63.
        group_id: The store's group; None: it is gone, the rung is off.
        grace: How long after it ceased to hold a customer still stays; None: not at all.
        min_stay: How long after the move nobody falls from it; None: falls at once.
    """

    slot: int
    group_id: int | None
    grace: Span | None = None
    min_stay: Span | None = None


@dataclass(frozen=True, slots=True)
class LadderPlan:
    """
    The ladder as one pass applies it.

    Attributes:
        rungs: Highest first; empty: no ladder, but groups can be pinned.
        fallback: Where who falls off goes; None: the group held before.
        from_: Groups a customer may be moved out of on first sight.
        protected: Never left, never entered, but by a pin.
        upgrade_only: Nobody falls.
        default_group: The store's.
        blocked: No rung decides and first sight is not noted; pins and authorship work.
        paused: Native tables must not be written; the memory stays as it is.
        groups: Those that exist.
    """

    rungs: tuple[Rung, ...]
    fallback: int | None
    from_: frozenset[int]
    protected: frozenset[int]
    upgrade_only: bool
    default_group: int
    blocked: bool
    paused: bool
    groups: frozenset[int]

    @property
    def decides(self) -> bool:
        """Whether rungs decide in this pass."""
        return bool(self.rungs) and not self.blocked and not self.paused

    @property
    def usable(self) -> tuple[Rung, ...]:
        """The rungs whose group exists, highest first."""
        return tuple(rung for rung in self.rungs if rung.group_id in self.groups)


def holds(rung: Rung, at: pl.Expr) -> pl.Expr:
    """Whether *rung* holds for a customer in group *at*: who stands on it is judged by keep."""
    out = pl.col("rungs_out") | (pl.col("rungs_out_requalify") & ~pl.col("rungs_out_ended"))
    condition = (
        pl.when(at.eq_missing(rung.group_id))
        .then(f"keep:{rung.slot}")
        .otherwise(f"when:{rung.slot}")
    )
    return condition & ((out & mask(rung.slot)) == 0)


def stand(plan: LadderPlan, at: pl.Expr) -> pl.Expr:
    """The place of the rung whose group is *at*, counted from the highest; null: none."""
    places = {rung.slot: place for place, rung in enumerate(plan.usable)}
    return of_rung(plan, at, lambda rung: pl.lit(places[rung.slot], dtype=pl.Int64))


def stand_holds(plan: LadderPlan, at: pl.Expr) -> pl.Expr:
    """Whether the rung whose group is *at* holds; not where there is none."""
    return of_rung(plan, at, lambda rung: holds(rung, at)).cast(pl.Boolean).fill_null(False)


def group_at(plan: LadderPlan, place: pl.Expr) -> pl.Expr:
    """The group of the rung at *place*; null: none."""
    return first(
        pl.when(place == number).then(rung.group_id) for number, rung in enumerate(plan.usable)
    )


def of_rung(plan: LadderPlan, group: pl.Expr, value: Callable[[Rung], pl.Expr]) -> pl.Expr:
    """*value* of the rung whose group is *group*; null: none."""
    return first(pl.when(group == rung.group_id).then(value(rung)) for rung in plan.usable)


def first(values: Iterable[pl.Expr]) -> pl.Expr:
    found: Sequence[pl.Expr] = [*values]
    return pl.coalesce(found) if found else pl.lit(None, dtype=pl.Int64)


def mask(slot: int) -> pl.Expr:
    return word(1 << slot)


def word(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)
