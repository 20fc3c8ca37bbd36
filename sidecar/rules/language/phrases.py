"""The words of a sentence: what facts, values, spans and filters are called in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sidecar.rules.catalogue import Catalogue, Fact
from sidecar.rules.language.suggest import listing
from sidecar.rules.language.words import write_number, write_span
from sidecar.rules.syntax import Day, FactRef, Filter, FilterName, ListRef, Span, Value

#: Subjects that the label of the catalogue alone would make read oddly.
_SUBJECTS: Final[Mapping[str, str]] = {
    "registered": "the date of registration",
    "cart_added": "the last change to the cart",
    "expected_order": "the next order expected",
    "credited": "the amount credited",
    "top_percent": "the rank by spending in percent from the top",
    "average_gap": "the average number of days between orders",
    "tags": "tags",
    "products": "products bought",
    "categories": "categories bought from",
    "manufacturers": "manufacturers bought from",
    "cart_products": "products in the cart",
    "wishlist_products": "products on the wishlist",
}
#: Whole clauses for a yes/no fact, when it is yes and when it is no.
_YES_AND_NO: Final[Mapping[str, tuple[str, str]]] = {
    "status": ("the account is enabled", "the account is disabled"),
    "newsletter": ("they get the newsletter", "they do not get the newsletter"),
    "approval_pending": ("their approval is pending", "no approval is pending"),
    "affiliate": ("they are affiliates", "they are not affiliates"),
    "safe": ("they are marked safe", "they are not marked safe"),
    "commenter": ("they are trusted commenters", "they are not trusted commenters"),
}
#: Numbers that are marks on a scale and not counts of something.
_SCALES: Final = frozenset({"1 to 5", "percent"})


def subject(reference: FactRef, catalogue: Catalogue) -> str:
    """What *reference* is called as the subject of a clause, with its filters."""
    fact = catalogue.get(reference.name)
    name = _name(reference.name, fact)
    if not reference.filters:
        return name
    return f"{name} ({', '.join(_filter(one) for one in reference.filters)})"


def _name(name: str, fact: Fact | None) -> str:
    if name in _SUBJECTS:
        return _SUBJECTS[name]
    if fact is None:
        return name
    if name.startswith("custom_"):
        return f"the field “{fact.label}”"
    if fact.kind == "number" and fact.unit not in _SCALES:
        return f"the number of {fact.label}"
    return f"the {fact.label}"


def yes_or_no(name: str, held: bool) -> str | None:
    """The clause for the yes/no fact *name* being *held*, where it has one of its own."""
    clauses = _YES_AND_NO.get(name)
    return None if clauses is None else clauses[0 if held else 1]


def lacking(reference: FactRef, catalogue: Catalogue) -> str | None:
    """How to call customers for whom *reference* is missing; None if there are none."""
    fact = catalogue.get(reference.name)
    if fact is None or fact.missing == "never" or fact.kind == "set":
        return None
    if fact.area == "orders" and fact.missing == "no qualifying order":
        return "customers without an order"
    return "customers for whom it is missing"


def value_words(value: Value | Day) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, Span):
        return write_span(value)
    if isinstance(value, Day):
        return day_words(value)
    return number_words(value)


def number_words(number: Decimal) -> str:
    """*number* with thousands separated."""
    whole, point, places = write_number(number).partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{places}"


def day_words(day: Day) -> str:
    """*day* as ``31 January 2026``, ``today`` or ``yesterday``."""
    if isinstance(day.day, str):
        return day.day
    return f"{day.day.day} {_MONTHS[day.day.month - 1]} {day.day.year}"


def span_words(span: Span) -> str:
    """*span* after ``the last`` or ``the next``, where a single unit needs no number."""
    return span.unit if span.count == 1 else write_span(span)


def values_words(values: tuple[Value, ...] | ListRef) -> str:
    """Several values, one of which is meant."""
    if isinstance(values, ListRef):
        return f"in the list “{values.name}”"
    words = [value_words(value) for value in values]
    return words[0] if len(words) == 1 else f"one of {listing(words)}"


def _filter(one: Filter) -> str:
    if isinstance(one.value, Span):
        return f"within the last {span_words(one.value)}"
    return f"{_FILTERS[one.name]} {value_words(one.value)}"


_FILTERS: Final[Mapping[FilterName, str]] = {
    "within": "within",
    "from": "from",
    "until": "until",
    "status": "with the status",
    "store": "in the store",
    "category": "of the category",
    "product": "of the product",
    "manufacturer": "of the manufacturer",
    "total": "with a total of at least",
}
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
