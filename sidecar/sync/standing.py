"""What holds now: the words, memory and stored facts of a scope, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Select, func, select

from sidecar.shop.reader import Schema
from sidecar.sync.reading import TEXT, WHOLE, Reading
from sidecar.sync.slots import Slots

_WORD = pl.UInt64()

#: Stored facts by the fact they hold, in our customer table.
STORED = {
    "orders": "orders",
    "total_spent": "total_spent",
    "last_order": "last_order_at",
    "registered": "registered_at",
}

#: The breaker counts our writes of so many seconds back.
BREAKER_S = 600

#: Customers asked for in one statement.
_CHUNK = 5_000


def load_standing(reading: Reading, slots: Slots) -> pl.DataFrame:
    """
    One row for each customer that our tables know, also one that the store has deleted.

    Columns: customer_id; the stored facts under their column names; purchases_mark; next_at;
    the words of *slots*, 0 where nothing is; the ladder's memory; what `spoken` says.
    """
    customer = reading.shop.own.customer
    values = [*STORED.values(), "next_at", *slots.memory]
    counts = ["other_assertions", "pins"]
    query = (
        select(
            customer.c.customer_id,
            *(customer.c[name] for name in (*values, "purchases_mark", *counts, *slots.names)),
        )
        .where(reading.of(customer.c.customer_id))
        .order_by(customer.c.customer_id)
    )
    schema: dict[str, pl.DataType] = {
        "customer_id": WHOLE,
        **dict.fromkeys(values, WHOLE),
        "purchases_mark": _WORD,
        **dict.fromkeys(counts, WHOLE),
        **dict.fromkeys(slots.names, _WORD),
    }
    frame = _read(reading, query, schema).with_columns(pl.col(slots.names).fill_null(0))
    return _with_spoken(reading, frame, slots).drop(counts)


def _read(reading: Reading, query: Select[Any], schema: Schema) -> pl.DataFrame:
    # Named customers may have been given assertions in this very transaction,
    # which the bulk reader's own connections do not see.
    if reading.scope.ids is not None:
        return reading.rows_here(query, schema)
    return reading.rows(query, schema)


def spoken_columns(slots: Slots) -> dict[str, Any]:
    """
    What is said of customers beside the rules, with the value where nothing is.

    ``on``, ``off`` and ``req`` words: tags that others assert, that a person forbids, and
    where that ends when the rule turns true; the same of segments; of groups the pins, and
    ``writes``, our own of the last ten minutes; ``until_at``, when the next of all this ends.
    """
    found: dict[str, Any] = {}
    for kind in ("on", "off", "req"):
        found |= {f"{kind}{word}": 0 for word in range(slots.words)}
        found |= {f"segment_{kind}{word}": 0 for word in range(slots.segment_words)}
    if slots.has_ladder:
        found |= {
            "pin_group": None,
            "pin_group_since": None,
            "pin_group_requalify": False,
            "rungs_out": 0,
            "rungs_out_requalify": 0,
            "writes": 0,
        }
    return found | {"until_at": None}


def _with_spoken(reading: Reading, frame: pl.DataFrame, slots: Slots) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    if frame["other_assertions"].sum():
        parts.append(_assertions(reading, slots))
    if frame["pins"].sum():
        parts.append(_pins(reading, slots))
    if slots.has_ladder:
        # Nobody else was moved lately, and just after a first pass the audit of it is long.
        lately = pl.col("moved_at") > reading.moment.epoch_s - BREAKER_S
        moved = frame.filter(lately)["customer_id"].to_list()
        parts += [_writes(reading, moved[at : at + _CHUNK]) for at in range(0, len(moved), _CHUNK)]
    found = frame
    if parts:
        said = pl.concat(parts, how="diagonal")
        said = said.group_by("customer_id").agg(
            *(
                pl.col(name).bitwise_or().fill_null(0).alias(name)
                for name, kind in said.schema.items()
                if kind == pl.UInt64
            ),
            *(
                pl.col(name).min()
                for name in ("until_at", "pin_group", "pin_group_since")
                if name in said.columns
            ),
            *(
                pl.col(name).max()
                for name in ("writes", "pin_group_requalify")
                if name in said.columns
            ),
        )
        found = frame.join(said, on="customer_id", how="left", maintain_order="left")
    return found.with_columns(
        _filled(found, name, to) for name, to in spoken_columns(slots).items()
    )


def _filled(frame: pl.DataFrame, name: str, nothing: Any) -> pl.Expr:
    kind: pl.DataType = pl.Int64()
    if isinstance(nothing, bool):
        kind = pl.Boolean()
    elif nothing == 0 and name != "writes":
        kind = _WORD
    if name not in frame.columns:
        return pl.lit(nothing, dtype=kind).alias(name)
    column = pl.col(name).cast(kind)
    return column if nothing is None else column.fill_null(nothing)


def _assertions(reading: Reading, slots: Slots) -> pl.DataFrame:
    """The words of live assertions that no rule made, one row a customer and kind."""
    customer, assertion = reading.shop.own.customer, reading.shop.own.assertion
    query = (
        select(
            assertion.c.customer_id,
            assertion.c.tag_id,
            assertion.c.source_kind,
            assertion.c.until,
            assertion.c.requalify,
        )
        .join(customer, customer.c.customer_id == assertion.c.customer_id)
        .where(
            reading.of(customer.c.customer_id),
            customer.c.other_assertions > 0,
            assertion.c.source_kind != "rule",
        )
    )
    schema = {
        "customer_id": WHOLE,
        "tag_id": WHOLE,
        "source_kind": TEXT,
        "until": WHOLE,
        "requalify": WHOLE,
    }
    rows = _live(_read(reading, query, schema), reading).join(
        _slot_frame("tag_id", {tag_id: tag.slot for tag_id, tag in slots.tags.items()}),
        on="tag_id",
    )
    return _as_words(rows, pl.col("source_kind") == "pin_out", "", slots.words)


def _pins(reading: Reading, slots: Slots) -> pl.DataFrame:
    """The words of live pins of segments and groups, one row a customer and kind."""
    customer, pin = reading.shop.own.customer, reading.shop.own.pin
    query = (
        select(
            pin.c.customer_id,
            pin.c.kind,
            pin.c.target_id,
            pin.c.direction,
            pin.c.since,
            pin.c.until,
            pin.c.requalify,
        )
        .join(customer, customer.c.customer_id == pin.c.customer_id)
        .where(reading.of(customer.c.customer_id), customer.c.pins > 0)
    )
    schema = {
        "customer_id": WHOLE,
        "kind": TEXT,
        "target_id": WHOLE,
        "direction": TEXT,
        "since": WHOLE,
        "until": WHOLE,
        "requalify": WHOLE,
    }
    rows = _live(_read(reading, query, schema), reading)
    is_out = pl.col("direction") == "out"
    segments = rows.filter(pl.col("kind") == "segment").join(
        _slot_frame("target_id", slots.segments), on="target_id"
    )
    parts = [_as_words(segments, is_out, "segment_", slots.segment_words)]
    if slots.has_ladder:
        groups = rows.filter(pl.col("kind") == "group")
        parts.append(
            groups.filter(~is_out).select(
                "customer_id",
                pl.col("target_id").alias("pin_group"),
                pl.col("since").alias("pin_group_since"),
                (pl.col("requalify") > 0).alias("pin_group_requalify"),
                pl.col("until").alias("until_at"),
            )
        )
        out = groups.filter(is_out).join(_slot_frame("target_id", slots.rungs), on="target_id")
        bit = _bit(pl.col("slot"))
        asked = pl.col("requalify") > 0
        parts.append(
            out.select(
                "customer_id",
                pl.when(~asked).then(bit).otherwise(0).cast(_WORD).alias("rungs_out"),
                pl.when(asked).then(bit).otherwise(0).cast(_WORD).alias("rungs_out_requalify"),
                pl.col("until").alias("until_at"),
            )
        )
    return pl.concat(parts, how="diagonal")


def _writes(reading: Reading, ids: Sequence[int]) -> pl.DataFrame:
    """How often we wrote the group of customers *ids* in the breaker's time."""
    audit = reading.shop.own.audit
    query = (
        select(audit.c.customer_id, func.count().label("writes"))
        .where(
            audit.c.customer_id.in_(ids),
            audit.c.at > reading.moment.epoch_s - BREAKER_S,
            audit.c.group_to.is_not(None),
        )
        .group_by(audit.c.customer_id)
    )
    return reading.rows_here(query, {"customer_id": WHOLE, "writes": WHOLE})


def _live(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    return rows.filter(pl.col("until").is_null() | (pl.col("until") > reading.moment.epoch_s))


def _slot_frame(name: str, slots: Mapping[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: list(slots), "slot": list(slots.values())},
        schema={name: pl.Int64, "slot": pl.Int64},
    )


def _bit(slot: pl.Expr) -> pl.Expr:
    return pl.lit(1, dtype=pl.UInt64) * pl.lit(2, dtype=pl.UInt64).pow(slot % 64)


def _as_words(rows: pl.DataFrame, is_out: pl.Expr, prefix: str, words: int) -> pl.DataFrame:
    """*rows* with a ``slot`` as words: yes in ``on``, no in ``off``, requalifying in ``req``."""
    columns: list[pl.Expr] = []
    for word in range(words):
        here = pl.col("slot") // 64 == word
        for kind, said in (("on", ~is_out), ("off", is_out), ("req", pl.col("requalify") > 0)):
            value = pl.when(here & said).then(_bit(pl.col("slot"))).otherwise(0).cast(_WORD)
            columns.append(value.alias(f"{prefix}{kind}{word}"))
    return rows.select("customer_id", *columns, pl.col("until").alias("until_at"))
