"""Runs and their audit: one row for every customer whose tags a run changed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection, insert, update

from sidecar.model import Moment, Outcome
from sidecar.rules.evaluate import TagSlot
from sidecar.rules.plan import Changes
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.values import insert as insert_values


def start_run(
    tx: Connection, own: OwnTables, kind: str, moment: Moment, *, actor: str | None, what: str
) -> int:
    """
    Begin a run and return its number; runs that a crash left open are marked interrupted.

    Args:
        kind: ``full``, ``changed`` or ``command``.
        actor: Who asked; None for the sidecar itself.
    """
    run = own.run
    tx.execute(update(run).where(run.c.state == "running").values(state="interrupted"))
    result = tx.execute(
        insert(run).values(
            kind=kind,
            state="running",
            actor=actor and actor[:64],
            what=what[:255],
            started_at=moment.epoch_s,
        )
    )
    key = result.inserted_primary_key
    return int(key[0]) if key else 0


def record(
    tx: Connection,
    own: OwnTables,
    run_id: int,
    changes: Changes,
    tags: Sequence[TagSlot],
    moment: Moment,
) -> None:
    """Write who gained and lost which tags, one row a customer."""
    ids = {tag.slot: tag.tag_id for tag in tags}

    def listed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        tag_ids = pl.col("slot").replace_strict(ids, return_dtype=pl.Int64)
        joined = tag_ids.sort().cast(pl.String).str.join(",")
        return frame.group_by("customer_id").agg(joined.alias(name))

    both = listed(changes.added, "tags_added").join(
        listed(changes.removed, "tags_removed"), on="customer_id", how="full", coalesce=True
    )
    rows = both.sort("customer_id").select(
        pl.lit(run_id).alias("run_id"),
        "customer_id",
        pl.lit(moment.epoch_s).alias("at"),
        pl.col("tags_added").fill_null(""),
        pl.col("tags_removed").fill_null(""),
    )
    insert_values(tx, own.audit, rows)


def finish_run(
    tx: Connection,
    own: OwnTables,
    run_id: int,
    now: datetime.datetime,
    *,
    state: str,
    outcome: Outcome,
) -> None:
    """
    End a run.

    Args:
        now: Aware; a run may take longer than its moment.
        state: ``applied``, ``interrupted`` or ``failed``.
        outcome: What it did.
    """
    run = own.run
    tx.execute(
        update(run)
        .where(run.c.run_id == run_id)
        .values(
            state=state,
            finished_at=int(now.timestamp()),
            customers=outcome.customers,
            changed=outcome.changed,
            set_aside=outcome.set_aside,
            tag_added=outcome.tag_added,
            tag_removed=outcome.tag_removed,
        )
    )
