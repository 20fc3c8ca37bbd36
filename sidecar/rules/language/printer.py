"""
From a syntax tree to its canonical text: one text for each tree.

``parse(print_expr(tree)) == tree`` holds for every tree within the limits.
"""

from __future__ import annotations

from typing import assert_never

from sidecar.rules.language.words import (
    write_day,
    write_span,
    write_text,
    write_value,
)
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    DateDay,
    DateSpan,
    Expr,
    FactPredicate,
    FactRef,
    Filter,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Not,
    Or,
    Predicate,
    TextMatch,
    Value,
)


def print_expr(expr: Expr) -> str:
    """*expr* as a condition on one line, with the brackets it needs and no others."""
    if isinstance(expr, And):
        return " and ".join(_bracketed(item, isinstance(item, And | Or)) for item in expr.items)
    if isinstance(expr, Or):
        return " or ".join(_bracketed(item, isinstance(item, Or)) for item in expr.items)
    if isinstance(expr, Not):
        # "not in segment" is an operator of its own; brackets keep the two apart.
        alike = isinstance(expr.item, InSegment) and not expr.item.negated
        return f"not {_bracketed(expr.item, alike or isinstance(expr.item, And | Or))}"
    return _predicate(expr)


def print_fact(fact: FactRef) -> str:
    """*fact* with its filters, e.g. ``orders(within = 1 year)``."""
    if not fact.filters:
        return fact.name
    return f"{fact.name}({', '.join(print_filter(filter_) for filter_ in fact.filters)})"


def print_filter(filter_: Filter) -> str:
    """One filter, e.g. ``within = 1 year``."""
    sign = ">=" if filter_.name == "total" else "="
    return f"{filter_.name} {sign} {write_value(filter_.value)}"


def _bracketed(item: Expr, needed: bool) -> str:
    return f"({print_expr(item)})" if needed else print_expr(item)


def _predicate(expr: Predicate) -> str:
    if isinstance(expr, InSegment):
        return f"{_not(expr.negated)}in segment {write_text(expr.name)}"
    return f"{print_fact(expr.fact)}{_rest(expr)}"


def _rest(expr: FactPredicate) -> str:
    """What stands after the fact, with its blank."""
    match expr:
        case Compare(op="=", value=True):
            return ""
        case Compare():
            return f" {expr.op} {write_value(expr.value)}"
        case Between():
            return f" between {write_value(expr.low)} and {write_value(expr.high)}"
        case In():
            return f" {_not(expr.negated)}in {_values(expr.values)}"
        case Has(mode="any", values=(only,)):
            return f" {_not(expr.negated)}has {write_text(only)}"
        case Has():
            return f" {_not(expr.negated)}has {expr.mode} of {_values(expr.values)}"
        case TextMatch():
            return f" {_not(expr.negated)}{expr.op} {write_text(expr.text)}"
        case DateSpan():
            return f" {expr.op} {write_span(expr.span)}"
        case DateDay():
            return f" {expr.op} {write_day(expr.day)}"
        case Missing():
            return f" is {_not(expr.negated)}missing"
        case _:
            assert_never(expr)


def _values(values: tuple[Value, ...] | ListRef) -> str:
    if isinstance(values, ListRef):
        return f"@{values.name}"
    return f"({', '.join(write_value(value) for value in values)})"


def _not(negated: bool) -> str:
    return "not " if negated else ""
