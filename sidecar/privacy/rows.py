"""
The rows of persons: found by what the register says of each table, in short reads.

A column that an index begins with is asked for the persons' ids; where there is none, the
table is read once, in blocks of its primary key, for all of them.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row, Select, and_, column, false, literal, or_, select, table
from sqlalchemy.sql.expression import ColumnElement, TableClause

from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.subject import Subject, as_stored, by_customer, by_email
from sidecar.rules.privacy.register import PersonalTable, Register
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import Pace
from sidecar.shop.shop import Shop

T = TypeVar("T")

#: The primary key of a row.
Key = tuple[Any, ...]

#: Rows that are named in one statement.
BATCH = 500

#: Rows of the first block of a table, and the fewest: some rows hold whole documents.
_FIRST_ROWS, _FEWEST_ROWS = 200, 20

#: What may be the code of an upload, and what an id or an address in a text that is no JSON.
_CODE = re.compile(r"[0-9A-Za-z]{20,64}")
_EMAIL = re.compile(r"[^\s\"<>,;:()\[\]{}\\=?&/|]+@[^\s\"'<>,;:()\[\]{}\\=?&/|]+")
_AROUND = "'.!*_-"
_NAMED_ID = re.compile(r'"customers?(?:_id)?"\s*:\s*"?([0-9]{1,10})\b')

#: Keys in JSON under which customers' ids stand.
_ID_KEYS = frozenset({"customer_id", "customer", "customers"})


@dataclass(frozen=True, slots=True)
class Found:
    """
    A row, and whose it is.

    Attributes:
        key: Its primary key.
        place: Of the person among the subjects.
    """

    key: Key
    place: int


@dataclass(slots=True)
class Rows:
    """
    The rows of some persons in one store.

    Attributes:
        shop: The store.
        register: What is known of its tables.
        live: The tables that there are, by name without prefix.
        subjects: The persons.
    """

    shop: Shop
    register: Register
    live: Mapping[str, LiveTable]
    subjects: Sequence[Subject]
    _customers: dict[int, int] = field(init=False)
    _emails: dict[str, int] = field(init=False)
    _parents: dict[str, dict[Any, int]] = field(init=False, default_factory=dict)
    _tables: dict[str, TableClause] = field(init=False, default_factory=dict)
    _paces: dict[str, Pace] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._customers, self._emails = by_customer(self.subjects), by_email(self.subjects)

    def tables(self) -> Iterator[PersonalTable]:
        """The tables that there are, in the order in which they can be erased."""
        for one in self.register.erase_order():
            if one.name in self.live and self.links_of(one):
                yield one

    def links_of(self, one: PersonalTable) -> list[tuple[str, str]]:
        """Column and where it leads, of the links whose column there is."""
        columns = self.live[one.name].columns
        return [(link.column, link.to) for link in one.links if link.column in columns]

    def of(self, one: PersonalTable) -> Iterator[list[Found]]:
        """
        The rows of *one* that are the persons', in lists of up to `BATCH`.

        A row that changes meanwhile may be missed or come twice; who erases asks again.
        """
        seen: set[Key] = set()
        for part in _batches(self._found(one)):
            fresh = [found for found in part if found.key not in seen]
            seen.update(found.key for found in fresh)
            if fresh:
                yield fresh

    def suppose(self, name: str, keys: Collection[Any]) -> None:
        """Take rows of the table *name* for the first person's, whatever they say of it."""
        self._parents[name] = dict.fromkeys(keys, 0)

    def key_of(self, one: PersonalTable) -> tuple[str, ...]:
        """The key of *one*: of the table there is, as versions differ; else as registered."""
        live = self.live[one.name]
        return live.key or tuple(name for name in one.key if name in live.columns)

    def sql(self, one: PersonalTable) -> TableClause:
        """*one* for a statement, with the columns that there are."""
        return self.sql_of(self.live[one.name])

    def sql_of(self, live: LiveTable) -> TableClause:
        """The same of a table that nobody needs to have registered."""
        if live.name not in self._tables:
            self._tables[live.name] = table(live.name, *(column(name) for name in live.columns))
        return self._tables[live.name]

    def named(self, one: PersonalTable, keys: Collection[Key]) -> ColumnElement[bool]:
        """The condition that a row of *one* has one of *keys*."""
        sql = self.sql(one)
        if not keys:
            return false()
        names = self.key_of(one)
        if len(names) == 1:
            return sql.c[names[0]].in_([key[0] for key in keys])
        each = (
            and_(*(sql.c[name] == part for name, part in zip(names, key, strict=True)))
            for key in keys
        )
        return or_(*each)

    def read(self, query: Select[Any], pace: Pace | None = None) -> Sequence[Row[Any]]:
        """The rows of one short read of its own; as a block of *pace*, where there is one."""
        with transaction(self.shop.engine) as tx:
            blocks = self.shop.key_blocks
            return blocks.timed(pace, lambda: tx.execute(query).all(), is_whole=True)

    def _found(self, one: PersonalTable) -> Iterator[Found]:
        live, links = self.live[one.name], self.links_of(one)
        if any(to == "code" for _, to in links) and self._is_empty(one):
            return  # whose codes stand where need not be known
        scanned = [link for link in links if not self._is_asked(live, *link)]
        for name, to in links:
            if (name, to) not in scanned:
                yield from self._asked(one, name, to)
        if scanned:
            yield from self._scanned(one, scanned)

    def _is_empty(self, one: PersonalTable) -> bool:
        return not self.read(select(literal(1)).select_from(self.sql(one)).limit(1))

    def _is_asked(self, live: LiveTable, name: str, to: str) -> bool:
        return to != "json" and name in live.indexed

    def _wanted(self, to: str) -> Mapping[Any, int]:
        """What a link to *to* has to hold, and whose it then is."""
        if to == "customer":
            return self._customers
        if to == "email":
            return self._emails
        if to not in self._parents:
            self._parents[to] = self._codes() if to == "code" else self._keys_of(to)
        return self._parents[to]

    def _keys_of(self, name: str) -> dict[Any, int]:
        found = self.of(self.register.tables[name]) if name in self.live else ()
        return {row.key[0]: row.place for part in found for row in part}

    def _asked(self, one: PersonalTable, name: str, to: str) -> Iterator[Found]:
        sql, wanted = self.sql(one), self._wanted(to)
        others = self._others(one) if to == "email" else []
        columns = [
            *(sql.c[part] for part in self.key_of(one)),
            sql.c[name],
            *(sql.c[o] for o in others),
        ]
        for part in _parts(sorted(wanted)):
            query = select(*columns).where(sql.c[name].in_(part))
            yield from self._theirs(one, self.read(query), [(name, to)])

    def _scanned(self, one: PersonalTable, links: Sequence[tuple[str, str]]) -> Iterator[Found]:
        if not any(self._wanted(to) for _, to in links if to != "json") and not any(
            to == "json" for _, to in links
        ):
            return
        sql = self.sql(one)
        others = self._others(one) if any(to == "email" for _, to in links) else []
        key = self.key_of(one)
        columns = [
            *(sql.c[part] for part in key),
            *(sql.c[name] for name, _ in links),
            *(sql.c[name] for name in others),
        ]
        for rows in self.blocks(sql, key, columns):
            yield from self._theirs(one, rows, links)

    def blocks(
        self, sql: TableClause, key: Sequence[str], columns: Sequence[ColumnElement[Any]]
    ) -> Iterator[Sequence[Row[Any]]]:
        """
        All rows of *sql* in short reads; the first of *columns* are those of *key*.

        A table without a key is counted through, which takes the longer the larger it is.
        """
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
                query = query.where(_beyond(ordered, after))
            found = self.read(query, pace)
            passed += len(found)
            if found:
                yield found
            if len(found) < rows:
                return
            after = tuple(found[-1][: len(key)])

    def _theirs(
        self,
        one: PersonalTable,
        rows: Iterable[Row[Any]],
        links: Sequence[tuple[str, str]],
    ) -> Iterator[Found]:
        """Which of *rows* are the persons': the key, the links' columns, then `_others`."""
        width, number = len(self.key_of(one)), len(links)
        doubtful: list[tuple[Found, int]] = []
        for row in rows:
            key = tuple(row[:width])
            holders = [value for value in row[width + number :] if value]
            for value, (_, to) in zip(row[width : width + number], links, strict=True):
                place = self._place(value, to)
                if place is None:
                    continue
                if to != "email" or not holders:
                    yield Found(key, place)
                elif holders[0] != self.subjects[place].customer_id:
                    doubtful.append((Found(key, place), int(holders[0])))
        if doubtful:
            there = self._customers_there({holder for _, holder in doubtful})
            yield from (found for found, holder in doubtful if holder not in there)

    def _others(self, one: PersonalTable) -> list[str]:
        """
        Columns that say which account a row is of.

        By e-mail a row is only theirs who have no account for it, or had one that is gone;
        so nobody is taken for another account with the same address.
        """
        return [name for name, to in self.links_of(one) if to == "customer"]

    def _customers_there(self, ids: Collection[int]) -> set[int]:
        customer = self.shop.tables.customer
        there: set[int] = set()
        for part in _parts(sorted(ids)):
            query = select(customer.c.customer_id).where(customer.c.customer_id.in_(part))
            there |= {row[0] for row in self.read(query)}
        return there

    def _place(self, value: object, to: str) -> int | None:
        if value is None:
            return None
        if to == "json":
            return self._place_in(str(value))
        if to == "email":
            return self._emails.get(as_stored(str(value)))
        return self._wanted(to).get(value)

    def _place_in(self, value: str) -> int | None:
        try:
            ids, words = _said(json.loads(value))
        except (ValueError, RecursionError):
            ids, words = [int(found) for found in _NAMED_ID.findall(value)], [value]
        for one in ids:
            if one in self._customers:
                return self._customers[one]
        for word in words:
            for address in _EMAIL.findall(word) if "@" in word else ():
                # A sentence ends with a dot, and quotes may stand around it.
                for said in (address, address.strip(_AROUND)):
                    place = self._emails.get(as_stored(said))
                    if place is not None:
                        return place
        return None

    def _codes(self) -> dict[Any, int]:
        """The codes of uploads that stand in the persons' custom fields and options."""
        found: dict[Any, int] = {}
        for one in self.register.tables.values():
            if one.own or one.name not in self.live:
                continue
            names = [name for name in one.columns if _may_hold_codes(one.name, name)]
            names = [name for name in names if name in self.live[one.name].columns]
            if not names:
                continue
            for part in self.of(one):
                places = {row.key: row.place for row in part}
                width = len(self.key_of(one))
                for row in self.values(one, names, list(places)):
                    place = places[tuple(row[:width])]
                    for value in row[width:]:
                        found.update((code, place) for code in _CODE.findall(str(value or "")))
        return found

    def values(
        self, one: PersonalTable, names: Sequence[str], keys: Collection[Key]
    ) -> Sequence[Row[Any]]:
        """The key and the columns *names* of rows of *one*, at most `BATCH` of them."""
        sql = self.sql(one)
        columns = [sql.c[name] for name in (*self.key_of(one), *names)]
        return self.read(select(*columns).where(self.named(one, keys)))


