"""Reading the values of one rules file: names, conditions and spans, each problem noted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

from sidecar.errors import Problem, RuleError
from sidecar.model import fold
from sidecar.rules.language import limits
from sidecar.rules.language.parser import parse
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.structure import GROUP_KEYS, StructureError, from_structure
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.language.words import read_span
from sidecar.rules.syntax import Expr, Span

#: Characters of the name of a tag, segment or group.
MAX_NAME: Final = 64

#: Of a name as it is compared: one character may become several.
MAX_FOLDED_NAME: Final = 255

CONDITION_EXAMPLE: Final = "e.g. when = 'orders >= 3'"

_Word = TypeVar("_Word", bound=str)


class TableReader:
    """
    What every table of a rules file is read with.

    Every method that reads answers None for what cannot be used, and notes why.

    Attributes:
        problems: Found so far.
    """

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def error(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Note what makes the value at *path*, or its *key*, unusable."""
        self.problems.append(self.source.problem(path, message, hint, key=key))

    def warning(self, path: Path, message: str, hint: str = "") -> None:
        """Note what is allowed and hardly meant."""
        problem = self.source.problem(path, message, hint, severity="warning")
        self.problems.append(problem)

    def line(self, path: Path) -> int:
        """The line that *path* leads to."""
        return self.source.position(path, key=True).line

    def unknown(self, table: Mapping[str, Any], path: Path, known: Collection[str]) -> None:
        """Note the keys of *table* that are not *known*."""
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known, f"there are {listing(known, 'and')}")
                self.error((*path, key), f"there is no key '{key}' here", hint, key=True)

    def name(self, table: Mapping[str, Any], path: Path) -> str | None:
        """The name a rule's *table* gives itself."""
        if "name" not in table:
            self.error(path, "has no name", 'e.g. name = "vip"', key=True)
            return None
        return self.checked_name(table["name"], (*path, "name"))

    def checked_name(self, name: object, path: Path) -> str | None:
        """*name*, when it can be one."""
        if not isinstance(name, str):
            self.error(path, "a name is a text in quotes")
        elif not name.strip():
            self.error(path, "the name is empty")
        elif name != name.strip():
            self.error(path, "the name begins or ends with a blank", f'write "{name.strip()}"')
        elif len(name) > MAX_NAME:
            self.error(path, f"a name has at most {MAX_NAME} characters, this has {len(name)}")
        elif len(fold(name)) > MAX_FOLDED_NAME:
            self.error(path, f"a name has at most {MAX_FOLDED_NAME} characters as it is compared")
        elif bad := limits.bad_character(name):
            self.error(path, f"a name cannot hold the control character {bad}")
        else:
            return name
        return None

    def word(
        self, table: Mapping[str, Any], key: str, path: Path, words: Sequence[_Word]
    ) -> _Word | None:
        """One of *words*."""
        if key not in table:
            return None
        for word in words:
            if word == table[key]:
                return word
        near = did_you_mean(str(table[key]), words)
        among = listing([f'"{word}"' for word in words])
        self.error((*path, key), f"'{key}' is {among}", near)
        return None

    def condition(self, value: object, path: Path) -> Expr | None:
        """A condition as a text, or as a table where a second one stands beside the first."""
        if isinstance(value, dict):
            return self.structure(value, path)
        if not isinstance(value, str):
            self.error(path, "a condition is a text in quotes", CONDITION_EXAMPLE)
            return None
        try:
            return parse(value, file=self.source.name)
        except RuleError as error:
            self.problems.extend(
                self.source.within_string(problem, path) for problem in error.problems
            )
            return None

    def when(self, table: Mapping[str, Any], path: Path, *, is_needed: bool = True) -> Expr | None:
        """The condition of a rule's *table*, as ``when`` or as ``all``, ``any`` and ``none``."""
        groups = {key: table[key] for key in GROUP_KEYS if key in table}
        if "when" in table and groups:
            self.error(
                (*path, next(iter(groups))),
                f"'when' cannot stand beside {listing(GROUP_KEYS)}",
                "keep one of the two",
                key=True,
            )
            return None
        if "when" in table:
            if isinstance(table["when"], dict):
                message = "'when' is a text in quotes"
                self.error((*path, "when"), message, f"{listing(GROUP_KEYS)} stand beside 'name'")
                return None
            return self.condition(table["when"], (*path, "when"))
        if groups:
            return self.structure(groups, path)
        if is_needed:
            self.error(path, "has no condition", CONDITION_EXAMPLE, key=True)
        return None

    def structure(self, table: Mapping[str, object], path: Path) -> Expr | None:
        """A condition as a table with ``all``, ``any`` or ``none``."""
        try:
            return from_structure(table, lambda within: self.source.position((*path, *within)))
        except StructureError as error:
            for flaw in error.flaws:
                self.error((*path, *flaw.path), flaw.message, flaw.hint, key=True)
            return None

    def span(self, table: Mapping[str, Any], key: str, path: Path) -> Span | None:
        """The span that *key* of *table* says, if it is there."""
        if key not in table:
            return None
        value = table[key]
        span = read_span(value) if isinstance(value, str) else None
        if span is None:
            self.error((*path, key), f"'{key}' needs a span in quotes", 'e.g. "30 days"')
        elif problem := limits.span_problem(span):
            self.error((*path, key), problem)
        return span
