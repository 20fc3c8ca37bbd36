"""
The structural form of a condition: tables of TOML instead of text, same tree.

    all = [ { fact = "orders", at_least = 3 }, { any = [ … ] } ]
    none = [ { tag = "do-not-contact" } ]

Several keys at one level must all hold. What the keys of a comparison mean stands in
``operators.py``; whether its fact exists is for the checker, as with text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from sidecar.rules.language import limits
from sidecar.rules.language.operators import (
    OPERATOR_KEYS,
    Flaw,
    FlawError,
    Path,
    predicate,
    read_filter,
)
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.words import FILTERS, is_fact_name
from sidecar.rules.syntax import (
    And,
    Compare,
    Expr,
    FactRef,
    Filter,
    Has,
    InSegment,
    Not,
    Or,
    Position,
)

#: The keys that join conditions.
GROUP_KEYS: Final = ("all", "any", "none")
#: The keys that begin a comparison.
SUBJECT_KEYS: Final = ("fact", "tag", "segment")
_TOO_LARGE: Final = "make segments of its parts"


class StructureError(Exception):
    """
    A table that is not a condition.

    Attributes:
        flaws: Everything found, in the order of the table.
    """

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = flaws


def _nowhere(_path: Path) -> Position | None:
    return None


def from_structure(
    table: Mapping[str, object], locate: Callable[[Path], Position | None] = _nowhere
) -> Expr:
    """
    The tree of a condition given as a *table* with ``all``, ``any`` or ``none``.

    Numbers are int or Decimal (``tomllib.loads(…, parse_float=Decimal)``), never float.

    Args:
        locate: Where the value stands that a path of keys and indexes leads to; every
            comparison and fact of the tree is given its position.

    Raises:
        StructureError: With every flaw found.
    """
    reader = _Reader(locate)
    expr = reader.condition(table, (), 1)
    if expr is not None and not reader.flaws:
        leaves, depth = limits.measure(expr)
        problem = (
            limits.leaves_problem(leaves)
            or limits.depth_problem(depth)
            or limits.size_problem(print_expr(expr))
        )
        if problem:
            reader.flaw((), problem, _TOO_LARGE)
    if expr is None or reader.flaws:
        raise StructureError(reader.flaws)
    return expr


class _Reader:
    def __init__(self, locate: Callable[[Path], Position | None]) -> None:
        self.flaws: list[Flaw] = []
        self._locate = locate
        self._comparisons = 0

    def flaw(self, path: Path, message: str, hint: str = "") -> None:
        self.flaws.append(Flaw(path, message, hint))

    def condition(self, table: object, path: Path, depth: int) -> Expr | None:
        """One table: a group, or a comparison; None when it is flawed."""
        if not isinstance(table, Mapping):
            self.flaw(path, "needs a table in curly brackets", 'e.g. { fact = "orders", is = 3 }')
            return None
        # Every level may be a "not" around an "or", hence twice; measured exactly later.
        if depth > 2 * limits.MAX_DEPTH:
            self.flaw(path, limits.depth_problem(depth) or "", _TOO_LARGE)
            return None
        if any(key in table for key in GROUP_KEYS):
            return self._group(table, path, depth)
        return self._comparison(table, path)

    def _group(self, table: Mapping[str, object], path: Path, depth: int) -> Expr | None:
        for key in table:
            if key not in GROUP_KEYS:
                self.flaw(
                    (*path, key),
                    f"'{key}' cannot stand beside {listing(GROUP_KEYS)}",
                    "put it into a table of its own within 'all'",
                )
        parts = [
            self._joined(key, table[key], (*path, key), depth) for key in table if key in GROUP_KEYS
        ]
        whole = [part for part in parts if part is not None]
        return _join(And, whole) if len(whole) == len(parts) else None

    def _joined(self, key: str, items: object, path: Path, depth: int) -> Expr | None:
        if not isinstance(items, list) or not items:
            self.flaw(path, f"'{key}' needs a list of at least one condition")
            return None
        read = [self.condition(item, (*path, index), depth + 1) for index, item in enumerate(items)]
        whole = [part for part in read if part is not None]
        if len(whole) < len(read):
            return None
        if key == "all":
            return _join(And, whole)
        return _join(Or, whole) if key == "any" else Not(_join(Or, whole))

    def _comparison(self, table: Mapping[str, object], path: Path) -> Expr | None:
        # A table of thousands is refused before it is read, and once.
        self._comparisons += 1
        if self._comparisons > limits.MAX_LEAVES:
            if self._comparisons == limits.MAX_LEAVES + 1:
                self.flaw((), limits.leaves_problem(self._comparisons) or "", _TOO_LARGE)
            return None
        subjects = [key for key in SUBJECT_KEYS if key in table]
        if not subjects:
            known = (*SUBJECT_KEYS, *GROUP_KEYS)
            unknown = next((key for key in table if key not in OPERATOR_KEYS), "")
            hint = did_you_mean(unknown, known) if unknown else ""
            self.flaw(path, f"needs one of {listing(known)}", hint)
            return None
        if len(subjects) > 1:
            message = f"'{subjects[1]}' cannot stand beside '{subjects[0]}'"
            self.flaw((*path, subjects[1]), message, "put each into a table of its own")
            return None
        (subject,) = subjects
        if subject == "fact":
            return self._fact(table, path)
        for key in table:
            if key != subject:
                self.flaw((*path, key), f"'{key}' cannot stand beside '{subject}'")
        name = table[subject]
        if not isinstance(name, str) or limits.bad_character(name):
            self.flaw((*path, subject), f"'{subject}' needs a name in quotes")
            return None
        at = self._locate(path)
        if subject == "tag":
            return Has(FactRef("tags", at=at), "any", (name,), at=at)
        return InSegment(name, at=at)

    def _fact(self, table: Mapping[str, object], path: Path) -> Expr | None:
        name = table["fact"]
        if not isinstance(name, str) or not is_fact_name(name):
            self.flaw((*path, "fact"), "'fact' needs the name of a fact in quotes")
            return None
        at = self._locate((*path, "fact"))
        fact = FactRef(name, self._filters(table.get("with", {}), (*path, "with")), at)
        found: list[Expr] = []
        known = ("fact", "with", *OPERATOR_KEYS)
        before = len(self.flaws)
        for key, value in table.items():
            if key not in known:
                self.flaw((*path, key), f"there is no key '{key}'", self._hint(key))
            elif key in OPERATOR_KEYS:
                try:
                    read = predicate(fact, key, value, (*path, key))
                    found.append(replace(read, at=self._locate((*path, key))))
                except FlawError as error:
                    self.flaws.append(error.flaw)
        if len(self.flaws) > before:
            return None
        # No operator at all is the bare yes/no fact.
        return _join(And, found) if found else Compare(fact, "=", True, at)

    def _hint(self, key: str) -> str:
        if key in FILTERS:
            return f"filters stand in 'with': with = {{ {key} = … }}"
        return did_you_mean(
            key, ("with", *OPERATOR_KEYS), f"there are {listing(OPERATOR_KEYS, 'and')}"
        )

    def _filters(self, table: object, path: Path) -> tuple[Filter, ...]:
        if not isinstance(table, Mapping):
            self.flaw(path, "'with' needs a table of filters", 'e.g. with = { within = "1 year" }')
            return ()
        found: list[Filter] = []
        for key, value in cast("Mapping[str, object]", table).items():
            try:
                read = read_filter(key, value, (*path, key))
                found.append(replace(read, at=self._locate((*path, key))))
            except FlawError as error:
                self.flaws.append(error.flaw)
        return tuple(found)


def _join(node: type[And] | type[Or], items: list[Expr]) -> Expr:
    """*items* under one *node*, flat; a single item stands for itself."""
    flat: list[Expr] = []
    for item in items:
        flat.extend(item.items if isinstance(item, node) else (item,))
    return flat[0] if len(flat) == 1 else node(tuple(flat))
