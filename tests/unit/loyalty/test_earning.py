"""What an order earns: golden cases, and any order against fractions."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.loyalty.earning import BASE, MULTIPLIED, Line, Order, capped, targets
from sidecar.rules.loyalty.program import (
    Basis,
    Cap,
    EarnRule,
    Goods,
    OnRefund,
    Program,
    RoundEach,
    Rounding,
    Stack,
)

DAY = datetime.date(2027, 3, 10)
PROGRAM = Program(start=None)


def units(amount: str) -> int:
    return int(Fraction(amount) * 10_000)


def an_order(*lines: Line, **what: object) -> Order:
    total = sum(line.total for line in lines)
    return replace(Order(qualifies=True, day=DAY, lines=lines, total=total), **what)  # type: ignore[arg-type]


def line(amount: str, **what: object) -> Line:
    return replace(Line(units(amount)), **what)  # type: ignore[arg-type]


def with_rules(*rules: EarnRule, **what: object) -> Program:
    return replace(PROGRAM, earn=rules, **what)  # type: ignore[arg-type]


# -- golden cases --------------------------------------------------------------------------


def test_the_example_program_gives_ten_points_for_each_unit() -> None:
    assert targets(an_order(line("25.00")), PROGRAM) == {BASE: 250}


def test_an_order_that_does_not_qualify_earns_nothing() -> None:
    assert targets(an_order(line("25.00"), qualifies=False), PROGRAM) == {}


def test_what_is_below_one_point_is_dropped_once_an_order() -> None:
    order = an_order(line("0.19"), line("0.19"))
    assert targets(order, PROGRAM) == {BASE: 3}


def test_rounding_may_be_by_line_and_half_up() -> None:
    order = an_order(line("0.19"), line("0.15"))
    assert targets(order, replace(PROGRAM, round_each="line")) == {BASE: 2}
    assert targets(order, replace(PROGRAM, round_each="line", rounding="half up")) == {BASE: 4}


def test_discounts_and_what_points_and_credit_paid_earn_nothing() -> None:
    order = an_order(line("100.00"), discounts=units("30.00"))
    assert targets(order, PROGRAM) == {BASE: 700}


def test_discounts_larger_than_the_goods_leave_nothing() -> None:
    assert targets(an_order(line("10.00"), discounts=units("30.00")), PROGRAM) == {}


def test_tax_earns_only_where_the_program_says_so() -> None:
    order = an_order(line("100.00", tax=units("19.00")), total=units("124.00"))
    assert targets(order, PROGRAM) == {BASE: 1000}
    assert targets(order, replace(PROGRAM, basis="goods and tax")) == {BASE: 1190}
    assert targets(order, replace(PROGRAM, basis="total")) == {BASE: 1240}


def test_a_tier_multiplies_the_points_per_unit_and_the_base_stays_what_it_was() -> None:
    order = an_order(line("10.00"), multiplier=12_000)
    assert targets(order, PROGRAM) == {BASE: 100, MULTIPLIED: 20}


def test_a_partial_return_leaves_what_the_kept_units_earn() -> None:
    order = an_order(line("30.00", quantity=3, returned=1))
    assert targets(order, PROGRAM) == {BASE: 200}
    assert targets(an_order(line("30.00", quantity=3, returned=3)), PROGRAM) == {}
    assert targets(an_order(line("30.00", quantity=3, returned=9)), PROGRAM) == {}


def test_a_credit_order_takes_points() -> None:
    order = an_order(line("-12.34"))
    assert targets(order, PROGRAM) == {BASE: -123}
    assert targets(an_order(line("-12.34", quantity=-2)), PROGRAM) == {BASE: -123}


def test_a_rule_for_goods_counts_their_lines_and_their_share_of_the_discount() -> None:
    rule = EarnRule(name="shoes", per_unit=5_0000, goods=Goods(category=("Shoes",)))
    shoes = line("60.00", rules=frozenset({"shoes"}))
    order = an_order(shoes, line("40.00"), discounts=units("50.00"), rules=frozenset({"shoes"}))
    assert targets(order, with_rules(rule)) == {BASE: 500, "shoes": 150}


def test_a_rule_that_does_not_hold_for_the_order_gives_nothing() -> None:
    rule = EarnRule(name="welcome", points=50)
    assert targets(an_order(line("1.00")), with_rules(rule)) == {BASE: 10}
    holds = an_order(line("1.00"), rules=frozenset({"welcome"}))
    assert targets(holds, with_rules(rule)) == {BASE: 10, "welcome": 50}


def test_multipliers_stack_as_the_program_says() -> None:
    rules = (EarnRule(name="double", multiply=20_000), EarnRule(name="triple", multiply=30_000))
    order = an_order(line("10.00"), multiplier=15_000, rules=frozenset({"double", "triple"}))

    def more(stack: Stack, most: int | None = None) -> int:
        program = with_rules(*rules, stack=stack, most_multiplied=most)
        return targets(order, program)[MULTIPLIED]

    assert more("largest") == 200
    assert more("add") == 350  # 1 + 0.5 + 1 + 2
    assert more("multiply") == 800  # 1.5 x 2 x 3
    assert more("multiply", 40_000) == 300


def test_points_for_an_order_go_when_nothing_is_left_of_it() -> None:
    rule = EarnRule(name="welcome", points=50, on_refund="all or nothing")
    one_left = an_order(line("30.00", quantity=3, returned=2), rules=frozenset({"welcome"}))
    none_left = an_order(line("30.00", quantity=3, returned=3), rules=frozenset({"welcome"}))
    assert targets(one_left, with_rules(rule))["welcome"] == 50
    assert targets(none_left, with_rules(rule)) == {}
    kept = replace(rule, on_refund="keep")
    assert targets(none_left, with_rules(kept)) == {"welcome": 50}
    part = replace(rule, on_refund="in proportion")
    assert targets(one_left, with_rules(part))["welcome"] == 16


def test_an_order_has_at_most_what_its_cap_allows() -> None:
    rule = EarnRule(name="more", per_unit=10_0000, caps=(Cap(points=120),))
    order = an_order(line("100.00"), rules=frozenset({"more"}))
    assert targets(order, with_rules(rule)) == {BASE: 1000, "more": 120}


def test_a_cap_of_a_month_is_used_up_in_the_order_in_which_orders_qualified() -> None:
    rule = EarnRule(name="more", points=50, caps=(Cap(points=80, per="month"),))
    program = with_rules(rule)
    days = [datetime.date(2027, 3, 30), datetime.date(2027, 3, 31), datetime.date(2027, 4, 1)]
    orders = [an_order(line("1.00"), day=day, rules=frozenset({"more"})) for day in days]
    pairs = [(order, targets(order, program), program) for order in orders]

    assert [points.get("more") for points in capped(pairs)] == [50, 30, 50]
    # Where the first is taken back, its room is the next one's.
    gone = [(orders[0], {}, program), *pairs[1:]]
    assert [points.get("more") for points in capped(gone)] == [None, 50, 50]


def test_several_caps_hold_together_and_weeks_begin_on_monday() -> None:
    rule = EarnRule(
        name="more", points=50, caps=(Cap(points=60, per="week"), Cap(points=115, per="year"))
    )
    program = with_rules(rule)
    days = [datetime.date(2027, 3, 7), *(datetime.date(2027, 3, 12 + n) for n in range(3))]
    orders = [an_order(line("1.00"), day=day, rules=frozenset({"more"})) for day in days]
    pairs = [(order, targets(order, program), program) for order in orders]

    given = [points.get("more", 0) for points in capped(pairs)]
    assert given == [50, 50, 10, 0]


def test_what_a_credit_order_takes_makes_room_under_a_cap() -> None:
    rule = EarnRule(name="more", per_unit=10_0000, caps=(Cap(points=80, per="day"),))
    program = with_rules(rule)
    orders = [
        an_order(line(amount), rules=frozenset({"more"})) for amount in ("6.00", "-5.00", "9.00")
    ]
    pairs = [(order, targets(order, program), program) for order in orders]

    assert [points["more"] for points in capped(pairs)] == [60, -50, 70]


# -- any order -----------------------------------------------------------------------------

_LINES = st.lists(
    st.builds(
        Line,
        total=st.integers(0, 999_999_999),
        tax=st.integers(0, 99_999_999),
        quantity=st.integers(1, 5),
        returned=st.integers(0, 6),
        rules=st.frozensets(st.sampled_from(["goods", "double"])),
    ),
    max_size=4,
)


@st.composite
def _orders(draw: st.DrawFn) -> Order:
    lines = draw(_LINES)
    sign = draw(st.sampled_from([1, 1, 1, -1]))
    lines = [replace(one, total=sign * one.total, tax=sign * one.tax) for one in lines]
    return Order(
        qualifies=True,
        day=DAY,
        lines=lines,
        total=sign * draw(st.integers(0, 9_999_999_999)),
        discounts=draw(st.sampled_from([0, 0, 1, 500_0000, 10**12])),
        multiplier=draw(st.sampled_from([10_000, 12_000, 30_000, 9_999])),
        rules=draw(st.frozensets(st.sampled_from(["goods", "double", "fixed", "twice"]))),
    )


@st.composite
def _programs(draw: st.DrawFn) -> Program:
    refund = st.sampled_from(get_args(OnRefund))
    shoes = Goods(category=("Shoes",))
    return Program(
        start=None,
        per_unit=draw(st.sampled_from([10_0000, 1, 3_3333])),
        basis=draw(st.sampled_from(get_args(Basis))),
        rounding=draw(st.sampled_from(get_args(Rounding))),
        round_each=draw(st.sampled_from(get_args(RoundEach))),
        stack=draw(st.sampled_from(get_args(Stack))),
        most_multiplied=draw(st.sampled_from([None, 25_000])),
        earn=(
            EarnRule(name="goods", per_unit=7_7777, goods=shoes, on_refund=draw(refund)),
            EarnRule(name="double", multiply=20_000, goods=shoes),
            EarnRule(name="twice", multiply=20_000),
            EarnRule(name="fixed", points=50, on_refund=draw(refund), caps=(Cap(points=45),)),
        ),
    )


def _whole(value: Fraction, program: Program) -> int:
    size = abs(value)
    size += Fraction(1, 2) if program.rounding == "half up" else 0
    return int(size) * (1 if value >= 0 else -1)


def _by_hand(order: Order, program: Program) -> dict[str, int]:
    """The same in fractions of a currency unit, line by line, and only rounded at the end."""

    def amount(one: Line) -> Fraction:
        tax = one.tax if program.basis == "goods and tax" else 0
        return Fraction(one.total + tax, 10_000)

    all_goods = sum((amount(one) for one in order.lines), Fraction(0))
    if not all_goods:
        return {}
    counts = all_goods - Fraction(order.discounts, 10_000)
    counts = max(counts, Fraction(0)) if all_goods > 0 else all_goods
    if program.basis == "total":
        counts = Fraction(order.total, 10_000)

    def left(one: Line) -> Fraction:
        kept = max(0, one.quantity - one.returned)
        exact = amount(one) * kept / one.quantity * 10_000
        return Fraction(int(exact), 10_000)  # to the ten-thousandth, towards zero

    def factor(one: Line) -> Fraction:
        each = [Fraction(order.multiplier, 10_000)]
        each += [Fraction(2)] * ("double" in order.rules and "double" in one.rules)
        each += [Fraction(2)] * ("twice" in order.rules)
        if program.stack == "largest":
            found = max(each)
        elif program.stack == "add":
            found = 1 + sum((one - 1 for one in each), Fraction(0))
        else:
            found = Fraction(1)
            for one_more in each:
                found = Fraction(int(found * one_more * 10_000), 10_000)
        return found if program.most_multiplied is None else min(found, Fraction(5, 2))

    def points(amounts: list[Fraction], rate: Fraction) -> int:
        earned = [amount * counts / all_goods * rate for amount in amounts]
        if program.round_each == "line":
            return sum(_whole(one, program) for one in earned)
        return _whole(sum(earned, Fraction(0)), program)

    rate = Fraction(program.per_unit, 10_000)
    found = {BASE: points([left(one) for one in order.lines], rate)}
    found[MULTIPLIED] = points([left(one) * factor(one) for one in order.lines], rate) - found[BASE]
    goods, _, _, fixed = program.earn
    if "goods" in order.rules:
        mine = [one for one in order.lines if "goods" in one.rules]
        kept = [left(one) for one in mine]
        if goods.on_refund == "keep" or (goods.on_refund == "all or nothing" and any(kept)):
            kept = [amount(one) for one in mine]
        if sum((amount(one) for one in mine), Fraction(0)):
            found["goods"] = points(kept, Fraction(77_777, 10_000))
    if "fixed" in order.rules:
        share = sum(left(one) for one in order.lines) / all_goods
        if fixed.on_refund == "keep" or (fixed.on_refund == "all or nothing" and share):
            share = Fraction(1)
        found["fixed"] = min(45, _whole(50 * share, program))
    return {name: number for name, number in found.items() if number}


@given(_orders(), _programs())
def test_any_order_earns_what_fractions_say(order: Order, program: Program) -> None:
    assert targets(order, program) == _by_hand(order, program)
