"""
What an order earns: one target for each rule, from what is left of the order now.

Whole numbers throughout, and rounded once: an order, or a line, is rounded where all that
goes into it is known. Amounts are ten-thousandths of a currency unit.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.rules.loyalty.program import RATE_SCALE, EarnRule, Period, Program, Stack

#: The target of the points per unit, and of what multiplies them.
BASE, MULTIPLIED = "", "*"


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of an order.

    Attributes:
        total: Of all its units, without tax.
        tax: Of all its units.
        quantity: Units bought; below zero in a credit order.
        returned: Units given back for money.
        rules: Names of the rules whose goods it is; rules for all goods count without that.
    """

    total: int
    tax: int = 0
    quantity: int = 1
    returned: int = 0
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Order:
    """
    What of an order counts for what it earns.

    Attributes:
        qualifies: Whether it is in a status in which orders earn.
        day: On which it qualified first, in the program's zone.
        lines: Of its goods.
        total: As the customer paid it.
        discounts: Taken off its goods, above zero: coupons, vouchers, points and credit.
        multiplier: Of the customer's tier when it was placed, in ten-thousandths.
        rules: Names of the rules that hold for its customer, its day and its total.
    """

    qualifies: bool
    day: datetime.date
    lines: Sequence[Line]
    total: int
    discounts: int = 0
    multiplier: int = RATE_SCALE
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Part:
    """
    Part of an order's goods.

    Attributes:
        whole: What its lines cost.
        left: Of that, what was not given back.
    """

    whole: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Basis:
    """
    An order's lines, and what of each a currency unit counts.

    Attributes:
        parts: Of each line.
        of: What all lines cost.
        counts: What of that earns.
    """

    lines: Sequence[Line]
    parts: Sequence[_Part] = ()
    of: int = 0
    counts: int = 0


def targets(order: Order, program: Program) -> dict[str, int]:
    """
    Points by the name of the rule, `BASE` and `MULTIPLIED`; nothing that gives none.

    Below zero for a credit order, whose goods cost less than nothing. Caps of a period are
    the next step; see `capped`.
    """
    if not order.qualifies:
        return {}
    basis = _basis(order, program)
    rules = [rule for rule in program.earn if rule.name in order.rules]
    found = {BASE: _points(basis, program, [RATE_SCALE] * len(order.lines), program.per_unit)}
    factors = _factors(order, program, rules)
    multiplied = _points(basis, program, factors, program.per_unit)
    found[MULTIPLIED] = multiplied - found[BASE]
    for rule in rules:
        if rule.multiply is None:
            found[rule.name] = _of_rule(rule, basis, program)
    return {name: points for name, points in found.items() if points}


def counts(order: Order, program: Program) -> int:
    """What of *order* earns and is left, in ten-thousandths of a currency unit."""
    if not order.qualifies:
        return 0
    basis = _basis(order, program)
    if basis.of == 0:
        return 0
    return _towards_zero(sum(part.left for part in basis.parts) * basis.counts, basis.of)


def _basis(order: Order, program: Program) -> _Basis:
    with_tax = program.basis == "goods and tax"
    parts = []
    for line in order.lines:
        whole = line.total + (line.tax if with_tax else 0)
        left = whole
        if line.quantity > 0:  # of a credit order's goods there are less than none
            kept = max(0, line.quantity - line.returned)
            # The last unit that comes back takes with it what was left of the division.
            left = _towards_zero(whole * kept, line.quantity)
        parts.append(_Part(whole, left))
    of = sum(part.whole for part in parts)
    if program.basis == "total":
        return _Basis(order.lines, parts, of, order.total)
    return _Basis(order.lines, parts, of, max(0, of - order.discounts) if of > 0 else of)


def _factors(order: Order, program: Program, rules: Iterable[EarnRule]) -> list[int]:
    """By what the points of each line are multiplied, in ten-thousandths."""
    multiply = [rule for rule in rules if rule.multiply is not None]
    factors = []
    for line in order.lines:
        several = [order.multiplier]
        several += [rule.multiply or 0 for rule in multiply if _is_of(rule, line)]
        factors.append(_stacked(several, program.stack, program.most_multiplied))
    return factors


