"""Single values of the whole installation, kept by name: what is paused, approved, running."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.mysql import insert

from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables

#: What JSON can say.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def read(tx: Connection, own: OwnTables, name: str) -> Json:
    """The value kept as *name*; None when there is none."""
    table = own.state
    found = tx.scalar(select(table.c.value).where(table.c.name == name))
    value: Json = None if found is None else json.loads(found)
    return value


def write(tx: Connection, own: OwnTables, name: str, value: Json, moment: Moment) -> None:
    """Keep *value* as *name*, in the place of what was kept before."""
    statement = insert(own.state).values(
        name=name, value=json.dumps(value, separators=(",", ":")), at=moment.epoch_s
    )
    new = statement.inserted
    tx.execute(statement.on_duplicate_key_update(value=new.value, at=new.at))


def remove(tx: Connection, own: OwnTables, name: str) -> None:
    """Keep nothing as *name* any more."""
    tx.execute(delete(own.state).where(own.state.c.name == name))
