"""From ``[[retention]]`` of rules files to retention rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sidecar.errors import Problem
from sidecar.model import fold
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.structure import GROUP_KEYS
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.privacy.retention import (
    ACCOUNTS,
    CLASSES,
    PROTECTIONS,
    Protection,
    RetentionRule,
)
from sidecar.rules.rule import Origin
from sidecar.rules.syntax import Span
from sidecar.rules.table_reader import TableReader

RETENTION_KEYS: Final = ("name", "of", "age", "when", *GROUP_KEYS, "most", "even_with")

#: Keys that only make sense where persons are purged.
_OF_PERSONS: Final = ("when", *GROUP_KEYS, "even_with")


class RetentionReader(TableReader):
    """
    Reads the retention rules of one file; every problem is noted.

    Attributes:
        rules: Of the file, in its order.
    """

    def __init__(self, source: SourceFile) -> None:
        super().__init__(source)
        self.rules: list[RetentionRule] = []

    def read(self, table: Mapping[str, Any], path: Path) -> None:
        """Read one ``[[retention]]``."""
        self.unknown(table, path, RETENTION_KEYS)
        name, of, age = self.name(table, path), self._class(table, path), self._age(table, path)
        when = self.when(table, path, is_needed=False)
        most, even_with = self._most(table, path), self._even_with(table, path)
        if of is not None and of != ACCOUNTS:
            for key in _OF_PERSONS:
                if key in table:
                    hint = f"leave it out, or write of = '{ACCOUNTS}'"
                    self.error((*path, key), f"'{key}' is about accounts", hint, key=True)
        if name is None or of is None or age is None:
            return
        self.rules.append(
            RetentionRule(
                name=name,
                of=of,
                age=age,
                when=when,
                text="" if when is None else print_expr(when),
                most=most,
                even_with=even_with,
                file=self.source.name,
                line=self.line(path),
                origin=Origin(self.source, path),
            )
        )

    def _class(self, table: Mapping[str, Any], path: Path) -> str | None:
        of = table.get("of")
        if of is None:
            self.error(path, "does not say of what", "e.g. of = 'searches'", key=True)
        elif not isinstance(of, str) or of not in CLASSES:
            hint = did_you_mean(str(of), CLASSES, f"there are {listing(CLASSES, 'and')}")
            self.error((*path, "of"), f"no class is called {str(of)[:40]!r}", hint)
        else:
            return of
        return None

    def _age(self, table: Mapping[str, Any], path: Path) -> Span | None:
        if "age" not in table:
            self.error(path, "has no age", 'e.g. age = "24 months"', key=True)
            return None
        age = self.span(table, "age", path)
        if age is not None and (age.unit in ("minute", "hour") or not age.count):
            self.error((*path, "age"), "an age is at least a day", 'e.g. "24 months"')
            return None
        return age

    def _most(self, table: Mapping[str, Any], path: Path) -> int | None:
        most = table.get("most")
        if most is None:
            return None
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            self.error((*path, "most"), "'most' is a whole number from 1 on")
            return None
        return most

    def _even_with(self, table: Mapping[str, Any], path: Path) -> frozenset[Protection]:
        found = table.get("even_with", [])
        if not isinstance(found, list):
            self.error((*path, "even_with"), f"is a list of {listing(map(repr, PROTECTIONS))}")
            return frozenset()
        for place, each in enumerate(found):
            if each not in PROTECTIONS:
                hint = f"there are {listing(map(repr, PROTECTIONS), 'and')}"
                self.error((*path, "even_with", place), f"{each!r} protects nobody"[:80], hint)
        return frozenset(each for each in found if each in PROTECTIONS)


def repeated(rules: Sequence[RetentionRule]) -> Iterator[Problem]:
    """What is wrong where two of *rules* have one name."""
    first: dict[str, RetentionRule] = {}
    for rule in rules:
        other = first.setdefault(fold(rule.name), rule)
        if other is not rule and rule.origin is not None:
            place = f"{other.file}:{other.line}"
            message = f"the retention rule '{rule.name}' stands here again, first in {place}"
            path = (*rule.origin.path, "name")
            yield rule.origin.source.problem(path, message, "rename one")
