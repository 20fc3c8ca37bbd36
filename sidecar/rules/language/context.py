"""What a check knows about the store, and the problems it has found so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sidecar.errors import Problem
from sidecar.model import Names
from sidecar.rules.language.report import problem_at
from sidecar.rules.syntax import Position


@dataclass(slots=True)
class Context:
    """
    Attributes:
        names: What the store knows; a namespace that is absent is not checked.
        lists: Folded texts by the name of their list.
        tags: Folded names of tags that rules set.
        paid_statuses: Ids of the statuses of qualifying orders; None: not known.
        file: For the problems.
        source: The text of the condition; empty when it was not written as text.
        problems: Found so far.
    """

    names: Names
    lists: Mapping[str, Collection[str]]
    tags: frozenset[str]
    paid_statuses: frozenset[int] | None
    file: str
    source: str
    problems: list[Problem] = field(default_factory=list)

    def error(self, at: Position | None, message: str, hint: str = "") -> None:
        """Note something that makes the condition unusable."""
        self.problems.append(problem_at(at, message, hint, file=self.file, source=self.source))

    def warning(self, at: Position | None, message: str, hint: str = "") -> None:
        """Note something that is allowed and hardly meant."""
        self.problems.append(
            problem_at(at, message, hint, file=self.file, source=self.source, severity="warning")
        )
