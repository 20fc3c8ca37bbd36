"""
Facts of the loyalty program: what our own tables hold of accounts, cards and tiers.

As the last look left them: it comes before every cycle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import cast, func, select
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.errors import CustomerError
from sidecar.model import MONEY_SCALE
from sidecar.rules.catalogue import PROGRAM_FACTS
from sidecar.rules.loyalty.program import RATE_SCALE
from sidecar.sync import state
from sidecar.sync.reading import TEXT, WHOLE, Reading

#: In ``sidecar_state``: the tiers that hold; nothing without a program.
TIERS = "loyalty.tiers"

_ACCOUNT = frozenset({"points_pending", "points_worth"})
_EXPIRY = frozenset({"points_expiring", "points_expire"})
_TIER = frozenset(
    {"tier", "tier_since", "tier_review", "next_tier", "to_next_tier", "tier_progress"}
)
_TEXTS = frozenset({"card", "tier", "next_tier"})

FACTS = PROGRAM_FACTS

#: Parts of a whole that a fact of two decimals is kept in.
_HUNDREDTHS = 100


def missing(facts: Collection[str]) -> list[pl.Expr]:
    """Each of *facts*, of `FACTS`, as it is where there is no program."""
    return [pl.lit(None, TEXT if fact in _TEXTS else WHOLE).alias(fact) for fact in sorted(facts)]


def load(
    reading: Reading, facts: Collection[str], customers: pl.DataFrame, points_for_one: int
) -> pl.DataFrame:
    """
    ``customer_id`` and *facts*, of `FACTS`, of all *customers*.

    Args:
        customers: ``customer_id``.
        points_for_one: How many points are worth one currency unit.

    Raises:
        CustomerError: What a customer's points are worth does not fit 64 bits.
    """
    wanted, found = set(facts), customers.select("customer_id")
    if wanted & _ACCOUNT:
        found = _joined(found, _account(reading, points_for_one))
        found = found.with_columns(pl.col(*sorted(_ACCOUNT)).fill_null(0))
    if wanted & _EXPIRY:
        found = _joined(found, _expiry(reading))
        found = found.with_columns(pl.col("points_expiring").fill_null(0))
    if "card" in wanted:
        found = _joined(found, _cards(reading))
    if "member_since" in wanted:
        found = _joined(found, _since(reading))
    if wanted & _TIER:
        found = _with_tiers(reading, found)
    return found.select("customer_id", *sorted(wanted))


def _joined(frame: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    return frame.join(part, on="customer_id", how="left", maintain_order="left")


# -- points --------------------------------------------------------------------------------


def _account(reading: Reading, points_for_one: int) -> pl.DataFrame:
    account = reading.shop.own.loyalty.account
    names = ("customer_id", "available", "pending")
    query = select(*(account.c[name] for name in names)).where(
        account.c.unit == "points", reading.of(account.c.customer_id)
    )
    rows = reading.rows(query, dict.fromkeys(names, WHOLE))
    beyond = rows.filter(pl.col("available").abs() > (2**63 - 1) // MONEY_SCALE)
    for who in beyond["customer_id"].sort().head(1).to_list():
        raise CustomerError(f"points_worth of customer {who} is more than 64 bits hold")
    # What is left over is dropped, of what is owed too.
    worth = pl.col("available").abs() * MONEY_SCALE // points_for_one
    return rows.select(
        "customer_id",
        points_pending="pending",
        points_worth=pl.when(pl.col("available") < 0).then(-worth).otherwise(worth),
    )


def _expiry(reading: Reading) -> pl.DataFrame:
    """What of each customer's released lots expires first."""
    lot = reading.shop.own.loyalty.lot
    query = (
        select(
            lot.c.customer_id,
            lot.c.expires_at,
            cast(func.sum(lot.c.remaining), INTEGER).label("points_expiring"),
        )
        .where(
            lot.c.unit == "points",
            reading.of(lot.c.customer_id),
            lot.c.is_released == 1,
            lot.c.remaining > 0,
            lot.c.expires_at.is_not(None),
        )
        .group_by(lot.c.customer_id, lot.c.expires_at)
    )
    schema = dict.fromkeys(("customer_id", "expires_at", "points_expiring"), WHOLE)
    rows = reading.rows(query, schema).sort("customer_id", "expires_at")
    first = rows.unique("customer_id", keep="first", maintain_order=True)
    # The last second of the last day: the day is the same as people are told.
    return first.select("customer_id", "points_expiring", points_expire=pl.col("expires_at") - 1)


