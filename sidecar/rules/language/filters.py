"""Whether the filters of a fact are filters it takes, once each, with values that fit."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

from sidecar.rules.catalogue import Fact
from sidecar.rules.language.context import Context
from sidecar.rules.language.limits import MONEY_PLACES
from sidecar.rules.language.naming import check_name
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.language.words import write_number, write_value
from sidecar.rules.syntax import Day, FactRef, Filter, FilterName, Position, Span

_EXPECTED: Final = {
    "within": (Span, "a span such as 90 days"),
    "from": (Day, "a day such as 2026-01-31"),
    "until": (Day, "a day such as 2026-01-31"),
    "total": (Decimal, "an amount"),
}
_A_NAME: Final = (str, "a name in quotes")


def check_filters(reference: FactRef, fact: Fact, context: Context) -> None:
    """Note what is wrong with the filters of *reference*, which names *fact*."""
    seen: dict[FilterName, Filter] = {}
    for filter_ in reference.filters:
        if filter_.name not in fact.filters:
            _unwanted(filter_, fact, context)
        elif filter_.name in seen:
            context.error(filter_.at, f"the filter '{filter_.name}' stands here twice")
        else:
            seen[filter_.name] = filter_
            _check_value(filter_, fact, context)
    _check_order(seen.get("from"), seen.get("until"), context)


def _unwanted(filter_: Filter, fact: Fact, context: Context) -> None:
    if not fact.filters:
        context.error(filter_.at, f"'{fact.name}' takes no filters", "remove the brackets")
        return
    context.error(
        filter_.at,
        f"'{fact.name}' does not take the filter '{filter_.name}'",
        did_you_mean(filter_.name, fact.filters, f"it takes {listing(fact.filters, 'and')}"),
    )


def _check_value(filter_: Filter, fact: Fact, context: Context) -> None:
    value, at = filter_.value, filter_.at
    wanted, words = _EXPECTED.get(filter_.name, _A_NAME)
    if not isinstance(value, wanted):
        context.error(at, f"the filter '{filter_.name}' needs {words}, not {write_value(value)}")
    elif isinstance(value, Decimal):
        if len(write_number(value).partition(".")[2]) > MONEY_PLACES:
            context.error(at, f"an amount has {MONEY_PLACES} decimal places", "round it")
    elif isinstance(value, str):
        namespace = fact.filters[filter_.name]
        found = check_name(value, namespace, at, context)
        if namespace == "status" and found:
            _check_paid(value, found[0], at, context)


def _check_paid(name: str, status: int, at: Position | None, context: Context) -> None:
    if context.paid_statuses is not None and status not in context.paid_statuses:
        context.warning(
            at,
            f"no order counts here: '{name}' is not among the paid statuses",
            "unpaid_orders and unfinished_orders count others",
        )


def _check_order(first: Filter | None, last: Filter | None, context: Context) -> None:
    if first is None or last is None:
        return
    if not (isinstance(first.value, Day) and isinstance(last.value, Day)):
        return
    begin, end = first.value.day, last.value.day
    if isinstance(begin, datetime.date) and isinstance(end, datetime.date):
        turned = begin > end
    else:
        turned = (begin, end) == ("today", "yesterday")
    if turned:
        context.warning(last.at, "'until' lies before 'from', so nothing counts here", "swap them")
