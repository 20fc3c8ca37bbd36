"""The names of the store's things that rules ask for, e.g. of statuses and categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.rules.catalogue import Catalogue, Namespace
from sidecar.rules.language.walk import leaves
from sidecar.rules.loyalty.program import CHOSEN_BY, Program
from sidecar.rules.rule import GroupRule, Rule
from sidecar.rules.syntax import Compare, Expr, FactPredicate, Has, In, InSegment


def named_in(rules: Iterable[Rule], catalogue: Catalogue) -> Iterator[tuple[Namespace, str]]:
    """Namespace and name, as written, of everything that the conditions of *rules* name."""
    for rule in rules:
        yield from named_in_condition(rule.when, catalogue)
        if isinstance(rule, GroupRule) and rule.keep_when is not None:
            yield from named_in_condition(rule.keep_when, catalogue)


def named_in_program(program: Program, catalogue: Catalogue) -> Iterator[tuple[Namespace, str]]:
    """Namespace and name, as written, of everything that *program* names."""
    yield from (("status", name) for name in program.statuses)
    for rule in program.earn:
        if rule.when is not None:
            yield from named_in_condition(rule.when, catalogue)
        for namespace in CHOSEN_BY:
            yield from ((namespace, name) for name in getattr(rule.goods, namespace))


def named_in_condition(condition: Expr, catalogue: Catalogue) -> Iterator[tuple[Namespace, str]]:
    """Namespace and name, as written, of everything that *condition* names."""
    for leaf in leaves(condition):
        fact = None if isinstance(leaf, InSegment) else catalogue.get(leaf.fact.name)
        if fact is None or isinstance(leaf, InSegment):
            continue
        for item in leaf.fact.filters:
            namespace = fact.filters.get(item.name)
            if namespace is not None and isinstance(item.value, str):
                yield namespace, item.value
        if fact.names is not None:
            yield from ((fact.names, value) for value in _values(leaf))


def _values(leaf: FactPredicate) -> Iterator[str]:
    match leaf:
        case Compare(value=str() as value):
            yield value
        case In(values=tuple() as values):
            yield from (value for value in values if isinstance(value, str))
        case Has():
            yield from leaf.values
