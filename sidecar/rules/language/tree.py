"""
From the grammar's rules to the syntax tree: comparisons, and, or, not.

Lark calls one method of `TreeBuilder` for each rule of ``grammar.lark`` while it
parses, innermost first and without recursion. Depth and leaves are counted on the
way up, so a hostile text is refused before a tree deep enough to hurt exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from lark import Token

from sidecar.rules.language import limits
from sidecar.rules.language.literals import (
    LiteralBuilder,
    RefusedError,
    plain_text,
    plain_value,
    position,
)
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    Comparison,
    DateDay,
    DateSpan,
    Day,
    Expr,
    Has,
    In,
    InSegment,
    Missing,
    Not,
    Or,
    Predicate,
    Span,
    TextMatch,
)

SPAN_EXAMPLE: Final = "e.g. 90 days, 1 year, 12 hours"
DAY_EXAMPLE: Final = "e.g. 2026-01-31, today, yesterday"

_TEXT_OPERATORS: Final[dict[str, Literal["contains", "starts with", "ends with"]]] = {
    "CONTAINS": "contains",
    "STARTS": "starts with",
    "ENDS": "ends with",
}
_DAY_OPERATORS: Final[dict[str, Literal["before", "after", "on"]]] = {
    "BEFORE": "before",
    "AFTER": "after",
    "ON": "on",
}


@dataclass(slots=True)
class _Part:
    """A finished condition on the way up, with the tokens it lies between."""

    expr: Expr
    first: Token
    last: Token
    depth: int = 1
    leaves: int = 1
    bracketed: bool = False


class TreeBuilder(LiteralBuilder):
    """One method for each rule of the grammar; the start rule hands out the tree."""

    # -- comparisons -------------------------------------------------------------------

    def bare(self, children: list[Any]) -> _Part:
        return _predicate(children, Compare(children[0].value, "=", True))

    def compare(self, children: list[Any]) -> _Part:
        fact, operator, literal = children
        comparison = cast("Comparison", str(operator))
        return _predicate(children, Compare(fact.value, comparison, plain_value(literal)))

    def between(self, children: list[Any]) -> _Part:
        fact, _, low, high = children
        return _predicate(children, Between(fact.value, plain_value(low), plain_value(high)))

    def in_values(self, children: list[Any]) -> _Part:
        fact, values = children[0], children[-1]
        return _predicate(children, In(fact.value, values.value, _negated(children)))

    def has(self, children: list[Any]) -> _Part:
        fact, literal = children[0], children[-1]
        texts = (plain_text(literal),)
        return _predicate(children, Has(fact.value, "any", texts, _negated(children)))

    def has_of(self, children: list[Any]) -> _Part:
        fact, word, texts = children[0], children[-2], children[-1]
        mode: Literal["any", "all"] = "any" if word.type == "ANY" else "all"
        return _predicate(children, Has(fact.value, mode, texts.value, _negated(children)))

    def in_segment(self, children: list[Any]) -> _Part:
        return _predicate(children, InSegment(plain_text(children[-1])))

    def text_match(self, children: list[Any]) -> _Part:
        fact, word, literal = children[0], children[-2], children[-1]
        operator, text = _TEXT_OPERATORS[word.type], plain_text(literal)
        return _predicate(children, TextMatch(fact.value, operator, text, _negated(children)))

    def within(self, children: list[Any]) -> _Part:
        return _date_span(children, "within")

    def older_than(self, children: list[Any]) -> _Part:
        return _date_span(children, "older than")

    def in_next(self, children: list[Any]) -> _Part:
        return _date_span(children, "in next")

    def on_day(self, children: list[Any]) -> _Part:
        fact, word, literal = children
        if not isinstance(literal.value, Day):
            raise RefusedError(literal.at, f"'{word}' needs a day", DAY_EXAMPLE)
        return _predicate(children, DateDay(fact.value, _DAY_OPERATORS[word.type], literal.value))

    def missing(self, children: list[Any]) -> _Part:
        return _predicate(children, Missing(children[0].value, _negated(children)))

    # -- and, or, not ------------------------------------------------------------------

    def and_(self, parts: list[_Part]) -> _Part:
        return _joined(And, parts)

    def or_(self, parts: list[_Part]) -> _Part:
        return _joined(Or, parts)

    def not_(self, children: list[Any]) -> _Part:
        word, part = cast("tuple[Token, _Part]", tuple(children))
        at, inner = position(word, part.last), part.expr
        if isinstance(inner, InSegment) and not inner.negated and not part.bracketed:
            return _Part(replace(inner, negated=True, at=at), word, part.last)
        return _held(_Part(Not(inner, at), word, part.last, part.depth + 1, part.leaves))

    def brackets(self, children: list[Any]) -> _Part:
        part: _Part = children[1]
        return replace(part, bracketed=True)

    def start(self, children: list[_Part]) -> Expr:
        return children[0].expr


def _negated(children: Sequence[Any]) -> bool:
    return any(isinstance(child, Token) and child.type == "NOT" for child in children)


def _predicate(children: Sequence[Any], predicate: Predicate) -> _Part:
    """*predicate* with the position that *children* take up."""
    first, last = children[0], children[-1]
    first = first if isinstance(first, Token) else first.first
    last = last if isinstance(last, Token) else last.last
    return _Part(replace(predicate, at=position(first, last)), first, last)


def _date_span(
    children: Sequence[Any], operator: Literal["within", "older than", "in next"]
) -> _Part:
    fact, literal = children[0], children[-1]
    if not isinstance(literal.value, Span):
        raise RefusedError(literal.at, f"'{operator}' needs a span", SPAN_EXAMPLE)
    return _predicate(children, DateSpan(fact.value, operator, literal.value))


def _joined(node: type[And] | type[Or], parts: list[_Part]) -> _Part:
    """*parts* under one *node*; the items of a part that already is one move up into it."""
    items: list[Expr] = []
    depth = 1
    for part in parts:
        if isinstance(part.expr, node):
            items.extend(part.expr.items)
            depth = max(depth, part.depth)
        else:
            items.append(part.expr)
            depth = max(depth, part.depth + 1)
    first, last = parts[0].first, parts[-1].last
    leaves = sum(part.leaves for part in parts)
    return _held(_Part(node(tuple(items), position(first, last)), first, last, depth, leaves))


def _held(part: _Part) -> _Part:
    """*part*, when the limits allow it."""
    problem = limits.leaves_problem(part.leaves) or limits.depth_problem(part.depth)
    if problem:
        raise RefusedError(position(part.first, part.first), problem, "make segments of its parts")
    return part
