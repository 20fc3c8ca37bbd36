"""What a store owes its customers in points and credit, and what became of what it gave."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, and_, case, func, select

from sidecar.model import Moment
from sidecar.rules import calendar
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.rules.syntax import Span
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import credit_statement, flows, tier_statement
from sidecar.sync.loyalty.posting import BEGUN
from sidecar.sync.state import Json

#: How far back issued, spent and expired points are counted.
_YEAR = Span(12, "month")


def read(tx: Connection, shop: Shop, program: Program, moment: Moment) -> dict[str, Json]:
    """What `loyalty status` says."""
    own, since = shop.own, calendar.since(_YEAR, moment)
    begun = state.read(tx, own, BEGUN)
    by, at = (begun["by"], begun["at"]) if isinstance(begun, Mapping) else (None, None)
    return {
        "start": "all" if program.start is None else program.start.isoformat(),
        "waits": program.start is None and begun is None,
        "begun_by": by,
        "begun_at": as_json.iso(at, moment.zone) if isinstance(at, int) else None,
        "since": _first_used(tx, own, moment),
        "currency": shop.settings.currency,
        "tiers": tier_statement.sizes(tx, shop),
        **_outstanding(tx, own, program),
        "counted_since": as_json.iso(since, moment.zone),
        **flows.read(tx, own, [since])[0],
        **_breakage(tx, own, since, moment.epoch_s),
        "credit": None if program.credit is None else credit_statement.outstanding(tx, own),
    }


def _first_used(tx: Connection, own: OwnTables, moment: Moment) -> str | None:
    at = tx.scalar(select(func.min(own.loyalty.program.c.since)))
    return None if at is None else as_json.iso(at, moment.zone)


def _outstanding(tx: Connection, own: OwnTables, program: Program) -> dict[str, Json]:
    """What is in all accounts now; debt apart, which lowers nobody else's balance."""
    account = own.loyalty.account
    available, pending = account.c.available, account.c.pending
    query = select(
        func.count(case(((available > 0) | (pending > 0), 1))),
        func.sum(case((available > 0, available), else_=0)),
        func.sum(pending),
        func.sum(case((available < 0, -available), else_=0)),
    ).where(account.c.unit == "points")
    customers, *sums = tx.execute(query).one()
    numbers = {
        name: int(number or 0)
        for name, number in zip(("available", "pending", "owed"), sums, strict=True)
    }
    money = {
        f"{name}_worth": as_json.money(worth(number, program)) for name, number in numbers.items()
    }
    return {"customers": customers, **numbers, **money}


def _breakage(tx: Connection, own: OwnTables, since: int, now: int) -> dict[str, Json]:
    """
    How much of what could have expired did.

    Of the lots whose last day was over since then: what expired of them, as a share of what
    had been put into them and was not taken back.
    """
    entry, lot, move = own.loyalty.entry, own.loyalty.lot, own.loyalty.move
    put_in = and_(entry.c.kind == "post", entry.c.cause_id == lot.c.cause_id)
    query = (
        select(
            func.sum(case((put_in, move.c.amount), else_=0)),
            func.sum(case((entry.c.kind == "expire", -move.c.amount), else_=0)),
        )
        .select_from(lot)
        .join(move, move.c.lot_id == lot.c.lot_id)
        .join(entry, entry.c.entry_id == move.c.entry_id)
        .where(lot.c.unit == "points", lot.c.expires_at >= since, lot.c.expires_at <= now)
    )
    due, expired = (int(number or 0) for number in tx.execute(query).one())
    share = expired * 10_000 // due if due > 0 else None
    percent = None if share is None else f"{share // 100}.{share % 100:02d}"
    return {"could_expire": due, "did_expire": expired, "breakage_percent": percent}
