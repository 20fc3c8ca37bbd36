"""
What people, imports and merges say of a customer's tags: rows that no rule made.

The formula: a tag is in effect when no ``pin_out`` lives and at least one other
assertion does. A rule retracts only its own; these rows end only by who made them,
by a person, or at their ``until``. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, delete, func, literal, or_, select
from sqlalchemy.dialects.mysql import insert as upsert

from sidecar.model import Moment
from sidecar.shop.own_tables import SOURCE_KINDS, OwnTables
from sidecar.sync.tags import Tag
from sidecar.sync.values import insert

#: Rows in one statement.
_CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """
    Who asserts, and why.

    Attributes:
        actor: For people, e.g. ``cli:anna``; at most 64 characters are kept.
        reason: In their words, or None.
    """

    actor: str
    reason: str | None = None


def add(
    tx: Connection,
    own: OwnTables,
    kind: str,
    tag: Tag,
    until: Mapping[int, int | None],
    author: Author,
    moment: Moment,
    *,
    requalify: bool = False,
) -> None:
    """
    Assert *tag* for customers; a ``pin_in`` also ends their ``pin_out``.

    Args:
        kind: ``pin_in``, ``pin_out`` or ``import``.
        until: The instant it ends, None for no end, by customer.
        requalify: It ends when the rule next turns true.
    """
    if kind == "pin_in":
        end(tx, own, ("pin_out",), tag, until)
    rows = [
        {
            "customer_id": customer_id,
            "tag_id": tag.tag_id,
            "source_kind": kind,
            "source_id": 0,
            "since": moment.epoch_s,
            "until": ends,
            "actor": author.actor[:64],
            "reason": author.reason and author.reason[:255],
            "requalify": int(requalify),
        }
        for customer_id, ends in sorted(until.items())
    ]
    for start in range(0, len(rows), _CHUNK):
        statement = upsert(own.assertion).values(rows[start : start + _CHUNK])
        # Said again it stands since it was first said.
        names = ("until", "actor", "reason", "requalify")
        changed = {name: statement.inserted[name] for name in names}
        tx.execute(statement.on_duplicate_key_update(changed))
    count_others(tx, own, list(until))


def remove(
    tx: Connection,
    own: OwnTables,
    tag: Tag,
    ids: Sequence[int],
    until: int | None,
    author: Author,
    moment: Moment,
) -> None:
    """
    A person takes *tag* off customers: their pins in end, and whoever else asserts it is overruled.

    Args:
        until: The instant the overruling ends; None for no end.
    """
    end(tx, own, ("pin_in",), tag, ids)
    table = own.assertion
    live = or_(table.c.until.is_(None), table.c.until > moment.epoch_s)
    asserted: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        query = select(table.c.customer_id).where(
            table.c.tag_id == tag.tag_id,
            table.c.customer_id.in_(ids[start : start + _CHUNK]),
            table.c.source_kind.not_in(("pin_in", "pin_out")),
            live,
        )
        asserted.update(tx.scalars(query))
    add(tx, own, "pin_out", tag, dict.fromkeys(asserted, until), author, moment)
    count_others(tx, own, ids)


def end(
    tx: Connection, own: OwnTables, kinds: Collection[str], tag: Tag, ids: Collection[int]
) -> None:
    """End the assertions of *kinds* that customers have *tag*; not those of rules."""
    table, wanted = own.assertion, sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        tx.execute(
            delete(table).where(
                table.c.tag_id == tag.tag_id,
                table.c.customer_id.in_(wanted[start : start + _CHUNK]),
                table.c.source_kind.in_(kinds),
            )
        )


def of_rule(
    tx: Connection, own: OwnTables, tag_id: int, ids: Sequence[int], moment: Moment, *, on: bool
) -> None:
    """Let its rule assert the tag of customers *ids*, or (not *on*) no longer."""
    table = own.assertion
    if not on:
        here = (table.c.tag_id == tag_id) & table.c.customer_id.in_(ids)
        tx.execute(delete(table).where(here, table.c.source_kind == "rule"))
        return
    rows = pl.DataFrame({"customer_id": ids}, {"customer_id": pl.Int64}).select(
        "customer_id",
        pl.lit(tag_id).alias("tag_id"),
        pl.lit("rule").alias("source_kind"),
        pl.lit(0).alias("source_id"),
        pl.lit(moment.epoch_s).alias("since"),
        pl.lit(0).alias("requalify"),
    )
    insert(tx, table, rows)


def hand_over(
    tx: Connection,
    own: OwnTables,
    old: Tag,
    new: Tag,
    ids: Sequence[int],
    author: Author,
    moment: Moment,
) -> None:
    """Give *new* to whoever has *old* in effect; whatever but rules said of *old* ends."""
    word = own.customer.c[f"tags{old.slot // 64}"]
    table = own.assertion
    in_effect = list(
        tx.scalars(
            select(own.customer.c.customer_id).where(
                own.customer.c.customer_id.in_(ids),
                word.op("&")(literal(1 << old.slot % 64)) != 0,
            )
        )
    )
    for start in range(0, len(in_effect), _CHUNK):
        rows = [
            {
                "customer_id": customer_id,
                "tag_id": new.tag_id,
                "source_kind": "merge",
                "source_id": old.tag_id,
                "since": moment.epoch_s,
                "actor": author.actor[:64],
                "reason": author.reason,
            }
            for customer_id in in_effect[start : start + _CHUNK]
        ]
        tx.execute(upsert(table).values(rows).prefix_with("IGNORE"))
    kinds = [kind for kind in SOURCE_KINDS if kind != "rule"]
    end(tx, own, kinds, old, ids)
    count_others(tx, own, ids)


def count_others(tx: Connection, own: OwnTables, ids: Sequence[int]) -> None:
    """Note on each customer how many assertions no rule made, so that a pass reads only theirs."""
    table = own.assertion
    for start in range(0, len(ids), _CHUNK):
        part = sorted(ids[start : start + _CHUNK])
        rows = tx.execute(
            select(table.c.customer_id, func.count())
            .where(table.c.customer_id.in_(part), table.c.source_kind != "rule")
            .group_by(table.c.customer_id)
        )
        numbers = dict.fromkeys(part, 0) | {row[0]: row[1] for row in rows}
        frame = pl.DataFrame(
            {"customer_id": list(numbers), "other_assertions": list(numbers.values())},
            schema={"customer_id": pl.Int64, "other_assertions": pl.Int64},
        )
        insert(tx, own.customer, frame, update=["other_assertions"])


def holders(tx: Connection, own: OwnTables, tag: Tag) -> list[int]:
    """Every customer with any assertion of *tag*, ascending."""
    table = own.assertion
    query = select(table.c.customer_id).distinct().where(table.c.tag_id == tag.tag_id)
    return sorted(tx.scalars(query))
