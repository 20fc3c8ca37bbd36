"""
Rows of the store that are too old: found in blocks of their keys, ended a few at a time.

Only rows with a date that can be: one without is of no age. A row that somebody touched since
it was found is not deleted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete

from sidecar.model import Moment
from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.rows import BATCH, Key, Rows
from sidecar.rules.privacy.register import PersonalTable
from sidecar.rules.privacy.retention import ROW_CLASSES, RetentionRule, RowClass, kept_from
from sidecar.shop.database import transaction

#: The first possible day: what the store keeps of no date, as zeros, is before it.
_FIRST = datetime.datetime(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class OldRows:
    """
    The rows that one retention rule ends.

    Attributes:
        rows: Of nobody in particular; knows the tables.
        rule: Of a class of rows.
        moment: Now.
    """

    rows: Rows
    rule: RetentionRule
    moment: Moment

    @property
    def kind(self) -> RowClass:
        """The rule's class."""
        return ROW_CLASSES[self.rule.of]

    def tables(self) -> Iterator[tuple[PersonalTable, LiveTable, str]]:
        """The tables of the class that there are, each with the column of its dates."""
        for name, dated in self.kind.dates.items():
            live, known = self.rows.live.get(name), self.rows.register.tables.get(name)
            if live is not None and known is not None and dated in live.columns:
                yield known, live, dated

    def count(self) -> int:
        """How many rows are too old."""
        return sum(len(part) for _, part in self.parts())

    def parts(self) -> Iterator[tuple[PersonalTable, list[Key]]]:
        """The keys of rows that are too old, up to `BATCH` at once."""
        for one, _, dated in self.tables():
            sql, key = self.rows.sql(one), self.rows.key_of(one)
            columns = [*(sql.c[name] for name in key), sql.c[dated]]
            if self.kind.unfinished is not None:
                columns.append(sql.c.order_status_id)
            part: list[Key] = []
            for block in self.rows.blocks(sql, key, columns):
                part += [tuple(row[: len(key)]) for row in block if self._is_old(row[len(key) :])]
                while len(part) >= BATCH:
                    yield one, part[:BATCH]
                    part = part[BATCH:]
            if part:
                yield one, part

    def delete(self, one: PersonalTable, keys: Sequence[Key]) -> int:
        """Delete those rows of *keys* that are still too old; returns how many."""
        sql = self.rows.sql(one)
        dated = sql.c[self.kind.dates[one.name]]
        still = and_(self.rows.named(one, keys), dated >= _FIRST, dated < self._limit())
        with transaction(self.rows.shop.engine) as tx:
            return tx.execute(delete(sql).where(still)).rowcount

    def _is_old(self, row: Sequence[Any]) -> bool:
        at = row[0]
        if not isinstance(at, datetime.datetime) or not _FIRST <= at < self._limit():
            return False  # a zero or impossible date comes as a text, or not at all
        if self.kind.unfinished is None:
            return True
        return bool(row[1] == 0) == self.kind.unfinished

    def _limit(self) -> datetime.datetime:
        """The store's wall time from which on rows are kept."""
        first = kept_from(self.moment.today, self.rule.age)
        return datetime.datetime.combine(first, datetime.time())
