"""One comparison that stands in the way of a condition, and what would have to happen for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sidecar.model import Moment
from sidecar.rules.ahead import first_instant, older_at, when_words
from sidecar.rules.calendar import Boundary
from sidecar.rules.catalogue import Fact
from sidecar.rules.compile import SCALES
from sidecar.rules.explain import Node
from sidecar.rules.language.phrases import number_words
from sidecar.rules.language.printer import print_expr, print_fact, print_filter
from sidecar.rules.language.words import span_days
from sidecar.rules.syntax import (
    Between,
    Compare,
    Comparison,
    DateSpan,
    Day,
    FactRef,
    Filter,
    Not,
    Span,
    Value,
)

#: Facts that what a customer does makes greater, with what one more and several are called.
_GROWS: Final[Mapping[str, tuple[str, str]]] = {
    "orders": ("order", "orders"),
    "complete_orders": ("complete order", "complete orders"),
    "total_spent": ("spent", "spent"),
    "bought": ("unit bought", "units bought"),
    "distinct_products": ("different product bought", "different products bought"),
    "cart_items": ("item in the cart", "items in the cart"),
    "wishlist_items": ("product on the wishlist", "products on the wishlist"),
    "points": ("point", "points"),
    "points_earned": ("point earned", "points earned"),
    "credit": ("store credit", "store credit"),
    "reviews": ("review", "reviews"),
    "returns": ("return", "returns"),
    "returned_units": ("unit returned", "units returned"),
    "coupons": ("coupon used", "coupons used"),
    "searches": ("search", "searches"),
    "largest_order": ("", ""),
}

#: Dates that move to now when a customer does something.
RENEWED: Final[Mapping[str, str]] = {
    "last_order": "a new order",
    "last_login": "a new login",
    "last_review": "a new review",
    "last_return": "a new return",
    "cart_added": "a change of the cart",
}

_OPPOSITE: Final[Mapping[Comparison, Comparison]] = {
    "=": "!=",
    "!=": "=",
    ">": "<=",
    "<=": ">",
    ">=": "<",
    "<": ">=",
}


#: The value of a comparison in words.
Actual = Callable[[Node], str]


@dataclass(frozen=True, slots=True)
class Need:
    """
    One thing that would have to happen.

    Attributes:
        text: In words, e.g. ``1 more order``.
        of: What changes; the same of two comparisons that one thing can serve.
        fact: Which fact would change; None: being in a segment.
        amount: How much greater it must become at least, in the parts it is kept in; None:
            not a matter of an amount.
        by: The instant from which on that is not enough any more; None: none is known.
        at: The instant at which it happens by itself, if nothing else does; None: never.
        reachable: What a customer does, or time alone, can bring it about.
    """

    text: str
    of: str
    fact: str | None
    amount: int | None = None
    by: int | None = None
    at: int | None = None
    reachable: bool = True


def need_of(node: Node, moment: Moment, actual: Actual, *, wanted: bool) -> Need:
    """What would have to happen for the comparison *node* to become as *wanted*."""
    expr = node.expr
    name = node.fact.name if node.fact is not None else None
    found: Need | None = None
    if node.fact is not None and isinstance(expr, Compare | Between):
        found = _amount(node, node.fact, expr, moment, wanted=wanted)
    elif node.fact is not None and isinstance(expr, DateSpan):
        found = _date(node, node.fact, expr, moment, wanted=wanted)
    if found is not None:
        return found
    text = print_expr(expr if wanted else Not(expr))
    return Need(f"{text} (now {actual(node)})", text, name, reachable=False)


def _date(node: Node, fact: Fact, expr: DateSpan, moment: Moment, *, wanted: bool) -> Need | None:
    renewed = RENEWED.get(fact.name)
    if expr.op == "in next" or (expr.op == "older than" and node.value is None):
        return None
    if (expr.op == "within") == wanted:
        return Need(renewed, renewed, fact.name) if renewed else None
    at = older_at(node.value, expr.span, moment)
    if at is None:
        return None
    what = f"no {renewed.removeprefix('a ')}" if renewed else "time"
    text = f"{what} until {when_words(at, moment)}"
    return Need(text, text, fact.name, at=at)


def _amount(
    node: Node, fact: Fact, expr: Compare | Between, moment: Moment, *, wanted: bool
) -> Need | None:
    if fact.name not in _GROWS or _is_over(expr.fact.filters, moment):
        return None
    value = node.value if isinstance(node.value, int) else 0
    if node.value is None and not wanted:
        return None
    least = _least(expr, fact, wanted=wanted)
    if least is None or (goal := least[0]) <= value:
        return None
    above = least[1]
    filters = tuple(one for one in expr.fact.filters if one.name != "within")
    text = _more(fact, value, goal, above)
    if filters:
        text += f" ({', '.join(map(print_filter, filters))})"
    of = print_fact(FactRef(fact.name, filters))
    return Need(text, of, fact.name, goal - value, by=_leaves_at(node, moment) if value else None)


def _more(fact: Fact, value: int, goal: int, above: int | None) -> str:
    """How far *goal*, the least above the limit *above* if there is one, is from *value*."""
    one, several = _GROWS[fact.name]
    limit = goal if above is None else above
    if fact.name == "largest_order":
        return f"an order of {'at least' if above is None else 'more than'} {_money(limit)}"
    if fact.kind == "money":
        return f"{'' if above is None else 'more than '}{_money(limit - value)} more {one}"
    return f"{goal - value:,} more {one if goal - value == 1 else several}"


def _least(expr: Compare | Between, fact: Fact, *, wanted: bool) -> tuple[int, int | None] | None:
    """
    The least value above the present one for which *expr* is as *wanted*, in parts.

    Returns:
        With the whole limit that must be passed, where it must be more than that.
    """
    if isinstance(expr, Between):
        if wanted:
            return math.ceil(_scaled(fact, expr.low)), None
        high = math.floor(_scaled(fact, expr.high))
        return high + 1, high
    if isinstance(expr.value, bool | str):
        return None
    limit = _scaled(fact, expr.value)
    op = expr.op if wanted else _OPPOSITE[expr.op]
    down = math.floor(limit)
    if op == ">=" or (op == "=" and limit == down):
        return math.ceil(limit), None
    if op in (">", "!="):
        return down + 1, down
    return None


def _scaled(fact: Fact, value: Value) -> Decimal:
    if isinstance(value, Span):
        return Decimal(span_days(value) or 0)
    if not isinstance(value, Decimal):
        raise TypeError(f"{fact.name} is compared with {value!r}; the condition was not checked")
    return value * SCALES[fact.kind]


def _is_over(filters: Sequence[Filter], moment: Moment) -> bool:
    """Whether what happens now passes *filters* no more, or not yet."""
    for one in filters:
        if not isinstance(one.value, Day):
            continue
        if one.name == "until" and Boundary("day_end", one.value).value(moment) <= moment.epoch_s:
            return True
        if one.name == "from" and Boundary("day_start", one.value).value(moment) > moment.epoch_s:
            return True
    return False


def _leaves_at(node: Node, moment: Moment) -> int | None:
    """When the first row that counts leaves the windows of *node*'s fact."""
    at, column = node.leaves_at, node.column
    if at is None or column is None:
        return None
    bounds = [
        Boundary("since", value) if isinstance(value, Span) else Boundary("day_start", value)
        for _, value in column.filters
        if isinstance(value, Span) or (isinstance(value, Day) and isinstance(value.day, str))
    ]
    return first_instant(lambda then: any(at < bound.value(then) for bound in bounds), moment)


def _money(parts: int) -> str:
    """Ten-thousandths with at least two decimals."""
    whole, point, places = number_words(Decimal(parts) / SCALES["money"]).partition(".")
    return f"{whole}.{places:0<2}" if point or parts else whole
