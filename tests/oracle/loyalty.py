"""The oracle's facts of the loyalty program, from our own tables: points, cards and tiers."""

from __future__ import annotations

import datetime
import json
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import Any

from oracle.store import Store

TIER = ("tier", "tier_since", "tier_review", "next_tier", "to_next_tier", "tier_progress")
NAMES = (
    *("points_worth", "points_pending", "points_expiring", "points_expire"),
    *("member_since", "card"),
    *TIER,
)


def kept(
    store: Store, customers: set[int], points_for_one: int | None
) -> dict[int, dict[str, Any]]:
    """
    The facts of all *customers*.

    Args:
        points_for_one: How many points are worth one currency unit; None: there is no program.
    """
    found: dict[int, dict[str, Any]] = {who: dict.fromkeys(NAMES) for who in customers}
    if points_for_one is None:
        return found
    for who, row in found.items():
        row |= {"points_pending": 0, "points_worth": "0.0000", "points_expiring": 0}
        row |= _points(store, who, points_for_one)
        row |= _card(store, who)
    for who, row in _tiers(store, customers).items():
        found[who] |= row
    return found


def _points(store: Store, who: int, points_for_one: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    of = f"unit = 'points' AND customer_id = {who}"
    for available, pending in store.rows(
        f"SELECT available, pending FROM `{{p}}sidecar_account` WHERE {of}"
    ):
        worth = Decimal(available) / points_for_one
        told["points_worth"] = str(worth.quantize(Decimal("0.0001"), ROUND_DOWN))
        if not worth.quantize(Decimal("0.0001"), ROUND_DOWN):
            told["points_worth"] = "0.0000"
        told["points_pending"] = int(pending)
    lots = store.rows(
        f"SELECT expires_at, remaining FROM `{{p}}sidecar_lot` WHERE {of}"
        " AND is_released AND remaining > 0 AND expires_at IS NOT NULL"
    )
    if lots:
        first = min(at for at, _ in lots)
        told["points_expiring"] = int(sum(left for at, left in lots if at == first))
        told["points_expire"] = _shown(store, first - 1)
    return told


def _card(store: Store, who: int) -> dict[str, Any]:
    cards = store.rows(
        f"SELECT number, issued_at, ended_at FROM `{{p}}sidecar_card` WHERE customer_id = {who}"
    )
    entries = store.rows(
        f"SELECT at FROM `{{p}}sidecar_entry` WHERE unit = 'points' AND customer_id = {who}"
    )
    began = [at for _, at, _ in cards] + [at for (at,) in entries]
    holding = [number for number, _, ended in cards if ended is None]
    assert len(holding) <= 1
    return {
        "card": holding[0] if holding else None,
        "member_since": _shown(store, min(began)) if began else None,
    }


def _tiers(store: Store, customers: set[int]) -> dict[int, dict[str, Any]]:
    kept = store.rows("SELECT value FROM `{p}sidecar_state` WHERE name = 'loyalty.tiers'")
    if not kept:
        return {}
    held = json.loads(kept[0][0])
    names = [tier["name"] for tier in held["tiers"]]
    thresholds = [Decimal(tier["threshold"]) / 10_000 for tier in held["tiers"]]
    rows = {
        int(row[0]): row[1:]
        for row in store.rows(
            "SELECT customer_id, tier, since, review_at, metric FROM `{p}sidecar_tier`"
        )
    }
    found: dict[int, dict[str, Any]] = {}
    for who in customers:
        tier, since, review, metric = rows.get(who, (held["base"], None, None, 0))
        told = dict.fromkeys(TIER)
        told |= {
            "tier": tier,
            "tier_since": _shown(store, since),
            "tier_review": _shown(store, review),
        }
        if tier is None or tier in names:
            above = 0 if tier is None else names.index(tier) + 1
            if above < len(names):
                counts, whole = Decimal(metric) / 10_000, thresholds[above]
                lacking = max(Decimal(0), whole - counts)
                told["next_tier"] = names[above]
                told["to_next_tier"] = str(lacking.quantize(Decimal("0.01"), ROUND_CEILING))
                if whole:
                    told["tier_progress"] = int(min(max(counts, Decimal(0)), whole) * 100 / whole)
        found[who] = told
    return found


def _shown(store: Store, at: int | None) -> str | None:
    if at is None:
        return None
    return store.shown(datetime.datetime.fromtimestamp(int(at), datetime.UTC))
