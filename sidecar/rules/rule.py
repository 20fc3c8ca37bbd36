"""The rules themselves: what a table of a rules file, or a row made in the admin, says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sidecar.rules.language.source_file import SourceFile
from sidecar.rules.language.toml_places import Path
from sidecar.rules.syntax import Expr, Span

RuleKind = Literal["tag", "segment", "group"]


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
        file: Where it stands; empty when it was made elsewhere.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
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
        file: Where it stands; empty when it was made elsewhere.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
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
        file: Where it stands; empty when it was made elsewhere.
        line: Of its table, counted from 1; 0 without a file.
    """

    name: str
    when: Expr
    text: str
    keep_when: Expr | None = None
    keep_text: str = ""
    grace: Span | None = None
    min_stay: Span | None = None
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
