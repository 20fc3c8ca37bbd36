"""
The ladder: which customer group each customer of a frame should have, and what is remembered.

Everything is an expression: a frame with the native groups, the rungs' verdicts, the
pins and the memory (``was:…``) gives the groups after this pass, the writes that are
due and the new memory. A rung holds when its condition does and no pin is against it;
the first that holds is wanted. Up at once; down after the left rung's times.
"""

from __future__ import annotations

import polars as pl

from sidecar.rules.authorship import FREE, among, known_changes, left_alone
from sidecar.rules.calendar import Boundary
from sidecar.rules.ladder_memory import (
    FELL,
    FELL_OFF,
    MEMORY,
    PINNED,
    ROSE,
    ladder_at,
    memory,
    outcome,
    standing,
)
from sidecar.rules.rungs import (
    LadderPlan,
    Rung,
    group_at,
    holds,
    mask,
    of_rung,
    stand,
    stand_holds,
    word,
)

__all__ = ["MEMORY", "LadderPlan", "Rung", "boundaries", "ladder_levels"]


def boundaries(plan: LadderPlan) -> tuple[Boundary, ...]:
    """What a frame must hold of the moment: ``now``, and where each span of a rung began."""
    spans = {span for rung in plan.rungs for span in (rung.grace, rung.min_stay) if span}
    ordered = sorted(spans, key=lambda span: (span.unit, span.count))
    return (Boundary("now"), *(Boundary("ago", span) for span in ordered))


def ladder_levels(plan: LadderPlan) -> list[list[pl.Expr]]:
    """
    The ladder, to be applied level by level with ``frame.with_columns(level)``.

    In: ``group`` (native), ``when:N`` and ``keep:N`` of each rung, ``was:`` of `MEMORY` and
    ``rungs``, ``pin_group``, ``pin_group_since``, ``pin_group_requalify``, ``rungs_out``,
    ``rungs_out_requalify``, ``touched``, ``writes``, the `boundaries`.
    Out: ``group`` (after this pass), `MEMORY`, ``rungs``, ``move_from``, ``move_to``,
    ``move_why``, ``group_note``, ``pin_group_ended``, ``rungs_out_ended``, ``ladder_at``.
    """
    if plan.paused:
        return [standing()]
    return [
        *_pins_that_end(plan),
        *known_changes(plan.groups, plan.from_, first_sight=plan.decides),
        *_verdict(plan),
        *left_alone(),
        *_target(plan),
        *outcome(),
        *memory(plan),
        [ladder_at(plan)],
    ]


def _pins_that_end(plan: LadderPlan) -> list[list[pl.Expr]]:
    """The word of verdicts, and which pins end because their rung turned true."""
    if plan.blocked:
        verdicts = pl.col("was:rungs")
    else:
        bits = [
            pl.when(f"when:{rung.slot}").then(mask(rung.slot)).otherwise(word(0))
            for rung in plan.usable
        ]
        verdicts = pl.sum_horizontal(bits).cast(pl.UInt64) if bits else word(0)
    turned = pl.col("ladder:turned")
    own = of_rung(plan, pl.col("pin_group"), lambda rung: mask(rung.slot)).cast(pl.UInt64)
    pin_turned = ((turned & own) != 0).fill_null(False)
    return [
        [verdicts.alias("rungs")],
        [(pl.col("rungs") & ~pl.col("was:rungs")).alias("ladder:turned")],
        [
            (pl.col("pin_group_requalify").fill_null(False) & pin_turned).alias("pin_group_ended"),
            (pl.col("rungs_out_requalify") & turned).alias("rungs_out_ended"),
        ],
    ]


def _verdict(plan: LadderPlan) -> list[list[pl.Expr]]:
    """The rung they stand on, the best that holds, both as positions, and the group wanted."""
    best = [
        pl.when(holds(rung, pl.col("ladder:at"))).then(place)
        for place, rung in enumerate(plan.usable)
        if rung.group_id not in plan.protected
    ]
    none = pl.lit(None, dtype=pl.Int64)
    wanted = none if plan.blocked else group_at(plan, pl.col("ladder:best")).fill_null(0)
    return [
        [
            stand(plan, pl.col("ladder:at")).alias("ladder:stand"),
            stand_holds(plan, pl.col("ladder:at")).alias("ladder:stand_holds"),
            pl.coalesce([*best, none]).cast(pl.Int64).alias("ladder:best"),
        ],
        [pl.coalesce("ladder:pin", wanted).cast(pl.Int64).alias("ladder:wanted")],
    ]


def _target(plan: LadderPlan) -> list[list[pl.Expr]]:
    """Where they should be and why: ``ladder:target``, null: where they are."""
    at, best, stand = pl.col("ladder:at"), pl.col("ladder:best"), pl.col("ladder:stand")
    pin = pl.col("ladder:pin")
    pinned = pl.col("ladder:pinned") & among(pin, plan.groups)
    free = (
        pl.lit(plan.decides)
        & ~pl.col("ladder:person")
        & pin.is_null()
        & pl.col("ladder:hold").eq_missing(FREE)
        & among(at, plan.groups - plan.protected)
    )
    rises = free & best.is_not_null() & (stand.is_null() | (best < stand)).fill_null(False)
    over = _times_over(plan, at, pl.coalesce("was:ceased_at", "@now"), pl.col("was:group_since"))
    falls = (
        free & stand.is_not_null() & ~pl.col("ladder:stand_holds") & over & (not plan.upgrade_only)
    )
    off = _off_the_ladder(plan, at)
    return [
        [
            pl.when(pinned)
            .then(PINNED)
            .when(rises)
            .then(ROSE)
            .when(falls & best.is_not_null())
            .then(FELL)
            .when(falls & among(off, plan.groups - plan.protected))
            .then(FELL_OFF)
            .alias("ladder:why")
        ],
        [
            pl.when(pl.col("ladder:why") == PINNED)
            .then(pin)
            .when(pl.col("ladder:why") == FELL_OFF)
            .then(off)
            .when(pl.col("ladder:why").is_not_null())
            .then(group_at(plan, best))
            .otherwise(at)
            .cast(pl.Int64)
            .alias("ladder:target")
        ],
    ]


def _off_the_ladder(plan: LadderPlan, at: pl.Expr) -> pl.Expr:
    """The group of who falls off every rung; it may be one that is never entered."""
    if plan.fallback is not None:
        return pl.lit(plan.fallback, dtype=pl.Int64)
    before = pl.col("was:group_before")
    exists = among(before, plan.groups) & before.ne_missing(at)
    return pl.when(exists).then(before).otherwise(pl.lit(plan.default_group, dtype=pl.Int64))


def _times_over(plan: LadderPlan, at: pl.Expr, ceased: pl.Expr, since: pl.Expr) -> pl.Expr:
    """Whether the rung of group *at* lets go: both its times are over; an unknown stay is."""

    def over(rung: Rung) -> pl.Expr:
        result = pl.lit(True)
        for span, began in ((rung.grace, ceased), (rung.min_stay, since)):
            if span is not None:
                boundary = pl.col(Boundary("ago", span).column)
                result &= (began <= boundary).fill_null(True)
        return result

    return of_rung(plan, at, over).cast(pl.Boolean).fill_null(False)
