"""The tables of the database as they are now: columns, primary keys, what is indexed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

#: Types that hold text people may have written.
TEXT_TYPES = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "enum", "set"}
)
#: How MariaDB writes down the check of a column made as JSON.
_JSON_VALID = re.compile(r"json_valid\(`([^`]+)`\)", re.IGNORECASE)
_WORD = re.compile(r"'((?:[^']|'')*)'")
_ESCAPED = re.compile(r"''|\\.")
_BINARY_TYPES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """
    Attributes:
        name: As in the table.
        type: In small letters, without its length, e.g. ``varchar``.
        is_nullable: Whether it may be NULL.
        length: Characters that it holds; None: it is no text.
        must_be_json: Whether the table refuses a text that is none.
        words: Of an enum, in its order.
    """

    name: str
    type: str
    is_nullable: bool
    length: int | None
    must_be_json: bool = False
    words: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether people's words may stand in it."""
        return self.type in TEXT_TYPES or self.type in _BINARY_TYPES


@dataclass(frozen=True, slots=True)
class LiveTable:
    """
    Attributes:
        name: With the prefix.
        columns: By name.
        key: Columns of the primary key, in its order; empty: it has none.
        indexed: Columns that an index begins with.
        is_transactional: Whether it is of InnoDB.
    """

    name: str
    columns: Mapping[str, LiveColumn] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    indexed: frozenset[str] = frozenset()
    is_transactional: bool = True


def read_live_schema(tx: Connection, database: str, prefix: str) -> dict[str, LiveTable]:
    """The tables of *database* whose names begin with *prefix*, by name without it."""
    columns: dict[str, dict[str, LiveColumn]] = {}
    as_json = _read_json_columns(tx, database)
    engines: dict[str, str] = {}
    found = {"database": database, "prefix": len(prefix), "begin": prefix.lower()}
    for row in tx.execute(_COLUMNS, found):
        column = LiveColumn(
            str(row.field),
            str(row.kind).lower(),
            row.nullable == "YES",
            _length(row.length),
            (str(row.name), str(row.field)) in as_json,
            _words(str(row.whole)) if str(row.kind).lower() == "enum" else (),
        )
        columns.setdefault(str(row.name), {})[column.name] = column
        engines[str(row.name)] = str(row.engine)
    keys: dict[str, list[str]] = {}
    indexed: dict[str, set[str]] = {}
    for row in tx.execute(_INDEXES, found):
        if row.key_name == "PRIMARY":
            keys.setdefault(str(row.name), []).append(str(row.field))
        if row.place == 1:
            indexed.setdefault(str(row.name), set()).add(str(row.field))
    return {
        name[len(prefix) :]: LiveTable(
            name,
            fields,
            tuple(keys.get(name, ())),
            frozenset(indexed.get(name, ())),
            engines[name] == "InnoDB",
        )
        for name, fields in columns.items()
    }


def _read_json_columns(tx: Connection, database: str) -> frozenset[tuple[str, str]]:
    """Table and column of MariaDB's JSON, which is a text with a check; MySQL has a type."""
    if not tx.scalar(_HAS_TABLES_OF_CHECKS):
        return frozenset()
    rows = tx.execute(_JSON_CHECKS, {"database": database})
    found = ((str(row.name), _JSON_VALID.search(str(row.clause))) for row in rows)
    return frozenset((name, match[1]) for name, match in found if match is not None)


def _words(whole: str) -> tuple[str, ...]:
    """The words of a type as ``enum('a','b')``."""
    return tuple(_ESCAPED.sub(_unescaped, word) for word in _WORD.findall(whole))


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "0": "\0"}.get(match[0][1], match[0][1])


def _length(value: object) -> int | None:
    return None if value is None else int(str(value))


_COLUMNS = text(
    "SELECT c.table_name AS name, c.column_name AS field, c.data_type AS kind,"
    " c.column_type AS whole, c.is_nullable AS nullable,"
    " c.character_maximum_length AS length, t.engine AS engine"
    " FROM information_schema.columns c JOIN information_schema.tables t"
    " ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
    " WHERE c.table_schema = :database AND t.table_type = 'BASE TABLE'"
    " AND LOWER(LEFT(c.table_name, :prefix)) = :begin"
    " ORDER BY c.table_name, c.ordinal_position"
)

_HAS_TABLES_OF_CHECKS = text(
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'information_schema'"
    " AND table_name = 'CHECK_CONSTRAINTS' AND column_name = 'TABLE_NAME'"
)
_JSON_CHECKS = text(
    "SELECT table_name AS name, check_clause AS clause FROM information_schema.check_constraints"
    " WHERE constraint_schema = :database AND check_clause LIKE '%json_valid%'"
)

_INDEXES = text(
    "SELECT table_name AS name, column_name AS field, index_name AS key_name,"
    " seq_in_index AS place FROM information_schema.statistics"
    " WHERE table_schema = :database AND LOWER(LEFT(table_name, :prefix)) = :begin"
    " ORDER BY table_name, index_name, seq_in_index"
)
