"""
The audit: one row for every customer whose tags or group a run changed.

Also for those of whom a rule's verdict turned and nobody sees it, because of what people
say: the run is to be undone as a whole.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import Connection

from sidecar.model import Moment
from sidecar.rules.compile_ruleset import TagSlot
from sidecar.rules.plan import Changes
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.values import insert

_LISTS = {
    "tags_added": "added",
    "tags_removed": "removed",
    "asserted": "asserted",
    "retracted": "retracted",
}


def record(
    tx: Connection,
    own: OwnTables,
    run_id: int,
    changes: Changes,
    tags: Collection[TagSlot],
    moment: Moment,
) -> None:
    """Write who gained and lost which tags, by which rules, and who moved to which group."""
    stepped = changes.stepped
    if stepped.is_empty():
        return
    ids = {tag.slot: tag.tag_id for tag in tags}
    rows = pl.DataFrame({"customer_id": stepped})
    for name, attribute in _LISTS.items():
        part = _listed(getattr(changes, attribute), ids, name)
        rows = rows.join(part, on="customer_id", how="left", maintain_order="left")
    moved = changes.moved.select(
        "customer_id",
        pl.col("from").alias("group_from"),
        pl.col("to").alias("group_to"),
        pl.col("why").alias("group_why"),
    )
    rows = rows.join(moved, on="customer_id", how="left", maintain_order="left")
    insert(
        tx,
        own.audit,
        rows.select(
            pl.lit(run_id).alias("run_id"),
            "customer_id",
            pl.lit(moment.epoch_s).alias("at"),
            pl.col("tags_added", "tags_removed").fill_null(""),
            "asserted",
            "retracted",
            "group_from",
            "group_to",
            "group_why",
        ),
    )


def _listed(frame: pl.DataFrame, ids: dict[int, int], name: str) -> pl.DataFrame:
    """*name*: the tag ids of each customer of *frame*, with commas, ascending."""
    tag_ids = pl.col("slot").replace_strict(ids, return_dtype=pl.Int64)
    joined = tag_ids.sort().cast(pl.String).str.join(",")
    return frame.group_by("customer_id").agg(joined.alias(name))
