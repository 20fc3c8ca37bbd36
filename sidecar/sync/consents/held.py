"""What holds of one consent of somebody, and what is known of the store's flag for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from sidecar.rules.privacy.consent import NEWSLETTER, Standing
from sidecar.shop.shop import Shop
from sidecar.sync.consents.people import Who


@dataclass(frozen=True, slots=True)
class Held:
    """
    Attributes:
        store_id: Of the consent.
        standing: What holds; None: nobody said anything.
        subject: Keyed hash of a guest under which it stands; empty: an account.
        native: The flag in the store as last seen or written; None: it does not show this.
    """

    store_id: int
    standing: Standing | None
    subject: str
    native: int | None


def states(tx: Connection, shop: Shop, who: Who) -> list[Any]:
    """Rows of `sidecar_consent_state`: of the account; of a guest by every hash."""
    table = shop.own.privacy.consent_state
    query = select(table).where(table.c.customer_id == who.customer_id)
    if not who.customer_id:
        query = query.where(table.c.subject.in_(sorted(who.subjects)))
    ordered = query.order_by(table.c.store_id, table.c.channel, table.c.purpose, table.c.at)
    return list(tx.execute(ordered))


def store_of(
    tx: Connection, shop: Shop, who: Who, channel: str, purpose: str, store_id: int | None
) -> int:
    """The store *store_id*; without one that of the flag, if it shows this; else the person's."""
    if store_id is not None:
        return store_id
    if who.customer_id and (channel, purpose) == NEWSLETTER:
        # An account that moved to another store has one flag all the same.
        for row in states(tx, shop, who):
            if row.native is not None:
                return int(row.store_id)
    return who.store_id


def read(
    tx: Connection,
    shop: Shop,
    who: Who,
    channel: str,
    purpose: str,
    store_id: int | None,
    *,
    also_as_guest: bool = True,
) -> Held:
    """
    What holds of one consent of *who*; the store as of `store_of`.

    Args:
        also_as_guest: Also what an account said as a guest, while it said nothing itself.
    """
    store_id = store_of(tx, shop, who, channel, purpose, store_id)
    rows = [
        row
        for row in states(tx, shop, who)
        if (row.store_id, row.channel, row.purpose) == (store_id, channel, purpose)
    ]
    native = _native(tx, shop, who, store_id, channel, purpose)
    if rows:
        # Of a guest there may be a row by each key; the firmest no of them holds.
        standings = standings_of(tx, shop, [row.consent_id for row in rows])
        found = {row.subject: standings[row.consent_id] for row in rows}
        standing = max(found.values(), key=lambda one: (one.firmness, one.at))
        subject = next((one for one in who.subjects if one in found), rows[0].subject)
        return Held(store_id, standing, "" if who.customer_id else subject, native)
    if not who.customer_id:
        return Held(store_id, None, who.subjects[0], native)
    if not also_as_guest:
        return Held(store_id, None, "", native)
    said = as_guests(tx, shop, {who.customer_id: who.subjects}, channel, purpose)
    return Held(store_id, said.get(who.customer_id), "", native)


def _native(
    tx: Connection, shop: Shop, who: Who, store_id: int, channel: str, purpose: str
) -> int | None:
    """What is known of the flag; None: it does not show this consent."""
    if not who.customer_id or (channel, purpose) != NEWSLETTER:
        return None
    for row in states(tx, shop, who):
        if row.native is not None:
            return int(row.native) if row.store_id == store_id else None
    if store_id != who.store_id:
        return None
    customer = shop.tables.customer.c
    flag = select(customer.newsletter).where(customer.customer_id == who.customer_id)
    return int(tx.scalar(flag) == 1)


def standings_of(tx: Connection, shop: Shop, numbers: Iterable[int]) -> dict[int, Standing]:
    """What consents say, by their number."""
    consent = shop.own.privacy.consent.c
    query = select(consent.consent_id, consent.state, consent.source, consent.at)
    rows = tx.execute(query.where(consent.consent_id.in_(sorted(numbers))))
    return {int(number): Standing(state, source, int(at)) for number, state, source, at in rows}


def has_guests(tx: Connection, shop: Shop) -> bool:
    """Whether any guest said anything."""
    table = shop.own.privacy.consent_state
    query = select(table.c.consent_id).where(table.c.customer_id == 0).limit(1)
    return tx.scalar(query) is not None


def as_guests(
    tx: Connection,
    shop: Shop,
    people: Mapping[int, tuple[str, ...]],
    channel: str,
    purpose: str,
) -> dict[int, Standing]:
    """
    The firmest no that customers said as guests, in any store, before they had an account.

    Args:
        people: Customers with the hashes of their addresses.
    """
    table = shop.own.privacy.consent_state
    whose: dict[str, list[int]] = {}
    for customer_id, theirs in people.items():
        for subject in theirs:
            whose.setdefault(subject, []).append(customer_id)
    query = select(table.c.subject, table.c.consent_id).where(
        table.c.customer_id == 0,
        table.c.subject.in_(sorted(whose)),
        table.c.channel == channel,
        table.c.purpose == purpose,
    )
    rows = tx.execute(query).all() if whose else []
    standings = standings_of(tx, shop, [row.consent_id for row in rows])
    found: dict[int, Standing] = {}
    for subject, number in rows:
        standing = standings[number]
        for customer_id in whose[subject]:
            before = found.get(customer_id)
            if standing.firmness and (before is None or standing.firmness > before.firmness):
                found[customer_id] = standing
    return found
