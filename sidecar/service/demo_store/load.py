"""Writing frames into tables with large multi-row INSERTs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import polars as pl
from sqlalchemy import Engine, Table
from sqlalchemy.dialects.mysql import DATETIME, DECIMAL, dialect
from sqlalchemy.engine.interfaces import DBAPICursor

from sidecar.model import MONEY_SCALE

#: Rows of one INSERT: about half a megabyte, far below any server's packet limit.
ROWS_PER_INSERT = 4_000

_quote = dialect().identifier_preparer.quote_identifier


class Loader:
    """
    Writes frames into tables of one store.

    Args:
        zone: The store's time zone, in which its DATETIMEs are written.
    """

    def __init__(self, engine: Engine, zone: str) -> None:
        self._engine = engine
        self._zone = zone

    @contextlib.contextmanager
    def writer(self) -> Iterator[Writer]:
        """A writer on a connection of its own; what it wrote is committed at the end."""
        # Not with unique_checks = 0: MariaDB then locks empty tables, and two writers deadlock.
        with self._engine.begin() as connection:
            cursor = connection.connection.cursor()
            yield Writer(cursor, self._zone)
            cursor.close()


class Writer:
    """Writes frames within one transaction."""

    def __init__(self, cursor: DBAPICursor, zone: str) -> None:
        self._cursor = cursor
        self._zone = zone

    def write(self, table: Table, frame: pl.DataFrame) -> None:
        """
        Insert *frame*, which has every column of *table* (and maybe more).

        Money is given in ten-thousandths, instants as seconds since 1970 in UTC.
        """
        for statement in insert_statements(table, frame, self._zone):
            self._cursor.execute(statement)

    def refresh_statistics(self, tables: Iterable[Table]) -> None:
        """Have the optimiser know how large *tables* have become."""
        for table in tables:
            self._cursor.execute(f"ANALYZE TABLE {_quote(table.name)}")
            self._cursor.fetchall()


def insert_statements(table: Table, frame: pl.DataFrame, zone: str) -> Iterator[str]:
    """The INSERTs, a few thousand rows each, that write *frame* into *table*."""
    if not frame.height:
        return
    columns = [
        _literal(pl.col(column.name), frame.schema[column.name], column.type, zone)
        for column in table.columns
    ]
    rows = frame.select(
        pl.concat_str(pl.lit("("), pl.concat_str(columns, separator=","), pl.lit(")"))
    ).to_series()
    names = ",".join(_quote(column.name) for column in table.columns)
    head = f"INSERT INTO {_quote(table.name)} ({names}) VALUES "  # noqa: S608 - quoted
    for offset in range(0, len(rows), ROWS_PER_INSERT):
        yield head + ",".join(rows.slice(offset, ROWS_PER_INSERT))


def _literal(value: pl.Expr, dtype: pl.DataType, kind: object, zone: str) -> pl.Expr:
    """How MySQL reads *value* of the frame type *dtype* for a column of type *kind*."""
    if dtype == pl.String:
        text = value.str.replace_all("\\", "\\\\", literal=True)
        text = text.str.replace_all("'", "''", literal=True)
    elif isinstance(kind, DATETIME):
        instant = pl.from_epoch(value, "s").dt.replace_time_zone("UTC")
        text = instant.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S")
    elif isinstance(kind, DECIMAL):
        whole, part = value.abs() // MONEY_SCALE, value.abs() % MONEY_SCALE
        sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        return pl.concat_str(sign, whole, pl.lit("."), part.cast(pl.String).str.zfill(4))
    else:
        return value.cast(pl.Int64).cast(pl.String).fill_null("NULL")
    return pl.concat_str(pl.lit("'"), text, pl.lit("'")).fill_null("NULL")
