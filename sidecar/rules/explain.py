"""
A condition taken apart: what each part of it says of one customer, and told by which values.

Every part is compiled as the rule is, and evaluated on the frame that the rule is: nothing
here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from sidecar.model import Names, fold
from sidecar.rules.catalogue import Catalogue, Fact
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.compile_ruleset import Compiled
from sidecar.rules.syntax import And, Expr, FactPredicate, Has, InSegment, Missing, Not, Or


@dataclass(frozen=True, slots=True)
class Node:
    """
    One part of a condition, for one customer.

    Attributes:
        expr: The part.
        holds: Whether it is true of them.
        items: The parts of ``and``, ``or`` and ``not``.
        fact: Of a comparison: what is compared; None for segments.
        value: Of a comparison: the fact as it is loaded; None where it is missing. Of a set:
            those of the names asked for that are in it, or (is missing) its members. Of
            a segment: whether they are in it.
        column: Of a comparison of a fact that is loaded: its column.
        leaves_at: The instant of the row that will leave the windows of the fact first;
            seconds since 1970, None: none will.
    """

    expr: Expr
    holds: bool
    items: tuple[Node, ...] = ()
    fact: Fact | None = None
    value: Any = None
    column: Column | None = None
    leaves_at: int | None = None

    @property
    def missing(self) -> bool:
        """Whether a fact without a value was compared."""
        return self.fact is not None and self.value is None


class Trees:
    """
    Conditions to take apart, all at once.

    Args:
        compiler: New, and used for nothing else.
        catalogue: The facts there are.
        names: The store's.
    """

    def __init__(self, compiler: Compiler, catalogue: Catalogue, names: Names) -> None:
        self._compiler = compiler
        self._catalogue = catalogue
        self._names = names
        self._numbers: dict[Expr, int] = {}
        self._expressions: list[pl.Expr] = []
        self._columns: dict[FactPredicate, Column] = {}

    def add(self, condition: Expr) -> None:
        """Take *condition* apart too; before anything is loaded."""
        if condition in self._numbers:
            return
        number = self._numbers[condition] = len(self._numbers)
        self._expressions.append(self._compiler.condition(condition).alias(f"node:{number}"))
        if isinstance(condition, And | Or):
            for item in condition.items:
                self.add(item)
        elif isinstance(condition, Not):
            self.add(condition.item)
        elif not isinstance(condition, InSegment) and condition.fact.name != "tags":
            self._columns[condition] = self._compiler.column(condition.fact)

    @property
    def compiled(self) -> Compiled:
        """What must be loaded, and what depends on the moment."""
        compiler = self._compiler
        return Compiled(
            columns=tuple(compiler.columns.values()),
            boundaries=tuple(compiler.boundaries.values()),
            folded=tuple(sorted(compiler.folded)),
        )

    def told(self, frame: pl.DataFrame, tags: frozenset[str]) -> Told:
        """
        What the conditions say of the one customer of *frame*, which is prepared and evaluated.

        Args:
            tags: Names of the tags in effect.
        """
        row = frame.with_columns(self._expressions).row(0, named=True)
        return Told(self._numbers, self._columns, row, tags, self._catalogue, self._names)


@dataclass(frozen=True, slots=True)
class Told:
    """What conditions say of one customer; made by `Trees.told`."""

    _numbers: Mapping[Expr, int]
    _columns: Mapping[FactPredicate, Column]
    _row: Mapping[str, Any]
    _tags: frozenset[str]
    _catalogue: Catalogue
    _names: Names

    def node(self, expr: Expr) -> Node:
        """The tree of a condition that was added, or of a part of one."""
        holds = bool(self._row[f"node:{self._numbers[expr]}"])
        if isinstance(expr, And | Or):
            return Node(expr, holds, tuple(map(self.node, expr.items)))
        if isinstance(expr, Not):
            return Node(expr, holds, (self.node(expr.item),))
        if isinstance(expr, InSegment):
            return Node(expr, holds, value=holds != expr.negated)
        fact = self._catalogue.get(expr.fact.name)
        column = self._columns.get(expr)
        if fact is None or column is None:
            return Node(expr, holds, fact=fact, value=_of_set(expr, self._tags, _texts))
        value = self._row[column.key]
        if fact.kind == "set":
            members = frozenset(value or ())
            return Node(expr, holds, fact=fact, value=_of_set(expr, members, self._ids(fact)))
        leaves_at = self._row.get(column.leaves) if column.is_moving else None
        return Node(expr, holds, (), fact, value, column, leaves_at)

    def _ids(self, fact: Fact) -> _Find:
        table = self._names.get(fact.names or "")
        if table is None:
            return _texts
        find = table.find
        return lambda _, name: frozenset(find(name))


class _Find(Protocol):
    """Which members of a set a name asks for."""

    def __call__(self, members: frozenset[Any], name: str, /) -> frozenset[Any]: ...


def _texts(members: frozenset[str], name: str) -> frozenset[str]:
    return frozenset(member for member in members if fold(member) == fold(name))


def _of_set(expr: FactPredicate, members: frozenset[Any], find: _Find) -> list[Any]:
    if isinstance(expr, Missing):
        return sorted(members)
    asked = expr.values if isinstance(expr, Has) else ()
    return [name for name in asked if members & find(members, name)]
