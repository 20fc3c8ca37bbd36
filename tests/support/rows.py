"""
Rows of a store as OpenCart would write them, into whatever columns a table has.

It asks the server for the columns of a table and fills those a row needs, so it works
on the schema of every OpenCart and on the subset of columns that the sidecar declares.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from pymysql.connections import Connection

#: A moment in a store: its wall time as text is written unchanged, also an impossible one.
At = str | datetime.datetime | None
Value = str | bytes | int | float | Decimal | datetime.datetime | None

UTC = ZoneInfo("UTC")

#: How OpenCart's sessions are, and invalid dates besides, so that tests can plant them.
SQL_MODE = "NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO"

#: What a row needs in a NOT NULL column that nobody named, by the type of the column.
_FILLERS: Mapping[str, Value] = {
    "datetime": "2026-01-01 00:00:00",
    "date": "0000-00-00",
    "char": "",
    "varchar": "",
    "text": "",
    "mediumtext": "",
    "longtext": "",
}


class _Optional(str):
    """Marks a column that a row may leave out."""

    __slots__ = ()


_OPTIONAL = _Optional()


def escaped(text: str) -> str:
    """*text* as OpenCart stores what a person typed: ``htmlspecialchars(…, ENT_COMPAT)``."""
    for plain, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(plain, entity)
    return text


class Rows:
    """
    Writes the rows of one store.

    Args:
        connection: PyMySQL's, with the store's database selected. Of a SQLAlchemy
            connection it is ``tx.connection.driver_connection``.
        now: Aware; what ``days_ago`` counts from, and the time of rows that name none.
        zone: The store's zone, in whose wall time it keeps its dates.
        prefix: Of its tables.
    """

    def __init__(
        self,
        connection: Connection,
        now: datetime.datetime,
        zone: ZoneInfo = UTC,
        prefix: str = "oc_",
    ) -> None:
        self.connection = connection
        self.now = now
        self.zone = zone
        self.prefix = prefix
        self._columns: dict[str, dict[str, Value]] = {}
        self._numbers = itertools.count(1)

    # -- rows of any table -----------------------------------------------------------

    def insert(self, table: str, optional: Mapping[str, Value], **columns: Value) -> int:
        """
        Write one row and return its auto-increment id.

        Args:
            table: Without the prefix.
            optional: Columns left out where the table lacks them; a table of the
                test's choice must have every one of *columns*.
        """
        return self.insert_many(table, [optional], **columns)

    def insert_many(self, table: str, rows: Sequence[Mapping[str, Value]], **columns: Value) -> int:
        """Write *rows*, all with the same keys, in one statement; returns the first's id."""
        known = self._table(table)
        if unknown := columns.keys() - known:
            raise LookupError(f"{self.prefix}{table} has no {', '.join(sorted(unknown))}")
        named = [name for name in rows[0] if name in known and name not in columns]
        fixed = {
            **{name: filler for name, filler in known.items() if filler is not _OPTIONAL},
            **columns,
        }
        fixed = {name: value for name, value in fixed.items() if name not in named}
        names = ", ".join(f"`{name}`" for name in [*named, *fixed])
        values = ", ".join(["%s"] * (len(named) + len(fixed)))
        parameters: list[Value] = []
        for row in rows:
            parameters += [row[name] for name in named]
            parameters += fixed.values()
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"SET STATEMENT sql_mode = '{SQL_MODE}' FOR INSERT INTO"
                f" `{self.prefix}{table}` ({names}) VALUES "
                + ", ".join([f"({values})"] * len(rows)),
                parameters,
            )
            return int(cursor.lastrowid or 0)

    def update(self, table: str, where: Mapping[str, Value], **columns: Value) -> None:
        """Change *columns* of the rows that equal *where*."""
        sets = ", ".join(f"`{name}` = %s" for name in columns)
        conditions = " AND ".join(f"`{name}` = %s" for name in where)
        self.execute(
            f"UPDATE `{self.prefix}{table}` SET {sets} WHERE {conditions}",
            *columns.values(),
            *where.values(),
        )

    def delete(self, table: str, **where: Value) -> None:
        """Delete the rows of *table* that equal *where*."""
        conditions = " AND ".join(f"`{name}` = %s" for name in where)
        self.execute(f"DELETE FROM `{self.prefix}{table}` WHERE {conditions}", *where.values())

    def execute(self, statement: str, *parameters: Value) -> None:
        """Run *statement* in a session as loose as OpenCart's own."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET STATEMENT sql_mode = '{SQL_MODE}' FOR {statement}", parameters)

    def value(self, query: str, *parameters: Value) -> object:
        """The first column of the first row of *query*."""
        return self._rows(query, *parameters)[0][0]

    def nulls(self, table: str) -> dict[str, Value]:
        """NULL for every column of *table* that may be NULL."""
        rows = self._rows(f"SHOW COLUMNS FROM `{self.prefix}{table}` WHERE `Null` = 'YES'")
        return dict.fromkeys((str(row[0]) for row in rows), None)

    def column_type(self, table: str, column: str) -> str:
        """The type of a column, e.g. ``varchar(32)``."""
        rows = self._rows(f"SHOW COLUMNS FROM `{self.prefix}{table}` WHERE Field = %s", column)
        return str(rows[0][1])

    def exists(self, table: str) -> bool:
        """Whether the store has *table*."""
        return bool(self._rows("SHOW TABLES LIKE %s", (self.prefix + table).replace("_", r"\_")))

    def has(self, table: str, column: str) -> bool:
        """Whether *table* has *column* here."""
        return column in self._table(table)

    def wall(self, at: At = None, days_ago: float | None = None) -> str:
        """The store's wall time of *at*, of *days_ago* before now, or of now."""
        if isinstance(at, str):
            return at
        if at is None:
            at = self.now - datetime.timedelta(days=days_ago or 0)
        if at.tzinfo is not None:
            at = at.astimezone(self.zone)
        return at.strftime("%Y-%m-%d %H:%M:%S")

    def _table(self, table: str) -> Mapping[str, Value]:
        # Every column, with what a row must say where it is not named.
        if table not in self._columns:
            self._columns[table] = {
                str(name): (
                    _OPTIONAL
                    if nullable == "YES" or default is not None or "auto_increment" in str(extra)
                    else _FILLERS.get(str(kind).split("(")[0], 0)
                )
                for name, kind, nullable, _key, default, extra in self._rows(
                    f"SHOW COLUMNS FROM `{self.prefix}{table}`"
                )
            }
        return self._columns[table]

    def _rows(self, query: str, *parameters: Value) -> Sequence[tuple[object, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())
