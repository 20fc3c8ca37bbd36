"""
From the grammar's rules to the syntax tree: literals, filters, facts and lists.

The smaller half of the tree; ``tree.py`` builds comparisons out of these pieces.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from lark import Token, Transformer

from sidecar.model import fold
from sidecar.rules.language import limits
from sidecar.rules.language.lists import is_list_name
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.words import (
    ESCAPES,
    FILTERS,
    UNIT_WORDS,
    UNITS,
    write_text,
    write_value,
)
from sidecar.rules.syntax import (
    Day,
    Expr,
    FactRef,
    Filter,
    FilterName,
    ListRef,
    Position,
    Span,
    Value,
)

T = TypeVar("T")

_ESCAPE = re.compile(r"""\\["'\\]""")


class RefusedError(Exception):
    """
    A text that the grammar takes and the language does not.

    Attributes:
        at: Where in the text.
        message: What is wrong.
        hint: The way out, or empty.
    """

    def __init__(self, at: Position, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.hint = hint


def position(first: Token, last: Token) -> Position:
    """Where the text from *first* to *last* stands; underlined on its first line only."""
    line, column = first.line or 1, first.column or 1
    end = last if last.line == first.line else first
    return Position(line, column, max(1, (end.end_column or column + 1) - column))


@dataclass(slots=True)
class Piece(Generic[T]):
    """Anything smaller than a condition, with the tokens it lies between."""

    value: T
    first: Token
    last: Token

    @property
    def at(self) -> Position:
        return position(self.first, self.last)


LiteralPiece = Piece[Value | Day]
FactPiece = Piece[FactRef]


class LiteralBuilder(Transformer[Token, Expr]):
    """One method for each rule of the grammar below a comparison."""

    # -- literals ----------------------------------------------------------------------

    def number(self, children: list[Token]) -> LiteralPiece:
        (token,) = children
        return _checked(LiteralPiece(Decimal(str(token)), token, token))

    def span(self, children: list[Token]) -> LiteralPiece:
        count, name = children
        unit = UNIT_WORDS.get(str(name))
        if unit is None:
            raise _no_unit(count, name)
        if not count.isdecimal():
            raise RefusedError(
                position(count, name), "a span is a whole number of units", "e.g. 90 days"
            )
        # Python refuses to read an int of thousands of digits; ten are too many anyway.
        return _checked(LiteralPiece(Span(int(count[:10]), unit), count, name))

    def text(self, children: list[Token]) -> LiteralPiece:
        (token,) = children
        text = _ESCAPE.sub(lambda match: ESCAPES[match[0]], token[1:-1])
        return _checked(LiteralPiece(text, token, token))

    def yesno(self, children: list[Token]) -> LiteralPiece:
        (token,) = children
        return LiteralPiece(token.type == "YES", token, token)

    def day(self, children: list[Token]) -> LiteralPiece:
        (token,) = children
        if token.type != "DAY":
            return LiteralPiece(
                Day("today" if token.type == "TODAY" else "yesterday"), token, token
            )
        try:
            day = Day(datetime.date.fromisoformat(str(token)))
        except ValueError:
            raise RefusedError(
                position(token, token), f"there is no day {token}", "days are written 2026-01-31"
            ) from None
        return _checked(LiteralPiece(day, token, token))

    # -- facts and lists ---------------------------------------------------------------

    def filter(self, children: list[Any]) -> Filter:
        name, operator, literal = cast("tuple[Token, Token, LiteralPiece]", tuple(children))
        at = position(name, literal.last)
        if name not in FILTERS:
            raise RefusedError(
                position(name, name),
                f"there is no filter '{name}'",
                did_you_mean(str(name), FILTERS, f"there are {listing(FILTERS, 'and')}"),
            )
        wanted = ">=" if name == "total" else "="
        if operator != wanted:
            raise RefusedError(
                position(operator, operator), f"the filter '{name}' takes '{wanted}' only"
            )
        if isinstance(literal.value, bool):
            raise RefusedError(literal.at, f"the filter '{name}' does not take yes or no")
        return Filter(cast("FilterName", str(name)), literal.value, at)

    def fact(self, children: list[Any]) -> FactPiece:
        name, last = children[0], children[-1]
        filters = tuple(child for child in children if isinstance(child, Filter))
        return FactPiece(FactRef(str(name), filters, position(name, last)), name, last)

    def values(self, children: list[Any]) -> Piece[tuple[Value, ...] | ListRef]:
        first, last = children[0], children[-1]
        if first.type == "LIST":
            name = fold(first[1:])
            if not is_list_name(name):  # folding takes some letters apart
                raise RefusedError(position(first, first), f"no list can be called '{first}'")
            return Piece(ListRef(name, position(first, first)), first, first)
        literals = children[1:-1]
        if len(literals) > limits.MAX_VALUES:
            raise RefusedError(
                position(first, first),
                f"more than {limits.MAX_VALUES:,} values",
                "put them under [lists] in a rules file, in several lists",
            )
        return Piece(tuple(plain_value(literal) for literal in literals), first, last)

    def texts(self, children: list[Any]) -> Piece[tuple[str, ...]]:
        piece = self.values(children)
        texts = tuple(plain_text(literal) for literal in children[1:-1])
        return Piece(texts, piece.first, piece.last)


def _no_unit(count: Token, name: Token) -> RefusedError:
    """The error for a number followed by a *name* that is not a unit."""
    if name[0] in "eE" and name[1:].isdecimal():
        return RefusedError(
            position(count, name), "a number has no exponent", "write all its digits"
        )
    other = f"use {listing(UNITS)}, or put 'and' before it"
    return RefusedError(
        position(name, name),
        f"'{name}' is not a unit of time",
        did_you_mean(str(name), UNIT_WORDS, other),
    )


def _checked(literal: LiteralPiece) -> LiteralPiece:
    """*literal*, when the limits allow it."""
    if problem := limits.value_problem(literal.value):
        raise RefusedError(literal.at, problem)
    return literal


def plain_value(literal: LiteralPiece) -> Value:
    """The value a fact is compared with; a day is none."""
    if isinstance(literal.value, Day):
        raise RefusedError(
            literal.at, "a day cannot stand here", "dates are compared with before, after and on"
        )
    return literal.value


def plain_text(literal: LiteralPiece) -> str:
    """The text of *literal*; nothing else will do."""
    if isinstance(literal.value, str):
        return literal.value
    written = write_value(literal.value)
    raise RefusedError(
        literal.at, f"{written} is not a text", f"put it in quotes: {write_text(written)}"
    )
