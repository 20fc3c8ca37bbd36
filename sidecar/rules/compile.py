"""
A checked condition to a Polars expression, once per version of the rules.

What depends on the moment (``within 90 days``) is compared with boundary columns,
so the expression itself never changes. Every predicate is two-valued: a missing
value makes it false, and ``not`` is then the exact complement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import reduce

import polars as pl

from sidecar.model import MONEY_SCALE, Names, fold
from sidecar.rules.calendar import Boundary
from sidecar.rules.catalogue import Catalogue, Fact
from sidecar.rules.columns import Column, Resolved
from sidecar.rules.instants import DateOperator, Timed, TimedDate, timed_rows
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    Comparison,
    DateDay,
    DateSpan,
    Day,
    Expr,
    FactRef,
    Filter,
    Has,
    In,
    InSegment,
    ListRef,
    Missing,
    Not,
    Or,
    Span,
    TextMatch,
    Value,
)

#: How many parts of one a number of that kind is kept in.
SCALES: Mapping[str, int] = {"number": 1, "decimal": 100, "money": MONEY_SCALE}

_NUMBERS = ("number", "decimal", "money")
_DAYS: Mapping[str, int] = {"day": 1, "week": 7}
_LARGEST = 2**63 - 1


class Compiler:
    """
    Compiles conditions and gathers what they need.

    Args:
        catalogue: The facts there are.
        names: The store's names; every name a condition uses must be in them.
        lists: Named lists, folded text.
        tag: The expression of a tag by its name, as of this pass.
        segment: The expression of a segment by its name.
        all_tags: The names of every tag, for ``tags is missing``.

    Attributes:
        columns: What the loader must provide, by key.
        boundaries: What depends on the moment, by column name.
        folded: Keys of text columns that are compared, to be folded once a frame.
        timed: What of them may change as time passes, each once.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        names: Names,
        lists: Mapping[str, Collection[str]],
        tag: Callable[[str], pl.Expr],
        segment: Callable[[str], pl.Expr],
        all_tags: Collection[str] = (),
    ) -> None:
        self._catalogue = catalogue
        self._names = names
        self._lists = lists
        self._tag = tag
        self._segment = segment
        self._all_tags = tuple(all_tags)
        self.columns: dict[str, Column] = {}
        self.boundaries: dict[str, Boundary] = {}
        self.folded: set[str] = set()
        self.timed: dict[Timed, None] = {}

    def condition(self, expr: Expr) -> pl.Expr:
        """*expr* as a Boolean expression without nulls."""
        match expr:
            case And(items):
                return reduce(lambda left, right: left & right, map(self.condition, items))
            case Or(items):
                return reduce(lambda left, right: left | right, map(self.condition, items))
            case Not(item):
                return ~self.condition(item)
            case InSegment(name, negated):
                return _negated(self._segment(name), negated)
            case Has(fact, mode, values, negated):
                return _negated(self._has(fact, mode, values), negated)
            case Missing(fact, negated):
                return _negated(self._missing(fact), negated)
            case Compare(fact, op, value):
                return self._compare(fact, op, value).fill_null(False)
            case Between(fact, low, high):
                both = self._compare(fact, ">=", low) & self._compare(fact, "<=", high)
                return both.fill_null(False)
            case In(fact, values, negated):
                return _negated(self._in(fact, values), negated).fill_null(False)
            case TextMatch(fact, op, text, negated):
                return _negated(self._text_match(fact, op, text), negated).fill_null(False)
            case DateSpan(fact, op, span):
                return self._date_span(fact, op, span).fill_null(False)
            case DateDay(fact, op, day):
                return self._date_day(fact, op, day).fill_null(False)

    # -- columns -----------------------------------------------------------------------

    def column(self, ref: FactRef) -> Column:
        """The column that holds *ref*; of a set, its members."""
        return self.columns[self._column(ref).meta.output_name()]

    def _fact(self, ref: FactRef) -> Fact:
        fact = self._catalogue.get(ref.name)
        if fact is None:
            raise KeyError(f"{ref.name} is not in the catalogue; the condition was not checked")
        return fact

    def _column(self, ref: FactRef, members: frozenset[int] | None = None) -> pl.Expr:
        fact = self._fact(ref)
        filters = sorted((item.name, self._resolve(fact, item)) for item in ref.filters)
        return self._need(Column(fact.name, tuple(filters), members))

    def _need(self, column: Column) -> pl.Expr:
        self.columns[column.key] = column
        if rows := timed_rows(column):
            self.timed[rows] = None
        return pl.col(column.key)

    def _resolve(self, fact: Fact, item: Filter) -> Resolved:
        if isinstance(item.value, Decimal):
            return math.ceil(item.value * MONEY_SCALE)
        if isinstance(item.value, Span | Day):
            return item.value
        return frozenset(self._ids(fact.filters[item.name], item.value))

    def _ids(self, namespace: str | None, name: str) -> tuple[int, ...]:
        table = self._names.get(namespace or "")
        return table.find(name) if table is not None else ()

    def _boundary(self, boundary: Boundary) -> pl.Expr:
        self.boundaries[boundary.column] = boundary
        return pl.col(boundary.column)

    def _text(self, ref: FactRef) -> pl.Expr:
        key = self._column(ref).meta.output_name()
        self.folded.add(key)
        return pl.col(folded_key(key))

    # -- predicates --------------------------------------------------------------------

    def _missing(self, ref: FactRef) -> pl.Expr:
        if ref.name == "tags":
            return ~pl.any_horizontal(pl.lit(False), *map(self._tag, self._all_tags))
        if self._fact(ref).kind == "set":
            return ~self._column(ref, frozenset())
        return self._column(ref).is_null()

    def _compare(self, ref: FactRef, op: Comparison, value: Value) -> pl.Expr:
        fact = self._fact(ref)
        if fact.kind in _NUMBERS:
            return _number(self._column(ref), op, _scaled(fact, value))
        if isinstance(value, bool):
            return _negated(self._column(ref) == value, op == "!=")
        return _negated(self._in(ref, (value,)), op == "!=")

    def _in(self, ref: FactRef, values: tuple[Value, ...] | ListRef) -> pl.Expr:
        fact = self._fact(ref)
        if isinstance(values, ListRef):
            values = tuple(sorted(self._lists[values.name]))
        if fact.kind in _NUMBERS:
            wanted = [_scaled(fact, value) for value in values]
            exact = [int(number) for number in wanted if number == int(number)]
            return self._column(ref).is_in([n for n in exact if abs(n) <= _LARGEST])
        texts = [value for value in values if isinstance(value, str)]
        if fact.names is not None:
            ids = sorted({i for text in texts for i in self._ids(fact.names, text)})
            return self._column(ref).is_in(ids)
        return self._text(ref).is_in(sorted({fold(text) for text in texts}))

    def _has(self, ref: FactRef, mode: str, values: tuple[str, ...]) -> pl.Expr:
        if ref.name == "tags":
            each = [self._tag(value) for value in values]
        elif mode == "all":
            each = [self._members(ref, (value,)) for value in values]
        else:
            return self._members(ref, values)
        return reduce(lambda a, b: a & b if mode == "all" else a | b, each)

    def _members(self, ref: FactRef, values: tuple[str, ...]) -> pl.Expr:
        fact = self._fact(ref)
        if fact.names is None:
            return self._need(Column(fact.name, (), frozenset(map(fold, values))))
        ids = frozenset(i for value in values for i in self._ids(fact.names, value))
        # An empty frozenset would ask whether the set holds anything at all.
        return self._need(Column(fact.name, (), ids)) if ids else pl.lit(False)

    def _text_match(self, ref: FactRef, op: str, text: str) -> pl.Expr:
        column, wanted = self._text(ref), fold(text)
        if op == "contains":
            return column.str.contains(wanted, literal=True)
        if op == "starts with":
            return column.str.starts_with(wanted)
        return column.str.ends_with(wanted)

    def _date_span(self, ref: FactRef, op: DateOperator, span: Span) -> pl.Expr:
        column = self._column(ref)
        if self._fact(ref).kind == "birthday":
            self.timed[TimedDate(column.meta.output_name(), "birthday", span)] = None
            return self._birthday(column, span)
        self.timed[TimedDate(column.meta.output_name(), op, span)] = None
        now = self._boundary(Boundary("now"))
        if op == "in next":
            # Days ahead begin with today; hours and minutes with this instant.
            start = Boundary("day_start", Day("today"))
            first = now if span.unit in ("minute", "hour") else self._boundary(start)
            return (column >= first) & (column < self._boundary(Boundary("ahead", span)))
        since = self._boundary(Boundary("since", span))
        return column < since if op == "older than" else (column >= since) & (column <= now)

    def _date_day(self, ref: FactRef, op: DateOperator, day: Day) -> pl.Expr:
        column = self._column(ref)
        is_birthday = self._fact(ref).kind == "birthday"
        if isinstance(day.day, str):
            key = column.meta.output_name()
            self.timed[TimedDate(key, "birthday" if is_birthday else op, day)] = None
        if is_birthday:
            return self._birthday(column, day)
        if op == "before":
            return column < self._boundary(Boundary("day_start", day))
        if op == "after":
            return column >= self._boundary(Boundary("day_end", day))
        start, end = Boundary("day_start", day), Boundary("day_end", day)
        return (column >= self._boundary(start)) & (column < self._boundary(end))

    def _birthday(self, column: pl.Expr, of: Span | Day) -> pl.Expr:
        first = self._boundary(Boundary("birthday_first", of))
        last = self._boundary(Boundary("birthday_last", of))
        within_year = (column >= first) & (column <= last)
        over_new_year = (column >= first) | (column <= last)
        return pl.when(first <= last).then(within_year).otherwise(over_new_year)


