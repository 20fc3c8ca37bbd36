"""
The abstract syntax of a rule's condition: what the parser makes and everything else reads.

Nodes are frozen and compare by meaning: where a node stood in its file (``at``)
takes no part in equality, so ``parse(print(tree)) == tree`` can be demanded.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
Comparison = Literal["=", "!=", ">", ">=", "<", "<="]
FilterName = Literal[
    "within", "from", "until", "status", "store", "category", "product", "manufacturer", "total"
]


@dataclass(frozen=True, slots=True)
class Position:
    """
    Where a node begins.

    Attributes:
        line: Line in the condition's text, counted from 1.
        column: Column in that line, counted from 1.
        length: Characters to underline, at least 1.
    """

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as people say it, e.g. ``90 days``; *count* is at least 0."""

    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day in the store's zone: a date, or one relative to the day of evaluation."""

    day: datetime.date | Literal["today", "yesterday"]


#: A literal. Numbers are never float: money is compared to the fourth decimal.
Value = Decimal | str | bool | Span


@dataclass(frozen=True, slots=True)
class Filter:
    """
    One filter of a fact, e.g. ``within = 1 year``.

    Attributes:
        name: Which; decides the type of *value*.
        value: Span for ``within``; Day for ``from`` and ``until``; Decimal for
            ``total`` (compared with ``>=``); else text.
    """

    name: FilterName
    value: Span | Day | Decimal | str
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FactRef:
    """A fact as a rule names it, with its filters in the order written."""

    name: str
    filters: tuple[Filter, ...] = ()
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListRef:
    """A named list, written ``@name``."""

    name: str
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """True when every item is; at least two *items*, none of them an ``And``."""

    items: tuple[Expr, ...]
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """True when any item is; at least two *items*, none of them an ``Or``."""

    items: tuple[Expr, ...]
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The exact complement of *item*."""

    item: Expr
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """``fact cmp value``; a bare yes/no fact is ``Compare(fact, "=", True)``."""

    fact: FactRef
    op: Comparison
    value: Value
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """``fact between low and high``, both ends included."""

    fact: FactRef
    low: Value
    high: Value
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class In:
    """``fact [not] in (…)`` or ``fact [not] in @list``; a missing fact is in neither."""

    fact: FactRef
    values: tuple[Value, ...] | ListRef
    negated: bool = False
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Has:
    """``set [not] has …``; one text is ``any`` of one value."""

    fact: FactRef
    mode: Literal["any", "all"]
    values: tuple[str, ...]
    negated: bool = False
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InSegment:
    """``[not] in segment "name"``."""

    name: str
    negated: bool = False
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TextMatch:
    """``fact [not] contains|starts with|ends with text``; only ``contains`` is ever negated."""

    fact: FactRef
    op: Literal["contains", "starts with", "ends with"]
    text: str
    negated: bool = False
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """``date within|older than|in next span``."""

    fact: FactRef
    op: Literal["within", "older than", "in next"]
    span: Span
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DateDay:
    """``date before|after|on day``."""

    fact: FactRef
    op: Literal["before", "after", "on"]
    day: Day
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Missing:
    """``fact is [not] missing``; of a set: it is (not) empty."""

    fact: FactRef
    negated: bool = False
    at: Position | None = field(default=None, compare=False, repr=False)


#: A comparison of a fact.
FactPredicate = Compare | Between | In | Has | TextMatch | DateSpan | DateDay | Missing
Predicate = FactPredicate | InSegment
Expr = And | Or | Not | Predicate
