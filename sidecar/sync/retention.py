"""
What is deleted of our tables with age: history, answered requests, what was mended.

Rows are found by an index of their time and deleted by their key, a thousand in a
transaction: the store never waits, and a deletion that is interrupted goes on the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    delete,
    func,
    select,
    tuple_,
)

from sidecar.config import Age
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import selections

#: Rows in one transaction.
BATCH = 1_000

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Ages:
    """
    How old rows become.

    Attributes:
        audit: The audit, runs, and entries and exits of segments.
        commands: Answered commands, and findings since they were mended.
    """

    audit: Age
    commands: Age


@dataclass(slots=True)
class Deleted:
    """How many rows were deleted, by table."""

    audit: int = 0
    audit_pin: int = 0
    segment_change: int = 0
    run: int = 0
    rfm_limits: int = 0
    command: int = 0
    finding: int = 0
    hint: int = 0
    selection: int = 0


def clean(
    engine: Engine, own: OwnTables, ages: Ages, moment: Moment, stop: Callable[[], bool]
) -> Deleted:
    """
    Delete what is older than *ages* at *moment*.

    A run stays while it waits, while a rule is held by it, while another run undoes it and
    while a row of the audit is newer. What is true now is never deleted: tags, pins, members.

    Args:
        stop: Asked before each batch; True ends it, and the rest stays for the next time.
    """
    history = int(ages.audit.before(moment.now).timestamp())
    answered = int(ages.commands.before(moment.now).timestamp())
    audit, change, limits = own.audit, own.segment_change, own.rfm_limits
    command, finding, hint = own.command, own.finding, own.hint

    def sweep(table: Table, by: Column[int], *conditions: ColumnElement[bool]) -> int:
        return _sweep(engine, table, by, conditions, stop)

    deleted = Deleted()
    deleted.audit = sweep(audit, audit.c.at, audit.c.at < history)
    deleted.segment_change = sweep(change, change.c.at, change.c.at < history)
    _clean_runs(engine, own, history, deleted, stop)
    with transaction(engine) as tx:
        newest = tx.scalar(select(func.max(limits.c.limits_id))) or 0
        looked = _last_full_pass(tx, own)
    deleted.rfm_limits = sweep(
        limits,
        limits.c.limits_id,
        limits.c.limits_id < newest,
        limits.c.computed_at < history,
    )
    deleted.command = sweep(
        command,
        command.c.created_at,
        command.c.created_at < answered,
        command.c.finished_at < answered,
        command.c.state.not_in(("new", "running")),
    )
    deleted.finding = sweep(finding, finding.c.finding_id, finding.c.mended_at < answered)
    # Without a daemon nobody consumes them; a full pass has looked at these customers since.
    seen = min(looked, moment.epoch_s - _DAY_S)
    deleted.hint = sweep(hint, hint.c.hint_id, hint.c.at < seen)
    with transaction(engine) as tx:
        over = selections.over(tx, own, moment)
    deleted.selection = sum(selections.forget(engine, own, each, stop) for each in over)
    return deleted


def _sweep(
    engine: Engine,
    table: Table,
    by: Column[int],
    conditions: Sequence[ColumnElement[bool]],
    stop: Callable[[], bool],
) -> int:
    """Delete the rows of *table* that *conditions* find, in the order *by*; returns how many."""
    (key,) = table.primary_key.columns
    total = 0
    while not stop():
        with transaction(engine) as tx:
            keys = tx.scalars(select(key).where(*conditions).order_by(by).limit(BATCH)).all()
            if keys:
                total += tx.execute(delete(table).where(key.in_(keys))).rowcount
        if len(keys) < BATCH:
            break
    return total


def _last_full_pass(tx: Connection, own: OwnTables) -> int:
    """When the last full pass that came to its end began; 0: none did."""
    run = own.run
    found = tx.scalar(
        select(run.c.started_at)
        .where(run.c.kind == "full", run.c.state.in_(("applied", "waiting")))
        .order_by(run.c.started_at.desc())
        .limit(1)
    )
    return int(found or 0)


def _clean_runs(
    engine: Engine, own: OwnTables, before: int, deleted: Deleted, stop: Callable[[], bool]
) -> None:
    run = own.run
    order = tuple_(run.c.started_at, run.c.run_id)
    last = (0, 0)
    while not stop():
        with transaction(engine) as tx:
            query = (
                select(run.c.started_at, run.c.run_id)
                .where(run.c.started_at >= last[0], run.c.started_at < before, order > last)
                .where(run.c.state.not_in(("running", "waiting")))
                .order_by(run.c.started_at, run.c.run_id)
                .limit(BATCH)
            )
            old = [(int(row[0]), int(row[1])) for row in tx.execute(query)]
        if not old:
            break
        last = old[-1]
        numbers = [number for _, number in old]
        deleted.audit_pin += _clean_pins(engine, own, numbers, stop)
        if stop():
            break
        with transaction(engine) as tx:
            gone = sorted(set(numbers) - _needed(tx, own, numbers))
            if gone:
                tx.execute(delete(own.run_rule).where(own.run_rule.c.run_id.in_(gone)))
                deleted.run += tx.execute(delete(run).where(run.c.run_id.in_(gone))).rowcount


def _clean_pins(
    engine: Engine, own: OwnTables, runs: Sequence[int], stop: Callable[[], bool]
) -> int:
    pin = own.audit_pin
    key = tuple_(pin.c.run_id, pin.c.customer_id)
    total = 0
    while not stop():
        with transaction(engine) as tx:
            query = select(pin.c.run_id, pin.c.customer_id).where(pin.c.run_id.in_(runs))
            keys = [tuple(row) for row in tx.execute(query.limit(BATCH))]
            if keys:
                total += tx.execute(delete(pin).where(key.in_(keys))).rowcount
        if len(keys) < BATCH:
            break
    return total


def _needed(tx: Connection, own: OwnTables, runs: Sequence[int]) -> set[int]:
    """Those of *runs* that something still leads to."""
    leading = (own.audit.c.run_id, own.audit_pin.c.run_id, own.rule.c.held_by, own.run.c.undoes)
    return {
        int(number)
        for column in leading
        for number in tx.scalars(select(column).where(column.in_(runs)).distinct())
    }
