"""Where a rule and its conditions stand, so that what is wrong with them points there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sidecar.errors import Problem
from sidecar.rules.language.parser import parse
from sidecar.rules.loyalty.program import EarnRule
from sidecar.rules.privacy.retention import RetentionRule
from sidecar.rules.rule import GroupRule, Origin, Rule, RuleKind, TagRule
from sidecar.rules.syntax import Expr

#: Whatever has a condition.
AnyRule = Rule | EarnRule | RetentionRule


@dataclass(frozen=True, slots=True)
class Condition:
    """
    A condition with what a check needs to report on it.

    Attributes:
        expr: The tree.
        file: Names the rule's file, or the rule itself when it has none.
        source: The text that the positions of *expr* count in.
    """

    expr: Expr
    file: str
    source: str
    _origin: Origin | None = None

    def placed(self, problem: Problem) -> Problem:
        """*problem*, found by a check, as one of the rule's file."""
        if self._origin is None or not problem.line:
            return problem
        return self._origin.source.within_string(problem, self._origin.path)


def condition_of(
    rule: AnyRule, key: Literal["when", "keep_when"], expr: Expr, text: str
) -> Condition:
    """The condition *expr* of *rule*, whose canonical text is *text*."""
    if rule.origin is None:
        # Nobody knows how it was written, so it is read again from its canonical text.
        return Condition(parse(text), _title(rule), text)
    source, path = rule.origin.source, (*rule.origin.path, key)
    written = source.value(path)
    if isinstance(written, str):
        return Condition(expr, source.name, written, Origin(source, path))
    # In the structural form every node already has its position in the file.
    return Condition(expr, source.name, source.text)


def conditions_of(rule: AnyRule) -> Iterator[Condition]:
    """Every condition of *rule*."""
    if rule.when is not None:
        yield condition_of(rule, "when", rule.when, rule.text)
    if isinstance(rule, GroupRule) and rule.keep_when is not None:
        yield condition_of(rule, "keep_when", rule.keep_when, rule.keep_text)


def rule_problem(rule: AnyRule, key: str, message: str, hint: str = "") -> Problem:
    """A problem with the *key* of *rule*."""
    if rule.origin is None:
        return Problem(_title(rule), 0, 0, message, hint)
    return rule.origin.source.problem((*rule.origin.path, key), message, hint)


def kind_of(rule: Rule) -> RuleKind:
    """What *rule* is about."""
    if isinstance(rule, GroupRule):
        return "group"
    return "tag" if isinstance(rule, TagRule) else "segment"


def place_of(rule: Rule) -> str:
    """Where *rule* stands, in a few words."""
    if rule.made_in == "builtin":
        return "the built-in segments"
    if rule.origin is None or rule.made_in == "admin":
        return "the rules made in the admin"
    return f"{rule.file}:{rule.line}"


def _title(rule: AnyRule) -> str:
    if isinstance(rule, EarnRule):
        return f"earn rule '{rule.name}'"
    kind = "retention rule" if isinstance(rule, RetentionRule) else kind_of(rule)
    return f"{kind} '{rule.name}'"
