"""Rows of erased persons that have to be kept for a time, and what becomes of them after it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.mysql import insert

from sidecar.privacy.rows import Found, Rows
from sidecar.privacy.short_reads import BATCH, Key, in_parts
from sidecar.rules import calendar
from sidecar.rules.privacy.register import PersonalTable
from sidecar.rules.syntax import Span
from sidecar.shop.own_tables import OwnTables


@dataclass(slots=True)
class Split:
    """
    Rows of a table, by when they go.

    Attributes:
        now: Those that are erased now.
        later: Those that are kept, with when their time is over, in UTC epoch seconds.
    """

    now: list[Found] = field(default_factory=list)
    later: list[tuple[Found, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A row that is kept for a time.

    Attributes:
        name: Of its table, without prefix.
        key: Its primary key.
        erasure_id: Whose.
    """

    name: str
    key: Key
    erasure_id: int


def split(rows: Rows, one: PersonalTable, found: Sequence[Found], now: int) -> Split:
    """Which of *found*, at most `BATCH` rows of *one*, are erased *now*, in epoch seconds."""
    if one.keep_for is None or one.dated is None:
        return Split(now=list(found))
    if one.dated not in rows.live[one.name].columns:
        return Split(now=list(found))
    zone = rows.shop.settings.zone
    dates: dict[Key, Any] = {
        tuple(row[:-1]): row[-1] for row in rows.values(one, [one.dated], _keys(found))
    }
    done = Split()
    for each in found:
        until = purge_at(dates.get(each.key), one.keep_for, zone)
        if until is None or until <= now:
            done.now.append(each)
        else:
            done.later.append((each, until))
    return done


def purge_at(dated: object, keep_for: Span, zone: ZoneInfo) -> int | None:
    """
    When a row's time is over, in UTC epoch seconds; None: it has no date, so it has no time.

    Args:
        dated: The column's value: the store's wall time, or epoch seconds in tables of ours.
    """
    if isinstance(dated, int):
        dated = datetime.datetime.fromtimestamp(dated, zone)
    if isinstance(dated, datetime.datetime):
        dated = dated.date()
    if not isinstance(dated, datetime.date):
        return None  # a zero date, or an impossible one, comes as a text
    last = calendar.add(dated, keep_for, 1)
    return calendar.day_start(min(last, datetime.date(9998, 1, 1)), zone)


def note(
    tx: Connection,
    own: OwnTables,
    one: PersonalTable,
    later: Sequence[tuple[Found, int]],
    numbers: Sequence[int],
) -> None:
    """
    Note rows of *one* that are kept.

    Args:
        numbers: Of the erasures, by the place of their person.
    """
    table = own.privacy.kept
    values = [
        {
            "name": one.name,
            "row_key": as_text(found.key),
            "erasure_id": numbers[found.place],
            "purge_at": until,
        }
        for found, until in later
    ]
    for part in in_parts(values):
        statement = insert(table).values(part)
        tx.execute(statement.on_duplicate_key_update(purge_at=statement.inserted.purge_at))


def due(tx: Connection, own: OwnTables, now: int) -> list[Kept]:
    """Rows whose time is over, at most `BATCH`, of one table."""
    table = own.privacy.kept
    here = table.c.purge_at <= now
    name = tx.scalar(select(table.c.name).where(here).order_by(table.c.name).limit(1))
    if name is None:
        return []
    query = select(table.c.row_key, table.c.erasure_id).where(here, table.c.name == name)
    rows = tx.execute(query.order_by(table.c.row_key).limit(BATCH))
    return [Kept(str(name), as_key(row.row_key), int(row.erasure_id)) for row in rows]


def forget(tx: Connection, own: OwnTables, kept: Sequence[Kept]) -> None:
    """Rows of one table are not kept any more."""
    if kept:
        table = own.privacy.kept
        keys = [as_text(one.key) for one in kept]
        tx.execute(delete(table).where(table.c.name == kept[0].name, table.c.row_key.in_(keys)))


def kept_keys(tx: Connection, own: OwnTables) -> Mapping[str, frozenset[str]]:
    """The keys, as of `as_text`, of all rows that are kept, by table."""
    table = own.privacy.kept
    found: dict[str, set[str]] = {}
    for name, key in tx.execute(select(table.c.name, table.c.row_key)):
        found.setdefault(name, set()).add(key)
    return {name: frozenset(keys) for name, keys in found.items()}


def as_text(key: Key) -> str:
    """A primary key as ``sidecar_kept`` holds it."""
    texts = [str(part) for part in key]
    return texts[0] if len(texts) == 1 and not texts[0].startswith("[") else json.dumps(texts)


def as_key(text: str) -> Key:
    """What `as_text` was given, each part as text, which the database compares all the same."""
    if not text.startswith("["):
        return (text,)
    parts: list[Any] = json.loads(text)
    return tuple(parts)


def _keys(found: Sequence[Found]) -> list[Key]:
    return [one.key for one in found]
