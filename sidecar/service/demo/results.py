"""What the daemon writes while it runs, read from our own tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select

from sidecar.service.demo.events import Came
from sidecar.shop.own_tables import own_tables
from sidecar.shop.tables import store_tables

#: The language whose names are shown.
_LANGUAGE = 1


@dataclass(slots=True)
class _Found:
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    group: str = ""


class Results:
    """
    Follows the audit and the history of segments.

    Args:
        engine: Of the store.
    """

    def __init__(self, engine: Engine, prefix: str) -> None:
        self._engine = engine
        own = own_tables(prefix)
        self._audit, self._change = own.audit, own.segment_change
        self._tag, self._segment = own.tag, own.segment
        description = store_tables(prefix, "4.1").customer_group_description
        with engine.connect() as tx:
            self._audit_id = _highest(tx, self._audit, "audit_id")
            self._change_id = _highest(tx, self._change, "change_id")
            named = select(description.c.customer_group_id, description.c.name)
            rows = tx.execute(named.where(description.c.language_id == _LANGUAGE))
            self._groups: dict[int, str] = {int(row[0]): str(row[1]) for row in rows}

    def new(self) -> dict[int, Came]:
        """What was written since the last call, by customer."""
        found: dict[int, _Found] = defaultdict(_Found)
        with self._engine.connect() as tx:
            self._tags_and_groups(tx, found)
            self._segments(tx, found)
        return {
            customer: Came(
                tuple(one.gained), tuple(one.lost), tuple(one.entered), tuple(one.left), one.group
            )
            for customer, one in found.items()
        }

    def _tags_and_groups(self, tx: Connection, found: dict[int, _Found]) -> None:
        audit = self._audit
        query = select(
            audit.c.audit_id,
            audit.c.customer_id,
            audit.c.tags_added,
            audit.c.tags_removed,
            audit.c.group_to,
        )
        rows = tx.execute(query.where(audit.c.audit_id > self._audit_id).order_by("audit_id")).all()
        if not rows:
            return
        names = {str(row[0]): str(row[1]) for row in tx.execute(_names(self._tag, "tag_id"))}
        for row in rows:
            self._audit_id = row.audit_id
            one = found[row.customer_id]
            one.gained += [names[tag] for tag in (row.tags_added or "").split(",") if tag]
            one.lost += [names[tag] for tag in (row.tags_removed or "").split(",") if tag]
            if row.group_to is not None:
                one.group = self._groups[row.group_to]

    def _segments(self, tx: Connection, found: dict[int, _Found]) -> None:
        change = self._change
        query = select(
            change.c.change_id, change.c.customer_id, change.c.segment_id, change.c.entered
        )
        last = change.c.change_id > self._change_id
        rows = tx.execute(query.where(last).order_by("change_id")).all()
        if not rows:
            return
        names = {row[0]: str(row[1]) for row in tx.execute(_names(self._segment, "segment_id"))}
        for row in rows:
            self._change_id = row.change_id
            one = found[row.customer_id]
            (one.entered if row.entered else one.left).append(names[row.segment_id])


def _highest(tx: Connection, table: Table, key: str) -> int:
    return int(tx.scalar(select(func.max(table.c[key]))) or 0)


def _names(table: Table, key: str) -> Any:
    return select(table.c[key], table.c.name)
