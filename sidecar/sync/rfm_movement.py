"""
Who moved between RFM groups, and from which to which.

It is told from the entries and exits of the built-in segments of these groups: where the first
one of a customer and a group is an exit, the customer was in it before; where the last one is
an entry, they are in it now. What happened in between does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Connection, select

from sidecar.config import Age
from sidecar.model import Moment, Scope
from sidecar.rules import calendar
from sidecar.rules.catalogue import RFM_GROUPS
from sidecar.rules.syntax import Span
from sidecar.shop.shop import Shop

#: How many days back, each a figure of its own.
DAYS = (30, 90)
FIGURES = tuple(f"rfm_moved_{days}" for days in DAYS)

_EVERYBODY = Scope.span(1, 2**31 - 1)


def count(
    shop: Shop, tx: Connection, moment: Moment, kept: Age | None = None
) -> Iterator[tuple[str, str, int, int]]:
    """
    Figure, ``from>to``, customers, and since when, in epoch seconds; nothing where the built-in
    segments are not there or have no history yet.

    Either group may be empty: in none, e.g. before the first order. What is older than *kept* is
    not looked at, as some of it may be gone.
    """
    segment = shop.own.segment
    query = select(segment.c.segment_id, segment.c.name_key, segment.c.baseline_at).where(
        segment.c.name_key.in_([f"rfm {group}" for group in RFM_GROUPS]),
        segment.c.origin == "builtin",
        segment.c.slot.is_not(None),
        segment.c.baseline_at.is_not(None),
    )
    found = {row.segment_id: row for row in tx.execute(query)}
    if len(found) < len(RFM_GROUPS):
        return
    began = max(row.baseline_at for row in found.values())
    if kept is not None:
        began = max(began, int(kept.before(moment.now).timestamp()))
    groups = {number: row.name_key.removeprefix("rfm ") for number, row in found.items()}
    since = {
        figure: max(began, calendar.since(Span(days, "day"), moment))
        for figure, days in zip(FIGURES, DAYS, strict=True)
    }
    change = shop.own.segment_change
    names = ("change_id", "customer_id", "segment_id", "entered", "at")
    changes = shop.read(
        tx,
        _EVERYBODY,
        select(*(change.c[name] for name in names)).where(
            change.c.segment_id.in_(groups), change.c.at >= min(since.values())
        ),
        {
            "change_id": pl.UInt64(),
            "customer_id": pl.UInt32(),
            "segment_id": pl.UInt32(),
            "entered": pl.UInt8(),
            "at": pl.Int64(),
        },
    )
    for figure, at in since.items():
        # That there is nothing to tell is told too, by nobody having moved.
        yield figure, "", 0, at
        for was, became, customers in _moved(changes.filter(pl.col("at") >= at)).iter_rows():
            yield figure, f"{groups.get(was, '')}>{groups.get(became, '')}", int(customers), at


def _moved(changes: pl.DataFrame) -> pl.DataFrame:
    """Segments before and now (None: in none) and how many customers; who is back is left out."""
    one = changes.sort("change_id").group_by("customer_id", "segment_id")
    ends = one.agg(was_in=pl.col("entered").first() == 0, is_in=pl.col("entered").last() == 1)
    segment = pl.col("segment_id")
    moved = ends.group_by("customer_id").agg(
        was=segment.filter(pl.col("was_in")).first(),
        became=segment.filter(pl.col("is_in")).first(),
    )
    # By ne_missing: who is in none at both ends is left out, and None is no other None.
    return (
        moved.filter(pl.col("was").ne_missing(pl.col("became")))
        .group_by("was", "became")
        .len()
        .sort("was", "became")
    )
