"""
The rules of a store from all their sources: files, the admin, and the built-in segments.

What is wrong in a file stops everything. A rule of the admin that does not fit any more,
e.g. because a group was renamed, and a built-in one that names what the store lacks, are
only *off*; a condition that asks for a segment that is off is warned about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from sidecar.errors import Problem
from sidecar.model import Names, fold
from sidecar.rules.admin_rule import AdminRule, read_admin_rule
from sidecar.rules.built_in import built_in_segments
from sidecar.rules.catalogue import PROGRAM_FACTS, Catalogue
from sidecar.rules.ladder_check import check_ladder
from sidecar.rules.language.report import problem_at
from sidecar.rules.language.walk import leaves
from sidecar.rules.lint import lint
from sidecar.rules.rule import GroupRule, OffRule, Rule, RuleKind, SegmentRule, TagRule
from sidecar.rules.rule_places import conditions_of, kind_of, rule_problem
from sidecar.rules.ruleset import RuleCheck, RuleSet, accepted, assembled, read_parts
from sidecar.rules.syntax import Expr, InSegment, Predicate


def read_and_check(
    files: Sequence[tuple[str, bytes]],
    catalogue: Catalogue,
    names: Names,
    *,
    admin: Sequence[AdminRule] = (),
    builtins: bool = False,
    absent: Mapping[str, str] | None = None,
    paid_statuses: frozenset[int] | None = None,
) -> RuleSet:
    """
    The rules of *files* with those of the *admin* and the built-in segments, checked.

    Args:
        files: Each a name and its content; read in the order of their names.
        admin: The rungs among them in their order.
        builtins: Whether the built-in segments take part.
        absent: Facts that this store cannot have, and why; a built-in segment that asks
            for one is off.

    Raises:
        RuleError: With everything that is wrong with the files, also behind a first error.
    """
    parts, problems = read_parts(files)
    unread = any(problem.severity == "error" for problem in problems)
    problems += _twice(parts, admin)
    sources = _Sources(parts, catalogue, names, paid_statuses, unread=unread)
    if builtins:
        lacking = dict(absent or {})
        if parts.program is None:
            lacking |= dict.fromkeys(PROGRAM_FACTS, "there is no loyalty program")
        sources.add_built_in(admin, lacking)
    sources.add_admin(admin)
    ruleset, more = assembled(sources.parts)
    check = sources.check(admin)
    problems += [*more, *check.all_of(ruleset), *_off_segments(ruleset)]
    return accepted(ruleset, [*problems, *lint(ruleset)])


def _twice(parts: RuleSet, admin: Sequence[AdminRule]) -> Iterator[Problem]:
    """Rules of files that are called as one of the admin."""
    made = {(rule.kind, fold(rule.name)) for rule in admin}
    rules: tuple[Rule, ...] = (*parts.tags, *parts.segments, *parts.groups)
    for rule in rules:
        if (kind_of(rule), fold(rule.name)) in made:
            message = f"the {kind_of(rule)} '{rule.name}' is made in the admin too"
            yield rule_problem(rule, "name", message, "rename one, or delete the admin's")


class _Sources:
    """
    Puts the sources together.

    Attributes:
        parts: What was taken so far, not in order yet.
    """

    def __init__(
        self,
        parts: RuleSet,
        catalogue: Catalogue,
        names: Names,
        paid_statuses: frozenset[int] | None,
        *,
        unread: bool,
    ) -> None:
        self.parts = parts
        self._catalogue = catalogue
        self._names = names
        self._paid_statuses = paid_statuses
        self._unread = unread

    def check(self, admin: Sequence[AdminRule]) -> RuleCheck:
        """What every rule is held against: also rules that are off are there to be named."""
        parts = self.parts
        off = [rule.name for rule in parts.off if rule.kind == "segment"]
        segments = [*(rule.name for rule in parts.segments), *off]
        return RuleCheck(
            self._catalogue,
            self._names,
            parts.lists,
            # What could not be read cannot be missed: only then segments are not looked for.
            None if self._unread else [*segments, *_called(admin, "segment")],
            [*(rule.name for rule in parts.tags), *_called(admin, "tag")],
            self._paid_statuses,
        )

    def add_built_in(self, admin: Sequence[AdminRule], absent: Mapping[str, str]) -> None:
        """Take the built-in segments whose names nobody uses."""
        taken = {fold(rule.name) for rule in self.parts.segments}
        taken |= {fold(name) for name in _called(admin, "segment")}
        check = self.check(admin)
        for rule in built_in_segments():
            if fold(rule.name) in taken:
                continue
            lacking = [
                Problem(rule.file, rule.line, 0, absent[leaf.fact.name])
                for leaf in _leaves(rule)
                if not isinstance(leaf, InSegment) and leaf.fact.name in absent
            ]
            self._take(rule, [*lacking, *check.of(rule)])

    def add_admin(self, admin: Sequence[AdminRule]) -> None:
        """Take the rules of the admin that fit."""
        check = self.check(admin)
        base = self.parts
        rules: list[Rule] = []
        for made in admin:
            rule, problems = read_admin_rule(made)
            if rule is None:
                self._off(made.kind, made.name, problems)
            elif errors := _errors([*problems, *check.of(rule)]):
                self._off(made.kind, made.name, errors)
            else:
                rules.append(rule)
        before = self._misfits(base)
        whole = _with(base, rules)
        if any(found not in before for found in self._misfits(whole)):
            # Only together something is wrong: the first ones stay.
            whole = base
            for rule in rules:
                grown = _with(whole, [rule])
                if new := [found for found in self._misfits(grown) if found not in before]:
                    self._off(kind_of(rule), rule.name, new)
                else:
                    whole = grown
        self.parts = self._protected(dataclasses.replace(whole, off=self.parts.off))

    def _misfits(self, parts: RuleSet) -> list[Problem]:
        """What is wrong between the rules of *parts*."""
        _, problems = assembled(parts)
        return _errors([*problems, *check_ladder(parts.groups, parts.ladder, self._names)])

    def _protected(self, parts: RuleSet) -> RuleSet:
        """*parts*, whose ladder leaves alone who stands on a rung that is off."""
        table = self._names.get("group")
        off = [rule.name for rule in parts.off if rule.kind == "group"]
        kept = tuple(name for name in off if table is not None and len(table.find(name)) == 1)
        if not kept:
            return parts
        protected = (*parts.ladder.protected, *kept)
        return dataclasses.replace(
            parts, ladder=dataclasses.replace(parts.ladder, protected=protected)
        )

    def _take(self, rule: SegmentRule, problems: Sequence[Problem]) -> None:
        if errors := _errors(problems):
            off = OffRule("segment", rule.name, rule.made_in, tuple(errors), rule.description)
            self.parts = dataclasses.replace(self.parts, off=(*self.parts.off, off))
        else:
            self.parts = _with(self.parts, [rule])

    def _off(self, kind: RuleKind, name: str, problems: Sequence[Problem]) -> None:
        off = OffRule(kind, name, "admin", tuple(problems))
        self.parts = dataclasses.replace(self.parts, off=(*self.parts.off, off))


def _with(parts: RuleSet, rules: Sequence[Rule]) -> RuleSet:
    """*parts* and *rules*: after those there are, rungs where the ladder wants them."""
    rungs = tuple(rule for rule in rules if isinstance(rule, GroupRule))
    own = sum(rung.made_in == "file" for rung in parts.groups)
    if parts.ladder.position == "before":
        made = len(parts.groups) - own
        groups = (*parts.groups[:made], *rungs, *parts.groups[made:])
    else:
        groups = (*parts.groups, *rungs)
    return dataclasses.replace(
        parts,
        tags=(*parts.tags, *(rule for rule in rules if isinstance(rule, TagRule))),
        segments=(*parts.segments, *(rule for rule in rules if isinstance(rule, SegmentRule))),
        groups=groups,
    )


def _off_segments(ruleset: RuleSet) -> Iterator[Problem]:
    """A warning for every condition that asks for a segment that is off."""
    rules: tuple[Rule, ...] = (*ruleset.tags, *ruleset.segments, *ruleset.groups)
    every = (*rules, *ruleset.earn)
    for condition in (found for rule in every for found in conditions_of(rule)):
        for problem in off_segments(condition.expr, ruleset, condition.file, condition.source):
            yield condition.placed(problem)


def off_segments(expr: Expr, ruleset: RuleSet, file: str, source: str) -> Iterator[Problem]:
    """A warning for every segment that is off and that *expr*, written in *source*, asks for."""
    off = {fold(rule.name): rule for rule in ruleset.off if rule.kind == "segment"}
    for leaf in leaves(expr):
        if isinstance(leaf, InSegment) and (segment := off.get(fold(leaf.name))):
            who = "who was in it stays in it" if segment.made_in == "admin" else "it is empty"
            yield problem_at(
                leaf.at,
                f"the segment '{leaf.name}' is off, so {who}: {segment.why}",
                file=file,
                source=source,
                severity="warning",
            )


def _leaves(rule: Rule) -> Iterator[Predicate]:
    for condition in conditions_of(rule):
        yield from leaves(condition.expr)


def _called(admin: Sequence[AdminRule], kind: RuleKind) -> list[str]:
    return [rule.name for rule in admin if rule.kind == kind]


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]
