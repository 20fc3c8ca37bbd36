"""What became of points month by month, and which are going to expire. Nothing is written."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from sidecar.model import Moment
from sidecar.rules import calendar
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.rules.syntax import Span
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import flows
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.state import Json

#: Months that are told, this one included: those that were, and those to come.
_PAST, _COMING = 13, 24


def read(tx: Connection, shop: Shop, program: Program, moment: Moment) -> dict[str, Json]:
    """
    What `loyalty months` says: ``months``, the oldest first, and ``expiring``, the next first.

    Points of lots whose last day is beyond the last month of ``expiring`` are ``later``, those
    without one ``never``. Debt lowers neither.
    """
    zone = zone_of(program, shop)
    this = moment.now.astimezone(zone).date().replace(day=1)
    past = [_month(this, number) for number in range(1 - _PAST, 1)]
    coming = [_month(this, number) for number in range(_COMING + 1)]
    counted = flows.read(tx, shop.own, [calendar.day_start(day, zone) for day in past])
    ends = _ends(tx, shop.own, [calendar.day_start(day, zone) for day in coming])
    return {
        "currency": shop.settings.currency,
        "months": [
            {"month": _named(day), **found} for day, found in zip(past, counted, strict=True)
        ],
        "expiring": [
            {"month": _named(day), **_valued(ends.get(number, 0), program)}
            for number, day in enumerate(coming[:-1], start=1)
        ],
        "later": _valued(ends.get(len(coming), 0), program),
        "never": _valued(ends.get(-1, 0), program),
    }


def _ends(tx: Connection, own: OwnTables, months: Sequence[int]) -> dict[int, int]:
    """
    What is left of lots by the month of their last day.

    Args:
        months: The first instant of each.

    Returns:
        By the number of the month, counted from 1; -1: they never expire.
    """
    lot = own.loyalty.lot
    # A lot ends at the midnight after its last day; what is overdue ends this month.
    last = func.greatest(lot.c.expires_at - 1, months[0])
    number = func.interval(last, *months)
    query = (
        select(number, func.sum(lot.c.remaining))
        .where(lot.c.unit == "points", lot.c.remaining > 0)
        .group_by(number)
    )
    return {int(row[0]): int(row[1]) for row in tx.execute(query)}


def _valued(points: int, program: Program) -> dict[str, Json]:
    return {"points": points, "worth": as_json.money(worth(points, program))}


def _month(first: datetime.date, number: int) -> datetime.date:
    """The month *number* months after that of *first*, the first day of one."""
    return calendar.add(first, Span(abs(number), "month"), -1 if number < 0 else 1)


def _named(day: datetime.date) -> str:
    return day.isoformat()[:7]
