"""
Whose our tables are: an installation's id, bound to where its store is.

A copy of a store, made to try something on it, has a copy of our tables too. It must
not act as the original: a program that finds our tables elsewhere than they were
writes nothing until a person has said which of the two it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, update

from sidecar.errors import ConfigError
from sidecar.model import Moment
from sidecar.shop.fence import LEAD
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.place import Place
from sidecar.sync import state

#: The name of the state that binds.
INSTALLATION = "installation"

#: What a person said of the original that holds of a copy as well; everything else is forgotten.
_SHARED = frozenset({INSTALLATION, "paused"})

_DROPPED = "not done: asked of the installation that this one is a copy of"

#: Of a command that was not done though nothing was wrong with it.
_NOT_NOW = 75


@dataclass(frozen=True, slots=True)
class Left:
    """
    What a copy does not take over of its original.

    Attributes:
        commands: Requests that nobody had answered yet.
        runs: Runs that waited for approval.
        hints: Customers that were to be looked at again.
    """

    commands: int
    runs: int
    hints: int


def bind(tx: Connection, own: OwnTables, place: Place, moment: Moment) -> str:
    """
    Bind our tables to *place* where they are bound to none; returns the installation's id.

    Parts of the place that could not be read before are added, unless another part differs.
    """
    kept = _kept(tx, own)
    if kept is None:
        return _write(tx, own, str(uuid.uuid4()), place.as_json(), moment)
    completed = place.completed(kept)
    if not place.differences(kept) and any(kept.get(part) != completed[part] for part in completed):
        _write(tx, own, str(kept["id"]), completed, moment)
    return str(kept["id"])


def differences(tx: Connection, own: OwnTables, place: Place) -> list[str]:
    """What tells *place* from where our tables were bound, a sentence each; empty: the same."""
    kept = _kept(tx, own)
    return [] if kept is None else place.differences(kept)


def require_same_place(tx: Connection, own: OwnTables, place: Place) -> None:
    """
    Refuse to write to a copy.

    Raises:
        ConfigError: Our tables were bound to another place; names what differs, and both ways out.
    """
    if found := differences(tx, own, place):
        raise ConfigError("installation", elsewhere(found), WAY_OUT)


#: What a person does about it.
WAY_OUT = (
    "`sidecar adopt --moved` if the store was moved here,"
    " `sidecar adopt --copy` if this is a copy of it, for instance for trying something"
)


def elsewhere(found: list[str]) -> str:
    """*found* by `differences`, as a sentence."""
    return f"our tables come from another place: {'; '.join(found)}"


def adopt_moved(tx: Connection, own: OwnTables, place: Place, moment: Moment) -> str:
    """The same installation at another place; returns its id. What it knows stays valid."""
    kept = _kept(tx, own)
    if kept is None:
        return bind(tx, own, place, moment)
    if place.server and place.server != kept.get("server"):
        # A position in the log of another server means nothing here.
        tx.execute(delete(own.source).where(own.source.c.name == "binlog"))
    return _write(tx, own, str(kept["id"]), place.as_json(), moment)


def adopt_copy(
    tx: Connection, own: OwnTables, place: Place, actor: str, moment: Moment
) -> tuple[str, Left]:
    """
    A new installation with what the original knew of customers, and nothing of what it was doing.

    Tags, pins, members, rules and what holds them, and the history stay. Requests, waiting
    runs, hints, positions and findings were the original's, and so was the approval of the
    first full pass.

    Returns:
        The new id, and what was left behind.
    """
    command, run, table = own.command, own.run, own.state
    commands = tx.execute(
        update(command)
        .where(command.c.state.in_(("new", "running", "waiting")))
        .values(
            state="failed",
            error=_DROPPED,
            exit_code=_NOT_NOW,
            finished_at=moment.epoch_s,
            idempotency_key=None,
        )
    ).rowcount
    runs = tx.execute(
        update(run)
        .where(run.c.state == "waiting")
        .values(
            state="obsolete",
            decided_by=actor[:64],
            decided_at=moment.epoch_s,
            finished_at=moment.epoch_s,
        )
    ).rowcount
    tx.execute(update(run).where(run.c.state == "running").values(state="interrupted"))
    hints = tx.execute(delete(own.hint)).rowcount
    tx.execute(delete(own.source).where(own.source.c.name != LEAD))  # by that we may write
    for forgotten in (own.block, own.finding):
        tx.execute(delete(forgotten))
    tx.execute(delete(table).where(table.c.name.not_in(_SHARED)))
    left = Left(commands=commands, runs=runs, hints=hints)
    return _write(tx, own, str(uuid.uuid4()), place.as_json(), moment), left


def _kept(tx: Connection, own: OwnTables) -> Mapping[str, state.Json] | None:
    kept = state.read(tx, own, INSTALLATION)
    return kept if isinstance(kept, Mapping) and kept.get("id") else None


def _write(
    tx: Connection, own: OwnTables, identifier: str, place: Mapping[str, str], moment: Moment
) -> str:
    state.write(tx, own, INSTALLATION, {"id": identifier, **place}, moment)
    return identifier
