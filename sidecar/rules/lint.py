"""
What is allowed in rules and hardly meant, told from their text alone.

A rung that nobody can reach, a condition that contradicts itself, customers who would
move to and fro with the days. Each is a warning; none stops anything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sidecar.errors import Problem
from sidecar.rules.implication import excludes, implies
from sidecar.rules.language.walk import leaves
from sidecar.rules.loyalty.program import EarnRule
from sidecar.rules.rule import GroupRule, Rule, TagRule
from sidecar.rules.rule_places import conditions_of, place_of, rule_problem
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import (
    And,
    DateDay,
    DateSpan,
    Day,
    Expr,
    InSegment,
    Not,
    Or,
    Predicate,
    Span,
)

#: Instants of a customer that never move: what is within a span of them is so once only.
_FIXED = ("registered", "first_order")

#: Spans this short begin anew every day.
_ONE_DAY = {Span(1, "day"), Span(24, "hour")}


def lint(ruleset: RuleSet) -> list[Problem]:
    """Warnings about the rules of *ruleset*; none about the built-in ones."""
    rules: tuple[Rule, ...] = (*ruleset.tags, *ruleset.segments, *ruleset.groups)
    own = [rule for rule in rules if rule.made_in != "builtin"]
    found = [problem for rule in own for problem in (*_trivial(rule), *_daily(rule))]
    # Whether an earn rule holds is asked once, so what it holds on one day only is meant.
    found += [problem for rule in ruleset.earn for problem in _trivial(rule)]
    found += [*_shadowed(ruleset), *_narrower(ruleset)]
    if not ruleset.ladder.upgrade_only:
        found += _to_and_fro(ruleset)
    return [dataclasses.replace(problem, severity="warning") for problem in found]


def _trivial(rule: Rule | EarnRule) -> Iterator[Problem]:
    for condition in conditions_of(rule):
        key = "when" if condition.expr is rule.when or condition.expr == rule.when else "keep_when"
        if is_never(condition.expr):
            yield rule_problem(rule, key, "the condition contradicts itself: it is never true")
        elif is_always(condition.expr):
            yield rule_problem(rule, key, "the condition is always true")


def is_never(expr: Expr) -> bool:
    """Whether nobody can fulfil *expr*; False where that cannot be told."""
    if isinstance(expr, Or):
        return all(map(is_never, expr.items))
    if isinstance(expr, Not):
        return is_always(expr.item)
    if not isinstance(expr, And):
        return False
    items = expr.items
    if any(map(is_never, items)):
        return True
    return any(excludes(one, items[j]) for i, one in enumerate(items) for j in range(i))


def is_always(expr: Expr) -> bool:
    """Whether everybody fulfils *expr*; False where that cannot be told."""
    if isinstance(expr, And):
        return all(map(is_always, expr.items))
    if isinstance(expr, Not):
        return is_never(expr.item)
    if not isinstance(expr, Or):
        return False
    items = expr.items
    if any(map(is_always, items)):
        return True
    # A missing value fulfils no comparison, so only a whole complement covers everybody.
    return any(
        isinstance(item, Not) and implies(item.item, other)
        for item in items
        for other in items
        if other is not item
    )


def _daily(rule: Rule) -> Iterator[Problem]:
    # Who is in a segment may change every day: that costs nothing and is what it is for.
    if not isinstance(rule, TagRule | GroupRule):
        return
    if any(_is_of_one_day(leaf) for leaf in leaves(rule.when)):
        yield rule_problem(
            rule,
            "when",
            "is about a single day, so whoever fulfils it today does not tomorrow",
            "make a segment of it, or look further back",
        )


def _is_of_one_day(leaf: Predicate) -> bool:
    if isinstance(leaf, InSegment):
        return False
    if isinstance(leaf, DateDay) and leaf.op == "on" and isinstance(leaf.day.day, str):
        return True
    if isinstance(leaf, DateSpan) and leaf.op == "within" and _is_short(leaf.span):
        return True
    return any(item.name == "within" and _is_short(item.value) for item in leaf.fact.filters)


def _is_short(value: object) -> bool:
    return value in _ONE_DAY or (
        isinstance(value, Span)
        and (value.unit == "minute" or (value.unit == "hour" and value.count <= 24))
    )


def _shadowed(ruleset: RuleSet) -> Iterator[Problem]:
    for place, rung in enumerate(ruleset.groups):
        for higher in ruleset.groups[:place]:
            if implies(rung.when, higher.when):
                message = (
                    f"nobody ever rises to '{rung.name}': whoever fulfils this fulfils"
                    f" '{higher.name}' ({place_of(higher)}) too, which goes first"
                )
                yield rule_problem(rung, "when", message, "put it before that one")
                break


def _narrower(ruleset: RuleSet) -> Iterator[Problem]:
    for rung in ruleset.groups:
        keep = rung.keep_when
        if keep is None or implies(rung.when, keep):
            continue
        if implies(keep, rung.when) or excludes(rung.when, keep):
            yield rule_problem(
                rung,
                "keep_when",
                f"asks for more than 'when', so who rises to '{rung.name}' may fall at once",
                "'keep_when' asks for less, e.g. a lower amount",
            )


def _to_and_fro(ruleset: RuleSet) -> Iterator[Problem]:
    for rung in ruleset.groups:
        held = rung.keep_when is not None or rung.grace is not None or rung.min_stay is not None
        if not held and any(map(_is_rolling, leaves(rung.when))):
            yield rule_problem(
                rung,
                "when",
                "looks back a span that moves with the days, so customers may rise and fall"
                " by turns",
                "let them stay with keep_when, grace or min_stay",
            )


def _is_rolling(leaf: Predicate) -> bool:
    """Whether time alone can make *leaf* false, after which an event makes it true again."""
    if isinstance(leaf, InSegment) or leaf.fact.name in _FIXED:
        return False
    if isinstance(leaf, DateSpan):
        return leaf.op == "within"
    return any(
        item.name == "within"
        or (item.name == "from" and isinstance(item.value, Day) and isinstance(item.value.day, str))
        for item in leaf.fact.filters
    )
