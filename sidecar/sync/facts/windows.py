"""The filters ``within``, ``from`` and ``until`` of any dated row."""

from __future__ import annotations

import polars as pl

from sidecar.model import Moment
from sidecar.rules.calendar import Boundary
from sidecar.rules.columns import Column
from sidecar.rules.syntax import Day, Span


def in_window(column: Column, at: pl.Expr, moment: Moment) -> pl.Expr:
    """Whether the instant *at* passes the windows of *column*; true where it has none."""
    passes = pl.lit(True)
    for name, value in column.filters:
        if name == "within" and isinstance(value, Span):
            since = Boundary("since", value).value(moment)
            passes &= (at >= since) & (at <= moment.epoch_s)
        elif name == "from" and isinstance(value, Day):
            passes &= at >= Boundary("day_start", value).value(moment)
        elif name == "until" and isinstance(value, Day):
            passes &= at < Boundary("day_end", value).value(moment)
    return passes