# -- cards ---------------------------------------------------------------------------------


def _cards(reading: Reading) -> pl.DataFrame:
    card = reading.shop.own.loyalty.card
    query = select(card.c.customer_id, card.c.number.label("card")).where(
        reading.of(card.c.customer_id), card.c.holds == 1
    )
    return reading.rows(query, {"customer_id": WHOLE, "card": TEXT})


def _since(reading: Reading) -> pl.DataFrame:
    """When the first entry was made, or the first card issued."""
    entry, card = reading.shop.own.loyalty.entry, reading.shop.own.loyalty.card
    # Entries are numbered as they come, and the index knows each customer's first number.
    first = (
        select(entry.c.customer_id, func.min(entry.c.entry_id).label("entry_id"))
        .where(entry.c.unit == "points", reading.of(entry.c.customer_id))
        .group_by(entry.c.customer_id)
        .subquery()
    )
    of_entries = select(entry.c.customer_id, entry.c.at.label("member_since")).join(
        first, first.c.entry_id == entry.c.entry_id
    )
    of_cards = (
        select(card.c.customer_id, func.min(card.c.issued_at).label("member_since"))
        .where(reading.of(card.c.customer_id))
        .group_by(card.c.customer_id)
    )
    schema = {"customer_id": WHOLE, "member_since": WHOLE}
    rows = pl.concat([reading.rows(of_entries, schema), reading.rows(of_cards, schema)])
    return rows.group_by("customer_id").agg(pl.col("member_since").min())


# -- tiers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tiers:
    """
    The tiers that hold, the lowest first.

    Attributes:
        thresholds: In ten-thousandths of what the metric counts.
        base: Of who has no row; None: in none.
    """

    names: list[str]
    thresholds: list[int]
    base: str | None


def _with_tiers(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    tiers = _tiers(reading)
    if tiers is None:
        return frame.with_columns(missing(_TIER))
    found = _joined(frame, _rows(reading).with_columns(has_row=True))
    tier = pl.when(pl.col("has_row")).then("tier").otherwise(pl.lit(tiers.base, TEXT))
    above = {name: place + 1 for place, name in enumerate(tiers.names)}
    # Who is in none has all of them above; a name that is none of theirs has nothing.
    place = (
        pl.when(tier.is_null())
        .then(pl.lit(0, WHOLE))
        .otherwise(tier.replace_strict(above, default=None, return_dtype=WHOLE))
    )
    found = found.with_columns(tier.alias("tier"), pl.col("metric").fill_null(0), place=place)
    found = found.with_columns(
        next_tier=_at(pl.Series(tiers.names, dtype=TEXT)),
        threshold=_at(pl.Series(tiers.thresholds, dtype=WHOLE)),
    )
    lacking = (pl.col("threshold") - pl.col("metric")).clip(lower_bound=0)
    part, whole = RATE_SCALE // _HUNDREDTHS, pl.col("threshold")
    reached = pl.min_horizontal(pl.col("metric").clip(lower_bound=0), whole)
    return found.with_columns(
        # Rounded up: with less than this it is not reached.
        to_next_tier=(lacking + (part - 1)) // part,
        tier_progress=pl.when(whole > 0).then(reached * 100 // whole),
    )


def _at(values: pl.Series) -> pl.Expr:
    """That of *values* which stands at ``place``; null beyond their end."""
    by_place = dict(enumerate(values.to_list()))
    return pl.col("place").replace_strict(by_place, default=None, return_dtype=values.dtype)


def _rows(reading: Reading) -> pl.DataFrame:
    table = reading.shop.own.loyalty.tier
    query = select(
        table.c.customer_id,
        table.c.tier,
        table.c.since.label("tier_since"),
        table.c.review_at.label("tier_review"),
        table.c.metric,
    ).where(reading.of(table.c.customer_id))
    numbers = ("tier_since", "tier_review", "metric")
    return reading.rows(
        query, {"customer_id": WHOLE, "tier": TEXT, **dict.fromkeys(numbers, WHOLE)}
    )


def _tiers(reading: Reading) -> _Tiers | None:
    kept: Any = state.read(reading.tx, reading.shop.own, TIERS)
    if not isinstance(kept, Mapping):
        return None
    return _Tiers(
        names=[tier["name"] for tier in kept["tiers"]],
        thresholds=[tier["threshold"] for tier in kept["tiers"]],
        base=kept["base"],
    )
