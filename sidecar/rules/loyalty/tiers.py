"""
Which tier each customer of a frame is in: up at once, down only after a review and its grace.

A tier is held until its review: a window after it was reached. Who reaches it then, or has
enough to keep it, keeps it for another window; who does not has the grace for it. Everything is an
expression, applied level by level as the ladder is. Tiers are their positions, the lowest 0.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from sidecar.model import Moment
from sidecar.rules.calendar import add, day_start
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.program import Program, Tier, Window

#: What is remembered of each customer: the tier, since when, when it is reviewed, and when the
#: grace ends that a missed review began; all may be null.
MEMORY = ("tier", "tier_since", "tier_review", "tier_grace")

_NONE = pl.lit(None, dtype=pl.Int64)


@dataclass(frozen=True, slots=True)
class TierPlan:
    """
    The tiers of a program at one moment.

    Attributes:
        tiers: The lowest first.
        metrics: Of each tier, the column that holds what counts for it, in ten-thousandths.
        reviews: When each is reviewed that is reached, or kept, now.
        graces: When the grace of each ends that begins now.
        now: Seconds since 1970.
    """

    tiers: Sequence[Tier]
    metrics: Sequence[str]
    reviews: Sequence[int]
    graces: Sequence[int]
    now: int


def tier_plan(program: Program, moment: Moment) -> TierPlan:
    """The tiers of *program* at *moment*, whose zone is the program's."""
    windows = [tier.window or program.window for tier in program.tiers]
    return TierPlan(
        tiers=program.tiers,
        metrics=[metric_column(window) for window in windows],
        reviews=[_after(window, moment) for window in windows],
        graces=[_after(tier.grace, moment) for tier in program.tiers],
        now=moment.epoch_s,
    )


def metric_column(window: Window) -> str:
    """The column of the metric within *window*."""
    return f"metric:{window if window == 'lifetime' else f'{window.count} {window.unit}'}"


def _after(window: Window, moment: Moment) -> int:
    """The local midnight after the last day of *window*; a window of no days is over now."""
    if window == "lifetime":
        return NEVER
    if window.count == 0:
        return moment.epoch_s
    last = add(moment.today, window, 1)
    try:
        return day_start(last + datetime.timedelta(days=1), moment.zone)
    except OverflowError:
        return NEVER


def tier_levels(plan: TierPlan) -> list[list[pl.Expr]]:
    """
    The tiers, to be applied level by level with ``frame.with_columns(level)``.

    In: the `TierPlan.metrics`, ``was:`` of `MEMORY`, ``tier_lock`` (the position that a person
    locked, or null), ``tier_reversed`` (whether the order that led up counts no more and could
    still be given back), ``tier_led_from`` (the tier before that, or null).
    Out: `MEMORY`, and ``tier_at``: when time alone can change it.
    """
    was, review, grace = (pl.col(f"was:{name}") for name in ("tier", "tier_review", "tier_grace"))
    reached, lock = pl.col("tier:reached"), pl.col("tier_lock")
    now = pl.lit(plan.now)
    keeps = pl.col("tier:keeps")
    reaches = pl.col("tier:reaches")
    misses = ~keeps & pl.coalesce(grace, _of(plan, was, lambda n: plan.graces[n])).le(now)
    is_due = (review <= now).fill_null(False) | grace.is_not_null()
    return [
        [_reached(plan).alias("tier:reached")],
        [(reached.fill_null(-1) >= was.fill_null(-1)).alias("tier:reaches")],
        [(reaches | _stays(plan, was)).alias("tier:keeps")],
        [
            pl.when(lock.is_not_null())
            .then(lock)
            .when(reaches)
            .then(reached)
            .when(pl.col("tier_reversed"))
            .then(pl.max_horizontal(reached, "tier_led_from"))
            .when(is_due & misses)
            .then(_down(plan, was, reached))
            .otherwise(was)
            .cast(pl.Int64)
            .alias("tier"),
            pl.when(lock.is_null() & is_due & ~keeps & ~misses & ~pl.col("tier_reversed"))
            .then(pl.coalesce(grace, _of(plan, was, lambda n: plan.graces[n])))
            .otherwise(_NONE)
            .alias("tier_grace"),
            (lock.is_null() & is_due & (keeps | misses)).alias("tier:reviewed"),
        ],
        [pl.col("tier").ne_missing(was).alias("tier:moved")],
        _since_and_review(plan),
        [_next().alias("tier_at")],
    ]


def _reached(plan: TierPlan) -> pl.Expr:
    """The highest tier whose threshold the metric reaches."""
    each = [
        pl.when(pl.col(plan.metrics[place]) >= tier.threshold).then(pl.lit(place, dtype=pl.Int64))
        for place, tier in enumerate(plan.tiers)
    ]
    return pl.coalesce(*reversed(each), _NONE)


def _stays(plan: TierPlan, was: pl.Expr) -> pl.Expr:
    """Whether the metric is enough to keep the tier at a review, if not to reach it."""
    found = pl.lit(False)
    for place, tier in enumerate(plan.tiers):
        if tier.keep is not None:
            found |= (was == place) & (pl.col(plan.metrics[place]) >= tier.keep)
    return found.fill_null(False)


def _down(plan: TierPlan, was: pl.Expr, reached: pl.Expr) -> pl.Expr:
    found = _NONE
    for place, tier in enumerate(plan.tiers):
        below = {
            "to reached": reached,
            "one step": pl.lit(place - 1 if place else None, dtype=pl.Int64),
            "never": pl.lit(place, dtype=pl.Int64),
        }[tier.downgrade]
        found = pl.when(was == place).then(below).otherwise(found)
    return found


def _since_and_review(plan: TierPlan) -> list[pl.Expr]:
    tier, moved = pl.col("tier"), pl.col("tier:moved")
    anew = moved | pl.col("tier:reviewed")
    return [
        pl.when(tier.is_null())
        .then(_NONE)
        .when(moved)
        .then(pl.lit(plan.now))
        .otherwise("was:tier_since")
        .alias("tier_since"),
        pl.when(tier.is_null())
        .then(_NONE)
        .when(anew)
        .then(_of(plan, tier, lambda n: plan.reviews[n]))
        .otherwise("was:tier_review")
        .alias("tier_review"),
    ]


def _next() -> pl.Expr:
    """The end of the grace, or else the review; a locked tier has neither."""
    at = pl.coalesce("tier_grace", "tier_review")
    return pl.when(pl.col("tier_lock").is_null() & (at < NEVER)).then(at).otherwise(_NONE)


def _of(plan: TierPlan, place: pl.Expr, value: Callable[[int], int]) -> pl.Expr:
    """What *value* says of each customer's tier at *place*; null without one."""
    found = _NONE
    for number in range(len(plan.tiers)):
        found = pl.when(place == number).then(pl.lit(value(number))).otherwise(found)
    return found
