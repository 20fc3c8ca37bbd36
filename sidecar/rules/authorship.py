"""
Who wrote the customer group that is there, as expressions over a frame of customers.

Told from the memory (``was:…``) and the native group: our own write, a person's,
a stale form's, or nobody's that is known. The ladder decides on what comes out.

Columns made here, each with the prefix ``ladder:``:

- ``native``: the group in the store before this pass; ``known``: there is a memory;
  ``dead``: the group is none of the store's.
- ``pin``: the group of the live pin, this pass's endings taken off, or null.
- ``hold0``: ``group_hold`` after first sight; ``first``: found at installation now.
- ``stale``, ``person``, ``unknown``: who changed the group since the last look; at most one.
- ``at``: the group that is judged: the native one, or ours where a stale form is undone.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

#: A save that restores the value from before our last write is a stale form for so long.
STALE_FORM_S = 2 * 3600

#: A second change that nobody explains, this soon after the first, is not fought.
UNEXPLAINED_AGAIN_S = 24 * 3600

#: A change that was adopted is a person's after all when their hint comes so soon.
HINT_WITHIN_S = 120

#: Values of ``group_hold``.
FREE, FOUND, OUTSIDE, OUTSIDE_AGAIN, STOPPED = range(5)


def known_changes(
    groups: Collection[int], from_: Collection[int], *, first_sight: bool
) -> list[list[pl.Expr]]:
    """
    Levels that tell who changed the group, up to ``ladder:at``.

    Args:
        groups: Those that exist.
        from_: Where a customer may be found at first sight and be moved from.
        first_sight: Whether customers never seen are noted in this pass.
    """
    native, memory, now = pl.col("group"), pl.col("was:group_id"), pl.col("@now")
    was_hold, hold = pl.col("was:group_hold"), pl.col("ladder:hold0")
    # Who was moved before the ladder saw them was found in the group they came from.
    origin = pl.coalesce("was:group_before", "group")
    lost = memory.is_not_null() & ~among(native, groups)
    never_seen = was_hold.is_null() & native.is_not_null() & ~lost & first_sight
    outside = never_seen & ~among(origin, from_)
    changed = pl.col("ladder:known") & ~pl.col("ladder:dead") & native.ne_missing(memory)
    again = pl.col("was:stale_at").is_null() | (
        pl.col("was:stale_at") < pl.col("was:moved_at")
    ).fill_null(False)
    stale = (
        pl.col("ladder:changed")
        & native.eq_missing(pl.col("was:moved_from"))
        & (now - pl.col("was:moved_at") <= STALE_FORM_S).fill_null(False)
        & again
        & among(memory, groups)
        & (hold.ne_missing(STOPPED) | among(pl.col("ladder:pin"), groups))
    )
    touched = pl.col("touched").fill_null(False)
    theirs = pl.col("ladder:changed") & ~pl.col("ladder:stale")
    # The hint may come a moment after a look that saw the change already.
    late = (
        pl.col("ladder:known")
        & ~pl.col("ladder:dead")
        & ~pl.col("ladder:changed")
        & hold.eq_missing(OUTSIDE)
        & (now - pl.col("was:outside_at") <= HINT_WITHIN_S).fill_null(False)
    )
    return [
        [
            native.alias("ladder:native"),
            (memory.is_not_null() & native.is_not_null()).alias("ladder:known"),
            (~among(native, groups)).alias("ladder:dead"),
            pl.when(~pl.col("pin_group_ended")).then(pl.col("pin_group")).alias("ladder:pin"),
            pl.when(never_seen)
            .then(pl.when(outside).then(FOUND).otherwise(FREE))
            .otherwise(was_hold)
            .cast(pl.Int64)
            .alias("ladder:hold0"),
            outside.alias("ladder:first"),
        ],
        [changed.alias("ladder:changed")],
        [stale.alias("ladder:stale")],
        [
            ((theirs | late) & touched).alias("ladder:person"),
            (theirs & ~touched).alias("ladder:unknown"),
            pl.when("ladder:stale").then(memory).otherwise(native).alias("ladder:at"),
        ],
    ]


def left_alone() -> list[list[pl.Expr]]:
    """
    Levels that tell who is left alone, given ``ladder:wanted`` (null: not to be known now).

    They make ``ladder:hold`` (``group_hold`` after authorship), ``outside_at``,
    ``outside_wanted`` and ``ladder:pinned``: a pin rules that is newer than a change
    which was adopted against it.
    """
    now, was_at = pl.col("@now"), pl.col("was:outside_at")
    hold, unknown = pl.col("ladder:hold0"), pl.col("ladder:unknown")
    wanted, was_wanted = pl.col("ladder:wanted"), pl.col("was:outside_wanted")
    lasting = among(hold, (FOUND, OUTSIDE_AGAIN, STOPPED))
    soon = (now - was_at <= UNEXPLAINED_AGAIN_S).fill_null(False)
    adopted = pl.when(lasting).then(hold).when(soon).then(OUTSIDE_AGAIN).otherwise(OUTSIDE)
    kept = hold.eq_missing(OUTSIDE) & ~unknown
    another = (wanted != was_wanted).fill_null(False)
    released = kept & (pl.col("ladder:person") | another | _newer_pin(was_at))
    since = pl.when(unknown).then(now).otherwise(was_at)
    adopted_against = among(pl.col("ladder:hold"), (OUTSIDE, OUTSIDE_AGAIN))
    has_pin = pl.col("ladder:pin").is_not_null() & ~pl.col("ladder:person")
    return [
        [
            pl.when(unknown)
            .then(adopted)
            .when(released)
            .then(FREE)
            .otherwise(hold)
            .cast(pl.Int64)
            .alias("ladder:hold"),
            since.cast(pl.Int64).alias("outside_at"),
            pl.when(unknown)
            .then(wanted)
            .when(kept & was_wanted.is_null() & ~pl.col("ladder:person"))
            .then(wanted)
            .otherwise(was_wanted)
            .cast(pl.Int64)
            .alias("outside_wanted"),
        ],
        [
            (has_pin & (~adopted_against | _newer_pin(pl.col("outside_at")))).alias(
                "ladder:pinned"
            ),
        ],
    ]


def _newer_pin(than: pl.Expr) -> pl.Expr:
    """Whether there is a live pin and it is no older than the instant *than*."""
    newer = pl.col("pin_group_since") >= than
    return pl.col("ladder:pin").is_not_null() & newer.fill_null(True)


def among(column: pl.Expr, values: Collection[int]) -> pl.Expr:
    """Whether *column* is one of *values*; null is none."""
    return column.is_in(sorted(values)).fill_null(False)
