"""Customers as the ladder's expressions get them, and what these make of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import polars as pl

from sidecar.model import Moment
from sidecar.rules.ladder import LadderPlan, boundaries, ladder_levels
from support.ladder_interpreter import UNSEEN, Judged, Seen

UTC = datetime.UTC


def word(slots: Iterable[int]) -> int:
    return sum(1 << slot for slot in slots)


def slots(bits: int) -> frozenset[int]:
    return frozenset(slot for slot in range(64) if bits >> slot & 1)


def frame_of(plan: LadderPlan, customers: Sequence[Seen], moment: Moment) -> pl.DataFrame:
    """Everything that the ladder asks for, a row for each of *customers*."""

    def column(name: str, values: Iterable[object], dtype: pl.DataType) -> pl.Series:
        return pl.Series(name, list(values), dtype=dtype)

    whole, yes, bits = pl.Int64(), pl.Boolean(), pl.UInt64()
    columns = [
        column("group", (c.group for c in customers), whole),
        column("was:rungs", (word(c.rungs) for c in customers), bits),
        column("pin_group", (c.pin for c in customers), whole),
        column("pin_group_since", (c.pin_since for c in customers), whole),
        column("pin_group_requalify", (c.requalify for c in customers), yes),
        column("rungs_out", (word(c.out) for c in customers), bits),
        column("rungs_out_requalify", (word(c.out_requalify) for c in customers), bits),
        column("touched", (c.touched for c in customers), yes),
        column("writes", (c.writes for c in customers), whole),
    ]
    columns += [column(f"was:{name}", (c.was[name] for c in customers), whole) for name in UNSEEN]
    for rung in plan.rungs:
        slot = rung.slot
        columns.append(column(f"when:{slot}", (slot in c.when for c in customers), yes))
        columns.append(column(f"keep:{slot}", (slot in c.keep for c in customers), yes))
    return pl.DataFrame(columns).with_columns(
        pl.lit(boundary.value(moment), dtype=pl.Int64).alias(boundary.column)
        for boundary in boundaries(plan)
    )


def after(
    plan: LadderPlan, customers: Sequence[Seen], now: int, zone: ZoneInfo
) -> tuple[list[Judged], list[int | None]]:
    """What the program makes of *customers* at *now*, and their ``ladder_at``."""
    moment = Moment(datetime.datetime.fromtimestamp(now, UTC), zone)
    frame = frame_of(plan, customers, moment)
    for level in ladder_levels(plan):
        frame = frame.with_columns(level)
    assert frame.schema["rungs"] == frame.schema["rungs_out_ended"] == pl.UInt64
    assert all(frame.schema[name] == pl.Int64 for name in UNSEEN)
    judged = []
    for row in frame.iter_rows(named=True):
        move = None
        if row["move_to"] is not None:
            move = (row["move_from"], row["move_to"], row["move_why"])
        judged.append(
            Judged(
                group=row["group"],
                memory={name: row[name] for name in UNSEEN},
                rungs=slots(row["rungs"]),
                move=move,
                note=row["group_note"],
                pin_ended=row["pin_group_ended"],
                out_ended=slots(row["rungs_out_ended"]),
            )
        )
    return judged, frame["ladder_at"].to_list()
