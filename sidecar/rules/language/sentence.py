"""
A condition as an English sentence for the shop's owner.

It says where customers for whom a fact is missing are left out, or come in by a
``not``, because that is what surprises people.
"""

from __future__ import annotations

from typing import Final, assert_never

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.phrases import (
    day_words,
    lacking,
    span_words,
    subject,
    value_words,
    values_words,
    yes_or_no,
)
from sidecar.rules.language.suggest import listing
from sidecar.rules.language.words import write_span
from sidecar.rules.syntax import (
    And,
    Between,
    Compare,
    DateDay,
    DateSpan,
    Expr,
    FactPredicate,
    FactRef,
    Has,
    In,
    InSegment,
    Missing,
    Not,
    Or,
    TextMatch,
)

_COMPARISONS: Final = {
    "=": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
}


def sentence(expr: Expr, catalogue: Catalogue) -> str:
    """*expr* as one sentence, e.g. ``Customers for whom the number of orders is at least 3.``"""
    text = _Sentence(catalogue).clause(expr, frozenset(), negated=False)
    return f"Customers for whom {text}."


class _Sentence:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def clause(self, expr: Expr, present: frozenset[FactRef], *, negated: bool) -> str:
        """
        *expr* without a full stop.

        Args:
            present: Facts that are known not to be missing here.
            negated: Whether an odd number of ``not`` stands around it.
        """
        match expr:
            case And(items) | Or(items):
                if isinstance(expr, And) and not negated:
                    present |= {
                        item.fact for item in items if isinstance(item, Missing) and item.negated
                    }
                word = "and" if isinstance(expr, And) else "or"
                clauses = [self._nested(item, present, negated=negated) for item in items]
                return ", ".join(clauses[:-1]) + f", {word} {clauses[-1]}"
            case Not(item):
                inner = self._nested(item, present, negated=not negated)
                return f"it is not so that {inner}"
            case InSegment():
                verb = "are not in" if expr.negated else "are in"
                return f"they {verb} the segment “{expr.name}”"
        what = subject(expr.fact, self._catalogue)
        fact = self._catalogue.get(expr.fact.name)
        if isinstance(expr, Missing) and fact is not None and fact.kind == "set":
            return f"there are {'' if expr.negated else 'no '}{what}"
        return _predicate(expr, what) + self._note(expr, present, negated=negated)

    def _nested(self, expr: Expr, present: frozenset[FactRef], *, negated: bool) -> str:
        text = self.clause(expr, present, negated=negated)
        return f"({text})" if isinstance(expr, And | Or) else text

    def _note(self, expr: FactPredicate, present: frozenset[FactRef], *, negated: bool) -> str:
        """What happens to customers for whom the fact is missing, where that surprises."""
        who = lacking(expr.fact, self._catalogue)
        if who is None or isinstance(expr, Missing) or expr.fact in present:
            return ""
        if negated:
            return f" ({who} are included)"
        return f" ({who} are not included)" if _surprises(expr) else ""


def _surprises(expr: FactPredicate) -> bool:
    """Whether one might expect *expr* to hold for a customer without a value."""
    match expr:
        case Compare(op="!=" | "<" | "<="):
            return True
        case Compare(op="=", value=False):
            return True
        case In(negated=True) | TextMatch(negated=True):
            return True
        case DateSpan(op="older than") | DateDay(op="before"):
            return True
    return False


def _predicate(expr: FactPredicate, what: str) -> str:
    match expr:
        case Compare(fact, "=" | "!=", bool() as value):
            clause = yes_or_no(fact.name, value == (expr.op == "="))
            return clause or f"{what} {_COMPARISONS[expr.op]} {value_words(value)}"
        case Compare():
            return f"{what} {_COMPARISONS[expr.op]} {value_words(expr.value)}"
        case Between():
            return f"{what} is between {value_words(expr.low)} and {value_words(expr.high)}"
        case In():
            return f"{what} is {'not ' if expr.negated else ''}{values_words(expr.values)}"
        case Has():
            return _has(expr, what)
        case TextMatch():
            return _text_match(expr, what)
        case DateSpan():
            return _date_span(expr, what)
        case DateDay(op="on"):
            return (
                f"{what} is {'' if isinstance(expr.day.day, str) else 'on '}{day_words(expr.day)}"
            )
        case DateDay():
            return f"{what} is {expr.op} {day_words(expr.day)}"
        case Missing():
            return f"{what} is {'not ' if expr.negated else ''}missing"
        case _:
            assert_never(expr)


def _has(expr: Has, what: str) -> str:
    verb = "do not include" if expr.negated else "include"
    names = [value_words(name) for name in expr.values]
    if len(names) == 1:
        return f"the {what} {verb} {names[0]}"
    if expr.mode == "all":
        return f"the {what} {verb} all of {listing(names, 'and')}"
    return f"the {what} {verb} any of {listing(names)}"


def _text_match(expr: TextMatch, what: str) -> str:
    text = value_words(expr.text)
    verb = {"contains": "contain", "starts with": "start with", "ends with": "end with"}[expr.op]
    if expr.negated:
        return f"{what} does not {verb} {text}"
    return f"{what} {expr.op} {text}"


def _date_span(expr: DateSpan, what: str) -> str:
    if expr.op == "older than":
        return f"{what} is more than {write_span(expr.span)} ago"
    side = "last" if expr.op == "within" else "next"
    return f"{what} is within the {side} {span_words(expr.span)}"
