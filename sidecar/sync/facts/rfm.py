"""RFM scores and groups, told from the stored limits."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sidecar.sync.reading import Limits

SCORES = ("rfm_recency", "rfm_frequency", "rfm_monetary")
FACTS = frozenset({*SCORES, "rfm_group", "top_percent"})

#: What the scores are told from.
NEEDS = ("last_order", "orders", "total_spent")


def with_rfm(frame: pl.DataFrame, limits: Limits | None) -> pl.DataFrame:
    """*frame* with every fact of `FACTS`; all missing without *limits* or orders."""
    if limits is None:
        return frame.with_columns(
            *(pl.lit(None, dtype=pl.Int64).alias(name) for name in (*SCORES, "top_percent")),
            pl.lit(None, dtype=pl.String).alias("rfm_group"),
        )
    buyer = pl.col("orders") > 0
    frame = frame.with_columns(
        rfm_recency=_score("last_order", limits.recency, buyer),
        rfm_frequency=_score("orders", limits.frequency, buyer),
        rfm_monetary=_score("total_spent", limits.monetary, buyer),
        top_percent=_top("total_spent", limits.top, buyer),
    )
    return frame.with_columns(rfm_group=_group())


def _score(column: str, limits: Sequence[int], buyer: pl.Expr) -> pl.Expr:
    if not limits:  # nobody has an order with a date
        return pl.lit(None, dtype=pl.Int64)
    above = pl.sum_horizontal((pl.col(column) > limit).cast(pl.Int64) for limit in limits)
    return pl.when(buyer & pl.col(column).is_not_null()).then(above + 1)


def _top(column: str, limits: Sequence[int], buyer: pl.Expr) -> pl.Expr:
    """The position of the first of the descending *limits* that is reached, counted from 1."""
    ascending = pl.Series(list(reversed(limits)), dtype=pl.Int64)
    reached = pl.lit(ascending).search_sorted(pl.col(column), side="right").cast(pl.Int64)
    position = len(limits) + 1 - reached
    return pl.when(buyer & (position <= len(limits))).then(position)


def _group() -> pl.Expr:
    r = pl.col("rfm_recency")
    fm = (pl.col("rfm_frequency") + pl.col("rfm_monetary") + 1) // 2
    return (
        pl.when(r.is_null() | fm.is_null())
        .then(None)
        .when((r >= 4) & (fm >= 4))
        .then(pl.lit("champions"))
        .when((r == 3) & (fm >= 4))
        .then(pl.lit("loyal"))
        .when((r >= 4) & (fm >= 2))
        .then(pl.lit("promising"))
        .when(r >= 4)
        .then(pl.lit("new"))
        .when((r == 3) & (fm == 3))
        .then(pl.lit("needs attention"))
        .when(r == 3)
        .then(pl.lit("about to sleep"))
        .when((r == 2) & (fm >= 3))
        .then(pl.lit("at risk"))
        .when(fm >= 3)
        .then(pl.lit("cannot lose"))
        .when(r == 2)
        .then(pl.lit("hibernating"))
        .otherwise(pl.lit("lost"))
    )
