"""
The rules of a store as one thing: read from files, put in order, checked.

Reading needs no database and finds what is wrong with the files themselves; checking
holds the rules against the catalogue and the store's names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.errors import Problem, RuleError
from sidecar.model import Names, fold
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.dependencies import LADDER, Node, graph, ordered, rung_needs
from sidecar.rules.ladder_check import check_ladder
from sidecar.rules.language.check import check
from sidecar.rules.language.lists import shipped_lists
from sidecar.rules.language.source_file import UnreadableError, read_source
from sidecar.rules.loyalty.program import EarnRule, Program
from sidecar.rules.loyalty.program_check import check_program
from sidecar.rules.loyalty.program_file import assembled_program
from sidecar.rules.privacy.retention import RetentionRule
from sidecar.rules.privacy.retention_file import repeated
from sidecar.rules.rule import GroupRule, Ladder, OffRule, Origin, Rule, SegmentRule, TagRule
from sidecar.rules.rule_file import FileRules, read_tables
from sidecar.rules.rule_places import AnyRule, conditions_of, kind_of, place_of, rule_problem

__all__ = [
    "GroupRule",
    "Ladder",
    "RuleSet",
    "SegmentRule",
    "TagRule",
    "assemble",
    "check_rules",
    "read_rules",
]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """
    Rules that belong together.

    Attributes:
        tags: In the order of their files.
        segments: In the order of their files.
        groups: The rungs, the highest first.
        ladder: How customers move between the rungs.
        lists: Folded texts by the name of their list, shipped ones included.
        program: The loyalty program; None: there is none.
        retention: In the order of their files.
        order: Kind (``tag``, ``segment``, ``ladder``) and name of everything, each after
            what it needs; the ladder has the name ``ladder``.
        warnings: What is allowed and hardly meant.
        off: Rules of the admin and built-in ones that do nothing, and why; in none of the above.
    """

    tags: tuple[TagRule, ...] = ()
    segments: tuple[SegmentRule, ...] = ()
    groups: tuple[GroupRule, ...] = ()
    ladder: Ladder = field(default_factory=Ladder)
    lists: Mapping[str, frozenset[str]] = field(default_factory=lambda: dict(shipped_lists()))
    program: Program | None = None
    retention: tuple[RetentionRule, ...] = ()
    order: tuple[tuple[str, str], ...] = ()
    warnings: tuple[Problem, ...] = ()
    off: tuple[OffRule, ...] = ()

    @property
    def earn(self) -> tuple[EarnRule, ...]:
        """The earn rules of the program."""
        return self.program.earn if self.program is not None else ()


def read_rules(files: Sequence[tuple[str, bytes]]) -> RuleSet:
    """
    The rules that *files*, each a name and its content, hold together.

    Files are read in the order of their names.

    Raises:
        RuleError: With everything that is wrong in them.
    """
    parts, problems = read_parts(files)
    ruleset, more = assembled(parts)
    return accepted(ruleset, [*problems, *more])


def read_parts(files: Sequence[tuple[str, bytes]]) -> tuple[RuleSet, list[Problem]]:
    """What *files* hold, not `assembled` yet, and what is wrong with each of them."""
    problems: list[Problem] = []
    found: list[FileRules] = []
    for name, content in sorted(files, key=lambda file: file[0]):
        try:
            found.append(read_tables(read_source(name, content)))
        except UnreadableError as error:
            problems.append(error.problem)
    problems += [problem for rules in found for problem in rules.problems]
    problems += _repeated_lists(found)
    ladders = [rules.ladder for rules in found if rules.ladder is not None]
    problems += _repeated_ladders(ladders)
    unread = any(problem.severity == "error" for problem in problems)
    program, more = assembled_program([rules.program for rules in found], unread=unread)
    problems += more
    retention = tuple(rule for rules in found for rule in rules.retention.rules)
    problems += repeated(retention)
    parts = RuleSet(
        tags=tuple(rule for rules in found for rule in rules.tags),
        segments=tuple(rule for rules in found for rule in rules.segments),
        groups=tuple(rule for rules in found for rule in rules.groups),
        ladder=ladders[0] if ladders else Ladder(),
        lists={
            **shipped_lists(),
            **{name: texts for rules in found for name, (_, texts) in rules.lists.items()},
        },
        program=program,
        retention=retention,
    )
    return parts, problems


def assemble(
    tags: Sequence[TagRule] = (),
    segments: Sequence[SegmentRule] = (),
    groups: Sequence[GroupRule] = (),
    ladder: Ladder | None = None,
    lists: Mapping[str, frozenset[str]] | None = None,
    warnings: Iterable[Problem] = (),
) -> RuleSet:
    """
    The rule set of rules from several sources, e.g. files, the admin and the built-in ones.

    Args:
        groups: The highest rung first.
        lists: Own lists, folded; shipped ones of the same name are replaced.
        warnings: To be kept.

    Raises:
        RuleError: A name stands twice, or rules need their own result.
    """
    parts = RuleSet(
        tuple(tags),
        tuple(segments),
        tuple(groups),
        ladder or Ladder(),
        {**shipped_lists(), **(lists or {})},
    )
    ruleset, problems = assembled(parts)
    return accepted(ruleset, [*warnings, *problems])


def check_rules(
    ruleset: RuleSet,
    catalogue: Catalogue,
    names: Names,
    *,
    segments: Collection[str] = (),
    tags: Collection[str] = (),
    paid_statuses: frozenset[int] | None = None,
) -> RuleSet:
    """
    *ruleset* with the warnings of its conditions, its ladder and its program.

    Args:
        catalogue: The facts there are.
        names: What the store knows; a namespace that is absent is not checked.
        segments: Names of segments that exist outside *ruleset*.
        tags: Names of tags that rules outside *ruleset* set.
        paid_statuses: Ids of the statuses of qualifying orders; None: not known.

    Raises:
        RuleError: With everything that is wrong.
    """
    check = RuleCheck(
        catalogue,
        names,
        ruleset.lists,
        [*(rule.name for rule in ruleset.segments), *segments],
        [*(rule.name for rule in ruleset.tags), *tags],
        paid_statuses,
    )
    return accepted(ruleset, [*ruleset.warnings, *check.all_of(ruleset)])


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """
    What the rules of one store are held against.

    Attributes:
        catalogue: The facts there are.
        names: What the store knows; a namespace that is absent is not checked.
        lists: Folded texts by the name of their list.
        segments: Names of the segments there are; None: not looked for.
        tags: Names of the tags that rules set.
        paid_statuses: Ids of the statuses of qualifying orders; None: not known.
    """

    catalogue: Catalogue
    names: Names
    lists: Mapping[str, frozenset[str]]
    segments: Collection[str] | None
    tags: Collection[str]
    paid_statuses: frozenset[int] | None = None

    def all_of(self, ruleset: RuleSet) -> list[Problem]:
        """What is wrong with the conditions, the ladder and the program of *ruleset*."""
        rules: tuple[Rule, ...] = (*ruleset.tags, *ruleset.segments, *ruleset.groups)
        all_rules: tuple[AnyRule, ...] = (*rules, *ruleset.earn, *ruleset.retention)
        found = [problem for rule in all_rules for problem in self.of(rule)]
        found += check_ladder(ruleset.groups, ruleset.ladder, self.names)
        if ruleset.program is not None:
            found += check_program(ruleset.program, self.names)
        return found

    def of(self, rule: AnyRule) -> list[Problem]:
        """What is wrong with the conditions of *rule*."""
        return [
            condition.placed(problem)
            for condition in conditions_of(rule)
            for problem in check(
                condition.expr,
                self.catalogue,
                self.names,
                self.lists,
                self.segments,
                file=condition.file,
                source=condition.source,
                tags=self.tags,
                paid_statuses=self.paid_statuses,
            )
        ]


def accepted(ruleset: RuleSet, problems: Iterable[Problem]) -> RuleSet:
    """*ruleset* with its warnings, when *problems* holds no error."""
    in_order = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
    if any(problem.severity == "error" for problem in in_order):
        raise RuleError(in_order)
    return dataclasses.replace(ruleset, warnings=tuple(in_order))


def assembled(parts: RuleSet) -> tuple[RuleSet, list[Problem]]:
    """*parts* in order, and the names that stand twice and the rules that need themselves."""
    tags, segments, groups = parts.tags, parts.segments, parts.groups
    problems = [problem for rules in (tags, segments, groups) for problem in _repeated(rules)]
    rules: dict[Node, TagRule | SegmentRule] = {("tag", fold(rule.name)): rule for rule in tags}
    rules |= {("segment", fold(rule.name)): rule for rule in segments}
    titles = {node: rule.name for node, rule in rules.items()} | {LADDER: LADDER[1]}
    order, knots = ordered(graph(tags, segments, groups), titles)
    for knot in knots:
        at = rules[knot.node] if knot.node != LADDER else _rung(groups, knot.need)
        problems.append(rule_problem(at, "when", knot.message, knot.hint))
    in_order = tuple((kind, titles[kind, name]) for kind, name in order)
    return dataclasses.replace(parts, order=in_order), problems


def _rung(groups: Sequence[GroupRule], need: Node) -> GroupRule:
    """The first rung that needs *need*."""
    # A rung that asks for the tags as a whole needs each of them.
    return next(rung for rung in groups if need in rung_needs(rung, [need]))


def _repeated(rules: Sequence[Rule]) -> Iterator[Problem]:
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(fold(rule.name), rule)
        if other is not rule:
            message = f"the {kind_of(rule)} '{rule.name}' stands here again"
            yield rule_problem(rule, "name", f"{message}, first in {place_of(other)}", "rename one")


def _repeated_ladders(ladders: Sequence[Ladder]) -> Iterator[Problem]:
    for ladder in ladders[1:]:
        first = f"{ladders[0].file}:{ladders[0].line}"
        message = f"[ladder] stands here again, first in {first}"
        yield Problem(ladder.file, ladder.line, 0, message, "keep one of them")


def _repeated_lists(files: Sequence[FileRules]) -> Iterator[Problem]:
    first: dict[str, Origin] = {}
    for rules in files:
        for name, (origin, _) in rules.lists.items():
            other = first.setdefault(name, origin)
            if other is not origin:
                line = other.source.position(other.path, key=True).line
                message = (
                    f"the list '{name}' stands here again, first in {other.source.name}:{line}"
                )
                yield origin.source.problem(origin.path, message, "rename one", key=True)
