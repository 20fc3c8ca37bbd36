"""
Purges: what a retention rule would erase or did, one row each, and who let it.

The first purge of a rule waits for approval, also after its text became another; so does one
of more persons or rows than the rule may end in a day. One that is discarded holds its rule
until that becomes another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select, update

from sidecar.errors import UsageError
from sidecar.model import Moment, fold
from sidecar.privacy import acts
from sidecar.rules.privacy.retention import RetentionRule
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.facts import as_json

State = Literal["waiting", "running", "done", "discarded", "obsolete"]

#: As long as the column.
_NAME = 255


@dataclass(frozen=True, slots=True)
class Purge:
    """
    Attributes:
        purge_id: Its number.
        rule: The rule's name, folded.
        fingerprint: Of what the rule said.
        planned: Persons or rows that were too old when it was planned.
        erased: Of those that were ended so far.
        decided_by: Who approved or discarded it; None: nobody was asked, or not yet.
        result: Counts of what was done, by table; None until it is done.
    """

    purge_id: int
    rule: str
    fingerprint: str
    state: State
    planned: int
    erased: int
    planned_at: int
    decided_by: str | None
    decided_at: int | None
    finished_at: int | None
    result: Mapping[str, Any] | None


def plan(
    tx: Connection, own: OwnTables, rule: RetentionRule, number: int, most: int, moment: Moment
) -> Purge | None:
    """
    Note that *number* persons or rows are too old by *rule*.

    Args:
        most: So many may be ended without approval, once the rule was approved of.

    Returns:
        A purge that waits, or may begin; None: the rule is held, or there is nothing to do.
    """
    table = own.privacy.purge
    last = last_of(tx, own, rule)
    if last is not None and last.state in ("waiting", "running"):
        if last.fingerprint == rule.fingerprint:
            return _renewed(tx, own, last, number, moment)
        _set(tx, own, last.purge_id, state="obsolete", finished_at=moment.epoch_s)
    if not number:
        return None
    known = last is not None and last.fingerprint == rule.fingerprint
    if known and last is not None and last.state == "discarded":
        return None
    state: State = "running" if known and _was_let(tx, own, rule) and number <= most else "waiting"
    made = tx.execute(
        insert(table).values(
            rule=fold(rule.name)[:_NAME],
            fingerprint=rule.fingerprint,
            state=state,
            planned=number,
            erased=0,
            planned_at=moment.epoch_s,
        )
    ).inserted_primary_key
    return read(tx, own, int(made[0]) if made else 0)


def _renewed(
    tx: Connection, own: OwnTables, purge: Purge, number: int, moment: Moment
) -> Purge | None:
    if purge.state == "running":
        return purge
    if not number:
        _set(tx, own, purge.purge_id, state="obsolete", finished_at=moment.epoch_s)
        return None
    _set(tx, own, purge.purge_id, planned=number, planned_at=moment.epoch_s)
    return read(tx, own, purge.purge_id)


def _was_let(tx: Connection, own: OwnTables, rule: RetentionRule) -> bool:
    """Whether a person approved of the rule as it is."""
    table = own.privacy.purge
    query = select(table.c.purge_id).where(
        table.c.rule == fold(rule.name)[:_NAME],
        table.c.fingerprint == rule.fingerprint,
        table.c.state == "done",
    )
    return tx.scalar(query.limit(1)) is not None


def approve(tx: Connection, own: OwnTables, purge_id: int, actor: str, moment: Moment) -> Purge:
    """
    Let a purge begin.

    Raises:
        UsageError: There is none of that number, or it does not wait.
    """
    return _decide(tx, own, purge_id, "running", actor, moment)


def discard(tx: Connection, own: OwnTables, purge_id: int, actor: str, moment: Moment) -> Purge:
    """
    Drop a purge, and hold its rule until it becomes another.

    Raises:
        UsageError: There is none of that number, or it does not wait.
    """
    return _decide(tx, own, purge_id, "discarded", actor, moment)


def _decide(
    tx: Connection, own: OwnTables, purge_id: int, state: State, actor: str, moment: Moment
) -> Purge:
    purge = read(tx, own, purge_id, lock=True)
    if purge.state != "waiting":
        raise UsageError(f"purge {purge_id} does not wait: it is {purge.state}")
    finished_at = moment.epoch_s if state == "discarded" else None
    _set(
        tx,
        own,
        purge_id,
        state=state,
        decided_by=actor[: acts.ACTOR],
        decided_at=moment.epoch_s,
        finished_at=finished_at,
    )
    act = "purge approved" if state == "running" else "purge discarded"
    acts.note(tx, own, act, actor, moment, reason=f"purge {purge_id} of {purge.rule}")
    return read(tx, own, purge_id)


def running(tx: Connection, own: OwnTables) -> Sequence[Purge]:
    """Purges that may go on, the oldest first."""
    table = own.privacy.purge
    query = select(table).where(table.c.state == "running").order_by(table.c.purge_id)
    return [_purge(row) for row in tx.execute(query)]


def wait_again(tx: Connection, own: OwnTables, purge_id: int, number: int, moment: Moment) -> None:
    """Let a purge that began nothing yet wait, since it would end *number* persons or rows."""
    _set(tx, own, purge_id, state="waiting", planned=number, planned_at=moment.epoch_s)


def note_erased(tx: Connection, own: OwnTables, purge_id: int, number: int) -> None:
    """Count *number* more persons or rows as ended."""
    table = own.privacy.purge
    tx.execute(
        update(table).where(table.c.purge_id == purge_id).values(erased=table.c.erased + number)
    )


def count_erased(tx: Connection, own: OwnTables, purge_id: int) -> None:
    """Count the persons whose erasure for that purge is verified."""
    erasure = own.privacy.erasure
    query = select(func.count()).where(
        erasure.c.purge_id == purge_id, erasure.c.stage == "verified"
    )
    _set(tx, own, purge_id, erased=tx.scalar(query.select_from(erasure)))


def finish(
    tx: Connection, own: OwnTables, purge_id: int, result: Mapping[str, Any], moment: Moment
) -> None:
    """Note that a purge is done, with counts of what it did."""
    said = json.dumps(result, separators=(",", ":"))
    _set(tx, own, purge_id, state="done", finished_at=moment.epoch_s, result=said)


def end(tx: Connection, own: OwnTables, purge_id: int, moment: Moment) -> None:
    """Note that a purge that began is not gone on with: its rule is gone, or another."""
    _set(tx, own, purge_id, state="obsolete", finished_at=moment.epoch_s)


def read(tx: Connection, own: OwnTables, purge_id: int, *, lock: bool = False) -> Purge:
    """
    The purge of that number.

    Raises:
        UsageError: There is none.
    """
    table = own.privacy.purge
    query = select(table).where(table.c.purge_id == purge_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UsageError(f"there is no purge {purge_id} (`sidecar gdpr purges` shows them)")
    return _purge(row)


def listed(tx: Connection, own: OwnTables, limit: int) -> Sequence[Purge]:
    """The newest purges, at most *limit*."""
    table = own.privacy.purge
    rows = tx.execute(select(table).order_by(table.c.purge_id.desc()).limit(limit))
    return [_purge(row) for row in rows]


def last_of(tx: Connection, own: OwnTables, rule: RetentionRule) -> Purge | None:
    """The newest purge of *rule*, locked; None: there was none that counts."""
    table = own.privacy.purge
    query = select(table).where(table.c.rule == fold(rule.name)[:_NAME])
    query = query.where(table.c.state != "obsolete").order_by(table.c.purge_id.desc()).limit(1)
    row = tx.execute(query.with_for_update()).one_or_none()
    return None if row is None else _purge(row)


def told(purge: Purge, moment: Moment) -> dict[str, Any]:
    """*purge* as JSON."""

    def at(epoch_s: int | None) -> str | None:
        return None if epoch_s is None else as_json.iso(epoch_s, moment.zone)

    return {
        "purge": purge.purge_id,
        "rule": purge.rule,
        "state": purge.state,
        "planned": purge.planned,
        "erased": purge.erased,
        "planned_at": at(purge.planned_at),
        "decided_by": purge.decided_by,
        "decided_at": at(purge.decided_at),
        "finished_at": at(purge.finished_at),
        "result": purge.result,
    }


def _set(tx: Connection, own: OwnTables, purge_id: int, **values: object) -> None:
    table = own.privacy.purge
    tx.execute(update(table).where(table.c.purge_id == purge_id).values(**values))


def _purge(row: Row[Any]) -> Purge:
    values = {name: getattr(row, name) for name in Purge.__dataclass_fields__}
    values["result"] = None if row.result is None else json.loads(row.result)
    return Purge(**values)
