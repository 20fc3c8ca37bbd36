"""What was said about consents, for people: of one person, with the words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.consents import suppression, wording
from sidecar.sync.consents.held import states
from sidecar.sync.consents.people import Who, whose
from sidecar.sync.consents.verifying import Verified
from sidecar.sync.facts import as_json

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def statement(
    tx: Connection, shop: Shop, customer_id: int, subjects: Collection[str] = ()
) -> list[dict[str, Json]]:
    """
    Everything that a person said, the oldest first, with the words that they were shown.

    Args:
        customer_id: Of the account; 0: none.
        subjects: Keyed hashes of their address, for what they said as a guest.
    """
    consent, words = shop.own.privacy.consent, shop.own.privacy.wording
    conditions = []
    if customer_id:
        conditions.append(consent.c.customer_id == customer_id)
    if subjects:
        conditions.append(consent.c.subject.in_(sorted(subjects)))
    if not conditions:
        return []
    query = (
        select(consent, words.c.words.label("shown"))
        .outerjoin(words, words.c.wording == consent.c.wording)
        .where(or_(*conditions))
        .order_by(consent.c.consent_id)
    )
    return [_row(row._mapping, shop.settings.zone) for row in tx.execute(query)]


def of_person(tx: Connection, shop: Shop, who: Who) -> dict[str, Json]:
    """
    What holds of *who*, where nothing may be sent to them, and everything that they said.

    Raises:
        ConfigError: There is no key.
    """
    zone = shop.settings.zone
    suppressed: list[Json] = []
    for channel in ("email", "sms", "telephone"):
        address = who.address(channel)
        entry = suppression.find(tx, shop, channel, address) if address else None
        if entry is not None:
            since = as_json.iso(entry.since, zone)
            suppressed.append({"channel": channel, "reason": entry.reason, "since": since})
    return {
        "customer_id": who.customer_id or None,
        "consents": list(holding(states(tx, shop, who), zone)),
        "suppressed": suppressed,
        "history": statement(tx, shop, who.customer_id, who.subjects),
    }


def of_text(shop: Shop, text: str) -> dict[str, Json]:
    """
    As `of_person`, of whom an id or an e-mail address names.

    Raises:
        UsageError: There is no such customer, or several.
        ConfigError: There is no key.
    """
    who = whose(shop, text)
    with transaction(shop.engine) as tx:
        return of_person(tx, shop, who)


def of_address(shop: Shop, channel: str, address: str) -> dict[str, Json]:
    """
    Whether *address* is on the suppression list.

    Raises:
        ConfigError: There is no key.
    """
    with transaction(shop.engine) as tx:
        entry = suppression.find(tx, shop, channel, address)
    return {
        "channel": channel,
        "suppressed": entry is not None,
        "reason": None if entry is None else entry.reason,
        "since": None if entry is None else as_json.iso(entry.since, shop.settings.zone),
    }


def of_chain(found: Verified) -> dict[str, Json]:
    """What the verifier found."""
    return {
        "whole": not found.found,
        "consents": found.rows,
        "erased": found.erased,
        "states": found.states,
        "found": found.found,
        "first": found.first,
        "problems": [
            {"kind": one.kind, "consent": one.consent_id, "message": one.message}
            for one in found.problems
        ],
    }


def of_wordings(tx: Connection, shop: Shop) -> list[dict[str, Json]]:
    """The words that are kept, the newest first."""
    return [
        {
            "wording": one.wording,
            "words": one.words,
            "locale": one.locale,
            "since": as_json.iso(one.since, shop.settings.zone),
        }
        for one in wording.all_of_them(tx, shop.own)
    ]


def holding(rows: Collection[Any], zone: ZoneInfo) -> Iterator[dict[str, Json]]:
    """What holds, of rows of `sidecar_consent_state`."""
    for row in rows:
        yield {
            "channel": row.channel,
            "purpose": row.purpose,
            "store_id": row.store_id,
            "state": row.state,
            "since": as_json.iso(row.at, zone),
            "consent": row.consent_id,
        }


def _row(row: Mapping[Any, Any], zone: ZoneInfo) -> dict[str, Json]:
    personal = json.loads(row["personal"]) if row["personal"] else {}
    return {
        "consent": row["consent_id"],
        "at": as_json.iso(row["at"], zone),
        "noted_at": as_json.iso(row["noted_at"], zone),
        "channel": row["channel"],
        "purpose": row["purpose"],
        "store_id": row["store_id"],
        "state": row["state"],
        "source": row["source"],
        "evidence": row["evidence"],
        "actor": row["actor"],
        "as": "customer" if row["customer_id"] else "guest",
        "address": personal.get("address"),
        "ip": personal.get("ip"),
        "user_agent": personal.get("user_agent"),
        "locale": personal.get("locale"),
        "words": personal.get("words"),
        "wording": row["wording"],
        "wording_text": row["shown"],
    }
