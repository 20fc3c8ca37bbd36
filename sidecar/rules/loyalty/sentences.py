"""A program as English sentences for the shop's owner."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, assert_never

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.phrases import day_words, number_words, value_words
from sidecar.rules.language.sentence import sentence
from sidecar.rules.language.suggest import listing
from sidecar.rules.language.words import write_span
from sidecar.rules.loyalty.expiry import Expiry, FixedDates, Inactivity, Rolling
from sidecar.rules.loyalty.program import CHOSEN_BY, RATE_SCALE, Basis, EarnRule, Program, Tier
from sidecar.rules.syntax import Day

_BASES: Final[Mapping[Basis, str]] = {
    "goods": "its goods",
    "goods and tax": "its goods and their tax",
    "total": "its total",
}
_PLURALS: Final = {"category": "categories", "product": "products", "manufacturer": "manufacturers"}


def program_sentence(program: Program) -> str:
    """What *program* says as a whole."""
    since = "" if program.start is None else f" from {_day(program.start)} on"
    earns = f"{_points(_rate(program.per_unit))} for each currency unit of {_BASES[program.basis]}"
    is_one = program.points_for_one == 1
    worth = (
        "points are worth 1 each" if is_one else f"{program.points_for_one:,} points are worth 1"
    )
    return f"An order{since} earns {earns}; {worth} and {expiry_words(program.expiry)}."


def tier_sentence(tier: Tier, program: Program) -> str:
    """What *tier* of *program* says."""
    what = "points earned" if program.metric == "points earned" else "spent"
    window = tier.window or program.window
    within = "" if window == "lifetime" else f" within the last {write_span(window)}"
    metric = f"{_rate(tier.threshold)} {what}{within}"
    return f"From {metric} on: the points per unit times {_rate(tier.multiplier)}."


def earn_sentence(rule: EarnRule, catalogue: Catalogue) -> str:
    """What *rule* says."""
    said = f"{', '.join((_gives(rule), *_orders(rule), *_caps(rule)))}."
    return said if rule.when is None else f"{said} {sentence(rule.when, catalogue)}"


def _gives(rule: EarnRule) -> str:
    if rule.points is not None:
        return f"{_points(f'{rule.points:,}')} for an order"
    if rule.per_unit is not None:
        return f"{_points(_rate(rule.per_unit))} more for each currency unit"
    return f"The points per unit times {_rate(rule.multiply or 0)}"


def _orders(rule: EarnRule) -> Iterator[str]:
    """For which orders, and what in them."""
    for kind in CHOSEN_BY:
        if names := getattr(rule.goods, kind):
            of = kind if len(names) == 1 else _PLURALS[kind]
            yield f"for goods of the {of} {listing(map(value_words, names))}"
    if rule.tiers:
        of = "tier" if len(rule.tiers) == 1 else "tiers"
        yield f"for customers in the {of} {listing(map(value_words, rule.tiers))}"
    if rule.least_total:
        yield f"for orders of at least {_rate(rule.least_total)}"
    if rule.first is not None:
        yield f"from {_day(rule.first)} on"
    if rule.last is not None:
        yield f"until {_day(rule.last)}"


def _caps(rule: EarnRule) -> Iterator[str]:
    if rule.caps:
        pers = ("an order" if cap.per == "order" else f"a {cap.per}" for cap in rule.caps)
        most = (f"{cap.points:,} {per}" for cap, per in zip(rule.caps, pers, strict=True))
        yield f"at most {listing(most, 'and')}"


def expiry_words(expiry: Expiry) -> str:
    """What becomes of points by *expiry*, after "they"."""
    match expiry:
        case None:
            return "never expire"
        case Rolling(after, None):
            return f"expire after {write_span(after)}"
        case Rolling(after, period):
            return f"expire after {write_span(after)}, at the end of that {period}"
        case Inactivity(after):
            return f"expire after {write_span(after)} without activity"
        case FixedDates(days, grace):
            # Of any year, so it is not said.
            named = (_day(datetime.date(2000, *day)).removesuffix(" 2000") for day in days)
            later = "" if grace is None else f", {write_span(grace)} later"
            return f"expire on {listing(named, 'and')}{later}"
    assert_never(expiry)


def _rate(number: int) -> str:
    return number_words(Decimal(number) / RATE_SCALE)


def _points(number: str) -> str:
    return f"{number} point" if number == "1" else f"{number} points"


def _day(day: datetime.date) -> str:
    return day_words(Day(day))
