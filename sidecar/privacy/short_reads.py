"""
Tables are read in short statements of their own: by keys, or whole in blocks of their keys.

So the store waits for none of them, and no transaction of ours stays open meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row, Select, and_, column, or_, select, table
from sqlalchemy.sql.expression import ColumnElement, TableClause

from sidecar.privacy.live_schema import LiveTable
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import Pace
from sidecar.shop.shop import Shop

T = TypeVar("T")

#: The primary key of a row.
Key = tuple[Any, ...]

#: Rows, persons or whatever else is named in one statement or written in one transaction.
BATCH = 500

#: Rows of the first block of a table, and the fewest: some rows hold whole documents.
_FIRST_ROWS, _FEWEST_ROWS = 200, 20


def in_parts(values: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """*values* in parts of up to *size*."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@dataclass(slots=True)
class ShortReads:
    """
    Reads of one store's tables.

    Attributes:
        shop: The store.
    """

    shop: Shop
    _tables: dict[str, TableClause] = field(init=False, default_factory=dict)
    _paces: dict[str, Pace] = field(init=False, default_factory=dict)

    def sql(self, live: LiveTable) -> TableClause:
        """*live* for a statement, with the columns that there are."""
        if live.name not in self._tables:
            self._tables[live.name] = table(live.name, *(column(name) for name in live.columns))
        return self._tables[live.name]

    def read(
        self,
        query: Select[Any],
        pace: Pace | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Sequence[Row[Any]]:
        """The rows of one short read of its own; as a block of *pace*, where there is one."""
        with transaction(self.shop.engine) as tx:
            blocks = self.shop.key_blocks
            return blocks.timed(pace, lambda: tx.execute(query, parameters).all(), is_whole=True)

    def blocks(
        self, live: LiveTable, key: Sequence[str], columns: Sequence[ColumnElement[Any]]
    ) -> Iterator[Sequence[Row[Any]]]:
        """
        All rows of *live* in short reads; the first of *columns* are those of *key*.

        A table without a key is counted through, which takes the longer the larger it is.
        """
        sql = self.sql(live)
        words = [live.columns[name].words for name in key]
        ordered = [sql.c[name] for name in key]
        pace = self._paces.setdefault(sql.name, Pace(rows=_FIRST_ROWS, fewest=_FEWEST_ROWS))
        after: Key | None = None
        passed = 0
        while True:
            rows = pace.rows
            query = select(*columns).order_by(*ordered).limit(rows)
            if not ordered:
                query = query.offset(passed)
            elif after is not None:
                query = query.where(_beyond(ordered, words, after))
            found = self.read(query, pace)
            passed += len(found)
            if found:
                yield found
            if len(found) < rows:
                return
            after = tuple(found[-1][: len(key)])


def _beyond(
    ordered: Sequence[ColumnElement[Any]], words: Sequence[Sequence[str]], after: Key
) -> ColumnElement[bool]:
    """
    The condition that a row comes after the one with the key *after*.

    Args:
        words: Of each column that is an enum, which is ordered by them and compared by letters.
    """
    cases = []
    for place, last in enumerate(ordered):
        same = [one == part for one, part in zip(ordered[:place], after[:place], strict=True)]
        if words[place]:
            cases.append(and_(*same, last.in_(_later(words[place], after[place]))))
        else:
            cases.append(and_(*same, last > after[place]))
    return or_(*cases)


def _later(words: Sequence[str], word: str) -> Sequence[str]:
    # A server that is not strict keeps nothing of what is none of them, which comes before all.
    return words[words.index(word) + 1 :] if word else words
