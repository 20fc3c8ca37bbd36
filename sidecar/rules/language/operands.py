"""Whether the values a fact is compared with fit its kind."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sidecar.model import fold
from sidecar.rules.catalogue import Fact, Kind
from sidecar.rules.language.context import Context
from sidecar.rules.language.limits import MONEY_PLACES
from sidecar.rules.language.naming import check_name, check_value_of_choice
from sidecar.rules.language.suggest import did_you_mean
from sidecar.rules.language.words import span_days, write_number, write_value
from sidecar.rules.syntax import (
    Between,
    Compare,
    DateSpan,
    FactPredicate,
    Has,
    In,
    ListRef,
    Position,
    Span,
    TextMatch,
    Value,
)

_KIND_WORDS: Final[Mapping[Kind, str]] = {
    "yesno": "yes or no",
    "number": "a number",
    "decimal": "a number",
    "money": "an amount",
    "text": "a text",
    "choice": "one of several names",
    "date": "a date",
    "birthday": "a birthday",
    "set": "a set of names",
}
_EXAMPLES: Final[Mapping[Kind, str]] = {
    "yesno": "{} = yes",
    "number": "{} >= 1",
    "decimal": "{} >= 1.5",
    "money": "{} >= 100",
    "text": '{} = "…"',
    "choice": '{} = "…"',
    "date": "{} within 90 days",
    "birthday": "{} in next 7 days",
    "set": '{} has "…"',
}


def kind_words(fact: Fact) -> str:
    """What *fact* is, for messages, e.g. ``a number``."""
    return _KIND_WORDS[fact.kind]


def example(fact: Fact) -> str:
    """A comparison of *fact* as a way out, e.g. ``e.g. orders >= 1``."""
    return "e.g. " + _EXAMPLES[fact.kind].format(fact.name)


def check_operands(node: FactPredicate, fact: Fact, context: Context) -> None:
    """Note what is wrong with the values of *node*, whose operator fits *fact*."""
    match node:
        case Compare():
            _check_value(node.value, node.at, fact, context, exact=node.op in ("=", "!="))
        case Between():
            _check_between(node, fact, context)
        case In(values=ListRef() as reference):
            _check_list(reference, fact, context)
        case In(values=tuple() as values):
            for value in values:
                _check_value(value, node.at, fact, context, exact=True)
        case Has():
            for name in node.values:
                check_name(name, fact.names, node.at, context)
        case TextMatch(text=""):
            context.warning(node.at, "every text holds the empty text, so this is always true")
        case DateSpan():
            _check_date_span(node, fact, context)


def _check_value(
    value: Value, at: Position | None, fact: Fact, context: Context, *, exact: bool
) -> bool:
    """Note what is wrong with one *value*; *exact*: it is compared for being equal."""
    before = len(context.problems)
    if isinstance(value, Span) and fact.unit == "days":
        _check_days(value, at, fact, context)
    elif isinstance(value, bool):
        if fact.kind != "yesno":
            _wrong_type(value, at, fact, context)
    elif isinstance(value, Decimal) and fact.kind in ("number", "decimal", "money"):
        _check_number(value, at, fact, context, exact=exact)
    elif isinstance(value, str) and fact.kind == "text":
        _check_text(value, at, fact, context)
    elif isinstance(value, str) and fact.kind == "choice":
        check_value_of_choice(value, fact, at, context)
    else:
        _wrong_type(value, at, fact, context)
    return len(context.problems) == before


def _wrong_type(value: Value, at: Position | None, fact: Fact, context: Context) -> None:
    expected = {"text": "a text in quotes", "choice": "a name in quotes"}.get(
        fact.kind, kind_words(fact)
    )
    if fact.unit == "days":
        expected = "a number of days, or days or weeks"
    hint = ""
    if isinstance(value, str) and value.strip().isdecimal() and fact.kind != "yesno":
        hint = "leave out the quotes"
    context.error(
        at, f"'{fact.name}' is compared with {expected}, not with {write_value(value)}", hint
    )


def _check_days(span: Span, at: Position | None, fact: Fact, context: Context) -> None:
    if span_days(span) is not None:
        return
    if span.unit in ("minute", "hour"):
        context.error(at, f"'{fact.name}' counts whole days", "write days or weeks")
    else:
        context.error(
            at,
            f"'{fact.name}' counts days, and {span.unit}s differ in length",
            "write days or weeks, e.g. 365 days",
        )


def _check_number(
    value: Decimal, at: Position | None, fact: Fact, context: Context, *, exact: bool
) -> None:
    places = len(write_number(value).partition(".")[2])
    if fact.kind == "money" and places > MONEY_PLACES:
        context.error(
            at,
            f"'{fact.name}' has {MONEY_PLACES} decimal places, {write_number(value)} has more",
            "round it",
        )
    elif exact and places > {"number": 0, "decimal": 2}.get(fact.kind, places):
        context.warning(
            at,
            f"'{fact.name}' is never exactly {write_number(value)}",
            "compare with >= or <=",
        )


def _check_text(value: str, at: Position | None, fact: Fact, context: Context) -> None:
    if not value:
        context.warning(at, "an empty text counts as missing", f"write '{fact.name} is missing'")
    elif fact.unit.startswith("ISO 3166") and not (len(value) == 2 and value.isalpha()):
        context.warning(
            at, f"'{fact.name}' holds codes of two letters, not {write_value(value)}", 'e.g. "DE"'
        )


def _check_between(node: Between, fact: Fact, context: Context) -> None:
    low_fits = _check_value(node.low, node.at, fact, context, exact=False)
    high_fits = _check_value(node.high, node.at, fact, context, exact=False)
    if low_fits and high_fits and _amount(node.low) > _amount(node.high):
        context.warning(
            node.at,
            "the first value is greater than the second, so this is never true",
            "swap them",
        )


def _amount(value: Value) -> Decimal:
    if isinstance(value, Span):
        return Decimal(span_days(value) or 0)
    return value if isinstance(value, Decimal) else Decimal(0)


def _check_list(reference: ListRef, fact: Fact, context: Context) -> None:
    held = context.lists.get(reference.name)
    if held is None:
        known = (f"@{name}" for name in context.lists)
        context.error(
            reference.at,
            f"there is no list '@{reference.name}'",
            did_you_mean(f"@{reference.name}", known, "lists stand under [lists] in a rules file"),
        )
    elif fact.kind not in ("text", "choice"):
        context.error(reference.at, f"a list holds texts, and '{fact.name}' is {kind_words(fact)}")
    elif fact.kind == "choice":
        for name in sorted(held, key=fold):
            check_value_of_choice(name, fact, reference.at, context)


def _check_date_span(node: DateSpan, fact: Fact, context: Context) -> None:
    if fact.kind == "birthday" and node.span.unit in ("minute", "hour"):
        context.error(node.at, f"'{fact.name}' is a whole day", "write days, weeks or months")
