"""
A condition as JSON: what the admin's builder reads and writes.

    {"version": 1, "condition": {"node": "compare", "fact": {"name": "orders"}, …}}

The shapes stand in ``jsonshapes.py``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, assert_never, cast

import msgspec

from sidecar.errors import Problem, RuleError
from sidecar.model import fold
from sidecar.rules.language import jsonshapes as shapes
from sidecar.rules.language import limits
from sidecar.rules.language.lists import is_list_name
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.words import RESERVED, write_number
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
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

#: What msgspec's patterns ask for, in words.
_PATTERNS: Final = {
    shapes.TEXT_PATTERN: "a text without control characters",
    shapes.NUMBER_PATTERN: f'a number in quotes, e.g. "12.5", of at most {limits.MAX_DIGITS} digits'
    " before and after its point",
    shapes.NAME_PATTERN: "the name of a fact",
    shapes.LIST_PATTERN: "the name of a list",
}
_PATH = re.compile(r"(?s)(.*?)(?: - at `(.*)`)?")


class _MisfitError(Exception):
    """What the shapes alone cannot hold, with the path to it."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def to_json(expr: Expr) -> dict[str, Any]:
    """*expr* as dicts, lists, strings, ints and bools; numbers are strings."""
    document = shapes.DocumentShape(version=shapes.VERSION, condition=_shape(expr))
    return cast("dict[str, Any]", msgspec.to_builtins(document))


def from_json(data: object, *, file: str = "condition") -> Expr:
    """
    The tree that *data*, as `to_json` makes it, stands for.

    Nested ``and`` and ``or`` are made flat, as the parser does.

    Args:
        data: Read from JSON, from anywhere.
        file: Named by errors.

    Raises:
        RuleError: With the path to the first thing that does not fit.
    """
    try:
        document = msgspec.convert(data, shapes.DocumentShape)
        expr = _tree(document.condition, "$.condition")
        leaves, depth = limits.measure(expr)
        problem = (
            limits.leaves_problem(leaves)
            or limits.depth_problem(depth)
            or limits.size_problem(print_expr(expr))
        )
        if problem:
            raise _MisfitError("$.condition", problem)
    except msgspec.ValidationError as error:
        raise RuleError([_problem(file, *_explained(str(error)))]) from None
    except _MisfitError as error:
        raise RuleError([_problem(file, error.path, error.message)]) from None
    except RecursionError:
        message = limits.depth_problem(limits.MAX_DEPTH + 1) or ""
        raise RuleError([_problem(file, "$.condition", message)]) from None
    return expr


def _problem(file: str, path: str, message: str) -> Problem:
    return Problem(file, 0, 0, f"{path}: {message}")


def _explained(said: str) -> tuple[str, str]:
    """The path and the message of what msgspec *said*."""
    match = cast("re.Match[str]", _PATH.fullmatch(said))
    message, path = match[1], match[2] or "$"
    for pattern, words in _PATTERNS.items():
        if message.endswith(f"matching regex {pattern!r}"):
            message = f"expected {words}"
    return path, message[:1].lower() + message[1:].replace("`", "'")


# -- to JSON ---------------------------------------------------------------------------


def _shape(expr: Expr) -> shapes.NodeShape:
    match expr:
        case And(items):
            return shapes.AndShape([_shape(item) for item in items])
        case Or(items):
            return shapes.OrShape([_shape(item) for item in items])
        case Not(item):
            return shapes.NotShape(_shape(item))
        case InSegment(name, negated):
            return shapes.InSegmentShape(name, negated)
    fact = shapes.FactShape(
        expr.fact.name,
        [shapes.FilterShape(one.name, _filter_value(one.value)) for one in expr.fact.filters],
    )
    match expr:
        case Compare(_, op, value):
            return shapes.CompareShape(fact, op, _value_shape(value))
        case Between(_, low, high):
            return shapes.BetweenShape(fact, _value_shape(low), _value_shape(high))
        case In(_, ListRef(name), negated):
            return shapes.InListShape(fact, name, negated)
        case In(_, tuple() as values, negated):
            return shapes.InShape(fact, [_value_shape(value) for value in values], negated)
        case Has(_, mode, names, negated):
            return shapes.HasShape(fact, mode, list(names), negated)
        case TextMatch(_, "contains", text, negated):
            return shapes.ContainsShape(fact, text, negated)
        case TextMatch(_, ("starts with" | "ends with") as edge, text):
            return shapes.EdgeShape(fact, edge, text)
        case DateSpan(_, operator, span):
            return shapes.DateSpanShape(fact, operator, shapes.SpanShape(span.count, span.unit))
        case DateDay(_, relation, day):
            return shapes.DateDayShape(fact, relation, _day_shape(day))
        case Missing(_, negated):
            return shapes.MissingShape(fact, negated)
    raise AssertionError(expr)


