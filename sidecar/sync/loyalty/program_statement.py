"""What the program of the rules files says, for people. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Connection

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.words import write_number, write_span
from sidecar.rules.loyalty.program import RATE_SCALE, Credit, EarnRule, Program, Tier, Window
from sidecar.rules.loyalty.sentences import earn_sentence, expiry_words, program_sentence
from sidecar.rules.loyalty.sentences import tier_sentence as sentence_of
from sidecar.rules.syntax import Span
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import tier_definition, tier_statement
from sidecar.sync.loyalty.beginning import WAITS
from sidecar.sync.loyalty.posting import BEGUN
from sidecar.sync.loyalty.revisions import Revisions
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.state import Json


def read(tx: Connection, shop: Shop, program: Program, catalogue: Catalogue) -> dict[str, Json]:
    """
    What `loyalty program` says.

    Rates are decimal numbers as text, spans as they are written in the files, money is text in
    the store's currency; null is no limit, or never. ``would_give`` is what it would give as far
    as that was counted, while it waits to begin.
    """
    begun = state.read(tx, shop.own, BEGUN)
    waits = program.start is None and begun is None
    by, at = (begun["by"], begun["at"]) if isinstance(begun, Mapping) else (None, None)
    zone = zone_of(program, shop)
    redeeming = program.redeeming
    return {
        "text": program_sentence(program),
        "start": "all" if program.start is None else program.start.isoformat(),
        "waits": waits,
        "would_give": _would_give(state.read(tx, shop.own, WAITS)) if waits else None,
        "begun_by": by,
        "begun_at": as_json.iso(at, zone) if isinstance(at, int) else None,
        "currency": shop.settings.currency,
        "points_per_unit": _rate(program.per_unit),
        "points_worth_one": program.points_for_one,
        "basis": program.basis,
        "rounding": program.rounding,
        "round_each": program.round_each,
        "statuses": list(program.statuses),
        "pending": write_span(program.pending),
        "expiry": expiry_words(program.expiry),
        "restored": _span(program.restored),
        "most_debt": program.most_debt,
        "stack": program.stack,
        "most_multiplied": None
        if program.most_multiplied is None
        else _rate(program.most_multiplied),
        "timezone": zone.key,
        "tier_metric": program.metric,
        "tier_window": _window(program.window),
        "redeem_least": redeeming.least or program.points_for_one,
        "redeem_share": _rate(redeeming.share),
        "redeem_order_total": as_json.money(redeeming.least_order),
        "redeem_valid": _span(redeeming.valid),
        "cards": program.cards,
        "tiers": _tiers(tx, shop, program),
        "tiers_wait": _tiers_wait(tx, shop, program),
        "earn": [_earn(rule, catalogue) for rule in program.earn],
        "credit": _credit(program.credit),
    }


def _would_give(known: Json) -> dict[str, Json] | None:
    names = ("orders", "customers", "points", "worth", "currency")
    return {name: known[name] for name in names} if isinstance(known, Mapping) else None


def _tiers(tx: Connection, shop: Shop, program: Program) -> list[dict[str, Json]]:
    """Those of the files, the lowest first, with the customers who are in each now."""
    customers = {one["tier"]: one["customers"] for one in tier_statement.sizes(tx, shop)}
    return [_tier(tier, program, customers.get(tier.name, 0)) for tier in program.tiers]


def _tier(tier: Tier, program: Program, customers: Json) -> dict[str, Json]:
    return {
        "name": tier.name,
        "text": sentence_of(tier, program),
        "threshold": _rate(tier.threshold),
        "keep": _rate(tier.threshold if tier.keep is None else tier.keep),
        "multiplier": _rate(tier.multiplier),
        "window": _window(tier.window or program.window),
        "grace": write_span(tier.grace),
        "downgrade": tier.downgrade,
        "benefits": dict(tier.benefits),
        "customers": customers,
    }


def _tiers_wait(tx: Connection, shop: Shop, program: Program) -> bool:
    """Whether others hold until somebody applies these."""
    held = tier_definition.held(tx, shop.own, Revisions(tx, shop.own))
    return held is not None and not tier_definition.is_same(held.program, program)


def _earn(rule: EarnRule, catalogue: Catalogue) -> dict[str, Json]:
    return {
        "name": rule.name,
        "text": earn_sentence(rule, catalogue),
        "when": rule.text,
        "place": f"{rule.file}:{rule.line}",
    }


def _credit(credit: Credit | None) -> dict[str, Json] | None:
    if credit is None:
        return None
    above = credit.approve_above
    return {
        "expiry": _span(credit.expiry),
        "refund_expiry": _span(credit.refund_expiry),
        "approve_above": None if above is None else as_json.money(above),
    }


def _rate(number: int) -> str:
    return write_number(Decimal(number) / RATE_SCALE)


def _span(span: Span | None) -> str | None:
    return None if span is None else write_span(span)


def _window(window: Window) -> str:
    return window if isinstance(window, str) else write_span(window)
