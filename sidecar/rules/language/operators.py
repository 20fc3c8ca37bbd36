"""
What the keys of a comparison mean in the structural form, e.g. ``at_least = 3``.

A text after a key that orders (``at_least``, ``between``) is a span; after ``is`` and
``in`` it is a text, for nothing but the fact could tell the two apart.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, cast

from sidecar.model import fold
from sidecar.rules.language import limits
from sidecar.rules.language.lists import is_list_name
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.words import FILTERS, read_span
from sidecar.rules.syntax import (
    Between,
    Compare,
    Comparison,
    DateDay,
    DateSpan,
    Day,
    FactPredicate,
    FactRef,
    Filter,
    Has,
    In,
    ListRef,
    Missing,
    Span,
    TextMatch,
    Value,
)

Path = tuple[str | int, ...]
_Read = Callable[[FactRef, str, object], FactPredicate]


@dataclass(frozen=True, slots=True)
class Flaw:
    """
    One thing wrong in a table.

    Attributes:
        path: The keys and indexes that lead to it.
        message: What is wrong.
        hint: The way out, or empty.
    """

    path: Path
    message: str
    hint: str = ""


class FlawError(Exception):
    """Carries one flaw from where it is found to where they are gathered."""

    def __init__(self, path: Path, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.flaw = Flaw(path, message, hint)


class _Refused(Exception):  # noqa: N818
    """A value that does not fit, before it is known where it stands."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def predicate(fact: FactRef, key: str, value: object, path: Path) -> FactPredicate:
    """
    The comparison that *key* = *value* makes of *fact*; *key* is one of `OPERATOR_KEYS`.

    Raises:
        FlawError: *value* does not fit the key.
    """
    try:
        return OPERATOR_KEYS[key](fact, key, value)
    except _Refused as refused:
        raise FlawError(path, refused.message, refused.hint) from None


def read_filter(key: str, value: object, path: Path) -> Filter:
    """
    The filter that *key* = *value* makes in a ``with`` table.

    Raises:
        FlawError: There is no such filter, or *value* does not fit it.
    """
    if key not in FILTERS:
        hint = did_you_mean(key, FILTERS, f"there are {listing(FILTERS, 'and')}")
        raise FlawError(path, f"there is no filter '{key}'", hint)
    try:
        if key == "within":
            return Filter(key, _span(key, value))
        if key in ("from", "until"):
            return Filter(key, _day(key, value))
        if key == "total":
            return Filter(key, _number(key, value))
        return Filter(key, _text(key, value))
    except _Refused as refused:
        raise FlawError(path, refused.message, refused.hint) from None


# -- values ----------------------------------------------------------------------------


def _held(problem: str | None) -> None:
    if problem:
        raise _Refused(problem)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Refused(f"'{key}' needs a text in quotes")
    _held(limits.text_problem(value))
    return value


