"""What a run did to each customer by the audit, and what was changed again since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from sidecar.rules.ladder_memory import FELL, FELL_OFF, ROSE, WRITTEN_AGAIN
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.said import Item

#: Customers in one statement.
_CHUNK = 1_000

_GROUP: Item = ("group", 0)

_Turned = Mapping[int, bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One row of the audit.

    Attributes:
        run_id: Whose.
        undoes: The run that run undid; None: it was no undo.
        tags: By tag id: whether it came into effect, or went out of it.
        verdicts: By tag id: whether its rule turned true, or false.
        group: From which customer group to which; None: not moved.
    """

    run_id: int
    undoes: int | None
    tags: _Turned = field(default_factory=dict)
    verdicts: _Turned = field(default_factory=dict)
    group: tuple[int, int] | None = None

    @property
    def items(self) -> set[Item]:
        """What it is about."""
        found: set[Item] = {("tag", tag_id) for tag_id in (*self.tags, *self.verdicts)}
        return found | {_GROUP} if self.group else found


@dataclass(frozen=True, slots=True)
class Done:
    """
    What a run did to one customer, altogether.

    Attributes:
        tags: By tag id: whether it is in effect since.
        verdicts: By tag id: whether its rule says so since.
        group: From which customer group to which; None: not moved.
        since: The run that changed an item again; 0 stands for none that can be named.
    """

    tags: _Turned = field(default_factory=dict)
    verdicts: _Turned = field(default_factory=dict)
    group: tuple[int, int] | None = None
    since: Mapping[Item, int] = field(default_factory=dict)


def customers(tx: Connection, own: OwnTables, run_id: int) -> list[int]:
    """Every customer that the run changed, or of whom it said something anew, ascending."""
    found: set[int] = set()
    for table in (own.audit, own.audit_pin):
        query = select(table.c.customer_id).distinct().where(table.c.run_id == run_id)
        found.update(tx.scalars(query))
    return sorted(found)


def rules_of(tx: Connection, own: OwnTables, run_id: int) -> tuple[set[int], bool]:
    """The ids of tags whose rules wrote a step in the run; and whether the ladder did."""
    audit = own.audit
    turned = select(audit.c.asserted, audit.c.retracted).distinct().where(audit.c.run_id == run_id)
    tags = {tag_id for row in tx.execute(turned) for listed in row for tag_id in _ids(listed)}
    # They rose, fell, fell off, or a stale form was written again; the others people said.
    ladders = audit.c.group_why.in_((ROSE, FELL, FELL_OFF, WRITTEN_AGAIN))
    moved = select(func.count()).where(audit.c.run_id == run_id, ladders)
    return tags, bool(tx.scalar(moved))


def removed_tags(tx: Connection, own: OwnTables, run_id: int) -> set[int]:
    """The ids of tags that went out of effect in the run."""
    audit = own.audit
    query = select(audit.c.tags_removed).distinct().where(audit.c.run_id == run_id)
    return {tag_id for listed in tx.scalars(query) for tag_id in _ids(listed)}


def moved_groups(tx: Connection, own: OwnTables, run_id: int) -> bool:
    """Whether the run moved anybody to another customer group."""
    audit = own.audit
    query = select(func.count()).where(audit.c.run_id == run_id, audit.c.group_to.is_not(None))
    return bool(tx.scalar(query))


def read(tx: Connection, own: OwnTables, run_id: int, ids: Sequence[int]) -> dict[int, Done]:
    """What the run did to each of customers *ids*; those it did nothing to lack."""
    audit, run = own.audit, own.run
    first = tx.scalar(select(func.min(audit.c.audit_id)).where(audit.c.run_id == run_id))
    if first is None:
        return {}
    entries: dict[int, list[Entry]] = {}
    for start in range(0, len(ids), _CHUNK):
        query = (
            select(audit, run.c.undoes)
            .outerjoin(run, run.c.run_id == audit.c.run_id)
            .where(audit.c.customer_id.in_(ids[start : start + _CHUNK]), audit.c.audit_id >= first)
            .order_by(audit.c.audit_id)
        )
        for row in tx.execute(query):
            moved = None if row.group_to is None else (row.group_from, row.group_to)
            entry = Entry(
                row.run_id,
                row.undoes,
                _turned(row.tags_added, row.tags_removed),
                _turned(row.asserted, row.retracted),
                moved,
            )
            entries.setdefault(row.customer_id, []).append(entry)
    found = {customer_id: done(run_id, theirs) for customer_id, theirs in entries.items()}
    return {customer_id: did for customer_id, did in found.items() if did is not None}


def done(run_id: int, entries: Sequence[Entry]) -> Done | None:
    """What the run did by *entries* of one customer, the oldest first; None: nothing."""
    mine = [entry for entry in entries if entry.run_id == run_id]
    if not mine:
        return None
    moves = [entry.group for entry in mine if entry.group]
    group = (moves[0][0], moves[-1][1]) if moves and moves[0][0] != moves[-1][1] else None
    later = entries[entries.index(mine[0]) + 1 :]
    items = set().union(*(entry.items for entry in mine))
    since = {item: changed for item in items if (changed := _since(run_id, later, item))}
    return Done(
        _altogether(entry.tags for entry in mine),
        _altogether(entry.verdicts for entry in mine),
        group,
        since,
    )


def _since(run_id: int, later: Iterable[Entry], item: Item) -> int | None:
    """The last run that changed *item* and was not undone itself."""
    standing: list[int] = []
    reverted: set[int] = set()
    for entry in later:
        if item not in entry.items or entry.run_id == run_id or entry.run_id in reverted:
            continue
        if entry.undoes == run_id:
            # An undo of this very run that was broken off.
            continue
        if entry.undoes in standing:
            standing = [number for number in standing if number != entry.undoes]
            reverted.add(entry.run_id)  # of which there may be two entries
        else:
            standing.append(entry.run_id)
    return standing[-1] if standing else None


def _altogether(parts: Iterable[_Turned]) -> _Turned:
    """What stands at the end where that is not what was there before the first."""
    first: dict[int, bool] = {}
    last: dict[int, bool] = {}
    for part in parts:
        for tag_id, on in part.items():
            first.setdefault(tag_id, on)
            last[tag_id] = on
    return {tag_id: on for tag_id, on in last.items() if on == first[tag_id]}


def _turned(on: str | None, off: str | None) -> _Turned:
    return dict.fromkeys(_ids(off), False) | dict.fromkeys(_ids(on), True)


def _ids(listed: str | None) -> list[int]:
    return [int(part) for part in (listed or "").split(",") if part]
