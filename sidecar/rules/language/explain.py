"""
What a word in the wrong place means to a person.

Each function below knows one mistake people make and answers None when it is not
that one; the first that knows it speaks. What was expected is said at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lark import Token

from sidecar.rules.language.characters import day_like, place
from sidecar.rules.language.literals import RefusedError, position
from sidecar.rules.language.suggest import closest, listing
from sidecar.rules.language.words import RESERVED, write_text
from sidecar.rules.syntax import Position

#: Operators of other languages, by what they are called here.
_FOREIGN: Final = {"==": "=", "===": "=", "<>": "!=", "=>": ">=", "=<": "<=", "!==": "!="}
#: Words of other languages, by what they are called here.
_SYNONYMS: Final = {
    "true": "yes",
    "false": "no",
    "null": "is missing",
    "none": "is missing",
    "empty": "is missing",
    "exists": "is not missing",
    "like": "contains",
    "includes": "contains",
    "equals": "=",
    "then": "than",
    "since": "after",
    "newer": "within",
    "younger": "within",
    "under": "<",
    "over": ">",
}
_LITERAL: Final = frozenset({"NUMBER", "TEXT", "YES", "NO", "DAY", "TODAY", "YESTERDAY"})
_A_TEXT = "a text in quotes"
_A_SPAN = "a span such as 90 days"
_A_DAY = "a day such as 2026-01-31, today or yesterday"
#: What may follow a word that wants a literal of one type.
_AFTER: Final = {
    "WITHIN": _A_SPAN,
    "THAN": _A_SPAN,
    "NEXT": _A_SPAN,
    "BEFORE": _A_DAY,
    "AFTER": _A_DAY,
    "ON": _A_DAY,
    "HAS": f"{_A_TEXT}, 'any of' or 'all of'",
    "CONTAINS": _A_TEXT,
    "WITH": _A_TEXT,
    "SEGMENT": _A_TEXT,
}
#: Signs in plain words: those that begin something, those that end or go on.
_OPENING: Final = {"OPERATOR": "'='", "LPAR": "'('", "LIST": "'@' with the name of a list"}
_CLOSING: Final = {"COMMA": "','", "RPAR": "')'", "$END": "the end of the condition"}
_SIGNS: Final = _OPENING | _CLOSING


@dataclass(frozen=True, slots=True)
class _Case:
    """A syntax error: the word that does not fit, those before it, and what would fit."""

    text: str
    before: Sequence[Token]
    token: Token
    accepts: frozenset[str]

    @property
    def previous(self) -> Token | None:
        return self.before[-1] if self.before else None

    @property
    def at(self) -> Position:
        if self.token.type != "$END":
            return position(self.token, self.token)
        return place(self.text, len(self.text.rstrip()))

    @property
    def expected(self) -> str:
        return _expected(self.accepts, self.previous)


def unexpected_token(
    text: str, before: Sequence[Token], token: Token, accepts: frozenset[str]
) -> RefusedError:
    """The error for *token*, which cannot follow the tokens *before* it in *text*."""
    case = _Case(text, before, token, accepts)
    for known in _MISTAKES:
        if refused := known(case):
            return refused
    if token.type == "$END":
        return RefusedError(case.at, f"the condition ends where {case.expected} is due")
    return RefusedError(case.at, f"'{token}' cannot stand here; expected {case.expected}")


def _open_bracket(case: _Case) -> RefusedError | None:
    if case.token.type != "$END" or "RPAR" not in case.accepts:
        return None
    waiting: list[Token] = []
    for token in case.before:
        if token.type == "LPAR":
            waiting.append(token)
        elif token.type == "RPAR":
            waiting.pop()
    at = position(waiting[-1], waiting[-1])
    return RefusedError(at, "this bracket is not closed", "add ')'")


def _extra_bracket(case: _Case) -> RefusedError | None:
    opened = sum({"LPAR": 1, "RPAR": -1}.get(token.type, 0) for token in case.before)
    if case.token.type == "RPAR" and not opened:
        return RefusedError(case.at, "this bracket closes nothing", "remove it, or add '('")
    return None


def _foreign_operator(case: _Case) -> RefusedError | None:
    previous, token = case.previous, case.token
    if previous is None or {previous.type, token.type} != {"OPERATOR"}:
        return None
    both = f"{previous}{token}"
    at = position(previous, token)
    if previous.end_pos == token.start_pos and both in _FOREIGN:
        return RefusedError(at, f"'{both}' is not an operator", f"did you mean '{_FOREIGN[both]}'?")
    return RefusedError(case.at, f"'{token}' cannot stand here; expected {case.expected}")


def _capital_keyword(case: _Case) -> RefusedError | None:
    """``AND`` where a keyword is due, and ``NOT x``, where it was read as a fact."""
    for token in (case.token, case.previous):
        if token is not None and token.type == "NAME" and token != token.lower() in RESERVED:
            return RefusedError(
                position(token, token),
                f"'{token}' is not a word of the language, keywords are lower case",
                f"did you mean '{token.lower()}'?",
            )
    return None


def _after_is(case: _Case) -> RefusedError | None:
    if "MISSING" not in case.accepts or case.token.type in ("NAME", "$END"):
        return None
    sign = "=" if "NOT" in case.accepts else "!="
    return RefusedError(case.at, "'is' goes with 'missing' only", f"did you mean '{sign}'?")


def _number(case: _Case) -> RefusedError | None:
    previous = case.previous
    if previous is None or previous.type != "NUMBER":
        return None
    if refused := day_like(case.text, previous.start_pos or 0):
        return refused
    if case.token.type == "COMMA":
        return RefusedError(
            case.at, "',' cannot stand here", "numbers have no thousands separators, and a point"
        )
    return None


def _fact_left_out(case: _Case) -> RefusedError | None:
    """``orders > 3 and < 5``"""
    previous = case.previous
    if previous is None or previous.type not in ("AND", "OR"):
        return None
    if case.token.type in ("NAME", "$END", previous.type) or "NAME" not in case.accepts:
        return None
    return RefusedError(
        case.at,
        f"'{case.token}' cannot stand here; expected {case.expected}",
        f"name the fact again after '{previous}'",
    )


def _foreign_word(case: _Case) -> RefusedError | None:
    token = case.token
    if token.type != "NAME":
        return None
    message = f"'{token}' cannot stand here; expected {case.expected}"
    if synonym := _SYNONYMS.get(token.lower()):
        return RefusedError(case.at, message, f"did you mean '{synonym}'?")
    if token.lower() == "ago":
        return RefusedError(case.at, message, "leave it out")
    words = (word.lower() for word in case.accepts if word.lower() in RESERVED)
    if near := closest(token, words):
        return RefusedError(case.at, message, f"did you mean '{near}'?")
    if "TEXT" in case.accepts and case.expected != _A_SPAN:
        return RefusedError(case.at, message, f"text stands in quotes: {write_text(token)}")
    return None


_MISTAKES: Final = (
    _open_bracket,
    _extra_bracket,
    _foreign_operator,
    _capital_keyword,
    _after_is,
    _number,
    _fact_left_out,
    _foreign_word,
)


def _expected(accepts: frozenset[str], previous: Token | None) -> str:
    """What *accepts* allows after *previous*, in plain words."""
    before = previous.type if previous else ""
    if accepts >= _LITERAL:
        return _AFTER.get(before, "a value: a number, a text in quotes, yes or no")
    if {"NAME", "NOT", "LPAR"} <= accepts:
        return "a comparison such as orders >= 3"
    if {"OPERATOR", "BETWEEN"} <= accepts:
        return "an operator such as =, >=, in, has, contains, within or is missing"
    if accepts == {"NAME", "WITHIN"}:
        return "a filter such as within = 1 year"
    if accepts == {"NAME"}:
        return "a unit of time such as days"
    # A unit may follow any number, but where something else may too it is not what is due.
    words = (f"'{name.lower()}'" for name in sorted(accepts - _SIGNS.keys() - {"NAME"}))
    opening = (sign for name, sign in _OPENING.items() if name in accepts)
    closing = (sign for name, sign in _CLOSING.items() if name in accepts)
    return listing((*opening, *words, *closing))
