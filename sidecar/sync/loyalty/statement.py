"""What one customer has, and how it came to that: what `points show` says. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, func, select

from sidecar.model import fold
from sidecar.rules.loyalty.earning import BASE, MULTIPLIED
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import cards, redemption_statement, tier_statement
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.state import Json

#: Why an amount stands in an account, for people; of orders see `_what`.
_CAUSES: Mapping[str, str] = {
    "opening": "before the program",
    "native": "the store, row {}",
    "adjust": "by hand",
    "expire": "expired",
    "redeem": "redeemed",
    "issue": "issued",
    "waive": "debt waived",
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
    own = shop.own
    account = own.loyalty.account
    query = select(account.c.available, account.c.pending).where(
        account.c.unit == "points", account.c.customer_id == customer_id
    )
    found = tx.execute(query).one_or_none()
    available, pending = (0, 0) if found is None else (found.available, found.pending)
    words = _Words(tx, own, program, zone_of(program, shop))
    lots = [words.lot(row) for row in _lots(tx, own, customer_id)]
    card = cards.current(tx, own, customer_id)
    since = _member_since(tx, own, customer_id)
    return {
        "customer_id": customer_id,
        "member_since": None if since is None else as_json.iso(since, shop.settings.zone),
        "card": None if card is None else card.number,
        "tier": tier_statement.read(tx, shop, customer_id),
        "available": available,
        "pending": pending,
        "worth": as_json.money(worth(available, program)),
        "currency": shop.settings.currency,
        "next_expiry": _next_expiry(lots),
        "lots": lots,
        "redemptions": redemption_statement.read(tx, shop, customer_id),
        "entries": [words.entry(row) for row in _entries(tx, own, customer_id, limit)],
    }


def _member_since(tx: Connection, own: OwnTables, customer_id: int) -> int | None:
    """When the first entry was made, or the first card issued."""
    entry, card = own.loyalty.entry, own.loyalty.card
    of_entries = select(func.min(entry.c.at)).where(
        entry.c.unit == "points", entry.c.customer_id == customer_id
    )
    of_cards = select(func.min(card.c.issued_at)).where(card.c.customer_id == customer_id)
    found = [tx.scalar(query) for query in (of_entries, of_cards)]
    return min((at for at in found if at is not None), default=None)


def _next_expiry(lots: Sequence[Mapping[str, Json]]) -> dict[str, Json] | None:
    """What expires next of *lots*, which are in the order of their expiry."""
    days = [lot["until"] for lot in lots if lot["until"] is not None and lot["from"] is None]
    if not days:
        return None
    ending = [lot for lot in lots if lot["until"] == days[0] and lot["from"] is None]
    return {"until": days[0], "points": sum(int(str(lot["points"])) for lot in ending)}


def _lots(tx: Connection, own: OwnTables, customer_id: int) -> Sequence[Row[Any]]:
    lot, cause = own.loyalty.lot, own.loyalty.cause
    query = (
        select(lot, cause.c.kind, cause.c.source_id, cause.c.earner_id)
        .outerjoin(cause, cause.c.cause_id == lot.c.cause_id)
        .where(lot.c.unit == "points", lot.c.customer_id == customer_id, lot.c.remaining != 0)
        # What never expires comes last.
        .order_by(lot.c.expires_at.is_(None), lot.c.expires_at, lot.c.earned_at, lot.c.lot_id)
    )
    return tx.execute(query).all()


def _entries(tx: Connection, own: OwnTables, customer_id: int, limit: int) -> Sequence[Row[Any]]:
    entry, cause = own.loyalty.entry, own.loyalty.cause
    names = ("entry_id", "at", "amount", "shown", "native_id", "written")
    query: Select[Any] = (
        select(
            *(entry.c[name] for name in names),
            entry.c.kind.label("did"),
            *(cause.c[name] for name in ("kind", "source_id", "earner_id", "actor", "reason")),
        )
        .join(cause, cause.c.cause_id == entry.c.cause_id)
        .where(entry.c.unit == "points", entry.c.customer_id == customer_id)
        .order_by(entry.c.entry_id.desc())
        .limit(limit)
    )
    return tx.execute(query).all()


class _Words:
    """Rows of one store's ledger in words."""

    def __init__(self, tx: Connection, own: OwnTables, program: Program, zone: ZoneInfo) -> None:
        self._zone = zone
        # As the program spells them, where it still has them.
        spelled = {fold(rule.name): rule.name for rule in program.earn}
        rows = tx.execute(select(own.loyalty.earner.c.earner_id, own.loyalty.earner.c.name))
        self._rules = {number: spelled.get(name, name) for number, name in rows}

    def lot(self, row: Row[Any]) -> dict[str, Json]:
        """One lot; ``from`` is null where it can be spent, ``until`` where it never expires."""
        is_debt = row.cause_id is None
        return {
            "lot": row.lot_id,
            "points": row.remaining,
            "what": "owed" if is_debt else self._what(row),
            "from": None if row.is_released else self._day(row.available_at),
            "until": self._last_day(row.expires_at),
        }

    def entry(self, row: Row[Any]) -> dict[str, Json]:
        """One entry."""
        earned = row.kind == "earn"
        what = self._what(row)
        if row.did == "release":
            what += ", can be spent"
        elif row.did == "pay":
            what += ", debt paid"
        elif (earned or row.kind == "waive") and row.amount < 0:
            what += ", taken back"
        return {
            "entry": row.entry_id,
            "at": as_json.iso(row.at, self._zone),
            "kind": row.did,
            "cause": row.kind,
            "order": row.source_id if earned else None,
            "what": what,
            "points": row.amount,
            "available": row.shown,
            "reason": row.reason,
            "actor": row.actor,
            "native_row": row.native_id or None,
        }

    def _what(self, row: Row[Any]) -> str:
        if row.kind != "earn":
            return _CAUSES[row.kind].format(row.source_id)
        rule = self._rules.get(row.earner_id, BASE)
        told = {BASE: "", MULTIPLIED: ": multiplied"}.get(rule, f": {rule}")
        return f"order {row.source_id}{told}"

    def _day(self, at: int) -> str | None:
        told = as_json.iso(at, self._zone)
        return told and told[:10]

    def _last_day(self, expires_at: int | None) -> str | None:
        return None if expires_at is None else self._day(expires_at - 1)
