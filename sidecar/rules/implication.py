"""
Whether one condition follows from another, as far as that can be told from their trees.

Sound and not complete: a yes is certain, a no only says that it could not be told.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sidecar.rules.syntax import And, Between, Compare, DateSpan, Expr, FactRef, Not, Or, Span

#: The ends of a range of numbers: value and whether it belongs to it; None: no end.
_End = tuple[Decimal, bool] | None

#: Of each unit, for comparing spans of the same kind only.
_SMALL: Final = {"minute": 1, "hour": 60, "day": 1, "week": 7, "month": 1, "year": 12}
_KINDS: Final = {"minute": 0, "hour": 0, "day": 1, "week": 1, "month": 2, "year": 2}


def implies(one: Expr, other: Expr) -> bool:
    """Whether whoever fulfils *one* is certain to fulfil *other*."""
    if one == other:
        return True
    if isinstance(one, Or):
        return all(implies(item, other) for item in one.items)
    if isinstance(other, And):
        return all(implies(one, item) for item in other.items)
    if isinstance(one, And) and any(implies(item, other) for item in one.items):
        return True
    if isinstance(other, Or):
        return any(implies(one, item) for item in other.items)
    if isinstance(one, Not) and isinstance(other, Not):
        return implies(other.item, one.item)
    if isinstance(one, DateSpan) and isinstance(other, DateSpan):
        return _span_implies(one, other)
    return _range_implies(one, other)


def excludes(one: Expr, other: Expr) -> bool:
    """Whether nobody can fulfil *one* and *other* at once."""
    if isinstance(other, Not) and implies(one, other.item):
        return True
    if isinstance(one, Not) and implies(other, one.item):
        return True
    first, second = _range(one), _range(other)
    if first is None or second is None or first[0] != second[0]:
        return False
    return _apart(first[2], second[1]) or _apart(second[2], first[1])


def _range_implies(one: Expr, other: Expr) -> bool:
    first, second = _range(one), _range(other)
    if first is None or second is None or first[0] != second[0]:
        return False
    (_, low, high), (_, wanted_low, wanted_high) = first, second
    return _not_below(low, wanted_low) and _not_above(high, wanted_high)


def _range(expr: Expr) -> tuple[FactRef, _End, _End] | None:
    """The fact that *expr* bounds, and its lower and upper end."""
    if isinstance(expr, Between):
        if isinstance(expr.low, Decimal) and isinstance(expr.high, Decimal):
            return expr.fact, (expr.low, True), (expr.high, True)
        return None
    if not isinstance(expr, Compare) or not isinstance(expr.value, Decimal):
        return None
    end = (expr.value, expr.op in ("=", ">=", "<="))
    match expr.op:
        case "=":
            return expr.fact, end, end
        case ">" | ">=":
            return expr.fact, end, None
        case "<" | "<=":
            return expr.fact, None, end
        case _:
            return None


def _not_below(low: _End, wanted: _End) -> bool:
    if wanted is None:
        return True
    if low is None:
        return False
    return low[0] > wanted[0] or (low[0] == wanted[0] and (wanted[1] or not low[1]))


def _not_above(high: _End, wanted: _End) -> bool:
    if wanted is None:
        return True
    if high is None:
        return False
    return high[0] < wanted[0] or (high[0] == wanted[0] and (wanted[1] or not high[1]))


def _apart(high: _End, low: _End) -> bool:
    """Whether a range that ends at *high* lies below one that begins at *low*."""
    if high is None or low is None:
        return False
    return high[0] < low[0] or (high[0] == low[0] and not (high[1] and low[1]))


def _span_implies(one: DateSpan, other: DateSpan) -> bool:
    if one.fact != other.fact or one.op != other.op:
        return False
    if _KINDS[one.span.unit] != _KINDS[other.span.unit]:
        return False
    longer = _length(one.span) - _length(other.span)
    return longer >= 0 if one.op == "older than" else longer <= 0


def _length(span: Span) -> int:
    return span.count * _SMALL[span.unit]
