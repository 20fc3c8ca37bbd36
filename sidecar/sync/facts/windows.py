"""The filters ``within``, ``from`` and ``until`` of any dated row."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from sidecar.model import Moment
from sidecar.rules.calendar import Boundary
from sidecar.rules.columns import Column
from sidecar.rules.syntax import Day, Span


def in_window(column: Column, at: pl.Expr, moment: Moment) -> list[pl.Expr]:
    """What the instant *at* must fulfil to pass the windows of *column*, if it has any."""
    return not_left(column, at, moment) + _entered(column, at, moment)


def next_to_move(
    column: Column, at: pl.Expr, passes: Collection[pl.Expr], moment: Moment
) -> list[pl.Expr]:
    """
    The aggregates `Column.leaves` and `Column.enters` of *column*.

    Args:
        at: The instant of a row.
        passes: What a row must fulfil besides the windows.
    """
    may_leave = [*not_left(column, at, moment), *passes]
    entered = pl.all_horizontal(pl.lit(True), *_entered(column, at, moment))
    may = pl.all_horizontal(pl.lit(True), *may_leave)
    return [
        pl.when(may & entered).then(at).min().alias(column.leaves),
        pl.when(may & ~entered).then(at).min().alias(column.enters),
    ]


def moving(columns: Iterable[Column]) -> list[Column]:
    """One of *columns* for each pair of `Column.leaves` and `Column.enters` they have."""
    return list({column.leaves: column for column in columns if column.is_moving}.values())


def not_left(column: Column, at: pl.Expr, moment: Moment) -> list[pl.Expr]:
    """What *at*, as time passes, only ceases to fulfil; and days that stay as they are."""
    passes: list[pl.Expr] = []
    for name, value in column.filters:
        if name == "within" and isinstance(value, Span):
            passes.append(at >= Boundary("since", value).value(moment))
        elif name == "from" and isinstance(value, Day):
            passes.append(at >= Boundary("day_start", value).value(moment))
        elif name == "until" and isinstance(value, Day) and not isinstance(value.day, str):
            passes.append(at < Boundary("day_end", value).value(moment))
    return passes


def _entered(column: Column, at: pl.Expr, moment: Moment) -> list[pl.Expr]:
    """What *at*, as time passes, only comes to fulfil."""
    passes: list[pl.Expr] = []
    for name, value in column.filters:
        if name == "within":
            passes.append(at <= moment.epoch_s)
        elif name == "until" and isinstance(value, Day) and isinstance(value.day, str):
            passes.append(at < Boundary("day_end", value).value(moment))
    return passes
