"""
Commands as rows: asked, taken up, answered.

``new`` → ``running`` → ``done``, ``waiting`` or ``failed``. Each step moves a row only
out of the state before it, so that nothing is answered twice. Nothing here commits.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Select, func, select, update
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import FatalError, UsageError
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.commands import checking

Answered = Literal["done", "waiting"]

_LONGEST_ACTOR = 64
_LONGEST_KEY = 64
_LONGEST_ERROR = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A command as it stands.

    Attributes:
        command_id: Its number.
        name: Of the catalogue, or whatever was inserted.
        actor: Who asked.
        state: ``new``, ``running``, ``done``, ``waiting`` or ``failed``.
        created_at: UTC epoch seconds.
        started_at: The same; None: not yet.
        finished_at: The same; None: not yet.
        done: Progress.
        total: Of so many; 0: not known.
        answer: What it answered; None when it did not, or failed.
        error: For a person, when failed; else None.
        exit_code: As the command line would exit; None while not answered.
    """

    command_id: int
    name: str
    actor: str
    state: str
    created_at: int
    started_at: int | None
    finished_at: int | None
    done: int
    total: int
    answer: Any
    error: str | None
    exit_code: int | None

    @property
    def answered(self) -> bool:
        """Whether it is over."""
        return self.state not in ("new", "running")


def epoch_s(now: datetime.datetime) -> int:
    """*now* as our tables keep it."""
    return int(now.timestamp() // 1)


def ask(
    tx: Connection,
    own: OwnTables,
    name: str,
    parameters: Mapping[str, object],
    actor: str,
    now: datetime.datetime,
    key: str | None = None,
) -> int:
    """
    Ask for the command *name*; returns its number.

    Args:
        key: Asked again with the same key it is the same command.

    Raises:
        UsageError: The command or a parameter is wrong, or *key* was used for another.
    """
    text = checking.encode(name, parameters)
    table = own.command
    statement = insert(table).values(
        name=name,
        parameters=text,
        actor=actor[:_LONGEST_ACTOR],
        idempotency_key=key,
        created_at=epoch_s(now),
    )
    if key is None:
        made = tx.execute(statement).inserted_primary_key
        return int(made[0]) if made else 0
    if not 0 < len(key) <= _LONGEST_KEY:
        raise UsageError(f"an idempotency key has 1 to {_LONGEST_KEY} characters")
    tx.execute(
        statement.on_duplicate_key_update(idempotency_key=statement.inserted.idempotency_key)
    )
    # Locked, so that it is also seen when another transaction has just made it.
    columns = (table.c.command_id, table.c.name, table.c.parameters)
    there = tx.execute(
        select(*columns).where(table.c.idempotency_key == key).with_for_update()
    ).one()
    if there.name != name or _json(there.parameters) != _json(text):
        raise UsageError(f"the idempotency key {key!r} was used for another command")
    return int(there.command_id)


def next_new(tx: Connection, own: OwnTables) -> int | None:
    """The number of the oldest command that nobody took up; None when there is none."""
    found: int | None = tx.scalar(
        select(func.min(own.command.c.command_id)).where(own.command.c.state == "new")
    )
    return found


def take(tx: Connection, own: OwnTables, command_id: int, now: datetime.datetime) -> bool:
    """Take a command up; False when it is not new."""
    values = {"state": "running", "started_at": epoch_s(now), "done": 0, "total": 0}
    return _move(tx, own, command_id, "new", values)


def progress(tx: Connection, own: OwnTables, command_id: int, done: int, total: int) -> None:
    """Say how far a running command is."""
    _move(tx, own, command_id, "running", {"done": done, "total": total})


def finish(
    tx: Connection,
    own: OwnTables,
    command_id: int,
    state: Answered,
    answer: object,
    exit_code: int,
    now: datetime.datetime,
) -> None:
    """
    Answer a running command.

    Raises:
        FatalError: It is not running: another sidecar took it over, and what is
            written with the answer must not be.
    """
    values = {
        "state": state,
        "answer": msgspec.json.encode(answer).decode(),
        "exit_code": exit_code,
        "finished_at": epoch_s(now),
    }
    if not _move(tx, own, command_id, "running", values):
        raise FatalError(f"command {command_id} was taken over by another sidecar")


def fail(
    tx: Connection,
    own: OwnTables,
    command_id: int,
    error: str,
    exit_code: int,
    now: datetime.datetime,
    before: Literal["new", "running"] = "running",
) -> bool:
    """Answer a command that is in the state *before* with an error; False when it is not."""
    values = {
        "state": "failed",
        "error": error[:_LONGEST_ERROR],
        "exit_code": exit_code,
        "finished_at": epoch_s(now),
    }
    return _move(tx, own, command_id, before, values)


def release(tx: Connection, own: OwnTables, command_id: int) -> None:
    """Make a running command a new one, to be carried out from its beginning."""
    _move(tx, own, command_id, "running", {"state": "new", "started_at": None})


def recover(tx: Connection, own: OwnTables) -> int:
    """As `release` for all that a crash left running; returns how many. Only under the lock."""
    table = own.command
    left = update(table).where(table.c.state == "running")
    return tx.execute(left.values(state="new", started_at=None)).rowcount


def read(tx: Connection, own: OwnTables, command_id: int) -> Asked:
    """
    A command as it stands.

    Raises:
        UsageError: There is none of that number.
    """
    found = tx.execute(_rows(own).where(own.command.c.command_id == command_id)).one_or_none()
    if found is None:
        raise UsageError(f"there is no command {command_id}")
    return _asked(found)


def parameters(tx: Connection, own: OwnTables, command_id: int) -> str:
    """The parameters of a command, as they were inserted: whatever somebody sent."""
    table = own.command
    query = select(table.c.parameters).where(table.c.command_id == command_id)
    return str(tx.scalar(query))


def newest(tx: Connection, own: OwnTables, limit: int) -> Sequence[Asked]:
    """The last *limit* commands, the newest first."""
    query = _rows(own).order_by(own.command.c.command_id.desc()).limit(limit)
    return [_asked(row) for row in tx.execute(query)]


def _rows(own: OwnTables) -> Select[Any]:
    table = own.command
    return select(*(table.c[name] for name in Asked.__dataclass_fields__))


def _asked(row: Any) -> Asked:
    values = dict(row._mapping)
    values["answer"] = _json(row.answer) if row.answer is not None else None
    return Asked(**values)


def _move(
    tx: Connection, own: OwnTables, command_id: int, before: str, values: Mapping[str, object]
) -> bool:
    table = own.command
    row = update(table).where(table.c.command_id == command_id, table.c.state == before)
    return tx.execute(row.values(**values)).rowcount > 0


def _json(text: str) -> Any:
    """What *text* says; *text* itself when it is no JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
