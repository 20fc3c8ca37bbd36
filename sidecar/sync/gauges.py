"""How much waits, is held or set aside: what a monitor wants to know, counted at little cost."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, exists, func, literal, select
from sqlalchemy.sql.selectable import ScalarSelect

from sidecar.model import Moment
from sidecar.shop.own_privacy_tables import UNANSWERED
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import full_pass
from sidecar.sync.compiled_rules import PAUSED

#: Counted so far and no further: a monitor shall not make a long queue longer.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Gauges:
    """
    How our tables are; counts go up to `MOST`.

    Attributes:
        waiting_runs: Runs that wait for approval.
        waiting_since: When the oldest of them began, in UTC epoch seconds; None: there is none.
        held_rules: Rules held by undo or discard, as they stand now.
        set_aside: Customers whose data could not be processed.
        commands: Requests that nobody has answered.
        hints: Customers named by hints.
        due: Customers whose next instant has come.
        findings: Findings that are not mended.
        is_paused: Whether the store's own tables are not written to.
        last_full_pass_at: When the last full pass began that ended; None: there was none.
        requests: Requests for one's data that are not answered.
        request_due_at: Until when the first of them has to be; None: there is none.
    """

    waiting_runs: int
    waiting_since: int | None
    held_rules: int
    set_aside: int
    commands: int
    hints: int
    due: int
    findings: int
    is_paused: bool
    last_full_pass_at: int | None
    requests: int
    request_due_at: int | None


def read_gauges(tx: Connection, own: OwnTables, moment: Moment) -> Gauges:
    """Count, in one statement that reads indexes or tables that stay small."""
    run, rule, state = own.run.c, own.rule.c, own.state.c
    customer, command, finding = own.customer.c, own.command.c, own.finding.c
    request = own.privacy.privacy_request
    is_unanswered = request.c.state.in_(UNANSWERED)
    row = tx.execute(
        select(
            _count(own.run, run.state == "waiting").label("waiting_runs"),
            select(func.min(run.started_at))
            .where(run.state == "waiting")
            .scalar_subquery()
            .label("waiting_since"),
            _count(own.rule, rule.held != "", rule.held == rule.fingerprint).label("held_rules"),
            _count(own.set_aside).label("set_aside"),
            _count(own.command, command.state.in_(("new", "running"))).label("commands"),
            _count(own.hint).label("hints"),
            _count(own.customer, customer.next_at <= moment.epoch_s).label("due"),
            _count(own.finding, finding.mended_at.is_(None)).label("findings"),
            exists().where(state.name == PAUSED).label("is_paused"),
            select(state.value)
            .where(state.name == full_pass.LAST)
            .scalar_subquery()
            .label("last_full_pass"),
            _count(request, is_unanswered).label("requests"),
            select(func.min(request.c.due_at))
            .where(is_unanswered)
            .scalar_subquery()
            .label("request_due_at"),
        )
    ).one()
    last = None if row.last_full_pass is None else json.loads(row.last_full_pass)
    return Gauges(
        waiting_runs=int(row.waiting_runs),
        waiting_since=None if row.waiting_since is None else int(row.waiting_since),
        held_rules=int(row.held_rules),
        set_aside=int(row.set_aside),
        commands=int(row.commands),
        hints=int(row.hints),
        due=int(row.due),
        findings=int(row.findings),
        is_paused=bool(row.is_paused),
        last_full_pass_at=last if isinstance(last, int) else None,
        requests=int(row.requests),
        request_due_at=None if row.request_due_at is None else int(row.request_due_at),
    )


def _count(table: Table, *where: ColumnElement[bool]) -> ScalarSelect[int]:
    some = select(literal(1)).select_from(table).where(*where).limit(MOST).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
