"""
How large a condition may be, and what its literals may hold.

Held wherever a condition enters: as text, as JSON, or in the structural form.
A tree within these limits can be printed, parsed and walked without further care.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sidecar.rules.syntax import And, Day, Expr, Not, Or, Span, Unit, Value

#: Bytes of a condition in UTF-8, as written and as printed.
MAX_BYTES: Final = 8192
#: Comparisons in a condition.
MAX_LEAVES: Final = 50
#: Levels of ``and``, ``or`` and ``not``, the comparison itself included.
MAX_DEPTH: Final = 8
#: Values between brackets, or in a list of a rules file.
MAX_VALUES: Final = 1000
#: Digits of a number before and after its point; far more than DECIMAL(15,4) holds.
MAX_DIGITS: Final = 12
#: Digits of an amount after its point, as in DECIMAL(15,4).
MONEY_PLACES: Final = 4
#: Longest span; keeps every computed instant within the calendar.
MAX_YEARS: Final = 200
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999

_PER_YEAR: Final[Mapping[Unit, int]] = {
    "minute": 366 * 24 * 60,
    "hour": 366 * 24,
    "day": 366,
    "week": 53,
    "month": 12,
    "year": 1,
}
#: Unicode categories a text cannot hold: control characters, lone surrogates,
#: line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def bad_character(text: str) -> str | None:
    """The first character that no text may hold, as ``U+0000``, or None."""
    for character in text:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            return f"U+{ord(character):04X}"
    return None


def text_problem(text: str) -> str | None:
    """What is wrong with a *text* literal, or None."""
    bad = bad_character(text)
    return f"a text cannot hold the control character {bad}" if bad else None


def number_problem(number: Decimal) -> str | None:
    """What is wrong with a *number* literal, or None."""
    if not number.is_finite():
        return "infinity and nan are not numbers a fact can be compared with"
    exponent = number.as_tuple().exponent
    # Asked before anything is written out: 1e1000000 would take all the memory there is.
    if (
        not isinstance(exponent, int)
        or abs(exponent) > MAX_DIGITS
        or (number and number.adjusted() >= MAX_DIGITS)
    ):
        return f"a number has at most {MAX_DIGITS} digits before and after its point"
    return None


def span_problem(span: Span) -> str | None:
    """What is wrong with a *span*, or None."""
    if span.count < 0:
        return "a span cannot be negative"
    if span.count > MAX_YEARS * _PER_YEAR[span.unit]:
        return f"a span is at most {MAX_YEARS} years"
    return None


def day_problem(day: Day) -> str | None:
    """What is wrong with a *day*, or None."""
    if isinstance(day.day, str) or FIRST_YEAR <= day.day.year <= LAST_YEAR:
        return None
    return f"a day lies between the years {FIRST_YEAR} and {LAST_YEAR}"


def value_problem(value: Value | Day) -> str | None:
    """What is wrong with a literal, whatever its type, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return text_problem(value)
    if isinstance(value, Span):
        return span_problem(value)
    if isinstance(value, Day):
        return day_problem(value)
    return number_problem(value)


def leaves_problem(leaves: int) -> str | None:
    """What is wrong with that many comparisons, or None."""
    return f"a condition has at most {MAX_LEAVES} comparisons" if leaves > MAX_LEAVES else None


def depth_problem(depth: int) -> str | None:
    """What is wrong with that many levels, or None."""
    return f"a condition is nested at most {MAX_DEPTH} deep" if depth > MAX_DEPTH else None


def size_problem(text: str) -> str | None:
    """What is wrong with the length of a condition's *text*, or None."""
    # A character takes at most 4 bytes; the error handler keeps lone surrogates countable.
    if len(text) * 4 <= MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) <= MAX_BYTES:
        return None
    return f"a condition is at most {MAX_BYTES // 1024} kB long"


def measure(expr: Expr) -> tuple[int, int]:
    """The leaves and the depth of *expr*; without recursion, so that any tree is safe."""
    leaves, deepest = 0, 0
    waiting: list[tuple[Expr, int]] = [(expr, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(node, And | Or):
            waiting.extend((item, depth + 1) for item in node.items)
        elif isinstance(node, Not):
            waiting.append((node.item, depth + 1))
        else:
            leaves += 1
    return leaves, deepest
