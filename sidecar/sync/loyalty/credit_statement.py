"""What one customer has in store credit, what waits, and what is owed. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, case, func, select

from sidecar.rules.loyalty.program import Program
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.state import Json

#: Why an amount stands in an account, for people; of issues see `_what`.
_CAUSES: Mapping[str, str] = {
    "opening": "there before",
    "native": "the store, row {}",
    "restore": "restored, row {}",
    "expire": "expired",
}


def read(
    tx: Connection, shop: Shop, program: Program, customer_id: int, limit: int
) -> dict[str, Json]:
    """
    The account of *customer_id*: as our tables have it, which a change in the store may not be
    in yet.

    Args:
        limit: At most so many entries, the newest first.
    """
    own, zone = shop.own, zone_of(program, shop)
    account = own.loyalty.account
    query = select(account.c.available).where(
        account.c.unit == "credit", account.c.customer_id == customer_id
    )
    buckets = [_bucket(row, zone) for row in _lots(tx, own, customer_id)]
    issue = own.loyalty.issue
    waits = issue.c.customer_id == customer_id
    return {
        "customer_id": customer_id,
        "available": as_json.money(tx.scalar(query) or 0),
        "currency": shop.settings.currency,
        "buckets": buckets,
        "waiting": [issued(row, zone) for row in _waiting(tx, own, limit=None, where=waits)],
        "entries": [_entry(row, zone) for row in _entries(tx, own, customer_id, limit)],
    }


def waiting(tx: Connection, shop: Shop, program: Program, limit: int) -> dict[str, Json]:
    """The issues that wait for another person, the oldest first, at most *limit*."""
    zone = zone_of(program, shop)
    own = shop.own
    return {
        "currency": shop.settings.currency,
        "waiting": [issued(row, zone) for row in _waiting(tx, own, limit=limit)],
        **_sums_waiting(tx, own),
    }


def outstanding(tx: Connection, own: OwnTables) -> dict[str, Json]:
    """What is in all accounts now, debt apart, and what waits for approval."""
    account = own.loyalty.account
    available = account.c.available
    query = select(
        func.count(case((available > 0, 1))),
        func.sum(case((available > 0, available), else_=0)),
        func.sum(case((available < 0, -available), else_=0)),
    ).where(account.c.unit == "credit")
    customers, outstanding_, owed = tx.execute(query).one()
    return {
        "customers": customers,
        "available": as_json.money(int(outstanding_ or 0)),
        "owed": as_json.money(int(owed or 0)),
        **_sums_waiting(tx, own),
    }


def issued(row: Row[Any], zone: ZoneInfo) -> dict[str, Json]:
    """One issue; ``until`` is null where it never expires."""
    return {
        "issue": row.issue_id,
        "customer_id": row.customer_id,
        "amount": as_json.money(row.amount),
        "kind": row.kind,
        "order": row.order_id or None,
        "state": row.state,
        "until": last_day(row.expires_at, zone),
        "reason": row.reason,
        "actor": row.actor,
        "at": as_json.iso(row.at, zone),
        "decided_by": row.decided_by,
        "decided_reason": row.decided_reason,
    }


def last_day(expires_at: int | None, zone: ZoneInfo) -> str | None:
    """The last day on which it can be spent; None: it never expires."""
    told = None if expires_at is None else as_json.iso(expires_at - 1, zone)
    return told and told[:10]


# -- rows ----------------------------------------------------------------------------------


def _sums_waiting(tx: Connection, own: OwnTables) -> dict[str, Json]:
    issue = own.loyalty.issue
    query = select(func.count(), func.sum(issue.c.amount)).where(issue.c.state == "waiting")
    number, amount = tx.execute(query).one()
    return {"issues_waiting": number, "amount_waiting": as_json.money(int(amount or 0))}


def _waiting(
    tx: Connection, own: OwnTables, *, limit: int | None, where: Any = True
) -> Sequence[Row[Any]]:
    issue = own.loyalty.issue
    query = select(issue).where(issue.c.state == "waiting", where)
    return tx.execute(query.order_by(issue.c.issue_id).limit(limit)).all()


def _lots(tx: Connection, own: OwnTables, customer_id: int) -> Sequence[Row[Any]]:
    lot = own.loyalty.lot
    names = ("remaining", "expires_at", "cause_id")
    query = (
        _with_cause(own, lot, *(lot.c[name] for name in names), own.loyalty.issue.c.amount)
        .where(lot.c.unit == "credit", lot.c.customer_id == customer_id, lot.c.remaining != 0)
        # In the order in which they are spent.
        .order_by(lot.c.expires_at.is_(None), lot.c.expires_at, lot.c.earned_at, lot.c.lot_id)
    )
    return tx.execute(query).all()


def _entries(tx: Connection, own: OwnTables, customer_id: int, limit: int) -> Sequence[Row[Any]]:
    entry = own.loyalty.entry
    names = ("entry_id", "at", "amount", "shown", "native_id")
    did = entry.c.kind.label("did")
    query = (
        _with_cause(own, entry, *(entry.c[name] for name in names), did)
        .where(entry.c.unit == "credit", entry.c.customer_id == customer_id)
        .order_by(entry.c.entry_id.desc())
        .limit(limit)
    )
    return tx.execute(query).all()


def _with_cause(own: OwnTables, table: Any, *columns: Any) -> Select[Any]:
    """*columns*, with those of their cause, and of the issue where it is one."""
    cause, issue = own.loyalty.cause, own.loyalty.issue
    is_issue = (cause.c.kind == "issue") & (issue.c.issue_id == cause.c.source_id)
    return (
        select(
            *columns,
            *(cause.c[name] for name in ("kind", "source_id", "actor", "reason", "overruled")),
            *(issue.c[name] for name in ("issue_id", "order_id")),
            issue.c.kind.label("given_for"),
        )
        .select_from(table)
        .outerjoin(cause, cause.c.cause_id == table.c.cause_id)
        .outerjoin(issue, is_issue)
    )


def _bucket(row: Row[Any], zone: ZoneInfo) -> dict[str, Json]:
    return {
        "amount": as_json.money(row.remaining),
        "issued": None if row.issue_id is None else as_json.money(row.amount),
        "issue": row.issue_id,
        "kind": row.given_for,
        "order": row.order_id or None,
        "what": "owed" if row.cause_id is None else _what(row),
        "reason": row.reason,
        "actor": row.actor,
        "until": last_day(row.expires_at, zone),
    }


def _entry(row: Row[Any], zone: ZoneInfo) -> dict[str, Json]:
    what = _what(row)
    if row.did == "pay":
        what += ", debt paid"
    elif row.kind == "issue" and row.overruled and row.amount <= 0:
        what += ", taken back in the store"
    return {
        "entry": row.entry_id,
        "at": as_json.iso(row.at, zone),
        "kind": row.did,
        "cause": row.kind,
        "issue": row.issue_id,
        "what": what,
        "amount": as_json.money(row.amount),
        "available": as_json.money(row.shown),
        "reason": row.reason,
        "actor": row.actor,
        "native_row": row.native_id or None,
    }


def _what(row: Row[Any]) -> str:
    if row.given_for is None:
        return str(_CAUSES.get(row.kind, row.kind)).format(row.source_id)
    of = f" of order {row.order_id}" if row.order_id else ""
    return f"{row.given_for}{of}, issue {row.issue_id}"
