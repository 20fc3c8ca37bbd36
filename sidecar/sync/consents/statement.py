"""What was said about consents, for people: of one person, with the words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from sidecar.shop.shop import Shop
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
