"""The words that people consented to, kept once and named by their hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.shop.own_tables import OwnTables

#: A hash, or so much of its beginning that it is clear which.
_HASH: Final = re.compile(r"[0-9a-f]{8,64}", re.ASCII)

#: Characters.
LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Wording:
    """
    Attributes:
        wording: SHA-256 of the words.
        words: As people read them.
        locale: Their language; empty: not said.
        since: When they were first used, in seconds since 1970.
    """

    wording: str
    words: str
    locale: str
    since: int


def add(tx: Connection, own: OwnTables, words: str, locale: str, moment: Moment) -> str:
    """
    Keep *words*, unless they are kept already; returns their hash.

    Raises:
        UsageError: They are empty, or too long.
    """
    if not words.strip():
        raise UsageError("the wording is empty")
    if len(words) > LONGEST:
        raise UsageError(f"a wording has at most {LONGEST:,} characters, not {len(words):,}")
    found = hashlib.sha256(words.encode()).hexdigest()
    row = {"wording": found, "words": words, "locale": locale, "since": moment.epoch_s}
    statement = insert(own.privacy.wording).values(row)
    tx.execute(statement.on_duplicate_key_update(wording=statement.inserted.wording))
    return found


def named(tx: Connection, own: OwnTables, text: str, locale: str, moment: Moment) -> str:
    """
    The hash of the words that *text* names by the beginning of their hash, or that it is.

    Raises:
        UsageError: No words or several have such a hash, or `add` refuses them.
    """
    if not _HASH.fullmatch(text):
        return add(tx, own, text, locale, moment)
    column = own.privacy.wording.c.wording
    found = tx.scalars(select(column).where(column.startswith(text)).limit(2)).all()
    if len(found) != 1:
        which = "several wordings have" if found else "no wording has"
        raise UsageError(f"{which} the hash {text} (`sidecar consent wording list` shows them)")
    return str(found[0])


def all_of_them(tx: Connection, own: OwnTables) -> list[Wording]:
    """Every wording, the newest first."""
    table = own.privacy.wording
    query = select(table.c.wording, table.c.words, table.c.locale, table.c.since)
    rows = tx.execute(query.order_by(table.c.since.desc(), table.c.wording))
    return [Wording(*row) for row in rows]
