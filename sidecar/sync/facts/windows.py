"""The filters ``within``, ``from`` and ``until`` of any dated row."""

from __future__ import annotations

import polars as pl

from sidecar.model import Moment
from sidecar.rules.calendar import Boundary
from sidecar.rules.columns import Column
from sidecar.rules.syntax import Day, Span


def in_window(column: Column, at: pl.Expr, moment: Moment) -> list[pl.Expr]:
    """What the instant *at* must fulfil to pass the windows of *column*, if it has any."""
    passes: list[pl.Expr] = []
    for name, value in column.filters:
        if name == "within" and isinstance(value, Span):
            since = Boundary("since", value).value(moment)
            passes += [at >= since, at <= moment.epoch_s]
        elif name == "from" and isinstance(value, Day):
            passes.append(at >= Boundary("day_start", value).value(moment))
        elif name == "until" and isinstance(value, Day):
            passes.append(at < Boundary("day_end", value).value(moment))
    return passes
