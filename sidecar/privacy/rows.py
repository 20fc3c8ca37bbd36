"""
The rows of persons: found by what the register says of each table, in short reads.

A column that an index begins with is asked for the persons' ids; where there is none, the
table is read once, in blocks of its primary key, for all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, literal, select, tuple_
from sqlalchemy.sql.expression import ColumnElement, TableClause

from sidecar.privacy.live_schema import LiveTable
from sidecar.privacy.mentions import codes_in, may_hold_codes, named_in
from sidecar.privacy.short_reads import BATCH, Key, ShortReads, in_parts
from sidecar.privacy.subject import Subject, as_stored, by_customer, by_email
from sidecar.rules.privacy.register import PersonalTable, Register
from sidecar.shop.shop import Shop

#: Parameters of statements; no column is called so.
_KEYS, _WANTED = "sidecar_keys", "sidecar_wanted"


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
        reads: How the tables are read.
    """

    shop: Shop
    register: Register
    live: Mapping[str, LiveTable]
    subjects: Sequence[Subject]
    reads: ShortReads = field(init=False)
    _customers: dict[int, int] = field(init=False)
    _emails: dict[str, int] = field(init=False)
    _parents: dict[str, dict[Any, int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.reads = ShortReads(self.shop)
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
        keys = self._parents.get(one.name)
        if keys is None or len(self.key_of(one)) != 1:
            found = self._found(one)
        else:
            found = (Found((key,), place) for key, place in keys.items())  # found for its children
        for part in _batches(found):
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
        return self.reads.sql(self.live[one.name])

    def named(self, one: PersonalTable) -> ColumnElement[bool]:
        """The condition that a row of *one* has one of the keys that `naming` says."""
        sql, names = self.sql(one), self.key_of(one)
        keys: BindParameter[Any] = bindparam(_KEYS, expanding=True)
        if len(names) == 1:
            return sql.c[names[0]].in_(keys)
        return tuple_(*(sql.c[name] for name in names)).in_(keys)

    def naming(self, one: PersonalTable, keys: Collection[Key]) -> dict[str, Any]:
        """The parameters of a statement with `named`."""
        is_one = len(self.key_of(one)) == 1
        return {_KEYS: [key[0] for key in keys] if is_one else list(keys)}

    def _found(self, one: PersonalTable) -> Iterator[Found]:
        live, links = self.live[one.name], self.links_of(one)
        if any(to == "code" for _, to in links) and self._has_fewer(one, 1):
            return  # whose codes stand where need not be known
        asked = [(name, to) for name, to in links if to != "json" and name in live.indexed]
        if asked and len(self.subjects) > BATCH and self._has_fewer(one, BATCH):
            asked = []  # it is read sooner than asked for all of them
        for name, to in asked:
            yield from self._asked(one, name, to)
        if scanned := [link for link in links if link not in asked]:
            yield from self._scanned(one, scanned)

    def _has_fewer(self, one: PersonalTable, rows: int) -> bool:
        query = select(literal(1)).select_from(self.sql(one)).limit(rows)
        return len(self.reads.read(query)) < rows

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
        query = select(*columns).where(sql.c[name].in_(bindparam(_WANTED, expanding=True)))
        for part in in_parts(sorted(wanted)):
            rows = self.reads.read(query, parameters={_WANTED: part})
            yield from self._theirs(one, rows, [(name, to)])

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
        for rows in self.reads.blocks(self.live[one.name], key, columns):
            yield from self._theirs(one, rows, links)

    def _theirs(
        self,
        one: PersonalTable,
        rows: Iterable[Row[Any]],
        links: Sequence[tuple[str, str]],
    ) -> Iterator[Found]:
        """Which of *rows* are the persons': the key, the links' columns, then `_others`."""
        width = len(self.key_of(one))
        last = width + len(links)
        by_link = [
            (at, self._place_by(to), to == "email") for at, (_, to) in enumerate(links, width)
        ]
        doubtful: list[tuple[Found, int]] = []
        for row in rows:
            for at, place_by, is_email in by_link:
                if (place := place_by(row[at])) is None:
                    continue
                key = tuple(row[:width])
                holders = [value for value in row[last:] if value]
                if not is_email or not holders:
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
        for part in in_parts(sorted(ids)):
            query = select(customer.c.customer_id).where(customer.c.customer_id.in_(part))
            there |= {row[0] for row in self.reads.read(query)}
        return there

    def _place_by(self, to: str) -> Callable[[Any], int | None]:
        """What says by the value of a link whose a row is; None: nobody's."""
        if to == "json":
            return self._place_in
        if to == "email":
            return self._place_of
        return self._wanted(to).get

    def _place_of(self, address: object) -> int | None:
        return None if address is None else self._emails.get(as_stored(str(address)))

    def _place_in(self, text: object) -> int | None:
        if text is None:
            return None
        ids, addresses = named_in(str(text))
        for one in ids:
            if one in self._customers:
                return self._customers[one]
        for address in addresses:
            place = self._emails.get(as_stored(address))
            if place is not None:
                return place
        return None

    def _codes(self) -> dict[Any, int]:
        """The codes of uploads that stand in the persons' custom fields and options."""
        found: dict[Any, int] = {}
        for one in self.register.tables.values():
            if one.own or one.name not in self.live:
                continue
            names = [name for name in one.columns if may_hold_codes(one.name, name)]
            names = [name for name in names if name in self.live[one.name].columns]
            if not names:
                continue
            for part in self.of(one):
                places = {row.key: row.place for row in part}
                width = len(self.key_of(one))
                for row in self.values(one, names, list(places)):
                    place = places[tuple(row[:width])]
                    for value in row[width:]:
                        found.update((code, place) for code in codes_in(str(value or "")))
        return found

    def values(
        self, one: PersonalTable, names: Sequence[str], keys: Collection[Key]
    ) -> Sequence[Row[Any]]:
        """The key and the columns *names* of rows of *one*, at most `BATCH` of them."""
        sql = self.sql(one)
        columns = [sql.c[name] for name in (*self.key_of(one), *names)]
        query = select(*columns).where(self.named(one))
        return self.reads.read(query, parameters=self.naming(one, keys))


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    while part := list(itertools.islice(found, BATCH)):
        yield part
