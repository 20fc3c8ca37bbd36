"""One customer's tier, why they are in it and what comes next; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from sidecar.model import MONEY_SCALE
from sidecar.rules.loyalty.program import Tier
from sidecar.shop.shop import Shop
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty.revisions import Revisions
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.loyalty.tier_definition import Definition, held
from sidecar.sync.state import Json

#: What led to a tier, by `sidecar.shop.own_loyalty_tables.TIER_REASONS`.
_WHY: Mapping[str, str] = {
    "reached": "reached by what was earned",
    "missed": "the tier before was missed at its review and in the grace after it",
    "reversed": "the order that led to the tier before was given back",
    "locked": "a person locked it",
    "definition": "the tiers themselves were changed",
}


def read(tx: Connection, shop: Shop, customer_id: int) -> dict[str, Json] | None:
    """
    The tier of *customer_id*: as our tables have it, which a change in the store may not be in
    yet. None where no tiers hold.
    """
    definition = held(tx, shop.own, Revisions(tx, shop.own))
    if definition is None:
        return None
    names: list[Json] = [tier.name for tier in definition.program.tiers]
    table = shop.own.loyalty.tier
    row = tx.execute(select(table).where(table.c.customer_id == customer_id)).one_or_none()
    if row is None:
        base = definition.base
        above = _above(definition, base)
        return {
            "name": None if base is None else base.name,
            "tiers": names,
            "since": None,
            "why": "nothing was earned yet",
            "lock": None,
            "metric": definition.program.metric,
            "counts": as_json.money(0),
            **_missing(above, 0),
            "next_change": None,
            "next_state": None,
            "next_why": "time alone does not change it",
        }
    zone = zone_of(definition.program, shop)
    change = shop.own.loyalty.tier_change
    last = tx.scalar(
        select(change.c.why)
        .where(change.c.customer_id == customer_id, change.c.tier == row.tier)
        .order_by(change.c.change_id.desc())
        .limit(1)
    )
    told: dict[str, Json] = {
        "name": row.tier,
        "tiers": names,
        "since": _at(row.since, zone),
        "why": _why(row, last),
        "lock": _lock(row, zone),
        "metric": definition.program.metric,
        "counts": as_json.money(row.metric),
        **_missing(_above(definition, definition.named(row.tier)), row.metric),
    }
    return {**told, **_next(definition, row, zone)}


def sizes(tx: Connection, shop: Shop) -> list[dict[str, Json]]:
    """Each tier that holds, the lowest first, and how many customers have a row in it."""
    definition = held(tx, shop.own, Revisions(tx, shop.own))
    if definition is None:
        return []
    table = shop.own.loyalty.tier
    query = select(table.c.tier, func.count()).group_by(table.c.tier)
    counted = {row[0]: int(row[1]) for row in tx.execute(query)}
    names = [tier.name for tier in definition.program.tiers]
    others = sorted(name for name in counted if name is not None and name not in names)
    return [{"tier": name, "customers": counted.get(name, 0)} for name in [*names, *others]]


def _above(definition: Definition, tier: Tier | None) -> Tier | None:
    higher = [
        one for one in definition.program.tiers if tier is None or one.threshold > tier.threshold
    ]
    return higher[0] if higher else None


def _missing(above: Tier | None, counts: int) -> dict[str, Json]:
    missing = None if above is None else max(0, above.threshold - counts)
    return {
        "next_tier": None if above is None else above.name,
        "missing": None if missing is None else as_json.money(missing),
    }


def _why(row: Row[Any], last: str | None) -> str:
    if row.lock_tier is not None and row.lock_tier == row.tier:
        return f"locked by {row.lock_actor}: {row.lock_reason}"
    return "nothing more was earned" if last is None else _WHY[last]


def _lock(row: Row[Any], zone: ZoneInfo) -> dict[str, Json] | None:
    if row.lock_tier is None:
        return None
    return {
        "until": None if row.lock_until is None else _at(row.lock_until - 1, zone),
        "actor": row.lock_actor,
        "reason": row.lock_reason,
    }


def _next(definition: Definition, row: Row[Any], zone: ZoneInfo) -> dict[str, Json]:
    """``next_change``, ``next_state`` and ``next_why``, as of anything else that is explained."""
    tier = definition.named(row.tier)
    at, why = None, "time alone does not change it"
    if row.lock_tier is not None:
        at = row.lock_until
        why = "locked until somebody unlocks it"
        if at is not None:
            why = f"locked through {_day(at - 1, zone)}; then it goes by what was earned"
    elif row.grace_until is not None and tier is not None:
        at = row.grace_until
        enough = tier.threshold if tier.keep is None else tier.keep
        why = (
            f"missed at its review: kept through {_day(at - 1, zone)}, and longer from"
            f" {_number(enough)} {_counted(definition)} on"
        )
    elif row.review_at is not None and tier is not None and tier.threshold > 0:
        why = f"reviewed on {_day(row.review_at, zone)}"
    return {"next_change": _at(at, zone), "next_state": None, "next_why": why}


def _counted(definition: Definition) -> str:
    return "points" if definition.program.metric == "points earned" else "spent"


def _number(ten_thousandths: int) -> str:
    whole, rest = divmod(ten_thousandths, MONEY_SCALE)
    return f"{whole:,}" + (f".{rest:04}".rstrip("0") if rest else "")


def _at(at: int | None, zone: ZoneInfo) -> str | None:
    return None if at is None else as_json.iso(at, zone)


def _day(at: int, zone: ZoneInfo) -> str:
    told = as_json.iso(at, zone)
    return "the last day there is" if told is None else told[:10]
