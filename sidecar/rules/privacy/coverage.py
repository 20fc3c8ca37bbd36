"""Whether the register knows every table and column of the database that looks personal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sidecar.rules.language.suggest import listing
from sidecar.rules.privacy.personal_names import personal_class
from sidecar.rules.privacy.register import OWN, SHIPPED, PersonalTable, Register

#: What people's words cannot stand in, though it is a kind of text.
_FIXED: Final = frozenset({"enum", "set"})

#: How a column of an unknown table leads to a person, by what it is called.
_LINKS: Final = {"customer_id": "customer", "order_id": "order", "email": "email"}


#: Of our own tables, where a newer version has worked.
_NEWER: Final = "not known to this version of the sidecar; update it"

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class Column(Protocol):
    """A column as it is in the database."""

    @property
    def type(self) -> str:
        """In small letters, without its length."""

    @property
    def is_text(self) -> bool:
        """Whether it holds text, or anything else that can be read as one."""


class Table(Protocol):
    """A table as it is in the database."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """By name."""

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of the primary key."""


@dataclass(frozen=True, slots=True)
class Gap:
    """
    A table that may hold personal data that no export shows and no erasure finds.

    Attributes:
        table: Without prefix.
        columns: Which of its columns; empty: the table as it is registered.
        why: What is the matter with them.
        snippet: A draft of what to write into a file of `[privacy] register`; empty where
            *why* says what to do.
    """

    table: str
    columns: tuple[str, ...]
    why: str
    snippet: str = ""

    def __str__(self) -> str:
        columns = f" ({listing(self.columns, 'and')})" if self.columns else ""
        return f"{self.table}{columns}: {self.why}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    What the register knows of a database.

    Attributes:
        gaps: In order of the tables' names.
        notes: What a shop's own file names and the database does not have.
        tables: How many registered tables there are.
        columns: How many of their columns hold personal data.
    """

    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    tables: int
    columns: int

    @property
    def complete(self) -> bool:
        """Whether an export or an erasure may be called complete."""
        return not self.gaps


def compare(register: Register, live: Mapping[str, Table]) -> Coverage:
    """
    Hold *register* against the tables there are.

    Args:
        live: The store's tables and our own, by name without prefix.
    """
    gaps: list[Gap] = []
    for name, table in sorted(live.items()):
        registered = register.tables.get(name)
        if registered is not None:
            gaps += _of_registered(registered, table)
        elif name not in register.not_personal:
            gaps += _of_unknown(name, table)
    known = [(table, live[name]) for name, table in register.tables.items() if name in live]
    return Coverage(
        gaps=tuple(gaps),
        notes=tuple(_notes(register, live)),
        tables=len(known),
        columns=sum(len(table.columns.keys() & of.columns.keys()) for table, of in known),
    )


def _of_registered(registered: PersonalTable, table: Table) -> Iterator[Gap]:
    links = [link.column for link in registered.links]
    if links and not any(column in table.columns for column in links):
        why = f"none of its links is there ({listing(links, 'and')}), so no row is found"
        yield Gap(registered.name, (), f"{why}: correct them")
    if not any(column in table.columns for column in registered.key):
        keys = listing(registered.key, "and")
        yield Gap(
            registered.name,
            (),
            f"its key is not there ({keys}), so no row can be changed: correct it",
        )
    new = [
        name
        for name, column in table.columns.items()
        if name not in registered.classified
        and (_may_hold_words(column) or personal_class(name, column.type))
    ]
    if new:
        erase = ', erase = "blank"' if registered.rows == "rewrite" else ""
        header = f"[add.{_key(registered.name)}.columns]"
        lines = [header, *(_line(name, table, erase) for name in new)]
        if registered.own:
            yield Gap(registered.name, tuple(new), _NEWER)
            return
        why = "not classified; what is not personal stands under plain"
        yield Gap(registered.name, tuple(new), why, "\n".join(lines))


def _of_unknown(name: str, table: Table) -> Iterator[Gap]:
    personal = [column for column, of in table.columns.items() if personal_class(column, of.type)]
    if personal and name.startswith(OWN):
        yield Gap(name, tuple(personal), _NEWER)
    elif personal:
        why = "not registered, and looks personal"
        yield Gap(name, tuple(personal), why, _proposal(name, table, personal))


def _proposal(name: str, table: Table, personal: list[str]) -> str:
    """A first draft of how the shop may register *table*."""
    links = {column: to for column in table.columns if (to := _LINKS.get(column.lower()))}
    columns = [
        column
        for column, of in table.columns.items()
        if (column in personal or _may_hold_words(of)) and links.get(column, "email") == "email"
    ]
    rest = [column for column in table.columns if column not in (*columns, *links, *table.key)]
    to_whom = ", ".join(f'{_key(column)} = "{to}"' for column, to in links.items())
    return "\n".join(
        [
            f"[table.{_key(name)}]",
            f"key = [{_listed(table.key)}]",
            f"links = {{ {to_whom} }}",
            'rows = "delete"',
            f"plain = [{_listed(rest)}]",
            f"[table.{_key(name)}.columns]",
            *(_line(column, table) for column in columns),
        ]
    )


def _line(name: str, table: Table, erase: str = "") -> str:
    kind = personal_class(name, table.columns[name].type) or "content"
    return f'{_key(name)} = {{ class = "{kind}"{erase} }}'


def _listed(names: Sequence[str]) -> str:
    return ", ".join(json.dumps(name, ensure_ascii=False) for name in names)


def _key(name: str) -> str:
    """*name* as a key of TOML, whose quoted texts are those of JSON."""
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _may_hold_words(column: Column) -> bool:
    return column.is_text and column.type not in _FIXED


def _notes(register: Register, live: Mapping[str, Table]) -> Iterator[str]:
    for name, table in sorted(register.tables.items()):
        if table.file in SHIPPED:
            continue
        if name not in live:
            yield f"{table.file} registers {name}, which is not in the database"
            continue
        if absent := sorted(table.classified - live[name].columns.keys()):
            yield f"{table.file} names {listing(absent, 'and')} of {name}, not in the database"
