"""
Rows that are too old: found in blocks of their keys, ended a few at a time.

Only rows with a date that can be: one without is of no age. A row that somebody touched since
it was found is not deleted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete

from sidecar.model import Moment
from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.rows import Rows
from sidecar.privacy.short_reads import BATCH, Key
from sidecar.rules.calendar import day_start
from sidecar.rules.privacy.register import PersonalTable
from sidecar.rules.privacy.retention import ROW_CLASSES, RetentionRule, RowClass, kept_from
from sidecar.shop.database import transaction

#: What else a row may say that decides.
_ASKED = ("customer_id", "order_status_id")

#: Types of columns that hold the store's wall time.
_DATES = frozenset({"datetime", "timestamp", "date"})

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
        protected: Customers of whom nothing is ended.
    """

    rows: Rows
    rule: RetentionRule
    moment: Moment
    protected: frozenset[int] = frozenset()

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
        for one, live, dated in self.tables():
            sql, key = self.rows.sql(one), self.rows.key_of(one)
            extra = [name for name in (dated, *_ASKED) if name in live.columns]
            part: list[Key] = []
            for block in self.rows.reads.blocks(
                live, key, [sql.c[name] for name in (*key, *extra)]
            ):
                said = (dict(zip(extra, row[len(key) :], strict=True)) for row in block)
                part += [
                    tuple(row[: len(key)])
                    for row, each in zip(block, said, strict=True)
                    if self._is_old(each, dated)
                ]
                while len(part) >= BATCH:
                    yield one, part[:BATCH]
                    part = part[BATCH:]
            if part:
                yield one, part

    def delete(self, one: PersonalTable, keys: Sequence[Key]) -> int:
        """Delete those rows of *keys* that are still too old; returns how many."""
        sql, name = self.rows.sql(one), self.kind.dates[one.name]
        is_number = self.rows.live[one.name].columns[name].type not in _DATES
        first, limit = (1, self._limit_s()) if is_number else (_FIRST, self._limit())
        still = and_(self.rows.named(one), sql.c[name] >= first, sql.c[name] < limit)
        with transaction(self.rows.shop.engine) as tx:
            for below, column in self.kind.below.items():
                there = self.rows.reads.sql(self.rows.live[below])
                named = there.c[column].in_([key[0] for key in keys])
                tx.execute(delete(there).where(named))
            statement = delete(sql).where(still)
            return tx.execute(statement, self.rows.naming(one, keys)).rowcount

    def _is_old(self, row: Mapping[str, Any], dated: str) -> bool:
        at = row[dated]
        if isinstance(at, int):  # in tables of ours
            return 0 < at < self._limit_s() and row.get("customer_id") not in self.protected
        if not isinstance(at, datetime.datetime) or not _FIRST <= at < self._limit():
            return False  # a zero or impossible date comes as a text, or not at all
        if row.get("customer_id") in self.protected:
            return False
        if self.kind.unfinished is None:
            return True
        status = row["order_status_id"]
        if self.kind.unfinished:
            return not status
        settings = self.rows.shop.settings
        return bool(status) and status not in settings.processing - settings.complete

    def _limit(self) -> datetime.datetime:
        """The store's wall time from which on rows are kept."""
        return datetime.datetime.combine(self._first_kept(), datetime.time())

    def _limit_s(self) -> int:
        """The same in UTC epoch seconds."""
        return day_start(self._first_kept(), self.moment.zone)

    def _first_kept(self) -> datetime.date:
        return kept_from(self.moment.today, self.rule.age)
