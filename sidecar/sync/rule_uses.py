"""What depends on a rule, told before somebody deletes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sidecar.errors import RuleError, UsageError
from sidecar.model import fold
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.language.walk import leaves
from sidecar.rules.loyalty.program import EarnRule
from sidecar.rules.privacy.retention import RetentionRule
from sidecar.rules.rule import RuleKind
from sidecar.rules.rule_places import AnyRule, conditions_of, kind_of
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Compare, Expr, Has, In, InSegment
from sidecar.sync import admin_rules
from sidecar.sync.state import Json


def uses(
    check: Callable[[Sequence[AdminRule]], RuleSet],
    admin: Sequence[AdminRule],
    kind: RuleKind,
    name: str,
) -> dict[str, Json]:
    """
    Who asks for what the rule makes.

    Args:
        check: The rules of the files with these of the admin.
        admin: Those of the admin.

    Returns:
        ``used_by``, each with ``kind`` (``tag``, ``segment``, ``group``, ``earn``,
        ``retention``), ``name``, ``origin`` and ``text``; ``refused``: why it cannot be deleted,
        mostly nothing.
    """
    ruleset = check(admin)
    refused: list[Json] = []
    try:
        admin_rules.checked_without(check, admin, kind, name)
    except RuleError as error:
        refused = [*_errors(error)]
    except UsageError:
        pass  # it is none of the admin, and nobody can delete it there
    return {
        "kind": kind,
        "name": name,
        "used_by": [*_used_by(ruleset, kind, name)],
        "refused": refused,
    }


def _errors(error: RuleError) -> Iterator[str]:
    for problem in error.problems:
        if problem.severity == "error":
            yield problem.message + (f" ({problem.hint})" if problem.hint else "")


def _used_by(ruleset: RuleSet, kind: RuleKind, name: str) -> Iterator[dict[str, Json]]:
    everything: tuple[AnyRule, ...] = (
        *ruleset.tags,
        *ruleset.segments,
        *ruleset.groups,
        *ruleset.earn,
        *ruleset.retention,
    )
    for rule in everything:
        conditions = [condition.expr for condition in conditions_of(rule)]
        if any(_names(condition, kind, name) for condition in conditions):
            yield {"name": rule.name, "text": rule.text, **_kind(rule)}


def _kind(rule: AnyRule) -> dict[str, Json]:
    if isinstance(rule, EarnRule):
        return {"kind": "earn", "origin": "file"}
    if isinstance(rule, RetentionRule):
        return {"kind": "retention", "origin": "file"}
    return {"kind": kind_of(rule), "origin": rule.made_in}


def _names(condition: Expr, kind: RuleKind, name: str) -> bool:
    """Whether *condition* asks for the tag, segment or customer group *name*."""
    wanted = fold(name)
    for leaf in leaves(condition):
        match leaf:
            case InSegment(segment):
                if kind == "segment" and fold(segment) == wanted:
                    return True
            case Has(fact, _, values) if fact.name == "tags":
                if kind == "tag" and wanted in map(fold, values):
                    return True
            case Compare(fact, _, str() as value) if fact.name == "group":
                if kind == "group" and fold(value) == wanted:
                    return True
            case In(fact, tuple() as values) if fact.name == "group":
                if kind == "group" and wanted in (fold(str(value)) for value in values):
                    return True
    return False
