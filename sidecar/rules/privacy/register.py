"""
The register of personal data: which tables and columns hold it, and what an erasure does.

It is the union over the versions of OpenCart: who reads it uses what the live schema has.
"""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from sidecar.rules.syntax import Span

Class = Literal[
    "identity", "contact", "address", "network", "content", "payment", "reference", "credential"
]
#: What an erasure does to a column of a row that stays.
Erase = Literal["blank", "pseudonymise", "keep"]
#: What an erasure does to the rows of a person.
Rows = Literal["delete", "rewrite", "keep"]

#: The files of the program itself: the store's tables and our own.
SHIPPED: Final = ("opencart.toml", "own.toml")

#: How the names of the sidecar's own tables begin.
OWN: Final = "sidecar_"

#: What a link can lead to that is not a table's key; see `Link`.
TO_A_PERSON: Final = ("customer", "email", "json", "code")


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """
    A column with personal data.

    Attributes:
        name: As in the table.
        kind: Which kind of data it is.
        erase: What becomes of it where the rows of its table are rewritten; says nothing
            where they are deleted, and is ``keep`` where they are kept.
        label: For people, in an export and in the plan of an erasure.
        why: Why it is kept; empty when it is not.
        export: Whether the person gets to see it: no secret, and nothing about others.
    """

    name: str
    kind: Class
    erase: Erase
    label: str
    why: str = ""
    export: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """
    How the rows of a table lead to a person.

    Where rows are rewritten, a link to the customer becomes 0; one by e-mail, and one in
    a text, is a `PersonalColumn` too and becomes what that says.

    Attributes:
        column: Of the table.
        to: ``customer``: it is a customer's id; ``email``: their address; ``json``: a text
            in which id or address stand, as the data of a session; ``code``: an upload's
            code, which stands in custom fields or options of orders; else the name of
            another table of the register, whose key of one column it holds.
    """

    column: str
    to: str


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """
    A table with personal data.

    Attributes:
        name: Without prefix.
        label: For people.
        key: Columns of its primary key.
        links: A row is a person's when any of them leads there; none: no row can be told
            to be somebody's, and only age ends it.
        rows: What an erasure does to a person's rows.
        why: Why they stay, empty when they are deleted.
        columns: The personal ones by name.
        plain: Columns that were looked at: of a person's row they say something about
            the person, and nothing without it.
        keep_for: Rows younger than this stay as they are until then; None: none do.
        dated: The column that says how old a row is; None without *keep_for*.
        file_column: The column that names a file in the store's ``storage/upload``, which
            goes with its row; None: there is none.
        own: Whether it is one of the sidecar's.
        file: Where it is registered.
    """

    name: str
    label: str
    key: tuple[str, ...]
    links: tuple[Link, ...]
    rows: Rows
    why: str
    columns: Mapping[str, PersonalColumn]
    plain: frozenset[str] = frozenset()
    keep_for: Span | None = None
    dated: str | None = None
    file_column: str | None = None
    own: bool = False
    file: str = ""

    @property
    def classified(self) -> frozenset[str]:
        """Every column that the register knows something about."""
        linked = {link.column for link in self.links}
        return self.plain | {*self.columns, *self.key, *linked}

    @property
    def parents(self) -> frozenset[str]:
        """The tables whose keys its links hold."""
        return frozenset(link.to for link in self.links) - {*TO_A_PERSON, self.name}


@dataclass(frozen=True, slots=True)
class Addition:
    """
    What a file says about columns that an extension added to a registered table.

    Attributes:
        table: Its name.
        links: Beside those it has.
        columns: The same.
        plain: The same.
        file: Where it stands.
    """

    table: str
    links: tuple[Link, ...]
    columns: Mapping[str, PersonalColumn]
    plain: frozenset[str]
    file: str

    def to(self, table: PersonalTable) -> PersonalTable:
        """*table* with what is added."""
        columns = dict(self.columns)
        if table.rows == "keep":
            kept: dict[str, Any] = {"erase": "keep", "why": table.why}
            columns = {name: replace(column, **kept) for name, column in columns.items()}
        mine = {link.column for link in self.links}
        return replace(
            table,
            links=(*(link for link in table.links if link.column not in mine), *self.links),
            columns={**table.columns, **columns},
            plain=(table.plain - columns.keys()) | (self.plain - table.columns.keys()),
        )


@dataclass(frozen=True, slots=True)
class Register:
    """
    Every table that was looked at.

    Attributes:
        tables: Those with personal data, by name.
        not_personal: Those that look as if they had any, and why they have none.
        additions: Of one file; none where they were taken into *tables*.
    """

    tables: Mapping[str, PersonalTable] = field(default_factory=dict)
    not_personal: Mapping[str, str] = field(default_factory=dict)
    additions: tuple[Addition, ...] = ()

    def erase_order(self) -> tuple[PersonalTable, ...]:
        """
        The tables in an order in which nothing is lost that a later one is found by.

        Children come before the tables they link to, uploads before whatever holds their
        codes, and ``customer`` is last.

        Raises:
            graphlib.CycleError: Tables link to each other in a circle; a register that
                `merged` made has none.
        """
        sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
        for name in sorted(self.tables):
            sorter.add(name)
        for name, table in sorted(self.tables.items()):
            for parent in sorted(table.parents & self.tables.keys()):
                sorter.add(parent, name)
        order = list(sorter.static_order())
        early = {table.name for table in self.tables.values() if _by_code(table)}
        for name in reversed(order):
            if self.tables[name].parents & early:
                early.add(name)
        order.sort(key=lambda name: (name == "customer", name not in early))
        return tuple(self.tables[name] for name in order)


def _by_code(table: PersonalTable) -> bool:
    return any(link.to == "code" for link in table.links)
