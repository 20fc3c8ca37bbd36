"""
What comes of the ladder's targets: the writes, what people are told, the new memory.

Told from the columns that `sidecar.rules.authorship` and `sidecar.rules.ladder` made.
"""

from __future__ import annotations

import polars as pl

from sidecar.rules.authorship import FREE, OUTSIDE_AGAIN, STOPPED, among
from sidecar.rules.calendar import Boundary
from sidecar.rules.rungs import LadderPlan, Rung, of_rung, stand, stand_holds
from sidecar.rules.syntax import Span

#: So many writes of ours to one customer's group in ten minutes stop the ladder for them.
BREAKER_WRITES = 4

ROSE, FELL, FELL_OFF, PINNED, WRITTEN_AGAIN = range(1, 6)
FOUND_NOTE, ADOPTED, ADOPTED_AGAIN, STALE_FORM, PERSONS, BREAKER = range(1, 7)

#: What of a customer's ladder is kept from pass to pass, apart from the word ``rungs``.
MEMORY = (
    "group_id", "group_before", "group_since", "ceased_at", "group_hold", "outside_at",
    "outside_wanted", "moved_from", "moved_at", "stale_at",
)  # fmt: skip

_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S

#: How much sooner than by the clock's count a span can be over: every zone's greatest jump.
_JUMP_S = 26 * _HOUR_S


def standing() -> list[pl.Expr]:
    """Everything as it is."""
    nothing = pl.lit(None, dtype=pl.Int64)
    return [
        pl.col("was:rungs").alias("rungs"),
        *(pl.col(f"was:{name}").alias(name) for name in MEMORY),
        *(nothing.alias(name) for name in ("move_from", "move_to", "move_why", "ladder_at")),
        pl.lit(0, dtype=pl.Int64).alias("group_note"),
        pl.lit(False).alias("pin_group_ended"),
        pl.lit(0, dtype=pl.UInt64).alias("rungs_out_ended"),
    ]


def outcome() -> list[list[pl.Expr]]:
    """What is written and noted: ``move_…``, ``group_note``, and the group after this pass."""
    native, target = pl.col("ladder:native"), pl.col("ladder:target")
    due = native.is_not_null() & target.ne_missing(native)
    again = (pl.col("writes").fill_null(0) >= BREAKER_WRITES) & pl.col("ladder:why").ne_missing(
        PINNED
    )
    written, stopped = pl.col("ladder:written"), pl.col("ladder:stopped")
    restored = pl.col("ladder:stale") & (target == pl.col("was:group_id"))
    why = pl.when(restored).then(WRITTEN_AGAIN).otherwise(pl.col("ladder:why"))
    found_again = pl.col("ladder:hold").ne_missing(pl.col("ladder:hold0"))
    return [
        [(due & again).alias("ladder:stopped"), (due & ~again).alias("ladder:written")],
        [
            pl.when(stopped).then(native).otherwise(target).alias("group"),
            pl.when(written).then(native).cast(pl.Int64).alias("move_from"),
            pl.when(written).then(target).cast(pl.Int64).alias("move_to"),
            pl.when(written).then(why).cast(pl.Int64).alias("move_why"),
            pl.when(stopped)
            .then(STOPPED)
            .otherwise(pl.col("ladder:hold"))
            .cast(pl.Int64)
            .alias("ladder:hold"),
            pl.when(stopped)
            .then(BREAKER)
            .when(pl.col("ladder:stale") & written)
            .then(STALE_FORM)
            .when("ladder:person")
            .then(PERSONS)
            .when(pl.col("ladder:unknown") & found_again & (pl.col("ladder:hold") == OUTSIDE_AGAIN))
            .then(ADOPTED_AGAIN)
            .when("ladder:unknown")
            .then(ADOPTED)
            .when("ladder:first")
            .then(FOUND_NOTE)
            .otherwise(0)
            .cast(pl.Int64)
            .alias("group_note"),
        ],
    ]


