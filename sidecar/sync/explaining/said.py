"""What our tables remember of one customer: who said what, and what happened when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from sidecar.shop.own_tables import OwnTables
from sidecar.sync.slots import Slots

#: Audit entries that are searched for when a tag came and went.
_AUDITED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """
    A row of ``sidecar_assertion``.

    Attributes:
        slot: Of the tag.
        kind: The source kind.
        source_id: Of a merge: the tag that was merged.
        since: When it was first said.
        until: The instant it ends; None: no end.
        requalify: It ends when the rule next turns true.
        actor: Who said it; None: a rule.
        reason: In their words; of an import the file.
    """

    slot: int
    kind: str
    source_id: int
    since: int
    until: int | None
    requalify: bool
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """
    A person's pin of anything.

    Attributes:
        direction: ``in`` or ``out``.
        since: When it was set.
        until: The instant it ends; None: no end.
        requalify: It ends when the rule next turns true.
        actor: Who.
        reason: In their words, or None.
    """

    direction: str
    since: int
    until: int | None
    requalify: bool
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    Attributes:
        assertions: Of every tag, also those that have ended.
        segments: Live pins by segment id.
        groups: Live pins by customer group.
        tag_added: When each tag last came into effect, by tag id, as far as the audit goes back.
        tag_removed: The same of when it went.
        move: The last move to another customer group: ``at``, ``run_id``, ``group_from``,
            ``group_to``, ``group_why``.
        entered: By segment id: the last time they came into it.
        left: The same of when they left it.
        member: By segment id: since when they have a row.
        baseline: By segment id: when the segment was first evaluated.
        set_aside: Why the customer cannot be processed; None: they can.
    """

    assertions: tuple[Assertion, ...]
    segments: Mapping[int, Pinned]
    groups: Mapping[int, Pinned]
    tag_added: Mapping[int, int]
    tag_removed: Mapping[int, int]
    move: Row[Any] | None
    entered: Mapping[int, int]
    left: Mapping[int, int]
    member: Mapping[int, int]
    baseline: Mapping[int, int]
    set_aside: str | None


def read(tx: Connection, own: OwnTables, customer_id: int, slots: Slots, now: int) -> Said:
    """
    What is remembered of a customer.

    Args:
        now: Pins that ended before this instant are left out.
    """
    pins = _pins(tx, own, customer_id, now)
    added, removed, move = _audited(tx, own, customer_id)
    entered, left = _segment_changes(tx, own, customer_id)
    member, segment = own.member, own.segment
    members = select(member.c.segment_id, member.c.since).where(member.c.customer_id == customer_id)
    baselines = select(segment.c.segment_id, segment.c.baseline_at).where(
        segment.c.baseline_at.is_not(None)
    )
    aside = select(own.set_aside.c.error).where(own.set_aside.c.customer_id == customer_id)
    return Said(
        assertions=_assertions(tx, own, customer_id, slots),
        segments={target: pin for (kind, target), pin in pins.items() if kind == "segment"},
        groups={target: pin for (kind, target), pin in pins.items() if kind == "group"},
        tag_added=added,
        tag_removed=removed,
        move=move,
        entered=entered,
        left=left,
        member={row.segment_id: row.since for row in tx.execute(members)},
        baseline={row.segment_id: row.baseline_at for row in tx.execute(baselines)},
        set_aside=tx.scalar(aside),
    )


def _assertions(
    tx: Connection, own: OwnTables, customer_id: int, slots: Slots
) -> tuple[Assertion, ...]:
    table = own.assertion
    rows = tx.execute(
        select(table)
        .where(table.c.customer_id == customer_id)
        .order_by(table.c.tag_id, table.c.source_kind, table.c.source_id)
    )
    return tuple(
        Assertion(
            slot=slots.tags[row.tag_id].slot,
            kind=row.source_kind,
            source_id=row.source_id,
            since=row.since,
            until=row.until,
            requalify=bool(row.requalify),
            actor=row.actor,
            reason=row.reason,
        )
        for row in rows
        if row.tag_id in slots.tags
    )


def _pins(
    tx: Connection, own: OwnTables, customer_id: int, now: int
) -> dict[tuple[str, int], Pinned]:
    table = own.pin
    return {
        (row.kind, row.target_id): Pinned(
            direction=row.direction,
            since=row.since,
            until=row.until,
            requalify=bool(row.requalify),
            actor=row.actor,
            reason=row.reason,
        )
        for row in tx.execute(select(table).where(table.c.customer_id == customer_id))
        if row.until is None or row.until > now
    }


def _audited(
    tx: Connection, own: OwnTables, customer_id: int
) -> tuple[dict[int, int], dict[int, int], Row[Any] | None]:
    audit = own.audit
    rows = tx.execute(
        select(audit)
        .where(audit.c.customer_id == customer_id)
        .order_by(audit.c.at.desc(), audit.c.audit_id.desc())
        .limit(_AUDITED)
    ).all()
    added: dict[int, int] = {}
    removed: dict[int, int] = {}
    for row in rows:
        for ids, found in ((row.tags_added, added), (row.tags_removed, removed)):
            for tag_id in filter(None, ids.split(",")):
                found.setdefault(int(tag_id), row.at)
    moves = [row for row in rows if row.group_to is not None]
    return added, removed, moves[0] if moves else None


def _segment_changes(
    tx: Connection, own: OwnTables, customer_id: int
) -> tuple[dict[int, int], dict[int, int]]:
    change = own.segment_change
    rows = tx.execute(
        select(change.c.segment_id, change.c.entered, func.max(change.c.at).label("at"))
        .where(change.c.customer_id == customer_id)
        .group_by(change.c.segment_id, change.c.entered)
    ).all()
    return (
        {row.segment_id: row.at for row in rows if row.entered},
        {row.segment_id: row.at for row in rows if not row.entered},
    )
