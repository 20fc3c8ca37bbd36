"""Cards as people and programs are told of them. Nothing is written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import cards
from sidecar.sync.loyalty.cards import Card
from sidecar.sync.state import Json


def of_number(tx: Connection, shop: Shop, text: str) -> dict[str, Json]:
    """
    What `card.find` says of the number *text*.

    ``state``: ``holds``; ``ended``, when another one took its place; ``unknown``, when it could
    be one of a card and none has it; ``mistyped``, when none can have it, and ``problem`` why.
    """
    found = cards.find(tx, shop.own, text)
    if found.card is None:
        return _told(shop, found.state, None, [], problem=found.problem)
    every = cards.history(tx, shop.own, found.card.customer_id)
    return _told(shop, found.state, found.card, every)


def of_customer(tx: Connection, shop: Shop, customer_id: int) -> dict[str, Json]:
    """The same of the card of *customer_id*; ``state`` is ``holds``, or ``none``."""
    every = cards.history(tx, shop.own, customer_id)
    holding = every[0] if every and every[0].ended_at is None else None
    state = "none" if holding is None else "holds"
    return {**_told(shop, state, holding, every), "customer_id": customer_id}


def told(card: Card, zone: ZoneInfo) -> dict[str, Json]:
    """One card."""
    return {
        "number": card.number,
        "issued": as_json.iso(card.issued_at, zone),
        "ended": None if card.ended_at is None else as_json.iso(card.ended_at, zone),
        "actor": card.actor,
        "reason": card.reason,
    }


def _told(
    shop: Shop, state: str, card: Card | None, every: list[Card], *, problem: str = ""
) -> dict[str, Json]:
    holding = next((one.number for one in every if one.ended_at is None), None)
    return {
        "state": state,
        "problem": problem or None,
        "number": None if card is None else card.number,
        "customer_id": None if card is None else card.customer_id,
        "holds": holding,
        "cards": [told(one, shop.settings.zone) for one in every],
    }
