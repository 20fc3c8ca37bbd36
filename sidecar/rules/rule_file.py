"""From the tables of one rules file to rules; every problem is noted, none stops the reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sidecar.errors import Problem
from sidecar.model import fold
from sidecar.rules.language import limits
from sidecar.rules.language.lists import is_list_name
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.structure import GROUP_KEYS
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.toml_places import Path
from sidecar.rules.loyalty.program_file import ProgramReader
from sidecar.rules.privacy.retention_file import RetentionReader
from sidecar.rules.rule import GroupRule, Ladder, MadeIn, Origin, SegmentRule, TagRule
from sidecar.rules.syntax import Expr
from sidecar.rules.table_reader import TableReader

#: Of the loyalty program, which is written in files only.
PROGRAM_TABLES: Final = ("loyalty", "credit", "earn", "tier")
#: Others that are.
FILE_TABLES: Final = (*PROGRAM_TABLES, "retention")
TABLES: Final = ("tag", "segment", "group", "ladder", "lists", *FILE_TABLES)
RULE_KEYS: Final = ("name", "when", *GROUP_KEYS)
RUNG_KEYS: Final = (*RULE_KEYS, "keep_when", "grace", "min_stay")
LADDER_KEYS: Final = ("fallback", "from", "protected", "upgrade_only", "position")


@dataclass(slots=True)
class FileRules:
    """
    What one file holds.

    Attributes:
        program: Its tables of the loyalty program.
        retention: Its retention rules.
        lists: Its own lists: the name, its path, and the folded texts.
        problems: Errors and warnings; with an error the rules are not complete.
    """

    program: ProgramReader
    retention: RetentionReader
    tags: list[TagRule] = field(default_factory=list)
    segments: list[SegmentRule] = field(default_factory=list)
    groups: list[GroupRule] = field(default_factory=list)
    ladder: Ladder | None = None
    lists: dict[str, tuple[Origin, frozenset[str]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_tables(source: SourceFile, *, made_in: MadeIn = "file") -> FileRules:
    """The rules of *source*, and what is wrong with them."""
    reader = _Reader(source, made_in)
    reader.read()
    return reader.found


class _Reader(TableReader):
    def __init__(self, source: SourceFile, made_in: MadeIn) -> None:
        super().__init__(source)
        self.made_in = made_in
        self.found = FileRules(
            ProgramReader(source), RetentionReader(source), problems=self.problems
        )

    def read(self) -> None:
        tables = self.source.tables
        if not tables:
            hint = "add a [[tag]], or delete the file"
            empty = Problem(self.source.name, 0, 0, "holds no rules", hint, severity="warning")
            self.problems.append(empty)
        for key in tables:
            if key in RUNG_KEYS:
                kind = "tag" if key in RULE_KEYS else "group"
                self.error(
                    (key,), f"'{key}' stands in no table", f"put it below [[{kind}]]", key=True
                )
            elif key not in TABLES:
                hint = did_you_mean(key, TABLES, f"there are {listing(TABLES, 'and')}")
                self.error((key,), f"there is no table '{key}'", hint, key=True)
            elif key in FILE_TABLES and self.made_in != "file":
                self.error((key,), f"'{key}' stands in rules files only", key=True)
        for kind, read in (("tag", self._tag), ("segment", self._segment), ("group", self._group)):
            self._each(kind, read)
        self._once("ladder", self._ladder)
        self._once("lists", self._lists)
        if self.made_in == "file":
            self._program(self.found.program)
            self._retention(self.found.retention)

    def _each(self, kind: str, read: Callable[[Mapping[str, Any], Path], None]) -> None:
        tables = self.source.tables.get(kind, [])
        if not isinstance(tables, list):
            self.error((kind,), f"'{kind}' needs two brackets", f"write [[{kind}]]", key=True)
            return
        for index, table in enumerate(tables):
            if isinstance(table, dict):
                read(table, (kind, index))
            else:
                self.error((kind, index), "is not a table", f"write [[{kind}]]")

    def _once(self, kind: str, read: Callable[[Mapping[str, Any]], None]) -> None:
        table = self.source.tables.get(kind)
        if isinstance(table, dict):
            read(table)
        elif table is not None:
            self.error((kind,), f"'{kind}' is one table", f"write [{kind}]", key=True)

    def _program(self, reader: ProgramReader) -> None:
        self._once("loyalty", reader.read_loyalty)
        self._once("credit", reader.read_credit)
        self._each("tier", reader.read_tier)
        self._each("earn", reader.read_earn)
        self.problems += reader.problems

    def _retention(self, reader: RetentionReader) -> None:
        self._each("retention", reader.read)
        self.problems += reader.problems

    # -- rules -------------------------------------------------------------------------

    def _tag(self, table: Mapping[str, Any], path: Path) -> None:
        self.unknown(table, path, RULE_KEYS)
        name, when = self.name(table, path), self.when(table, path)
        if name is not None and when is not None:
            self.found.tags.append(TagRule(name=name, when=when, **self._about(when, path)))

    def _segment(self, table: Mapping[str, Any], path: Path) -> None:
        self.unknown(table, path, RULE_KEYS)
        name, when = self.name(table, path), self.when(table, path)
        if name is not None and when is not None:
            self.found.segments.append(SegmentRule(name=name, when=when, **self._about(when, path)))

    def _group(self, table: Mapping[str, Any], path: Path) -> None:
        self.unknown(table, path, RUNG_KEYS)
        name, when = self.name(table, path), self.when(table, path)
        keep_when: Expr | None = None
        if "keep_when" in table:
            keep_when = self.condition(table["keep_when"], (*path, "keep_when"))
        grace, min_stay = (self.span(table, key, path) for key in ("grace", "min_stay"))
        if name is not None and when is not None:
            self.found.groups.append(
                GroupRule(
                    name=name,
                    when=when,
                    keep_when=keep_when,
                    keep_text="" if keep_when is None else print_expr(keep_when),
                    grace=grace,
                    min_stay=min_stay,
                    **self._about(when, path),
                )
            )

    def _about(self, when: Expr, path: Path) -> dict[str, Any]:
        return {
            "text": print_expr(when),
            "made_in": self.made_in,
            "file": self.source.name,
            "line": self.line(path),
            "origin": Origin(self.source, path),
        }

    # -- ladder and lists --------------------------------------------------------------

    def _ladder(self, table: Mapping[str, Any]) -> None:
        path: Path = ("ladder",)
        self.unknown(table, path, LADDER_KEYS)
        before = len(self.problems)
        upgrade_only = table.get("upgrade_only", False)
        if not isinstance(upgrade_only, bool):
            self.error((*path, "upgrade_only"), "'upgrade_only' needs true or false")
        position = table.get("position", "after")
        if position not in ("after", "before"):
            self.error((*path, "position"), '\'position\' is "after" or "before"')
        fallback = None
        if "fallback" in table:
            fallback = self.checked_name(table["fallback"], (*path, "fallback"))
        ladder = Ladder(
            fallback=fallback,
            from_=self._names(table, "from") if "from" in table else None,
            protected=self._names(table, "protected"),
            upgrade_only=upgrade_only is True,
            position="before" if position == "before" else "after",
            file=self.source.name,
            line=self.line(path),
            origin=Origin(self.source, path),
        )
        if len(self.problems) == before:
            self.found.ladder = ladder

    def _names(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list):
            self.error(
                ("ladder", key), f"'{key}' needs a list of groups", f'e.g. {key} = ["Default"]'
            )
            return ()
        names = (
            self.checked_name(name, ("ladder", key, index)) for index, name in enumerate(value)
        )
        return tuple(name for name in names if name is not None)

    def _lists(self, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            path: Path = ("lists", key)
            name = fold(key)
            if not is_list_name(name):
                self.error(
                    path, f"no list can be called '{key}'", "use letters, digits and _", key=True
                )
            elif name in self.found.lists:
                self.error(path, f"the list '{name}' stands here twice", "rename one", key=True)
            else:
                self.found.lists[name] = Origin(self.source, path), self._texts(value, path)

    def _texts(self, value: object, path: Path) -> frozenset[str]:
        """The texts of a list; none of a flawed one, whose name is known all the same."""
        if not isinstance(value, list):
            self.error(path, "a list is made of texts in square brackets", 'e.g. ["a.example"]')
            return frozenset()
        if len(value) > limits.MAX_VALUES:
            self.error(path, f"a list has at most {limits.MAX_VALUES:,} values", "split it")
            return frozenset()
        if not value:
            self.warning(path, "the list is empty, so nothing is in it")
        for index, text in enumerate(value):
            if not isinstance(text, str):
                self.error((*path, index), "a list holds texts in quotes only")
            elif problem := limits.text_problem(text):
                self.error((*path, index), problem)
        return frozenset(
            fold(text) for text in cast("list[object]", value) if isinstance(text, str)
        )
