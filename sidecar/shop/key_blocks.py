"""
Key blocks: how tables that are locked as a whole are read, so that the store hardly waits.

On MyISAM a SELECT holds up whoever writes to the table, and behind that writer everybody
who reads it. So such a table is asked for in blocks of an indexed key, one at a time, whose
size follows the time that the last one took. Tables of InnoDB are read at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, bindparam, select, text
from sqlalchemy.sql import visitors

from sidecar import clock
from sidecar.model import Scope
from sidecar.shop.tables import StoreTables

T = TypeVar("T")

#: A block is made to take so long, receiving its rows included.
TARGET_S = 0.010

#: Rows of the first block of its kind, and the fewest: where they take long, the machine is busy,
#: and fewer would too. A block grows to twice its size at most.
FEWEST_ROWS, MOST_ROWS = 1_000, 10_000

#: The index that begins with each column, by table and column in small letters.
Indexes = Mapping[tuple[str, str], str]


@dataclass(slots=True)
class Pace:
    """
    How many rows a block of some kind has.

    Attributes:
        rows: Of the next one.
        fewest: It never has less.
    """

    rows: int = field(default_factory=lambda: FEWEST_ROWS)
    fewest: int = field(default_factory=lambda: FEWEST_ROWS)

    def took(self, seconds: float) -> None:
        """A block of `rows` was read in *seconds*."""
        factor = min(2.0, max(0.25, TARGET_S / max(seconds, 1e-6)))
        self.rows = min(MOST_ROWS, max(self.fewest, int(self.rows * factor)))


@dataclass(slots=True)
class KeyBlocks:
    """
    What is known of the store's tables, and how fast they are read.

    Attributes:
        locked: Tables without locks of rows, in small letters; mostly none.
        indexes: Of all tables, as far as *locked* is not empty.
    """

    locked: frozenset[str] = frozenset()
    indexes: Indexes = field(default_factory=dict)
    _paces: dict[tuple[str, ...], Pace] = field(default_factory=dict)
    # The store waits for one block of ours, not for two at the same time.
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def each(
        self,
        tx: Connection,
        query: Select[Any],
        key: Column[int],
        scope: Scope | None,
        read: Callable[[Select[Any]], T],
    ) -> Iterator[T]:
        """
        What *read* makes of the parts of *query*, which together have the rows of *scope*.

        There is one part where the tables of *query* are not locked as a whole. Parts go by
        *key* where it has an index, and the rows of a key are in one part; else by the first
        column of the primary key, and a sum or a count has to be added up.

        Args:
            tx: Where it is asked how far a block goes.
            key: Of a table of *query*; what *scope* is of.
            scope: Ids or a range of *key*; None: all rows.
            read: Runs one part.
        """
        within_scope = query if scope is None else query.where(within(key, scope))
        if not self.are_locked(query):
            yield read(within_scope)
            return
        if scope is not None and scope.ids is not None and self._index(key):
            yield from self._named(query, key, scope.ids, read)
            return
        if self._index(key):
            first, last = (None, None) if scope is None else (scope.first, scope.last)
            yield from self._ranges(tx, query, key, first, last, read)
            return
        own = next((column for column in key.table.columns if self._is_primary(column)), None)
        if own is None:
            yield read(within_scope)
            return
        yield from self._ranges(tx, within_scope, own, None, None, read)

    def are_locked(self, query: Select[Any]) -> bool:
        """Whether reading a table of *query* holds up who writes to it."""
        return bool(self.locked) and any(
            isinstance(part, Table) and part.name.lower() in self.locked
            for part in visitors.iterate(query)
        )

    def pace(self, *kind: str) -> Pace:
        """Of blocks of one *kind*, kept while we run."""
        return self._paces.setdefault(kind, Pace())

    def timed(self, pace: Pace | None, read: Callable[[], T], *, is_whole: bool) -> T:
        """
        What *read* gives, with nothing else read meanwhile; *pace* is by the time it takes.

        Args:
            pace: None: of a table that is not locked as a whole, at any time.
            is_whole: The block has as many rows as *pace* said, not what was left.
        """
        if pace is None:
            return read()
        with self._one_at_a_time:
            began_s = clock.monotonic()
            found = read()
            taken_s = clock.monotonic() - began_s
        if is_whole or taken_s > TARGET_S:
            pace.took(taken_s)
        return found

    def _named(
        self,
        query: Select[Any],
        key: Column[int],
        ids: tuple[int, ...],
        read: Callable[[Select[Any]], T],
    ) -> Iterator[T]:
        pace, hinted = self._pace_of(query, key), self._hinted(query, key)
        while True:
            rows = pace.rows
            some, ids = ids[:rows], ids[rows:]
            part = hinted.where(key.in_(some))
            yield self.timed(pace, partial(read, part), is_whole=len(some) == rows)
            if not ids:
                return

    def _ranges(
        self,
        tx: Connection,
        query: Select[Any],
        key: Column[int],
        first: int | None,
        last: int | None,
        read: Callable[[Select[Any]], T],
    ) -> Iterator[T]:
        pace, hinted = self._pace_of(query, key), self._hinted(query, key)
        while True:
            after = _from(self._hinted(select(key), key), key, first, last).order_by(key)
            next_ = tx.scalar(after.offset(pace.rows).limit(1))
            # A key with more rows than a block has is read whole.
            end = last if next_ is None else int(next_) - (next_ != first)
            part = _from(hinted, key, first, end)
            yield self.timed(pace, partial(read, part), is_whole=next_ is not None)
            if end is None or end == last:
                return
            first = end + 1

    def _pace_of(self, query: Select[Any], key: Column[int]) -> Pace:
        return self.pace(key.table.name, key.name, *query.selected_columns.keys())

    def _hinted(self, query: Select[Any], key: Column[int]) -> Select[Any]:
        # Where a block is a large part of the table, the optimizer would read all of it.
        return query.with_hint(key.table, f"FORCE INDEX (`{self._index(key)}`)", "mysql")

    def _index(self, key: Column[int]) -> str | None:
        return self.indexes.get((key.table.name.lower(), key.name.lower()))

    def _is_primary(self, column: Column[Any]) -> bool:
        return self._index(column) == "PRIMARY"


def within(column: ColumnElement[int], scope: Scope) -> ColumnElement[bool]:
    """The condition that *column* lies in *scope*."""
    if scope.ids is None:
        return column.between(scope.first, scope.last)
    return column.in_(scope.ids)


def _from(query: Select[Any], key: Column[int], first: int | None, last: int | None) -> Select[Any]:
    if first is not None:
        query = query.where(key >= first)
    return query if last is None else query.where(key <= last)


def read_key_blocks(tx: Connection, database: str, tables: StoreTables) -> KeyBlocks:
    """What the *database* says of the store's *tables*."""
    names = [table.name for table in tables.metadata.sorted_tables]
    locked = tx.scalars(_OTHERS, {"database": database, "names": names}).all()
    if not locked:
        return KeyBlocks()
    indexes: dict[tuple[str, str], str] = {}
    for row in tx.execute(_INDEXES, {"database": database, "names": names}):
        place = (str(row.name).lower(), str(row.field).lower())
        # Of several the primary key, which touches each row once.
        if row.key_name == "PRIMARY" or place not in indexes:
            indexes[place] = str(row.key_name)
    return KeyBlocks(frozenset(str(name).lower() for name in locked), indexes)


_OTHERS = text(
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = :database AND table_name IN :names AND engine <> 'InnoDB'"
).bindparams(bindparam("names", expanding=True))

_INDEXES = text(
    "SELECT table_name AS name, column_name AS field, index_name AS key_name"
    " FROM information_schema.statistics"
    " WHERE table_schema = :database AND table_name IN :names AND seq_in_index = 1"
    " ORDER BY index_name"
).bindparams(bindparam("names", expanding=True))
