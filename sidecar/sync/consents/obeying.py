"""After a restore: consents of accounts whose address is on the suppression list end again."""

from __future__ import annotations

from typing import Final, cast

from sqlalchemy import select

from sidecar.model import Moment, Scope
from sidecar.rules.privacy.consent import State
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync.consents import newsletter, people, recording, suppression
from sidecar.sync.ranges import RANGE, ranges
from sidecar.sync.reading import TEXT, WHOLE, Reading, in_utf8

#: Channels with an address that the account has, and its column.
_COLUMNS: Final = {"email": "email", "sms": "telephone", "telephone": "telephone"}

#: Who is said to have done it.
_ACTOR: Final = "sidecar"


def obey(shop: Shop, moment: Moment, size: int = RANGE) -> int:
    """
    End what is granted, or asked for, to addresses that are on the list.

    Each person is brought in line by themselves: whoever is interrupted does it again.

    Returns:
        How many consents ended.

    Raises:
        ConfigError: There is no key.
    """
    ended = 0
    for channel in _COLUMNS:
        with transaction(shop.engine) as tx:
            if suppression.is_empty(tx, shop.own, channel):
                continue
        for scope in ranges(shop, size):
            for customer_id, entry in _listed(shop, scope, channel, moment).items():
                ended += _end(shop, customer_id, channel, entry, moment)
    return ended


def _listed(shop: Shop, scope: Scope, channel: str, moment: Moment) -> dict[int, suppression.Entry]:
    """Customers of *scope* with such a consent whose address is on the list for any purpose."""
    held, customer = shop.own.privacy.consent_state, shop.tables.customer
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, scope, moment)
        granted = select(held.c.customer_id).where(
            reading.of(held.c.customer_id),
            held.c.channel == channel,
            held.c.state.in_(("granted", "pending")),
        )
        ids = reading.rows(granted.distinct(), {"customer_id": WHOLE})["customer_id"].to_list()
        address = in_utf8(customer.c[_COLUMNS[channel]]).label("address")
        query = select(customer.c.customer_id, address)
        schema = {"customer_id": WHOLE, "address": TEXT}
        frame = reading.rows_at(query, schema, customer.c.customer_id, ids)
        whose = {number: unescape(text or "").strip() for number, text in frame.iter_rows()}
        entries = suppression.among(tx, shop, channel, set(whose.values()) - {""})
    return {number: entries[text] for number, text in whose.items() if text in entries}


def _end(
    shop: Shop, customer_id: int, channel: str, entry: suppression.Entry, moment: Moment
) -> int:
    state = "objected" if entry.reason == "erased" else entry.reason
    with transaction(shop.engine) as tx:
        ended = recording.lower_channel(
            tx,
            shop,
            people.account(tx, shop, customer_id),
            channel,
            cast("State", state),
            actor=_ACTOR,
            reason="on the suppression list",
            at=entry.since,
            moment=moment,
        )
    newsletter.bring(shop, Scope.of([customer_id]), moment)
    return ended