def _may_hold_codes(name: str, column_name: str) -> bool:
    # OpenCart keeps the code of an uploaded file where the value of a field or option stands.
    if "custom_field" in column_name:
        return True
    return ("option" in name and column_name == "value") or (name, column_name) == (
        "cart",
        "option",
    )


def _said(value: object) -> tuple[list[int], list[str]]:
    """Customers' ids and all texts in what JSON said."""
    ids: list[int] = []
    words: list[str] = []
    waiting: list[tuple[bool, object]] = [(False, value)]
    while waiting:
        is_id, each = waiting.pop()
        if isinstance(each, dict):
            words.extend(str(key) for key in each)
            waiting.extend((key in _ID_KEYS, item) for key, item in each.items())
        elif isinstance(each, list):
            waiting.extend((is_id, item) for item in each)
        elif isinstance(each, str):
            words.append(each)
            if is_id and each.isascii() and each.isdecimal():
                ids.append(int(each))
        elif is_id and isinstance(each, int) and not isinstance(each, bool):
            ids.append(each)
    return ids, words


def _beyond(ordered: Sequence[ColumnElement[Any]], after: Key) -> ColumnElement[bool]:
    """The condition that a row comes after the one with the key *after*."""
    cases = []
    for place, last in enumerate(ordered):
        same = [one == part for one, part in zip(ordered[:place], after[:place], strict=True)]
        cases.append(and_(*same, last > after[place]))
    return or_(*cases)


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    while part := list(itertools.islice(found, BATCH)):
        yield part


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
