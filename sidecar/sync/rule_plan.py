"""What saving a rule would change: planned as the next full pass would, and nothing written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, cast

from sidecar.model import CHANGES, Moment, Outcome, fold
from sidecar.rules.dependencies import LADDER, Node, dependents, graph
from sidecar.rules.plan import Changes
from sidecar.rules.rule import RuleKind
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Pass, counted
from sidecar.sync.pass_runs import Part, parts_of
from sidecar.sync.planning import Plan, plan_pass
from sidecar.sync.preview import Names, of_rules
from sidecar.sync.ranges import Progress
from sidecar.sync.state import Json

#: Changes that are named.
_NAMED: Final = 50


def node_of(kind: RuleKind, name: str) -> Node:
    """The node that a rule is worked out as; a rung is part of the ladder."""
    return LADDER if kind == "group" else (kind, fold(name))


def plan_rule(
    shop: Shop,
    book: Rulebook,
    node: Node,
    cap: int,
    moment: Moment,
    progress: Progress | None = None,
) -> dict[str, Json]:
    """
    What a full pass would change by the rule *node* and by all that depend on it.

    Args:
        book: With the rule as it would be saved.
        cap: The number of customers that a run may change unasked.

    Returns:
        ``customers`` that would change or come into a segment or leave it; ``changes`` by kind;
        ``rules``, each with ``kind``, ``name`` and its ``changes``, the most first; ``sample``,
        the first changes, each with ``customer_id``, ``kind``, ``name``, ``before``, ``after``
        and ``why``; ``waits``: why the run would wait for approval (``first``: everything does
        until a first full pass is approved, ``cap``: it changes more than ``cap`` customers,
        ``held``: an undo or discard holds the rule), or None; ``run_customers``: how many the
        run changes that the rule is part of.
    """
    rules = book.checked.rules
    mine = {node} | dependents(graph(rules.tags, rules.segments, rules.groups), node)
    # Entries of a new segment are told too, though they are no history.
    book = dataclasses.replace(book, lists_all=True)
    parts = parts_of(shop, book, moment, kind="full", actor=None)
    work = Pass(shop, book.blocking(book.registry.held()), moment, [part.run for part in parts])
    outcome, steps = Outcome(), dict[Node, int]()
    customers: set[int] = set()
    names, named = Names(book), list[dict[str, object]]()

    def shown(whole: Changes) -> None:
        part = of_rules(whole, book, mine)
        outcome.add(counted(0, part))
        for of_node, number in _steps(part, book).items():
            steps[of_node] = steps.get(of_node, 0) + number
        for frame in (part.added, part.removed, part.moved, part.entered, part.left):
            customers.update(frame["customer_id"])
        if len(named) < _NAMED:
            named.extend(list(names.steps(part, whole))[: _NAMED - len(named)])

    plan = plan_pass(work, progress=progress, shown=shown, keep=False)
    waits, number = _waits(node, book, parts, plan, cap)
    return {
        "customers": len(customers),
        "changes": {kind: getattr(outcome, kind) for kind in CHANGES},
        "rules": [*_by_rule(steps, book)],
        "sample": cast("list[Json]", named),
        "waits": waits,
        "run_customers": number,
        "cap": cap,
    }


def _steps(part: Changes, book: Rulebook) -> dict[Node, int]:
    found = book.steps(part)
    for frame in (part.entered, part.left):
        for slot, number in frame.group_by("slot").len().iter_rows():
            node: Node = ("segment", fold(book.segments[slot].name))
            found[node] = found.get(node, 0) + number
    return found


def _by_rule(steps: Mapping[Node, int], book: Rulebook) -> list[Json]:
    rules = book.checked.rules
    names: dict[Node, str] = {("tag", fold(rule.name)): rule.name for rule in rules.tags}
    names |= {("segment", fold(rule.name)): rule.name for rule in rules.segments}
    ordered = sorted(steps.items(), key=lambda step: (-step[1], step[0]))
    return [
        {"kind": node[0], "name": names.get(node, node[1]), "changes": number}
        for node, number in ordered
    ]


def _waits(
    node: Node, book: Rulebook, parts: list[Part], plan: Plan, cap: int
) -> tuple[str | None, int]:
    """Why the run with the rule *node* would wait, and how many customers it changes."""
    if node[0] == "segment":
        # What depends on it goes with the rest of a full pass.
        return None, 0
    if node in book.registry.held():
        return "held", 0
    part = next((part for part in parts if node in part.rules), parts[-1])
    changed = plan.of(part.run).outcome.changed
    if part.is_first:
        return "first", changed
    return ("cap" if changed > cap else None), changed
