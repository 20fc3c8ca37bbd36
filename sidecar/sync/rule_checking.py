"""A condition that is being edited: whether it is sound, as text, as JSON and in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sidecar.errors import Problem, RuleError
from sidecar.model import Names
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.language import jsonform, pointing
from sidecar.rules.language.check import check
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.sentence import sentence
from sidecar.rules.named import named_in_condition
from sidecar.rules.rule import RuleKind
from sidecar.rules.rule_sources import off_segments
from sidecar.rules.syntax import Expr
from sidecar.sync import admin_rules
from sidecar.sync.rulebook import CheckedRules
from sidecar.sync.state import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    What a condition is held against.

    Attributes:
        checker: Checks rules of the admin together with those of the files; does not know
            the store's products, which would take too long to read at every key that is typed.
        names: What the store calls its things, products too.
        admin: Those that are made in the admin.
        paid: Ids of the statuses of qualifying orders.
        kind: Of the rule that the condition is one of; None: of no rule yet.
        name: Its name, or what it is to be called.
    """

    checker: Callable[[Sequence[AdminRule]], CheckedRules]
    names: Callable[[], Names]
    admin: Sequence[AdminRule]
    paid: frozenset[int]
    kind: RuleKind | None = None
    name: str | None = None


def of_text(when: str, ground: Ground) -> dict[str, Json]:
    """
    What there is to say of the condition *when*; nothing is an error, all is told as problems.

    Returns:
        ``text``, the condition printed; ``tree``, its JSON; ``sentence``; all None where it
        cannot be read. And ``problems``, each with ``message``, ``severity`` (``error`` or
        ``warning``) and where it is: ``line`` and ``column`` from 1 on and ``from`` and ``to``
        in units of UTF-16, in *when*; ``path`` in the ``tree`` of this answer. A problem of the
        rule as a whole has no place.
    """
    try:
        expr = parse(when)
    except RuleError as error:
        return _untold([_told(problem, when) for problem in error.problems])
    return _checked(expr, when, ground)


def of_tree(tree: str, ground: Ground) -> dict[str, Json]:
    """
    As `of_text`, of the JSON of a condition: places are those in the ``text`` of the answer.

    Where *tree* is no condition, the ``path`` of the problem is one in *tree*.
    """
    try:
        # Printed and read again, so that everything in it has a place.
        text = print_expr(jsonform.from_json(json.loads(tree)))
        expr = parse(text)
    except (ValueError, RecursionError):
        return _untold([_problem("this is no JSON")])
    except RuleError as error:
        return _untold([_of_json(problem) for problem in error.problems])
    return _checked(expr, text, ground)


def _checked(expr: Expr, source: str, ground: Ground) -> dict[str, Json]:
    rule: AdminRule | None = None
    if ground.kind is not None and ground.name:
        rule = AdminRule(ground.kind, ground.name, {"when": print_expr(expr)})
    try:
        checked = _rules(rule, ground)
    except RuleError as error:
        # Nothing can be saved before they are mended, and nothing of them be looked up.
        problems = [_problem(f"the rules in the files are wrong: {p}") for p in error.problems[:3]]
        return {**_said(expr, None), "problems": [*problems]}
    problems = [*_of_condition(expr, source, checked, ground)]
    if rule is not None:
        known = {problem["message"] for problem in problems}
        whole = _of_rule(rule, ground)
        problems += [problem for problem in whole if problem["message"] not in known]
    return {**_said(expr, checked), "problems": [*problems]}


def _rules(rule: AdminRule | None, ground: Ground) -> CheckedRules:
    """
    The rules with *rule*, which those of the files may wait for; else without it.

    Raises:
        RuleError: They are wrong either way.
    """
    try:
        return ground.checker(ground.admin)
    except RuleError:
        if rule is None:
            raise
        return ground.checker(admin_rules.with_rule(ground.admin, rule))


def _of_condition(
    expr: Expr, source: str, checked: CheckedRules, ground: Ground
) -> Iterator[dict[str, Json]]:
    rules, catalogue = checked.rules, checked.dictionary.catalogue
    named = {namespace for namespace, _ in named_in_condition(expr, catalogue)}
    names = ground.names() if "product" in named else checked.names
    off = [rule.name for rule in rules.off if rule.kind == "segment"]
    segments = [*(rule.name for rule in rules.segments), *off]
    if ground.kind == "segment" and ground.name:
        # That it needs itself is said of the rule as a whole.
        segments.append(ground.name)
    for path, leaf in pointing.leaf_paths(expr):
        found = check(
            leaf,
            catalogue,
            names,
            rules.lists,
            segments,
            file="",
            source=source,
            tags=[tag.name for tag in rules.tags],
            paid_statuses=ground.paid,
        )
        for problem in [*found, *off_segments(leaf, rules, "", source)]:
            yield {**_told(problem, source), "path": path}


def _of_rule(rule: AdminRule, ground: Ground) -> Iterator[dict[str, Json]]:
    """What is wrong with *rule* among the others, and what is hardly meant."""
    found: Iterable[Problem]
    try:
        ruleset = admin_rules.checked_with(
            lambda rules: ground.checker(rules).rules, ground.admin, rule
        )
    except RuleError as error:
        found = error.problems
    else:
        found = [problem for problem in ruleset.warnings if problem.file == rule.place]
    for problem in found:
        yield _problem(_words(problem), problem.severity)


def _said(expr: Expr, checked: CheckedRules | None) -> dict[str, Json]:
    words = None if checked is None else sentence(expr, checked.dictionary.catalogue)
    return {"text": print_expr(expr), "tree": jsonform.to_json(expr), "sentence": words}


def _untold(problems: Sequence[Json]) -> dict[str, Json]:
    return {"text": None, "tree": None, "sentence": None, "problems": [*problems]}


def _told(problem: Problem, source: str) -> dict[str, Json]:
    told = _problem(_words(problem), problem.severity)
    place = pointing.offsets(problem, source)
    if place is None:
        return told
    return {
        **told,
        "line": problem.line,
        "column": problem.column,
        "from": place[0],
        "to": place[1],
    }


def _of_json(problem: Problem) -> dict[str, Json]:
    path, _, message = problem.message.partition(": ")
    return {**_problem(message), "path": path}


def _problem(message: str, severity: str = "error") -> dict[str, Json]:
    return {"message": message, "severity": severity}


def _words(problem: Problem) -> str:
    return problem.message + (f" ({problem.hint})" if problem.hint else "")