def _stacked(several: Sequence[int], stack: Stack, most: int | None) -> int:
    match stack:
        case "largest":
            factor = max(several)
        case "add":
            factor = RATE_SCALE + sum(one - RATE_SCALE for one in several)
        case "multiply":
            factor = RATE_SCALE
            for one in several:
                factor = factor * one // RATE_SCALE
    return max(0, factor if most is None else min(factor, most))


def _of_rule(rule: EarnRule, basis: _Basis, program: Program) -> int:
    pairs = zip(basis.lines, basis.parts, strict=True)
    parts = [part if _is_of(rule, line) else _Part() for line, part in pairs]
    whole, left = sum(part.whole for part in parts), sum(part.left for part in parts)
    if whole == 0:
        return 0
    if rule.on_refund == "all or nothing" and left == 0:
        return 0
    if rule.on_refund != "in proportion":
        parts, left = [_Part(part.whole, part.whole) for part in parts], whole
    if rule.points is not None:
        points = _rounded(rule.points * left, whole, program)
    else:
        chosen = _Basis(basis.lines, parts, basis.of, basis.counts)
        points = _points(chosen, program, [RATE_SCALE] * len(parts), rule.per_unit or 0)
    caps = [cap.points for cap in rule.caps if cap.per == "order"]
    return min([points, *caps])


def _is_of(rule: EarnRule, line: Line) -> bool:
    goods = rule.goods
    for_all = not (goods.category or goods.product or goods.manufacturer)
    return for_all or rule.name in line.rules


def _points(basis: _Basis, program: Program, factors: Sequence[int], rate: int) -> int:
    """Points for what is left of the basis, at *rate* a unit, each line times its factor."""
    if basis.of == 0:
        return 0
    over = basis.of * RATE_SCALE**3
    each = [
        part.left * factor * basis.counts * rate
        for part, factor in zip(basis.parts, factors, strict=True)
    ]
    if program.round_each == "line":
        return sum(_rounded(one, over, program) for one in each)
    return _rounded(sum(each), over, program)


def _rounded(number: int, over: int, program: Program) -> int:
    """*number* / *over* as whole points; half up and down are the same below zero."""
    if program.rounding == "down":
        return _towards_zero(number, over)
    sign = 1 if (number < 0) == (over < 0) else -1
    return sign * ((2 * abs(number) + abs(over)) // (2 * abs(over)))


def _towards_zero(number: int, over: int) -> int:
    quotient = abs(number) // abs(over)
    return quotient if (number < 0) == (over < 0) else -quotient


# -- caps of a period ----------------------------------------------------------------------


@dataclass(slots=True)
class _Room:
    """What is left of a rule's caps in each period."""

    used: dict[tuple[str, Period, datetime.date], int] = field(default_factory=dict)

    def take(self, rule: EarnRule, day: datetime.date, points: int) -> int:
        """How many of *points* may be given; they are taken."""
        periods = [(cap, period) for cap in rule.caps if (period := cap.per) != "order"]
        keys = [((rule.name, period, _begin(period, day)), cap.points) for cap, period in periods]
        given = min([points, *(most - self.used.get(key, 0) for key, most in keys)])
        given = max(0, given) if points > 0 else points
        for key, _ in keys:
            self.used[key] = self.used.get(key, 0) + given
        return given


def capped(
    orders: Iterable[tuple[Order, Mapping[str, int], Program]],
) -> list[dict[str, int]]:
    """
    The `targets` of one customer's orders, with the caps of days, weeks, months and years.

    Args:
        orders: Each with the program that rewards it, in the order in which they qualified;
            who came first has the room, also when the program was changed since.
    """
    room = _Room()
    found = []
    for order, points, program in orders:
        rules = {rule.name: rule for rule in program.earn}
        kept = {
            name: room.take(rules[name], order.day, number) if name in rules else number
            for name, number in points.items()
        }
        found.append({name: number for name, number in kept.items() if number})
    return found


def _begin(period: Period, day: datetime.date) -> datetime.date:
    match period:
        case "day":
            return day
        case "week":
            return day - datetime.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
