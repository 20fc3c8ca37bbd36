"""
People whose data may not be used as that of others: what a look makes of them.

* ``restricted``: nothing is made of their data. What the rules said stays as it was, and so do
  their group, points and tier; they are in no segment and match no question.
* ``no_profiling``: as if every rule said no. Facts, tags and segments by rules and the tier go;
  they match no question; the ladder leaves their group alone, and points go on as without tiers.
* ``no_marketing``: told to whoever sends; nothing here asks for it.

In all of them what people said by hand goes on to hold: tags, pins, and groups pinned to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl
from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.mysql import insert

from sidecar.model import Moment, Scope
from sidecar.shop.key_blocks import within
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.slots import Slots
from sidecar.sync.standing import STORED

Kind = Literal["restricted", "no_profiling", "no_marketing"]

#: As long as the columns.
_ACTOR, _REASON = 64, 255

#: What the ladder says beside its memory, where it says nothing.
_NO_MOVE = {
    "move_from": None,
    "move_to": None,
    "move_why": None,
    "group_note": 0,
    "pin_group_ended": False,
    "rungs_out_ended": 0,
}

#: Stored facts of whom nothing is known; the others have no value then.
_NO_FACTS = {"orders": 0, "total_spent": 0}


@dataclass(frozen=True, slots=True)
class Restricted:
    """
    Attributes:
        frozen: Of whose data nothing is made.
        unprofiled: Of whom no rule says anything; without those who are frozen.
    """

    frozen: frozenset[int] = field(default_factory=frozenset)
    unprofiled: frozenset[int] = field(default_factory=frozenset)

    @property
    def everyone(self) -> list[int]:
        """Both, ascending."""
        return sorted(self.frozen | self.unprofiled)


# -- what is said of whom ------------------------------------------------------------------


def read(tx: Connection, own: OwnTables, scope: Scope) -> Restricted:
    """Who of *scope* is restricted; mostly nobody, in one look at a small table."""
    table = own.privacy.restriction
    rows = tx.execute(
        select(table.c.customer_id, table.c.kind).where(
            within(table.c.customer_id, scope), table.c.kind != "no_marketing"
        )
    ).all()
    frozen = frozenset(row.customer_id for row in rows if row.kind == "restricted")
    unprofiled = frozenset(row.customer_id for row in rows if row.kind == "no_profiling")
    return Restricted(frozen, unprofiled - frozen)


def of_customer(tx: Connection, own: OwnTables, customer_id: int) -> list[Row[Any]]:
    """What is so of one customer, by kind: kind, since, actor, reason, request_id."""
    table = own.privacy.restriction
    query = select(table).where(table.c.customer_id == customer_id).order_by(table.c.kind)
    return list(tx.execute(query))


def put(
    tx: Connection,
    own: OwnTables,
    customer_id: int,
    kind: Kind,
    actor: str,
    reason: str,
    moment: Moment,
    request_id: int | None = None,
) -> bool:
    """Let *kind* be so of a customer; False: it is already, and stays as it was entered."""
    values = {
        "customer_id": customer_id,
        "kind": kind,
        "since": moment.epoch_s,
        "actor": actor[:_ACTOR],
        "reason": reason[:_REASON],
        "request_id": request_id,
    }
    statement = insert(own.privacy.restriction).values(**values)
    kept = statement.on_duplicate_key_update(kind=own.privacy.restriction.c.kind)
    return tx.execute(kept).rowcount == 1


def lift(tx: Connection, own: OwnTables, customer_id: int, kind: Kind) -> bool:
    """Let *kind* be so of a customer no more; False: it was not."""
    table = own.privacy.restriction
    here = table.c.customer_id == customer_id, table.c.kind == kind
    return tx.execute(delete(table).where(*here)).rowcount > 0


def without(scope: Scope, ids: Collection[int]) -> list[Scope]:
    """*scope* but for *ids*, in as many parts as it takes; none when nobody is left."""
    if not ids:
        return [scope]
    if scope.ids is not None:
        left = Scope.of(set(scope.ids).difference(ids))
        return [left] if left.ids else []
    parts, first = [], scope.first
    for customer_id in sorted(ids):
        if scope.first <= customer_id <= scope.last:
            parts.append(Scope.span(first, customer_id - 1))
            first = customer_id + 1
    parts.append(Scope.span(first, scope.last))
    return [part for part in parts if part.first <= part.last]


# -- what a look makes of them -------------------------------------------------------------


def hold(
    restricted: Restricted,
    wanted: pl.DataFrame,
    frame: pl.DataFrame,
    standing: pl.DataFrame,
    slots: Slots,
) -> pl.DataFrame:
    """
    *wanted*, as `sidecar.rules.plan.difference` takes it, with what holds of those restricted.

    Who is frozen and was never looked at is left out of it.

    Args:
        wanted: What the rules say of everybody.
        frame: What they were asked with: what stands and what people said, of the same customers.
        standing: What stands, with the stored facts.
    """
    theirs = pl.col("customer_id").is_in(restricted.everyone)
    part = wanted.filter(theirs)
    if part.is_empty():
        return wanted
    said = [name for name in frame.columns if name not in part.columns or name == "customer_id"]
    stood = [name for name in (*STORED.values(), "purchases_mark") if name in part.columns]
    both = part.join(frame.select(said), on="customer_id", maintain_order="left").join(
        standing.select(
            "customer_id", *(pl.col(name).alias(f"{name} now") for name in stood), known=True
        ),
        on="customer_id",
        how="left",
        maintain_order="left",
    )
    is_frozen = pl.col("customer_id").is_in(sorted(restricted.frozen))
    both = both.filter(~is_frozen | pl.col("known").fill_null(False)).with_columns(
        *_facts(stood, is_frozen),
        *_verdicts(slots, is_frozen),
        *_ladder(both, slots),
        pl.col("until_at").alias("next_at"),
    )
    both = both.with_columns(_in_effect(slots, is_frozen))
    held = both.select(pl.col(name).cast(kind) for name, kind in part.schema.items())
    return pl.concat([wanted.filter(~theirs), held]).sort("customer_id")


def bought(
    restricted: Restricted, tx: Connection, own: OwnTables, added: pl.DataFrame, gone: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    What our purchase table lacks and has too many, as those restricted let it be.

    Args:
        added: ``customer_id``, ``product_id`` that it lacks of everybody.
        gone: The same that it has too many.
    """
    others = ~pl.col("customer_id").is_in(restricted.everyone)
    table = own.purchase
    query = select(table.c.customer_id, table.c.product_id)
    kept = tx.execute(query.where(table.c.customer_id.in_(sorted(restricted.unprofiled)))).all()
    theirs = pl.DataFrame([tuple(row) for row in kept], schema=gone.schema, orient="row")
    return added.filter(others), pl.concat([gone.filter(others), theirs])


