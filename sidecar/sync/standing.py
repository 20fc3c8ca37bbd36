"""What holds now: the words and stored facts of a scope, and who else asserts its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import Select, select

from sidecar.rules.evaluate import TagSlot
from sidecar.shop.reader import Schema
from sidecar.sync.reading import TEXT, WHOLE, Reading

_WORD = pl.UInt64()

#: Stored facts by the fact they hold, in our customer table.
STORED = {
    "orders": "orders",
    "total_spent": "total_spent",
    "last_order": "last_order_at",
    "registered": "registered_at",
}


def load_standing(reading: Reading, words: int, slots: Mapping[int, TagSlot]) -> pl.DataFrame:
    """
    One row for each customer that our tables know, also one that the store has deleted.

    Columns: customer_id; the stored facts under their column names; purchases_mark;
    ``verdict``, ``tags``, ``on`` and ``off`` words, 0 where nothing is.

    Args:
        words: How many words hold every slot.
        slots: The tags by id.
    """
    customer = reading.shop.own.customer
    names = [f"{kind}{word}" for kind in ("verdict", "tags") for word in range(words)]
    query = (
        select(
            customer.c.customer_id,
            *(customer.c[name] for name in STORED.values()),
            customer.c.purchases_mark,
            customer.c.other_assertions,
            *(customer.c[name] for name in names),
        )
        .where(reading.of(customer.c.customer_id))
        .order_by(customer.c.customer_id)
    )
    schema: dict[str, pl.DataType] = {
        "customer_id": WHOLE,
        **dict.fromkeys(STORED.values(), WHOLE),
        "purchases_mark": _WORD,
        "other_assertions": WHOLE,
        **dict.fromkeys(names, _WORD),
    }
    frame = _read(reading, query, schema).with_columns(pl.col(names).fill_null(0))
    others = None
    if frame["other_assertions"].sum():
        others = _others(reading, slots)
    for kind in ("on", "off"):
        for word in range(words):
            frame = _with_word(frame, others, kind, word)
    return frame.drop("other_assertions")


def _read(reading: Reading, query: Select[Any], schema: Schema) -> pl.DataFrame:
    # Named customers may have been given assertions in this very transaction,
    # which the bulk reader's own connections do not see.
    if reading.scope.ids is not None:
        return reading.rows_here(query, schema)
    return reading.rows(query, schema)


def _others(reading: Reading, slots: Mapping[int, TagSlot]) -> pl.DataFrame:
    """customer_id, word, bit and kind (on or off) of the live assertions that no rule made."""
    customer, assertion = reading.shop.own.customer, reading.shop.own.assertion
    query = (
        select(
            assertion.c.customer_id,
            assertion.c.tag_id,
            assertion.c.source_kind,
            assertion.c.until,
        )
        .join(customer, customer.c.customer_id == assertion.c.customer_id)
        .where(
            reading.of(customer.c.customer_id),
            customer.c.other_assertions > 0,
            assertion.c.source_kind != "rule",
        )
    )
    schema = {"customer_id": WHOLE, "tag_id": WHOLE, "source_kind": TEXT, "until": WHOLE}
    rows = _read(reading, query, schema)
    live = pl.col("until").is_null() | (pl.col("until") > reading.moment.epoch_s)
    slot = pl.DataFrame(
        {"tag_id": list(slots), "slot": [tag.slot for tag in slots.values()]},
        schema={"tag_id": pl.Int64, "slot": pl.Int64},
    )
    kind = pl.when(pl.col("source_kind") == "pin_out").then(pl.lit("off")).otherwise(pl.lit("on"))
    return (
        rows.filter(live)
        .join(slot, on="tag_id")
        .select(
            "customer_id",
            kind.alias("kind"),
            word=pl.col("slot") // 64,
            bit=pl.lit(1, dtype=pl.UInt64) * pl.lit(2, dtype=pl.UInt64).pow(pl.col("slot") % 64),
        )
        .unique()
    )


def _with_word(
    frame: pl.DataFrame, others: pl.DataFrame | None, kind: str, word: int
) -> pl.DataFrame:
    name = f"{kind}{word}"
    if others is None:
        return frame.with_columns(pl.lit(0, dtype=pl.UInt64).alias(name))
    bits = (
        others.filter((pl.col("kind") == kind) & (pl.col("word") == word))
        .group_by("customer_id")
        .agg(pl.col("bit").sum().cast(pl.UInt64).alias(name))
    )
    return frame.join(bits, on="customer_id", how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null(0)
    )
