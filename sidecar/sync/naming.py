"""Rules by what people call them."""

from __future__ import annotations

from sidecar.errors import UsageError
from sidecar.model import NameTable, fold
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.ruleset import RuleSet


def find_rule(rules: RuleSet, name: str) -> Node:
    """
    The tag rule, segment or ladder called *name*; a rung means the ladder it belongs to.

    Raises:
        UsageError: There is none, with the name most like it.
    """
    nodes: dict[str, Node] = {}
    names = NameTable()
    for rung in rules.groups:
        nodes[fold(rung.name)] = LADDER
    if rules.groups:
        nodes[LADDER[1]] = LADDER
    nodes |= {fold(rule.name): ("segment", fold(rule.name)) for rule in rules.segments}
    nodes |= {fold(rule.name): ("tag", fold(rule.name)) for rule in rules.tags}
    if fold(name) in nodes:
        return nodes[fold(name)]
    for number, known in enumerate(nodes):
        names.add(number, known)
    like = names.suggest(name)
    hint = f"did you mean '{like}'?" if like else "`sidecar rules list` shows them"
    raise UsageError(f"no rule is called {name!r} ({hint})")
