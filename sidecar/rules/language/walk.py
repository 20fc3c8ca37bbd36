"""Walking over a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.rules.syntax import And, Expr, Not, Or, Predicate


def leaves(expr: Expr) -> Iterator[Predicate]:
    """The comparisons of *expr*, in the order of its text; without recursion."""
    waiting: list[Expr] = [expr]
    while waiting:
        node = waiting.pop()
        if isinstance(node, And | Or):
            waiting.extend(reversed(node.items))
        elif isinstance(node, Not):
            waiting.append(node.item)
        else:
            yield node