def _value_shape(value: Value) -> shapes.ValueShape:
    if isinstance(value, bool):
        return shapes.YesNoShape(value)
    if isinstance(value, str):
        return shapes.TextShape(value)
    if isinstance(value, Span):
        return shapes.SpanShape(value.count, value.unit)
    return shapes.NumberShape(write_number(value))


def _day_shape(day: Day) -> shapes.DayShape:
    if isinstance(day.day, str):
        return shapes.RelativeDayShape(day.day)
    return shapes.DateShape(day.day)


def _filter_value(value: Span | Day | Decimal | str) -> shapes.FilterValueShape:
    if isinstance(value, Day):
        return _day_shape(value)
    if isinstance(value, Span):
        return shapes.SpanShape(value.count, value.unit)
    return (
        shapes.TextShape(value)
        if isinstance(value, str)
        else shapes.NumberShape(write_number(value))
    )


# -- from JSON -------------------------------------------------------------------------


def _tree(shape: shapes.NodeShape, path: str) -> Expr:
    match shape:
        case shapes.AndShape(items):
            return And(_flat(And, items, path))
        case shapes.OrShape(items):
            return Or(_flat(Or, items, path))
        case shapes.NotShape(item):
            return Not(_tree(item, f"{path}.item"))
        case shapes.InSegmentShape(name, negated):
            return InSegment(name, negated)
    fact = _fact(shape.fact, f"{path}.fact")
    match shape:
        case shapes.CompareShape(_, op, value):
            return Compare(fact, op, _value(value, f"{path}.value"))
        case shapes.BetweenShape(_, low, high):
            return Between(fact, _value(low, f"{path}.low"), _value(high, f"{path}.high"))
        case shapes.InListShape(_, name, negated):
            return In(fact, ListRef(_list_name(name, f"{path}.list")), negated)
        case shapes.InShape(_, values, negated):
            read = (_value(value, f"{path}.values[{i}]") for i, value in enumerate(values))
            return In(fact, tuple(read), negated)
        case shapes.HasShape(_, mode, names, negated):
            return Has(fact, mode, tuple(names), negated)
        case shapes.ContainsShape(_, text, negated):
            return TextMatch(fact, "contains", text, negated)
        case shapes.EdgeShape(_, edge, text):
            return TextMatch(fact, edge, text)
        case shapes.DateSpanShape(_, operator, span):
            return DateSpan(fact, operator, _span(span, f"{path}.span"))
        case shapes.DateDayShape(_, relation, day):
            return DateDay(fact, relation, _day(day, f"{path}.day"))
        case shapes.MissingShape(_, negated):
            return Missing(fact, negated)
    assert_never(shape)


def _flat(node: type[And] | type[Or], items: list[shapes.NodeShape], path: str) -> tuple[Expr, ...]:
    flat: list[Expr] = []
    for index, item in enumerate(items):
        expr = _tree(item, f"{path}.items[{index}]")
        flat.extend(expr.items if isinstance(expr, node) else (expr,))
    return tuple(flat)


def _fact(shape: shapes.FactShape, path: str) -> FactRef:
    if shape.name in RESERVED:
        raise _MisfitError(f"{path}.name", f"'{shape.name}' is a word of the language, not a fact")
    filters: list[Filter] = []
    for index, one in enumerate(shape.filters):
        at = f"{path}.filters[{index}].value"
        match one.value:
            case shapes.DateShape() | shapes.RelativeDayShape():
                filters.append(Filter(one.name, _day(one.value, at)))
            case shapes.SpanShape():
                filters.append(Filter(one.name, _span(one.value, at)))
            case shapes.TextShape(text):
                filters.append(Filter(one.name, text))
            case shapes.NumberShape(number):
                filters.append(Filter(one.name, Decimal(number)))
    return FactRef(shape.name, tuple(filters))


def _value(shape: shapes.ValueShape, path: str) -> Value:
    match shape:
        case shapes.NumberShape(number):
            return Decimal(number)
        case shapes.TextShape(text):
            return text
        case shapes.YesNoShape(yesno):
            return yesno
        case shapes.SpanShape():
            return _span(shape, path)
    assert_never(shape)


def _span(shape: shapes.SpanShape, path: str) -> Span:
    span = Span(shape.count, shape.unit)
    if problem := limits.span_problem(span):
        raise _MisfitError(path, problem)
    return span


def _day(shape: shapes.DayShape, path: str) -> Day:
    day = Day(shape.date if isinstance(shape, shapes.DateShape) else shape.day)
    if problem := limits.day_problem(day):
        raise _MisfitError(path, problem)
    return day


def _list_name(name: str, path: str) -> str:
    folded = fold(name)
    if not is_list_name(folded):
        raise _MisfitError(path, f"no list can be called '{name}'")
    return folded