def _facts(stood: Collection[str], is_frozen: pl.Expr) -> list[pl.Expr]:
    return [
        pl.when(is_frozen)
        .then(f"{name} now")
        .otherwise(pl.lit(0 if name == "purchases_mark" else _NO_FACTS.get(name)))
        .alias(name)
        for name in stood
    ]


def _verdicts(slots: Slots, is_frozen: pl.Expr) -> list[pl.Expr]:
    none = pl.lit(0, dtype=pl.UInt64)
    tags = [
        pl.when(is_frozen).then(f"was:verdict{word}").otherwise(none).alias(f"verdict{word}")
        for word in range(slots.words)
    ]
    return [*tags, *(none.alias(f"segment_verdict{word}") for word in range(slots.segment_words))]


def _in_effect(slots: Slots, is_frozen: pl.Expr) -> list[pl.Expr]:
    """What people said by hand, and of those who are frozen what the rules said before."""
    found = []
    for word in range(slots.words):
        archived = sum(
            1 << tag.slot % 64 for tag in slots.tags.values()
            if tag.archived and tag.slot // 64 == word
        )  # fmt: skip
        in_use = pl.lit(~archived & (2**64 - 1), dtype=pl.UInt64)
        on = pl.col(f"verdict{word}") | pl.col(f"on{word}")
        found.append((on & ~pl.col(f"off{word}") & in_use).alias(f"tags{word}"))
    for word in range(slots.segment_words):
        on = pl.col(f"segment_on{word}") & ~pl.col(f"segment_off{word}")
        none = pl.lit(0, dtype=pl.UInt64)
        found.append(pl.when(is_frozen).then(none).otherwise(on).alias(f"segments{word}"))
    return found


def _ladder(both: pl.DataFrame, slots: Slots) -> list[pl.Expr]:
    """The group stays where it is, but where a person pinned another."""
    if not slots.has_ladder:
        return []
    is_pinned = pl.col("pin_group").is_not_null()
    stays = {name: pl.col(f"was:{name}") for name in (*slots.memory, "rungs")}
    stays |= {name: pl.lit(value) for name, value in _NO_MOVE.items() if name in both.columns}
    return [pl.when(is_pinned).then(name).otherwise(new).alias(name) for name, new in stays.items()]
