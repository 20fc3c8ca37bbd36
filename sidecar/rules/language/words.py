"""
The words of the rule language and how its literals are written.

The parser, the printer, the structural form and the reference page share them, so
that a literal is written in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, get_args

from sidecar.rules.syntax import (
    Between,
    Day,
    FactPredicate,
    FilterName,
    Has,
    In,
    Missing,
    Span,
    Unit,
    Value,
)

UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
FILTERS: Final[tuple[FilterName, ...]] = get_args(FilterName)

#: Units as they may be written, singular or plural.
UNIT_WORDS: Final[Mapping[str, Unit]] = {unit: unit for unit in UNITS} | {
    f"{unit}s": unit for unit in UNITS
}

#: Words that no fact can be called, because the grammar uses them.
RESERVED: Final = frozenset({
    "and", "or", "not", "in", "between", "is", "missing", "has", "any", "all", "of", "segment",
    "contains", "starts", "ends", "with", "within", "older", "than", "next", "before", "after",
    "on", "yes", "no", "today", "yesterday",
})  # fmt: skip

#: Escapes within a text; there are no others.
ESCAPES: Final[Mapping[str, str]] = {'\\"': '"', "\\'": "'", "\\\\": "\\"}

_FACT_NAME = re.compile(r"[^\W\d]\w*")
_SPAN = re.compile(r"\s*([0-9]{1,9})\s*([a-z]+)\s*")
_DAYS_PER_UNIT: Final[Mapping[str, int]] = {"day": 1, "week": 7}


def read_span(text: str) -> Span | None:
    """The span that *text* says, e.g. ``90 days``, or None when it says none."""
    match = _SPAN.fullmatch(text)
    unit = UNIT_WORDS.get(match[2]) if match else None
    return Span(int(match[1]), unit) if match and unit else None


def span_days(span: Span) -> int | None:
    """*span* in days where that is exact: days and weeks; None for every other unit."""
    days = _DAYS_PER_UNIT.get(span.unit)
    return None if days is None else span.count * days


def write_text(text: str) -> str:
    """*text* in quotes; single ones when that saves a backslash."""
    quote = "'" if '"' in text and "'" not in text else '"'
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


def write_number(number: Decimal) -> str:
    """*number* without exponent and without zeros that say nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def write_span(span: Span) -> str:
    """*span* as people say it, e.g. ``1 day``, ``90 days``."""
    return f"{span.count} {span.unit}" + ("" if span.count == 1 else "s")


def write_day(day: Day) -> str:
    """*day* as ``2026-01-31``, ``today`` or ``yesterday``."""
    return day.day if isinstance(day.day, str) else day.day.isoformat()


def write_value(value: Value | Day) -> str:
    """A literal as it stands in a condition."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, Span):
        return write_span(value)
    if isinstance(value, Day):
        return write_day(value)
    return write_number(value)


def operator_of(predicate: FactPredicate) -> str:
    """The operator of *predicate* as the catalogue's ``OPERATORS`` writes it, without ``not``."""
    match predicate:
        case Between():
            return "between"
        case In():
            return "in"
        case Has(mode="any", values=(_,)):
            return "has"
        case Has():
            return f"has {predicate.mode} of"
        case Missing():
            return "is missing"
        case _:
            return predicate.op


def is_fact_name(name: str) -> bool:
    """Whether a condition can hold *name* as the name of a fact."""
    return _FACT_NAME.fullmatch(name) is not None and name not in RESERVED
