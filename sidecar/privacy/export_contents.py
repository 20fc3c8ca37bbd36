"""
What an export holds: the person's rows of every table of the register, and what is known of them.

The keys of the rows are found once; the rows are read in batches whenever they are told,
so that the export of somebody with very many never holds them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sidecar.privacy.export_names import KIND_OF
from sidecar.privacy.export_values import Values, has_amounts, of_unit
from sidecar.privacy.live_schema import LiveColumn
from sidecar.privacy.rows import Rows
from sidecar.privacy.short_reads import Key, in_parts
from sidecar.rules.privacy.register import PersonalTable
from sidecar.sync.state import Json

#: Why a column is named and its values are not shown.
CREDENTIAL: Final = "a secret: whoever knows it could act for you, or in the name of the shop"
OTHERS: Final = "it can hold data of other people, or says nothing without the shop's own key"
STAFF: Final = "it names a person who works for the shop"

#: Bit words of ours: what they say stands with names among the decisions.
_BITS: Final = re.compile(r"(?:segment_)?verdict\d|tags\d|segments\d|rungs")

#: Columns of ours that name people of the shop, or another customer.
_PEOPLE: Final = re.compile(r"(?:.*_)?(?:actor|by)")


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """
    Attributes:
        name: As in the table.
        label: For people.
        kind: The class of the register; ``plain``: it is not personal by itself.
        why_not: Why its values are not shown; empty: they are.
    """

    name: str
    label: str
    kind: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ExportTable:
    """
    A table with rows of the person.

    Attributes:
        register: What is known of it.
        columns: In the order of the table.
        keys: Of the person's rows, ascending.
    """

    register: PersonalTable
    columns: tuple[ExportColumn, ...]
    keys: Sequence[Key]

    @property
    def shown(self) -> tuple[ExportColumn, ...]:
        """The columns whose values are told."""
        return tuple(column for column in self.columns if not column.why_not)


@dataclass(slots=True)
class Contents:
    """
    One person's rows.

    Attributes:
        rows: Of the one person.
        values: How they are told.
        tables: Those with rows, in the register's order; filled by `find`.
    """

    rows: Rows
    values: Values
    tables: list[ExportTable] = field(default_factory=list)

    def find(self, found: Callable[[str], None] = lambda _: None) -> None:
        """Look for the person's rows in every table; *found* is told each table before."""
        register = self.rows.register
        for one in register.tables.values():
            if one.name not in self.rows.live or not self.rows.links_of(one):
                continue
            found(one.name)
            keys = sorted({row.key for part in self.rows.of(one) for row in part}, key=_in_order)
            if keys:
                self.tables.append(ExportTable(one, self._columns(one), keys))

    @property
    def number_of_rows(self) -> int:
        """Of all tables."""
        return sum(len(table.keys) for table in self.tables)

    def told(self, table: ExportTable) -> Iterator[dict[str, Json]]:
        """The rows of *table*, each by the names of its shown columns."""
        one, live = table.register, self.rows.live[table.register.name]
        key = self.rows.key_of(one)
        shown = [column.name for column in table.shown]
        others = [name for name in shown if name not in key]
        names = (*key, *others)
        tell = {name: self.values.of(one, name, live.columns[name]) for name in shown}
        by_unit = one.own and "unit" in live.columns
        for part in in_parts(table.keys):
            rows = [tuple(row) for row in self.rows.values(one, others, part)]
            rows.sort(key=lambda row: _in_order(row[: len(key)]))
            self.values.learn(names, rows)
            for row in rows:
                values = dict(zip(names, row, strict=True))
                yield {
                    name: of_unit(name, values.get("unit"), values[name])
                    if by_unit and has_amounts(name)
                    else tell[name](values[name])
                    for name in shown
                }

    def _columns(self, one: PersonalTable) -> tuple[ExportColumn, ...]:
        live = self.rows.live[one.name].columns
        found = (self._column(one, column) for column in live.values())
        return tuple(column for column in found if column is not None)

    def _column(self, one: PersonalTable, live: LiveColumn) -> ExportColumn | None:
        name = live.name
        if one.own and _BITS.fullmatch(name):
            return None
        personal = one.columns.get(name)
        if personal is not None:
            why_not = ""
            if not personal.export:
                why_not = CREDENTIAL if personal.kind == "credential" else OTHERS
            return ExportColumn(name, personal.label, personal.kind, why_not)
        label = (name.removesuffix("_id") if name in KIND_OF else name).replace("_", " ")
        is_about_people = one.own and _PEOPLE.fullmatch(name) is not None
        why_not = STAFF if is_about_people else ""
        return ExportColumn(name, label[:1].upper() + label[1:], "plain", why_not)


def _in_order(key: Sequence[Any]) -> tuple[tuple[bool, Any], ...]:
    """*key* to sort by: numbers before texts."""
    return tuple((isinstance(part, str), part) for part in key)
