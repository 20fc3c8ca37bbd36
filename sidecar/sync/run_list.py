"""Runs as people see them: those that wait first, then the newest."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from sidecar.model import CHANGES
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import decisions
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import beginning


def read(tx: Connection, own: OwnTables, limit: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """
    Every run that waits, the oldest first, and the last *limit* others, the newest first.

    A loyalty program that waits to begin comes before all of them, as a run without a number
    of the kind ``program``.

    Returns:
        Of each: ``run``, ``kind``, ``state``, ``what``, ``actor`` (None: the sidecar itself),
        ``started_at``, ``finished_at``, ``decided_by``, ``decided_at``, ``undoes``,
        ``customers`` (looked at), ``changed``, ``set_aside``, ``changes`` by kind, and
        ``rules``, the names of those that wait in it or wrote a step. Instants are ISO 8601
        in *zone*; None where there is none.
    """
    run = own.run
    waits = tx.execute(select(run).where(run.c.state == "waiting").order_by(run.c.run_id)).all()
    others = tx.execute(
        select(run).where(run.c.state != "waiting").order_by(run.c.run_id.desc()).limit(limit)
    ).all()
    rows = [*waits, *others]
    rules = decisions.rules_of(tx, own, [row.run_id for row in rows])
    told = [_told(row, rules[row.run_id], zone) for row in rows]
    program = beginning.waiting(tx, own)
    return told if program is None else [_program(*program, zone), *told]


def _program(at: int, customers: int, what: str, zone: ZoneInfo) -> dict[str, Any]:
    nothing = ("actor", "finished_at", "decided_by", "decided_at", "undoes")
    return {
        "run": None,
        "kind": "program",
        "state": "waiting",
        "what": what,
        "started_at": as_json.iso(at, zone),
        "customers": customers,
        "changed": customers,
        "set_aside": 0,
        "changes": dict.fromkeys(CHANGES, 0),
        "rules": [],
        **dict.fromkeys(nothing),
    }


def _told(row: Row[Any], rules: list[str], zone: ZoneInfo) -> dict[str, Any]:
    def instant(at: int | None) -> str | None:
        return None if at is None else as_json.iso(at, zone)

    return {
        "run": row.run_id,
        "kind": row.kind,
        "state": row.state,
        "what": row.what,
        "actor": row.actor,
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
        "decided_by": row.decided_by,
        "decided_at": instant(row.decided_at),
        "undoes": row.undoes,
        "customers": row.customers,
        "changed": row.changed,
        "set_aside": row.set_aside,
        "changes": {kind: getattr(row, kind) for kind in CHANGES},
        "rules": rules,
    }
