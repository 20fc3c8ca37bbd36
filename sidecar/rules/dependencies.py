"""
Which rule needs the result of which, and so in what order they are worked out.

The nodes are the tags, the segments, and the ladder as a whole: what asks for
``group`` comes after it. A cycle has no order and is refused by name.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sidecar.model import fold
from sidecar.rules.language.walk import leaves
from sidecar.rules.rule import GroupRule, SegmentRule, TagRule
from sidecar.rules.syntax import Expr, Has, InSegment

#: Segments that need segments, one within the other; the innermost counts as one.
MAX_NESTING: Final = 5

#: A node's kind and the folded name of its rule; the ladder has the name ``ladder``.
Node = tuple[Literal["tag", "segment", "ladder"], str]
LADDER: Final[Node] = ("ladder", "ladder")


@dataclass(frozen=True, slots=True)
class Knot:
    """
    Why there is no order.

    Attributes:
        node: What to point at.
        need: What it must not need.
        message: What is wrong.
        hint: The way out.
    """

    node: Node
    need: Node
    message: str
    hint: str


def needs(expr: Expr, tags: Iterable[Node] = ()) -> frozenset[Node]:
    """
    The nodes whose result *expr* asks for, whether there is a rule for them or not.

    Args:
        tags: Every tag with a rule; needed by what asks for the set as a whole.
    """
    found: set[Node] = set()
    for node in leaves(expr):
        if isinstance(node, InSegment):
            found.add(("segment", fold(node.name)))
        elif isinstance(node, Has) and node.fact.name == "tags":
            found.update(("tag", fold(name)) for name in node.values)
        elif node.fact.name == "tags":
            found.update(tags)
        elif node.fact.name == "group":
            found.add(LADDER)
    return frozenset(found)


def graph(
    tags: Sequence[TagRule],
    segments: Sequence[SegmentRule],
    groups: Sequence[GroupRule],
) -> dict[Node, frozenset[Node]]:
    """Every node with those it needs that have a rule; tags, segments, then the ladder."""
    every_tag: list[Node] = [("tag", fold(rule.name)) for rule in tags]
    found: dict[Node, frozenset[Node]] = {}
    for tag in tags:
        found["tag", fold(tag.name)] = needs(tag.when, every_tag)
    for segment in segments:
        found["segment", fold(segment.name)] = needs(segment.when, every_tag)
    if groups:
        found[LADDER] = frozenset().union(*(rung_needs(rung, every_tag) for rung in groups))
    return {node: needed & found.keys() for node, needed in found.items()}


def dependents(needed: Mapping[Node, frozenset[Node]], node: Node) -> frozenset[Node]:
    """Every node that needs *node*, also through others; *needed* as `graph` makes it."""
    found: set[Node] = set()
    waiting = [node]
    while waiting:
        now = waiting.pop()
        more = {other for other, needs_these in needed.items() if now in needs_these} - found
        found |= more
        waiting += more
    return frozenset(found - {node})


def rung_needs(rung: GroupRule, tags: Iterable[Node] = ()) -> frozenset[Node]:
    """What the conditions of *rung* ask for."""
    whole = needs(rung.when, tags)
    return whole if rung.keep_when is None else whole | needs(rung.keep_when, tags)


def ordered(
    needed: Mapping[Node, frozenset[Node]], titles: Mapping[Node, str]
) -> tuple[tuple[Node, ...], tuple[Knot, ...]]:
    """
    The nodes, each after those it needs, and what stands in the way of that.

    Args:
        needed: As `graph` makes it.
        titles: The names of the nodes as they are written.

    Returns:
        With a knot, the order is of no use.
    """
    left = dict(needed)
    knots: list[Knot] = []
    while (cycle := _cycle(left)) is not None:
        knots.append(_cycle_knot(cycle, titles))
        # Untied where it was pointed at, so that a second cycle can be seen.
        left[cycle[0]] = frozenset()
    order = tuple(_sorter(left).static_order())
    return order, (*knots, *_nesting_knots(order, left))


def _sorter(needed: Mapping[Node, frozenset[Node]]) -> graphlib.TopologicalSorter[Node]:
    sorter: graphlib.TopologicalSorter[Node] = graphlib.TopologicalSorter()
    for node in needed:
        sorter.add(node)
    for node, others in needed.items():
        sorter.add(node, *sorted(others))  # sorted: the order must not change between runs
    return sorter


def _cycle(needed: Mapping[Node, frozenset[Node]]) -> list[Node] | None:
    """A cycle, each node needing the next and the last the first, or None."""
    try:
        _sorter(needed).prepare()
    except graphlib.CycleError as error:
        nodes: list[Node] = error.args[1][:0:-1]
        first = min(range(len(nodes)), key=lambda index: list(needed).index(nodes[index]))
        return nodes[first:] + nodes[:first]
    return None


def _cycle_knot(cycle: list[Node], titles: Mapping[Node, str]) -> Knot:
    if cycle == [LADDER]:
        return Knot(
            LADDER,
            LADDER,
            "a rung cannot ask for 'group', because it decides it",
            "[ladder] from says out of which groups it moves",
        )
    names = [titles[node] for node in (*cycle, cycle[0])]
    if len(set(names)) < len(cycle):
        names = [f"{node[0]} {titles[node]}" for node in (*cycle, cycle[0])]
    return Knot(
        cycle[0],
        cycle[1 % len(cycle)],
        f"needs its own result: {' -> '.join(names)}",
        "one of them has to do without the next",
    )


def _nesting_knots(order: Sequence[Node], needed: Mapping[Node, frozenset[Node]]) -> Iterator[Knot]:
    depths: dict[Node, int] = {}
    for node in order:
        deepest = max(sorted(needed[node]), key=lambda other: depths[other], default=None)
        depths[node] = (depths[deepest] if deepest else 0) + (node[0] == "segment")
        # Only the first beyond the limit; all that need it are too deep as well.
        if node[0] == "segment" and deepest and depths[node] == MAX_NESTING + 1:
            yield Knot(
                node,
                deepest,
                f"segments need each other more than {MAX_NESTING} deep here",
                "write the condition of an inner one out",
            )