def _number(key: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Refused(f"'{key}' needs a number")
    # Looked at before it is converted: Decimal of a very large int is slow.
    if isinstance(value, int) and abs(value) >= 10**limits.MAX_DIGITS:
        _held(limits.number_problem(Decimal(10**limits.MAX_DIGITS)))
    number = Decimal(value)
    _held(limits.number_problem(number))
    return number


def _span(key: str, value: object) -> Span:
    span = read_span(value) if isinstance(value, str) else None
    if span is None:
        raise _Refused(f"'{key}' needs a span in quotes", 'e.g. "90 days", "1 year"')
    _held(limits.span_problem(span))
    return span


def _day(key: str, value: object) -> Day:
    day: Day | None = None
    if isinstance(value, str) and value in ("today", "yesterday"):
        day = Day(cast("Literal['today', 'yesterday']", value))
    elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        day = Day(value)
    if day is None:
        raise _Refused(f"'{key}' needs a day", 'e.g. 2026-01-31, "today", "yesterday"')
    _held(limits.day_problem(day))
    return day


def _value(key: str, value: object) -> Value:
    """A value compared for being equal: a text is a text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(key, value)
    if isinstance(value, int | Decimal):
        return _number(key, value)
    raise _Refused(f"'{key}' needs a text, a number, true or false")


def _ordered(key: str, value: object) -> Decimal | Span:
    """A value compared for being greater or less: a text is a span."""
    if isinstance(value, str):
        if (span := read_span(value)) is None:
            raise _Refused(f"'{key}' needs a number, or a span such as \"90 days\"")
        _held(limits.span_problem(span))
        return span
    return _number(key, value)


def _several(key: str, value: object) -> list[object]:
    if not isinstance(value, list) or not value:
        raise _Refused(f"'{key}' needs a list of at least one value")
    if len(value) > limits.MAX_VALUES:
        raise _Refused(f"more than {limits.MAX_VALUES:,} values", "put them under [lists]")
    return value


# -- operators -------------------------------------------------------------------------


def _compare(operator: Comparison) -> _Read:
    if operator in ("=", "!="):
        return lambda fact, key, value: Compare(fact, operator, _value(key, value))
    return lambda fact, key, value: Compare(fact, operator, _ordered(key, value))


def _between(fact: FactRef, key: str, value: object) -> Between:
    if not isinstance(value, list) or len(value) != 2:
        raise _Refused(f"'{key}' needs a list of two values", "e.g. [1, 5]")
    low, high = value
    return Between(fact, _ordered(key, low), _ordered(key, high))


def _in(negated: bool) -> _Read:
    def read(fact: FactRef, key: str, value: object) -> In:
        if not isinstance(value, str):
            values = tuple(_value(key, one) for one in _several(key, value))
            return In(fact, values, negated)
        name = fold(value.removeprefix("@"))
        if not value.startswith("@") or not is_list_name(name):
            raise _Refused(
                f"'{key}' needs a list of values, or the name of one", 'e.g. "@free_mail"'
            )
        return In(fact, ListRef(name), negated)

    return read


def _has(fact: FactRef, key: str, value: object) -> Has:
    return Has(fact, "any", (_text(key, value),))


def _has_several(mode: Literal["any", "all"]) -> _Read:
    def read(fact: FactRef, key: str, value: object) -> Has:
        return Has(fact, mode, tuple(_text(key, one) for one in _several(key, value)))

    return read


def _has_not(fact: FactRef, key: str, value: object) -> Has:
    texts = [value] if isinstance(value, str) else _several(key, value)
    return Has(fact, "any", tuple(_text(key, one) for one in texts), negated=True)


def _match(
    operator: Literal["contains", "starts with", "ends with"], negated: bool = False
) -> _Read:
    return lambda fact, key, value: TextMatch(fact, operator, _text(key, value), negated)


def _date_span(operator: Literal["within", "older than", "in next"]) -> _Read:
    return lambda fact, key, value: DateSpan(fact, operator, _span(key, value))


def _date_day(operator: Literal["before", "after", "on"]) -> _Read:
    return lambda fact, key, value: DateDay(fact, operator, _day(key, value))


def _missing(fact: FactRef, key: str, value: object) -> Missing:
    if not isinstance(value, bool):
        raise _Refused(f"'{key}' needs true or false")
    return Missing(fact, negated=not value)


#: Every key that compares, with how its value is read.
OPERATOR_KEYS: Final[Mapping[str, _Read]] = {
    "is": _compare("="),
    "is_not": _compare("!="),
    "at_least": _compare(">="),
    "at_most": _compare("<="),
    "more_than": _compare(">"),
    "less_than": _compare("<"),
    "between": _between,
    "in": _in(negated=False),
    "not_in": _in(negated=True),
    "has": _has,
    "has_any": _has_several("any"),
    "has_all": _has_several("all"),
    "has_not": _has_not,
    "contains": _match("contains"),
    "not_contains": _match("contains", negated=True),
    "starts_with": _match("starts with"),
    "ends_with": _match("ends with"),
    "within": _date_span("within"),
    "older_than": _date_span("older than"),
    "in_next": _date_span("in next"),
    "before": _date_day("before"),
    "after": _date_day("after"),
    "on": _date_day("on"),
    "missing": _missing,
}