def memory(plan: LadderPlan) -> list[list[pl.Expr]]:
    """The new memory; as it was for who need not be seen, or whose group is none of the store's."""
    group, now, written = pl.col("group"), pl.col("@now"), pl.col("ladder:written")
    known = pl.col("ladder:known")
    before = pl.when(known).then(pl.col("was:group_id")).otherwise(pl.col("ladder:native"))
    moved, live = group.ne_missing(before), pl.col("ladder:live")
    on_rung = stand(plan, group).is_not_null()
    not_judged = pl.lit(plan.blocked)
    ceased = (
        pl.when(not_judged)
        .then(pl.when(~moved).then(pl.col("was:ceased_at")))
        .when(on_rung & ~stand_holds(plan, group))
        .then(pl.when(moved).then(now).otherwise(pl.coalesce("was:ceased_at", now)))
    )
    looked_at = known | pl.col("ladder:pin").is_not_null() | plan.decides
    lost = known & pl.col("ladder:dead") & ~written
    restored = written & pl.col("ladder:stale")
    new = {
        "group_id": group,
        "group_before": pl.when(~moved)
        .then(pl.col("was:group_before"))
        .when(on_rung)
        .then(pl.coalesce(pl.col("was:group_before"), before)),
        "group_since": pl.when(moved).then(now).otherwise(pl.col("was:group_since")),
        "ceased_at": ceased,
        "group_hold": pl.col("ladder:hold"),
        "outside_at": pl.col("outside_at"),
        "outside_wanted": pl.col("outside_wanted"),
        "moved_from": pl.coalesce("move_from", "was:moved_from"),
        "moved_at": pl.when(written).then(now).otherwise(pl.col("was:moved_at")),
        "stale_at": pl.when(restored).then(now).otherwise(pl.col("was:stale_at")),
    }
    return [
        [(pl.col("ladder:native").is_not_null() & looked_at & ~lost).alias("ladder:live")],
        [
            pl.when(live).then(value).otherwise(pl.col(f"was:{name}")).cast(pl.Int64).alias(name)
            for name, value in new.items()
        ],
    ]


def ladder_at(plan: LadderPlan) -> pl.Expr:
    """
    An instant no later than the one at which grace and stay let the customer fall; null: none.

    Where the bound is past and the time is not over: the next full hour, or sooner
    when the clock says so, since what is left on the clock is exact but for its jumps.
    """
    group = pl.col("group")
    nothing = pl.lit(None, dtype=pl.Int64)
    if not plan.decides or plan.upgrade_only:
        return nothing.alias("ladder_at")
    falling = (
        pl.col("ladder:live")
        & pl.col("ladder:pin").is_null()
        & ~pl.col("ladder:person")
        & pl.col("group_hold").eq_missing(FREE)
        & pl.col("ceased_at").is_not_null()
        & among(group, plan.groups - plan.protected)
    )

    def left(rung: Rung) -> pl.Expr:
        grace = _bound(rung.grace, pl.col("ceased_at"))
        return pl.max_horizontal(grace, _bound(rung.min_stay, pl.col("group_since")))

    return pl.when(falling).then(of_rung(plan, group, left)).cast(pl.Int64).alias("ladder_at")


def _bound(span: Span | None, since: pl.Expr) -> pl.Expr:
    """No later than when *span* from *since* is over; null where it is, or there is none."""
    if span is None:
        return pl.lit(None, dtype=pl.Int64)
    now, began = pl.col("@now"), pl.col(Boundary("ago", span).column)
    early = since + _least_s(span)
    next_hour = (now // _HOUR_S + 1) * _HOUR_S
    soon = pl.min_horizontal(next_hour, now + since - began)
    return pl.when(since > began).then(pl.when(early > now).then(early).otherwise(soon))


def _least_s(span: Span) -> int:
    """A number of seconds that *span* never falls short of, wherever it begins."""
    match span.unit:
        case "minute":
            return span.count * 60
        case "hour":
            return span.count * _HOUR_S
        case "day" | "week":
            days = span.count * (7 if span.unit == "week" else 1)
        case _:
            # Eight years can pass without a leap day; months differ by three days.
            months = span.count * (12 if span.unit == "year" else 1)
            days = months * 3042 // 100 - 6
    return max(days * _DAY_S - _JUMP_S, 0)
