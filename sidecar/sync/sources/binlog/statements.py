"""
What the text of a statement in the log says: where a transaction begins and ends, and
whether rows may have changed without a rows event.

Nothing is parsed but the first words and the names of watched tables, as whole words. So a
statement that only mentions one is taken for one that changes it, which costs a look too
many; no statement that changes one is taken for harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

#: What a statement does: begins or ends a transaction, alters tables or the database,
#: changes rows, or none of it.
Deed = Literal["begin", "end", "xa", "ddl", "database", "dml", "nothing"]

_WORDS_READ: Final = 6
_HEAD_BYTES: Final = 4_096

#: What may stand before the first word: spaces and comments.
_BEFORE: Final = re.compile(
    rb"(?:\s+|/\*(?!M?!).*?\*/|(?:#|--(?=[\x00-\x20]))[^\n]*)*", re.DOTALL | re.IGNORECASE
)

#: Code for MySQL or MariaDB only is code here: the server ran it.
_COMMENT: Final = re.compile(rb"/\*M?!\d*|\*/|/\*(?!M?!).*?\*/", re.DOTALL | re.IGNORECASE)

#: MariaDB's way to set variables for one statement.
_SETTING: Final = re.compile(rb"\s*SET\s+STATEMENT\s.*?\sFOR\s", re.DOTALL | re.IGNORECASE)
_WORD: Final = re.compile(rb"[A-Za-z_]+")

_DDL: Final = frozenset(
    {b"CREATE", b"ALTER", b"DROP", b"TRUNCATE", b"RENAME", b"REPAIR", b"IMPORT"}
)

#: Change no rows of any table, whatever they name.
_NOTHING: Final = frozenset(
    {
        b"CACHE",
        b"CHECK",
        b"CHECKSUM",
        b"FLUSH",
        b"GRANT",
        b"INSTALL",
        b"KILL",
        b"LOCK",
        b"PURGE",
        b"RELEASE",
        b"RESET",
        b"REVOKE",
        b"SAVEPOINT",
        b"SET",
        b"SHOW",
        b"SHUTDOWN",
        b"UNINSTALL",
        b"UNLOCK",
        b"USE",
    }
)


class Statement(NamedTuple):
    """
    Attributes:
        deed: What it does.
        gaps: Why the tables must be looked at anew; none: they need not.
        tables: Those of the watched that it alters, by their whole names in small letters.
    """

    deed: Deed
    gaps: tuple[str, ...] = ()
    tables: frozenset[str] = frozenset()


_BEGIN: Final = Statement("begin")
_END: Final = Statement("end")
_HARMLESS: Final = Statement("nothing")

#: Those that come all the time, as the servers write them.
_FREQUENT: Final = {b"BEGIN": _BEGIN, b"COMMIT": _END, b"ROLLBACK": _END}


class Statements:
    """
    Reads the statements of a log.

    Args:
        schema: The store's database.
        tables: The watched tables in it, by whole names and by OpenCart's.
    """

    def __init__(self, schema: str, tables: Iterable[tuple[str, str]]) -> None:
        self._schema = schema.lower().encode()
        self._names = {whole.lower().encode(): (whole.lower(), name) for whole, name in tables}
        self._tables = _whole_words(self._names)
        self._database = _whole_words([self._schema])

    def read(self, schema: bytes, text: bytes) -> Statement:
        """What *text* does, run in the database *schema*."""
        frequent = _FREQUENT.get(text)
        if frequent is not None:
            return frequent
        deed = _deed(_first_words(text))
        if deed in ("begin", "end", "nothing"):
            return Statement(deed)
        if deed == "xa":
            return Statement("xa", ("xa",))
        is_ours = schema.lower() == self._schema
        names_ours = self._database.search(text) is not None
        if deed == "database":
            tables = frozenset(whole for whole, _ in self._names.values())
            return Statement(deed, ("ddl:database",), tables) if names_ours else _HARMLESS
        if not (is_ours or names_ours):
            return Statement(deed)
        found = {match[0].lower() for match in self._tables.finditer(text)}
        if deed == "dml":
            return Statement(deed, ("statement",) if is_ours or found else ())
        named = sorted(self._names[name] for name in found)
        gaps = tuple(f"ddl:{name}" for _, name in named)
        return Statement(deed, gaps, frozenset(whole for whole, _ in named))


def _first_words(text: bytes) -> list[bytes]:
    before = _BEFORE.match(text)
    at = before.end() if before else 0
    head = _SETTING.sub(b"", _COMMENT.sub(b" ", text[at : at + _HEAD_BYTES]), count=1)
    return [word.upper() for word in _WORD.findall(head)[:_WORDS_READ]]


def _deed(words: list[bytes]) -> Deed:
    if not words or words[0] in _NOTHING:
        return "nothing"
    first, second = words[0], words[1] if len(words) > 1 else b""
    if first in (b"ANALYZE", b"OPTIMIZE") and second in (b"TABLE", b"LOCAL", b"NO_WRITE_TO_BINLOG"):
        return "nothing"  # ANALYZE UPDATE updates
    if first == b"BEGIN" or (first == b"START" and second == b"TRANSACTION"):
        return "begin"
    if first == b"COMMIT" or first == b"ROLLBACK":
        # ROLLBACK TO a savepoint goes on.
        return "nothing" if b"TO" in words[1:3] else "end"
    if first == b"XA":
        if second in (b"COMMIT", b"ROLLBACK"):
            return "xa" if second == b"COMMIT" else "end"
        return "begin" if second in (b"START", b"BEGIN") else "nothing"
    if first not in _DDL:
        return "dml"
    what = words[3:4] if words[1:3] == [b"OR", b"REPLACE"] else words[1:2]
    if what == [b"TEMPORARY"]:
        return "nothing"
    return "database" if what in ([b"DATABASE"], [b"SCHEMA"]) else "ddl"


def _whole_words(names: Iterable[bytes]) -> re.Pattern[bytes]:
    either = b"|".join(re.escape(name) for name in sorted(names)) or b"(?!)"
    return re.compile(
        rb"(?<![0-9A-Za-z_$\x80-\xff])(?:" + either + rb")(?![0-9A-Za-z_$\x80-\xff])",
        re.IGNORECASE,
    )
