"""
Numbers of each day, for reports: how many customers there are of what, and what is owed.

They are counted at the end of every full pass, so every night, and stand under the day of the
store on which it began; a later one of the same day replaces them. Reports read them and
nothing larger, so they are as fast on a large store as on a small one.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator

import polars as pl
from sqlalchemy import Connection, case, delete, func, insert, or_, select

from sidecar.config import Age
from sidecar.model import Moment, Scope
from sidecar.rules import calendar
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.rules.syntax import Span
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import rfm_movement, segments
from sidecar.sync.facts import rfm
from sidecar.sync.loyalty.revisions import Revisions
from sidecar.sync.loyalty.tier_definition import held
from sidecar.sync.reading import Limits

#: Entries into segments and exits, by the segment's number.
MOVES = ("entered", "left")

#: Of these only the newest day is kept: nobody asks for them over time.
_NEWEST = ("rfm_grid", *rfm_movement.FIGURES)

#: How far back entries and exits are counted the first time.
_HISTORY = datetime.timedelta(days=366)

_EVERYBODY = Scope.span(1, 2**31 - 1)
_BATCH = 500

#: Figure, name, customers, amount.
Figure = tuple[str, str, int | None, int | None]


def note(
    shop: Shop,
    program: Program | None,
    limits: Limits | None,
    moment: Moment,
    kept: Age | None = None,
) -> None:
    """
    Count, and keep the numbers as those of the day of *moment*.

    Args:
        program: The loyalty program; None: there is none.
        limits: Of RFM scores; None while nobody has ordered, or no rule asks for them.
        kept: How long the history of segments is kept; None: for good.
    """
    own, today = shop.own, moment.today
    figure = own.figure
    with transaction(shop.engine) as tx:
        ids = [segment.segment_id for segment in segments.load_segments(tx, own)]
        first = _first_day(tx, own, today)
        found = [
            (today, each)
            for each in (
                *_customers(shop, tx, limits),
                *_tiers(tx, own, program),
                *_balances(tx, own, program),
                *rfm_movement.count(shop, tx, moment, kept),
            )
        ]
        found += _moves(tx, own, ids, first, moment)
        # A day ahead was noted by a clock that was wrong.
        tx.execute(delete(figure).where(figure.c.day >= today, figure.c.figure.not_in(MOVES)))
        tx.execute(delete(figure).where(figure.c.figure.in_(_NEWEST)))
        gone = figure.c.name.not_in([str(number) for number in ids])
        of_days = or_(figure.c.day >= first, gone)
        tx.execute(delete(figure).where(figure.c.figure.in_(MOVES), of_days))
        rows = [
            {
                "day": day,
                "figure": kind,
                "name": name,
                "customers": customers,
                "amount": amount,
                "at": moment.epoch_s,
            }
            for day, (kind, name, customers, amount) in found
        ]
        for start in range(0, len(rows), _BATCH):
            tx.execute(insert(figure).values(rows[start : start + _BATCH]))


def _first_day(tx: Connection, own: OwnTables, today: datetime.date) -> datetime.date:
    """From which day on entries and exits are to be counted: that of the last time was not over."""
    figure = own.figure.c
    query = select(func.max(figure.day)).where(figure.figure == "customers", figure.day <= today)
    return tx.scalar(query) or today - _HISTORY


def _customers(shop: Shop, tx: Connection, limits: Limits | None) -> Iterator[Figure]:
    """All, those who bought, and those by their RFM scores; in one reading."""
    customer = shop.own.customer.c
    schema = {"orders": pl.Int64(), "total_spent": pl.Int64(), "last_order": pl.Int64()}
    query = select(
        func.coalesce(customer.orders, 0).label("orders"),
        func.coalesce(customer.total_spent, 0).label("total_spent"),
        customer.last_order_at.label("last_order"),
    )
    frame = shop.read(tx, _EVERYBODY, query, schema)
    yield "customers", "", frame.height, None
    yield "buyers", "", frame.filter(pl.col("orders") > 0).height, None
    if limits is None:
        return
    scored = rfm.with_rfm(frame, limits).drop_nulls("rfm_group")
    for group, number in scored.group_by("rfm_group").len().sort("rfm_group").iter_rows():
        yield "rfm", str(group), int(number), None
    cells = scored.group_by("rfm_recency", "rfm_frequency").len().sort(pl.all())
    for recency, frequency, number in cells.iter_rows():
        yield "rfm_grid", f"{recency},{frequency}", int(number), None


def _tiers(tx: Connection, own: OwnTables, program: Program | None) -> Iterator[Figure]:
    """
    Customers by tier: who has no row is in the lowest, but for those who object to profiling.

    The name is empty for no tier.
    """
    definition = None if program is None else held(tx, own, Revisions(tx, own))
    if definition is None:
        return
    table = own.loyalty.tier
    query = select(table.c.tier, func.count()).group_by(table.c.tier)
    counted = {str(name or ""): int(number) for name, number in tx.execute(query)}
    restriction = own.privacy.restriction
    objecting = select(func.count()).where(restriction.c.kind == "no_profiling")
    total = int(tx.scalar(select(func.count()).select_from(own.customer)) or 0)
    total -= int(tx.scalar(objecting) or 0)
    base = "" if definition.base is None else definition.base.name
    counted[base] = counted.get(base, 0) + max(0, total - sum(counted.values()))
    names = [tier.name for tier in definition.program.tiers]
    for name in names:
        yield "tier", name, counted.pop(name, 0), None
    for name, number in sorted(counted.items()):
        if number:
            yield "tier", name, number, None


def _balances(tx: Connection, own: OwnTables, program: Program | None) -> Iterator[Figure]:
    """What is in all accounts: points, what they are worth, and store credit."""
    if program is None:
        return
    account = own.loyalty.account.c
    parts = {
        "available": case((account.available > 0, account.available), else_=0),
        "pending": account.pending,
        "owed": case((account.available < 0, -account.available), else_=0),
    }
    sums = [func.coalesce(func.sum(each), 0) for each in parts.values()]
    holders = [func.count(case((each > 0, 1))) for each in parts.values()]
    query = select(account.unit, *sums, *holders).group_by(account.unit)
    counted = {row[0]: [int(number) for number in row[1:]] for row in tx.execute(query)}
    for unit in ("points", "credit"):
        if unit == "credit" and program.credit is None:
            continue
        numbers = counted.get(unit, [0] * 2 * len(parts))
        for place, name in enumerate(parts):
            amount, customers = numbers[place], numbers[place + len(parts)]
            yield unit, name, customers, amount
            if unit == "points":
                yield "points_worth", name, customers, worth(amount, program)


def _moves(
    tx: Connection, own: OwnTables, ids: Collection[int], first: datetime.date, moment: Moment
) -> Iterable[tuple[datetime.date, Figure]]:
    """Entries and exits by day from *first* on."""
    if not ids:
        return
    days = [first]
    while days[-1] < moment.today:
        days.append(calendar.add(days[-1], Span(1, "day"), 1))
    begins = [calendar.day_start(day, moment.zone) for day in days]
    change = own.segment_change.c
    span = func.interval(change.at, *begins)
    query = (
        select(span, change.entered, change.segment_id, func.count())
        .where(change.at >= begins[0])
        .group_by(span, change.entered, change.segment_id)
    )
    known = set(ids)
    for place, entered, segment_id, number in tx.execute(query):
        if segment_id in known:
            figure = MOVES[0] if entered else MOVES[1]
            yield days[int(place) - 1], (figure, str(segment_id), int(number), None)
