"""The rules themselves: what a table of a rules file, or a row made in the admin, says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sidecar.errors import Problem
from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.toml_places import Path
from sidecar.rules.syntax import Expr, Span

RuleKind = Literal["tag", "segment", "group"]

#: Where a rule was made: in a rules file, in the admin, or with the package.
MadeIn = Literal["file", "admin", "builtin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where in a rules file a rule stands.

    Attributes:
        source: The file.
        path: What leads to its table.
    """

    source: SourceFile
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRule:
    """
    Who has a tag.

    Attributes:
        name: Of the tag.
        when: The condition.
        text: *when*, printed.
        made_in: Where it was made.
        file: Where it stands; empty when nobody wrote it.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
    made_in: MadeIn = "file"
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """
    Who is in a segment.

    Attributes:
        name: Of the segment.
        when: The condition.
        text: *when*, printed.
        description: Of a built-in one, for people; else empty.
        made_in: Where it was made.
        file: Where it stands; empty when nobody wrote it.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
    description: str = ""
    made_in: MadeIn = "file"
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """
    A rung of the ladder.

    Attributes:
        name: Of an OpenCart customer group, or its id as ``#2``.
        when: Who rises to it.
        text: *when*, printed.
        keep_when: Who stays on it; None: as *when*.
        keep_text: *keep_when*, printed; empty without one.
        grace: How long it may have ceased to hold before one falls.
        min_stay: How long one stays at least.
        made_in: Where it was made.
        file: Where it stands; empty when nobody wrote it.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
    keep_when: Expr | None = None
    keep_text: str = ""
    grace: Span | None = None
    min_stay: Span | None = None
    made_in: MadeIn = "file"
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """
    How customers move between the rungs.

    Attributes:
        fallback: Where who fell off every rung goes; None: the group held before.
        from_: Groups one may be moved out of on first sight; None: the store's default.
        protected: Groups never left and never entered.
        upgrade_only: Nobody ever falls.
        position: Whether rungs made in the admin come after or before those of files.
        file: Where ``[ladder]`` stands; empty without one.
        line: Of its table, counted from 1; 0 without a file.
    """

    fallback: str | None = None
    from_: tuple[str, ...] | None = None
    protected: tuple[str, ...] = ()
    upgrade_only: bool = False
    position: Literal["after", "before"] = "after"
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


Rule = TagRule | SegmentRule | GroupRule


@dataclass(frozen=True, slots=True)
class OffRule:
    """
    A rule that is there and does nothing, because something it needs is not.

    What it made before stays as it is: only a rule that is gone takes anything back.

    Attributes:
        kind: What it is about.
        name: Of the tag, segment or group.
        made_in: ``admin`` or ``builtin``; a rule of a file is never off, it is an error.
        problems: Why, at least one; placed in the rule.
        description: Of a built-in one, for people; else empty.
    """

    kind: RuleKind
    name: str
    made_in: MadeIn
    problems: tuple[Problem, ...]
    description: str = ""

    @property
    def why(self) -> str:
        """The first problem in one line, and how many more there are."""
        first, *more = self.problems
        return first.message + (f", and {len(more)} more" if more else "")
