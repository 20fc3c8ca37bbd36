"""
The nearest miss: the least that would have to happen for a condition to become true.

Told from the comparisons that stand in the way: how many more orders, how much more
money, and until when, because rows inside a window leave it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from sidecar.model import Moment
from sidecar.rules.ahead import last_day, older_at
from sidecar.rules.explain import Node
from sidecar.rules.needs import RENEWED, Actual, Need, need_of
from sidecar.rules.syntax import And, DateSpan, Not, Or

#: Ways that are told, and that are looked at.
_TOLD, _LOOKED_AT = 3, 64

#: Facts that only a new order makes greater.
_ORDERED = ("orders", "complete_orders", "total_spent", "bought", "largest_order")

#: Everything that must happen.
Way = tuple[Need, ...]


def nearest(node: Node, moment: Moment, actual: Actual) -> tuple[Way, ...]:
    """
    The ways in which the condition *node* would become true, the easiest first.

    Args:
        actual: The value of a comparison in words.

    Returns:
        Of each way everything that must happen; none when the condition is true.
    """
    if node.holds:
        return ()
    ways = sorted(_ways(node, moment, actual, wanted=True), key=_effort)
    if ways and _is_reachable(ways[0]):
        ways = [way for way in ways if _is_reachable(way)]
    return tuple(dict.fromkeys(ways))[:_TOLD]


def in_words(ways: Sequence[Way], moment: Moment) -> str:
    """*ways* in one line, e.g. ``needs 1 more order or 87.60 more spent by 31 March 2026``."""
    return "needs " + ", or ".join(_way_words(way, moment) for way in ways) if ways else ""


def _way_words(way: Way, moment: Moment) -> str:
    ends = [need.by for need in way if need.by is not None]
    words = " and ".join(need.text for need in way)
    return f"{words} by {last_day(min(ends), moment)}" if ends else words


def _is_reachable(way: Way) -> bool:
    return all(need.reachable for need in way)


def _effort(way: Way) -> tuple[int, int]:
    return sum(not need.reachable for need in way), len(way)


def _ways(node: Node, moment: Moment, actual: Actual, *, wanted: bool) -> list[Way]:
    """The ways in which *node* would be as *wanted*; an empty one when it is."""
    if node.holds == wanted:
        return [()]
    expr = node.expr
    if isinstance(expr, Not):
        return _ways(node.items[0], moment, actual, wanted=not wanted)
    if isinstance(expr, And | Or):
        each = [_ways(item, moment, actual, wanted=wanted) for item in node.items]
        if isinstance(expr, And) != wanted:
            return [way for ways in each for way in ways]
        ends = [end for item in node.items if (end := _ends_at(item, moment, wanted)) is not None]
        return _together(each, min(ends, default=None))
    return [(need_of(node, moment, actual, wanted=wanted),)]


def _together(each: Sequence[Sequence[Way]], ends: int | None) -> list[Way]:
    """One way of each, in every combination; what serves several is needed once."""
    found: list[Way] = []
    best_first = [sorted(ways, key=_effort) for ways in each]
    for combination in itertools.islice(itertools.product(*best_first), _LOOKED_AT):
        needs: dict[str, Need] = {}
        for need in itertools.chain.from_iterable(combination):
            other = needs.get(need.of)
            needs[need.of] = need if other is None else _both(need, other)
        ordered = any(need.fact in _ORDERED and need.amount for need in needs.values())
        found.append(
            tuple(
                _by(need, ends)
                for need in needs.values()
                if not (ordered and need.fact == "last_order" and need.at is None)
            )
        )
    return found


def _both(one: Need, other: Need) -> Need:
    """The greater of two needs of the same, while both windows last."""
    greater = max(one, other, key=lambda need: need.amount or 0)
    ends = [need.by for need in (one, other) if need.by is not None]
    return replace(greater, by=min(ends, default=None))


def _by(need: Need, ends: int | None) -> Need:
    """*need*, to happen while what holds beside it still does."""
    if ends is None or not need.reachable or need.at is not None:
        return need
    return replace(need, by=ends if need.by is None else min(ends, need.by))


def _ends_at(node: Node, moment: Moment, wanted: bool) -> int | None:
    """When time alone ends that *node* is as *wanted*; None: not, or what is done prolongs it."""
    expr = node.expr
    if not (node.holds and wanted and isinstance(expr, DateSpan) and expr.op == "within"):
        return None
    if expr.fact.name in RENEWED or not isinstance(node.value, int):
        return None
    return older_at(node.value, expr.span, moment)
