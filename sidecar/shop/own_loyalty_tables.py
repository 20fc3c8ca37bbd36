"""Our own tables about points, store credit, tiers and cards; see `own_tables`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Enum, String, Table, Text
from sqlalchemy.dialects.mysql import BIGINT, INTEGER, MEDIUMTEXT, TINYINT

#: What accounts hold: points, or store credit in ten-thousandths of a currency unit.
UNITS = ("points", "credit")
CAUSE_KINDS = (
    "opening",
    "earn",
    "native",
    "adjust",
    "expire",
    "redeem",
    "issue",
    "waive",
    "restore",
)
TIER_REASONS = ("reached", "missed", "reversed", "locked", "definition")
REDEMPTION_STATES = ("making", "open", "closing", "used", "foreign", "returned")
ISSUE_KINDS = ("refund", "goodwill", "promotion", "gift", "redemption")


@dataclass(frozen=True, slots=True)
class LoyaltyTables:
    """Those tables by name, without the prefix and ``sidecar_``."""

    account: Table
    cause: Table
    lot: Table
    entry: Table
    move: Table
    earner: Table
    program: Table
    rewarded: Table
    tier: Table
    tier_change: Table
    redemption: Table
    issue: Table
    card: Table


def loyalty_tables(table: Callable[..., Table]) -> LoyaltyTables:
    """The tables, made by *table*: name and columns."""
    unsigned = INTEGER(unsigned=True)
    word = BIGINT(unsigned=True)
    return LoyaltyTables(
        account=table(
            "account",
            Column("unit", Enum(*UNITS), primary_key=True),
            Column("customer_id", unsigned, primary_key=True),
            Column("available", BigInteger),
            Column("pending", BigInteger),
            Column("orders_mark", word),
            Column("native_mark", word),
            Column("next_at", BigInteger),
        ),
        cause=table(
            "cause",
            Column("cause_id", word, primary_key=True),
            Column("unit", Enum(*UNITS)),
            Column("customer_id", unsigned),
            Column("kind", Enum(*CAUSE_KINDS)),
            Column("source_id", word),
            Column("earner_id", unsigned),
            Column("posted", BigInteger),
            Column("overruled", TINYINT(unsigned=True)),
            Column("taken", MEDIUMTEXT),
            Column("actor", String(64)),
            Column("reason", String(255)),
            Column("at", BigInteger),
            Column("order_id", unsigned),
        ),
        lot=table(
            "lot",
            Column("lot_id", word, primary_key=True),
            Column("unit", Enum(*UNITS)),
            Column("customer_id", unsigned),
            Column("cause_id", word),
            Column("remaining", BigInteger),
            Column("earned_at", BigInteger),
            Column("available_at", BigInteger),
            Column("expires_at", BigInteger),
            Column("is_released", TINYINT(unsigned=True)),
        ),
        entry=table(
            "entry",
            Column("entry_id", word, primary_key=True),
            Column("unit", Enum(*UNITS)),
            Column("customer_id", unsigned),
            Column("cause_id", word),
            Column("kind", Enum("post", "release", "expire", "pay")),
            Column("amount", BigInteger),
            Column("shown", BigInteger),
            Column("written", BigInteger),
            Column("native_id", unsigned),
            Column("at", BigInteger),
        ),
        move=table(
            "move",
            Column("entry_id", word, primary_key=True, autoincrement=False),
            Column("lot_id", word, primary_key=True, autoincrement=False),
            Column("amount", BigInteger),
        ),
        earner=table(
            "earner",
            Column("earner_id", unsigned, primary_key=True),
            Column("name", String(255)),
        ),
        program=table(
            "program",
            Column("revision", unsigned, primary_key=True),
            Column("fingerprint", String(32)),
            Column("definition", MEDIUMTEXT),
            Column("since", BigInteger),
        ),
        rewarded=table(
            "rewarded",
            Column("order_id", unsigned, primary_key=True, autoincrement=False),
            Column("customer_id", unsigned),
            Column("revision", unsigned),
            Column("qualified_at", BigInteger),
            Column("multiplier", unsigned),
            Column("earners", Text),
            Column("goods", Text),
            Column("placed_at", BigInteger),
            Column("counts", BigInteger),
        ),
        tier=table(
            "tier",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("tier", String(255)),
            Column("since", BigInteger),
            Column("review_at", BigInteger),
            Column("grace_until", BigInteger),
            Column("led_by", unsigned),
            Column("led_from", String(255)),
            Column("metric", BigInteger),
            Column("lock_tier", String(255)),
            Column("lock_until", BigInteger),
            Column("lock_actor", String(64)),
            Column("lock_reason", String(255)),
            Column("next_at", BigInteger),
        ),
        tier_change=table(
            "tier_change",
            Column("change_id", word, primary_key=True),
            Column("customer_id", unsigned),
            Column("at", BigInteger),
            Column("was", String(255)),
            Column("tier", String(255)),
            Column("why", Enum(*TIER_REASONS)),
        ),
        redemption=table(
            "redemption",
            Column("redemption_id", word, primary_key=True),
            Column("customer_id", unsigned),
            Column("command_id", word),
            Column("points", BigInteger),
            Column("value", BigInteger),
            Column("becomes", Enum("coupon", "credit")),
            Column("state", Enum(*REDEMPTION_STATES)),
            Column("code", String(20)),
            Column("coupon_id", unsigned),
            Column("least_order", BigInteger),
            Column("ends_at", BigInteger),
            Column("order_id", unsigned),
            Column("history_id", unsigned),
            Column("used_by", unsigned),
            Column("actor", String(64)),
            Column("reason", String(255)),
            Column("at", BigInteger),
            Column("next_at", BigInteger),
        ),
        issue=table(
            "issue",
            Column("issue_id", word, primary_key=True),
            Column("customer_id", unsigned),
            Column("command_id", word),
            Column("kind", Enum(*ISSUE_KINDS)),
            Column("amount", BigInteger),
            Column("order_id", unsigned),
            Column("expires_at", BigInteger),
            Column("state", Enum("waiting", "issued", "refused")),
            Column("actor", String(64)),
            Column("reason", String(255)),
            Column("decided_by", String(64)),
            Column("decided_reason", String(255)),
            Column("decided_at", BigInteger),
            Column("at", BigInteger),
        ),
        card=table(
            "card",
            Column("number", String(16), primary_key=True),
            Column("customer_id", unsigned),
            Column("issued_at", BigInteger),
            Column("holds", TINYINT(unsigned=True)),
            Column("ended_at", BigInteger),
            Column("actor", String(64)),
            Column("reason", String(255)),
        ),
    )
