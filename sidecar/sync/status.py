"""How the installation is: what `status` says, read from our tables in one look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, func, select

from sidecar.model import Moment
from sidecar.shop import leader
from sidecar.shop.fence import LEAD
from sidecar.shop.lease import LEASE
from sidecar.shop.own_privacy_tables import UNANSWERED
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.size import OwnSize
from sidecar.sync import findings, full_pass, state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.facts import as_json
from sidecar.sync.state import Json

#: Name of the state in which the daemon says how it is.
HEARTBEAT = "daemon"

#: Findings that are shown, the newest.
_FINDINGS = 50


def read(
    tx: Connection, own: OwnTables, database: str, prefix: str, size: OwnSize, moment: Moment
) -> dict[str, Json]:
    """
    Everything that `status` says.

    Returns:
        ``running``: a daemon holds the lock; ``busy``: anybody does. ``daemon``: what it said
        of itself last, also when it is gone; None when there never was one. Instants are UTC
        epoch seconds.
    """
    heartbeat = state.read(tx, own, HEARTBEAT)
    daemon = heartbeat if isinstance(heartbeat, Mapping) else None
    holder = leader.holder(tx, own.source, leader.lock_name(database, prefix))
    running = daemon is not None and holder is not None and daemon["connection_id"] == holder
    return {
        "running": running,
        "busy": holder is not None,
        "mode": daemon["mode"] if running and daemon else None,
        "lag_s": _lag_s(daemon, moment) if running and daemon else None,
        "daemon": daemon,
        "paused": state.read(tx, own, PAUSED),
        "last_full_pass": state.read(tx, own, full_pass.LAST),
        "position": _positions(tx, own),
        "queues": {
            "hints": _count(tx, own.hint),
            "commands": _count(tx, own.command, own.command.c.state.in_(("new", "running"))),
            "due": _count(tx, own.customer, own.customer.c.next_at <= moment.epoch_s),
        },
        "waiting": _waiting(tx, own),
        "held": _held(tx, own),
        "set_aside": _count(tx, own.set_aside),
        "privacy": _privacy(tx, own),
        "findings": [asdict(found) for found in findings.open_findings(tx, own, _FINDINGS)],
        "size": {
            "bytes": size.table_bytes,
            "tables": {
                name: {"rows": rows, "bytes": taken} for name, (rows, taken) in size.tables.items()
            },
            "indexes": size.indexes,
            "index_bytes": size.index_bytes,
        },
    }


def dated(found: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What `read` says, with instants as ISO 8601 in *zone*."""

    def iso(at: object) -> str | None:
        return as_json.iso(at, zone) if isinstance(at, int) else None

    def of(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {**row, **{name: iso(row[name]) for name in names if name in row}}

    daemon = found["daemon"] and {
        **of(found["daemon"], "at", "started_at", "last_cycle_at", "last_full_pass_at"),
        "errors": [of(error, "at") for error in found["daemon"].get("errors", ())],
    }
    return {
        **found,
        "daemon": daemon,
        "paused": found["paused"] and of(found["paused"], "at"),
        "last_full_pass": iso(found["last_full_pass"]),
        "position": {name: of(place, "at") for name, place in found["position"].items()},
        "privacy": of(found["privacy"], "due_at"),
        "waiting": [of(run, "since") for run in found["waiting"]],
        "held": [of(rule, "since") for rule in found["held"]],
        "findings": [of(finding, "first_at", "last_at") for finding in found["findings"]],
    }


def _lag_s(daemon: Mapping[str, Json], moment: Moment) -> Json:
    """Seconds for which changes may not have been looked at: what the daemon said, and since."""
    lag_s, at = daemon["lag_s"], daemon["at"]
    if not isinstance(lag_s, int) or not isinstance(at, int):
        return None
    return max(0, lag_s + moment.epoch_s - at)


def _count(tx: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(tx.scalar(select(func.count()).select_from(table).where(*where)) or 0)


def _positions(tx: Connection, own: OwnTables) -> dict[str, Json]:
    """How far each source has been read, and when that was noted."""
    table = own.source
    read = select(table.c.name, table.c.position, table.c.at).order_by(table.c.name)
    rows = tx.execute(read.where(table.c.name.not_in((LEAD, LEASE))))
    return {row.name: {"position": json.loads(row.position), "at": row.at} for row in rows}


def _waiting(tx: Connection, own: OwnTables) -> Sequence[Json]:
    """Runs that wait for approval, the oldest first, each with its rules."""
    run, rule = own.run, own.rule
    rows = tx.execute(
        select(run.c.run_id, run.c.started_at, run.c.changed)
        .where(run.c.state == "waiting")
        .order_by(run.c.run_id)
    ).all()
    rules = tx.execute(
        select(own.run_rule.c.run_id, rule.c.name, own.run_rule.c.changes)
        .join(rule, rule.c.rule_id == own.run_rule.c.rule_id)
        .where(own.run_rule.c.run_id.in_([row.run_id for row in rows]))
        .order_by(own.run_rule.c.run_id, rule.c.name)
    ).all()
    return [
        {
            "run": row.run_id,
            "since": row.started_at,
            "rules": [found.name for found in rules if found.run_id == row.run_id],
            "customers": row.changed,
            "changes": sum(found.changes for found in rules if found.run_id == row.run_id),
        }
        for row in rows
    ]


def _privacy(tx: Connection, own: OwnTables) -> dict[str, Json]:
    """Requests for one's data that are not answered, until when the first is; who is restricted."""
    request, restriction = own.privacy.privacy_request, own.privacy.restriction
    is_open = request.c.state.in_(UNANSWERED)
    kinds = select(restriction.c.kind, func.count()).group_by(restriction.c.kind)
    number = {str(row[0]): int(row[1]) for row in tx.execute(kinds)}
    return {
        "requests": _count(tx, request, is_open),
        # The last second of the day, as people are told the day.
        "due_at": tx.scalar(select(func.min(request.c.due_at) - 1).where(is_open)),
        **{kind: number.get(kind, 0) for kind in ("restricted", "no_profiling", "no_marketing")},
        "legal_holds": _count(tx, own.privacy.legal_hold),
    }


def _held(tx: Connection, own: OwnTables) -> Sequence[Json]:
    """Rules held by undo or discard, as they stand now."""
    rule = own.rule
    rows = tx.execute(
        select(rule.c.kind, rule.c.name, rule.c.held_at, rule.c.held_by)
        .where(rule.c.held != "", rule.c.held == rule.c.fingerprint)
        .order_by(rule.c.kind, rule.c.name)
    )
    return [
        {"kind": row.kind, "name": row.name, "since": row.held_at, "by_run": row.held_by}
        for row in rows
    ]
