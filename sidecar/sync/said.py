"""
What people said of customers, before and after a run: kept so that it can be undone.

That is every assertion no rule made, every pin, and, where these concern the customer
group, what the ladder remembered. Nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Column, Connection, Table, delete, insert, select, tuple_
from sqlalchemy.dialects.mysql import insert as upsert

from sidecar.rules.ladder import MEMORY
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import assertions, pins

#: Rows in one statement.
_CHUNK = 1_000

#: What is said of: a tag or segment by its id; of the customer group as a whole, 0.
Item = tuple[Literal["tag", "segment", "group"], int]

#: One row: the values of its columns but for the customer.
Row = tuple[Any, ...]

_ASSERTION = (
    "tag_id",
    "source_kind",
    "source_id",
    "since",
    "until",
    "actor",
    "reason",
    "requalify",
)
_REQUALIFY = _ASSERTION.index("requalify")
_PIN = ("kind", "target_id", "direction", "since", "until", "requalify", "actor", "reason")

_Rows = dict[Item, frozenset[Row]]


@dataclass(slots=True)
class Said:
    """
    What is said of one customer.

    Attributes:
        rows: By item: rows of assertions (of tags) or pins.
        memory: Of the ladder, in the order of `MEMORY`; None: not kept.
    """

    rows: _Rows = field(default_factory=dict)
    memory: Row | None = None

    def of(self, item: Item) -> frozenset[Row]:
        """The rows of *item*."""
        return self.rows.get(item, frozenset())


@dataclass(frozen=True, slots=True)
class Turn:
    """What a command replaced or ended, and what it put in its place; only what differs."""

    before: Said
    after: Said

    @property
    def items(self) -> list[Item]:
        """What was said anew."""
        group: list[Item] = [("group", 0)] if self.before.memory is not None else []
        return sorted({*self.before.rows, *self.after.rows, *group})


def read(tx: Connection, own: OwnTables, ids: Sequence[int]) -> dict[int, Said]:
    """What is said of each of customers *ids* now."""
    found = {customer_id: Said() for customer_id in ids}
    empty = (None,) * len(MEMORY)
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        memory = select(*_columns(own.customer, MEMORY))
        for customer_id, *values in tx.execute(memory.where(own.customer.c.customer_id.in_(part))):
            found[customer_id].memory = tuple(values)
        table = own.assertion
        spoken = select(*_columns(table, _ASSERTION)).where(
            table.c.customer_id.in_(part), table.c.source_kind != "rule"
        )
        for customer_id, *row in tx.execute(spoken):
            _put(found[customer_id], ("tag", row[0]), tuple(row))
        pinned = select(*_columns(own.pin, _PIN)).where(own.pin.c.customer_id.in_(part))
        for customer_id, kind, *row in tx.execute(pinned):
            item: Item = ("group", 0) if kind == "group" else ("segment", row[0])
            _put(found[customer_id], item, (kind, *row))
    for said in found.values():
        said.memory = said.memory or empty
    return found


def _columns(table: Table, names: Iterable[str]) -> list[Column[Any]]:
    return [table.c.customer_id, *(table.c[name] for name in names)]


def _put(said: Said, item: Item, row: Row) -> None:
    said.rows[item] = said.of(item) | {row}


def note(
    tx: Connection,
    own: OwnTables,
    number: Callable[[], int],
    before: Mapping[int, Said],
    after: Mapping[int, Said],
) -> None:
    """Keep what differs, as of the run whose *number* is asked only where something does."""
    rows = []
    for customer_id, was in before.items():
        turn = _turn(was, after[customer_id])
        if turn is not None:
            before_text, after_text = _text(turn.before), _text(turn.after)
            rows.append((customer_id, before_text, after_text))
    if not rows:
        return
    run_id = number()
    for start in range(0, len(rows), _CHUNK):
        tx.execute(
            insert(own.audit_pin),
            [
                {"run_id": run_id, "customer_id": customer_id, "before": was, "after": is_}
                for customer_id, was, is_ in rows[start : start + _CHUNK]
            ],
        )


def note_ended(
    tx: Connection,
    own: OwnTables,
    run_id: int,
    was: Mapping[int, Said],
    ended: Mapping[int, Collection[int]],
) -> None:
    """
    Keep, as of the run *run_id*, the pins that ended because a rule turned true.

    Args:
        was: What was said until then of the customers concerned.
        ended: By customer: the ids of the tags.
    """
    noted = turns(tx, own, run_id, sorted(ended)) if ended else {}
    rows = []
    for customer_id, tag_ids in ended.items():
        turn = noted.get(customer_id) or Turn(Said(), Said())
        items: list[Item] = [("tag", tag_id) for tag_id in tag_ids]
        for item in items:
            before = was[customer_id].of(item)
            if item not in turn.items:
                turn.before.rows[item] = before
            turn.before.rows.setdefault(item, frozenset())
            lasts = frozenset(row for row in before if not row[_REQUALIFY])
            turn.after.rows[item] = lasts
            if turn.before.of(item) == lasts:  # it was said and ended in one run
                del turn.before.rows[item], turn.after.rows[item]
        rows.append((customer_id, _text(turn.before), _text(turn.after)))
    for start in range(0, len(rows), _CHUNK):
        statement = upsert(own.audit_pin).values(
            [
                {"run_id": run_id, "customer_id": customer_id, "before": before, "after": after}
                for customer_id, before, after in rows[start : start + _CHUNK]
            ]
        )
        new = statement.inserted
        tx.execute(statement.on_duplicate_key_update(before=new.before, after=new.after))


def _turn(was: Said, is_: Said) -> Turn | None:
    items = {item for item in {*was.rows, *is_.rows} if was.of(item) != is_.of(item)}
    group = ("group", 0) in items or was.memory != is_.memory
    if not items and not group:
        return None
    memory = (was.memory, is_.memory) if group else (None, None)
    return Turn(
        Said({item: was.of(item) for item in items if was.of(item)}, memory[0]),
        Said({item: is_.of(item) for item in items if is_.of(item)}, memory[1]),
    )


def _text(said: Said) -> str:
    rows = {kind: sorted(map(list, _of_kind(said, kind)), key=repr) for kind in ("tag", "pin")}
    memory = {} if said.memory is None else {"ladder": dict(zip(MEMORY, said.memory, strict=True))}
    return json.dumps(
        {"assertions": rows["tag"], "pins": rows["pin"], **memory}, separators=(",", ":")
    )


def _of_kind(said: Said, kind: str) -> Iterable[Row]:
    for item, rows in said.rows.items():
        if (item[0] == "tag") == (kind == "tag"):
            yield from rows


def turns(tx: Connection, own: OwnTables, run_id: int, ids: Sequence[int]) -> dict[int, Turn]:
    """What the run *run_id* said anew of each of customers *ids*; those it said nothing of lack."""
    table = own.audit_pin
    found: dict[int, Turn] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(table.c.customer_id, table.c.before, table.c.after).where(
            table.c.run_id == run_id, table.c.customer_id.in_(ids[start : start + _CHUNK])
        )
        for customer_id, before, after in tx.execute(query):
            found[customer_id] = Turn(_parsed(before), _parsed(after))
    return found


def _parsed(text: str) -> Said:
    kept = json.loads(text)
    said = Said()
    for row in kept["assertions"]:
        _put(said, ("tag", row[0]), tuple(row))
    for row in kept["pins"]:
        _put(said, ("group", 0) if row[0] == "group" else ("segment", row[1]), tuple(row))
    if "ladder" in kept:
        said.memory = tuple(kept["ladder"].get(name) for name in MEMORY)
    return said


def put_back(
    tx: Connection, own: OwnTables, wanted: Mapping[int, Collection[tuple[Item, Turn]]]
) -> None:
    """For each customer, say of these items again what was said before, and only that."""
    gone: list[tuple[Item, int, Row]] = []
    back: list[tuple[Item, int, Row]] = []
    for customer_id, items in wanted.items():
        for item, turn in items:
            gone += [(item, customer_id, row) for row in turn.after.of(item)]
            back += [(item, customer_id, row) for row in turn.before.of(item)]
    _swap(tx, own.assertion, _ASSERTION, 3, gone, back, tags=True)
    _swap(tx, own.pin, _PIN, 2, gone, back, tags=False)
    ids = sorted(wanted)
    assertions.count_others(tx, own, ids)
    pins.count(tx, own, ids)


def _swap(
    tx: Connection,
    table: Table,
    names: Sequence[str],
    key: int,
    gone: Iterable[tuple[Item, int, Row]],
    back: Iterable[tuple[Item, int, Row]],
    *,
    tags: bool,
) -> None:
    """Delete the rows *gone* of *table* and insert those of *back*; *key*: columns of its key."""
    columns: list[Column[Any]] = [table.c.customer_id, *(table.c[name] for name in names[:key])]
    away = [(who, *row[:key]) for item, who, row in gone if (item[0] == "tag") == tags]
    for start in range(0, len(away), _CHUNK):
        part = away[start : start + _CHUNK]
        ids = sorted({row[0] for row in part})
        # The ids alone let the index be used.
        here = table.c.customer_id.in_(ids) & tuple_(*columns).in_(part)
        tx.execute(delete(table).where(here))
    rows = [
        {"customer_id": who, **dict(zip(names, row, strict=True))}
        for item, who, row in back
        if (item[0] == "tag") == tags
    ]
    for start in range(0, len(rows), _CHUNK):
        statement = upsert(table).values(rows[start : start + _CHUNK])
        changed = {name: statement.inserted[name] for name in names[key:]}
        tx.execute(statement.on_duplicate_key_update(changed))