def folded_key(key: str) -> str:
    """The column that holds the text column *key* as it is compared."""
    return key + "~"


def folded(texts: pl.Series) -> pl.Series:
    """The column *texts* as it is compared, as `sidecar.model.fold`, under its `folded_key`."""
    name = folded_key(texts.name)
    # NFKC leaves ASCII as it is and takes ten times as long as everything else here.
    if texts.str.len_bytes().sum() != texts.str.len_chars().sum():
        texts = texts.str.normalize("NFKC")
    return texts.str.to_lowercase().alias(name)


def _negated(expression: pl.Expr, negated: bool) -> pl.Expr:
    return ~expression if negated else expression


def _scaled(fact: Fact, value: Value) -> Decimal:
    """*value* in the parts that *fact* is kept in; may be fractional or beyond 64 bits."""
    if isinstance(value, Span):
        return Decimal(value.count * _DAYS[value.unit])
    if not isinstance(value, Decimal):
        raise TypeError(f"{fact.name} is compared with {value!r}; the condition was not checked")
    return value * SCALES[fact.kind]


def _number(column: pl.Expr, op: Comparison, value: Decimal) -> pl.Expr:
    """Compare whole numbers with any decimal, exactly; null where the column is."""
    down = math.floor(value)
    whole = down == value
    if not whole and op in ("=", "!="):
        return pl.when(column.is_not_null()).then(op == "!=")
    if not whole:
        op = {">": ">", ">=": ">", "<": "<=", "<=": "<="}[op]  # type: ignore[assignment]
    limit = max(-_LARGEST, min(_LARGEST, down))
    match op:
        case "=":
            return column == limit
        case "!=":
            return column != limit
        case ">":
            return column > limit
        case ">=":
            return column >= limit
        case "<":
            return column < limit
        case _:
            return column <= limit
