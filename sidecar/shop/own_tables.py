"""
Our own tables as the migrations leave them; a test holds the two against each other.

Times are seconds since 1970 in UTC, money is in ten-thousandths of a currency unit.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Enum, MetaData, String, Table, Text
from sqlalchemy.dialects.mysql import (
    BIGINT,
    INTEGER,
    MEDIUMBLOB,
    MEDIUMTEXT,
    SMALLINT,
    TINYINT,
)

from sidecar.shop.own_loyalty_tables import LoyaltyTables, loyalty_tables
from sidecar.shop.own_privacy_tables import PrivacyTables, privacy_tables

#: Words of 64 bits a customer; a tag's slot is below 64 times this.
WORDS = 8

#: The number of tags that can have a bit in the words.
SLOTS = 64 * WORDS

#: The same of segments.
SEGMENT_WORDS = 4
SEGMENT_SLOTS = 64 * SEGMENT_WORDS

#: Rungs of the ladder have one word.
RUNG_SLOTS = 64

RUN_KINDS = ("full", "changed", "command", "clock", "limits", "undo")
RUN_STATES = (
    "running",
    "applied",
    "interrupted",
    "failed",
    "waiting",
    "discarded",
    "undone",
    "obsolete",
)
SOURCE_KINDS = ("rule", "pin_in", "pin_out", "import", "api", "workflow", "merge")


@dataclass(frozen=True, slots=True)
class OwnTables:
    """Our tables, each named without ``{prefix}sidecar_``."""

    metadata: MetaData
    customer: Table
    purchase: Table
    tag: Table
    assertion: Table
    run: Table
    audit: Table
    set_aside: Table
    rfm_limits: Table
    pin: Table
    rule: Table
    segment: Table
    member: Table
    segment_change: Table
    segment_size: Table
    run_rule: Table
    audit_pin: Table
    command: Table
    hint: Table
    source: Table
    block: Table
    finding: Table
    selection: Table
    figure: Table
    state: Table
    intent: Table
    loyalty: LoyaltyTables
    privacy: PrivacyTables


@functools.cache
def own_tables(prefix: str) -> OwnTables:
    """Our tables in a database where the store's begin with *prefix*."""
    metadata = MetaData()

    def table(name: str, *columns: Column[Any]) -> Table:
        return Table(f"{prefix}sidecar_{name}", metadata, *columns)

    unsigned = INTEGER(unsigned=True)
    word = BIGINT(unsigned=True)
    return OwnTables(
        metadata=metadata,
        customer=table(
            "customer",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("orders", unsigned),
            Column("total_spent", BigInteger),
            Column("last_order_at", BigInteger),
            Column("registered_at", BigInteger),
            Column("purchases_mark", word),
            Column("other_assertions", SMALLINT(unsigned=True)),
            *(Column(f"verdict{index}", word) for index in range(WORDS)),
            *(Column(f"tags{index}", word) for index in range(WORDS)),
            *(Column(f"segment_verdict{index}", word) for index in range(SEGMENT_WORDS)),
            *(Column(f"segments{index}", word) for index in range(SEGMENT_WORDS)),
            Column("rungs", word),
            Column("group_id", unsigned),
            Column("group_before", unsigned),
            Column("group_since", BigInteger),
            Column("ceased_at", BigInteger),
            Column("group_hold", TINYINT(unsigned=True)),
            Column("outside_at", BigInteger),
            Column("outside_wanted", unsigned),
            Column("moved_from", unsigned),
            Column("moved_at", BigInteger),
            Column("stale_at", BigInteger),
            Column("pins", SMALLINT(unsigned=True)),
            Column("next_at", BigInteger),
        ),
        purchase=table(
            "purchase",
            Column("customer_id", unsigned, primary_key=True),
            Column("product_id", unsigned, primary_key=True),
        ),
        tag=table(
            "tag",
            Column("tag_id", unsigned, primary_key=True),
            Column("name", String(64)),
            Column("name_key", String(255)),
            Column("slot", SMALLINT(unsigned=True)),
            Column("colour", String(7)),
            Column("description", String(255)),
            Column("customers", unsigned),
            Column("created_at", BigInteger),
            Column("archived_at", BigInteger),
            Column("merged_into", unsigned),
        ),
        assertion=table(
            "assertion",
            Column("customer_id", unsigned, primary_key=True),
            Column("tag_id", unsigned, primary_key=True),
            Column("source_kind", Enum(*SOURCE_KINDS), primary_key=True),
            Column("source_id", unsigned, primary_key=True),
            Column("since", BigInteger),
            Column("until", BigInteger),
            Column("actor", String(64)),
            Column("reason", String(255)),
            Column("requalify", TINYINT(unsigned=True)),
        ),
        run=table(
            "run",
            Column("run_id", unsigned, primary_key=True),
            Column("kind", Enum(*RUN_KINDS)),
            Column("state", Enum(*RUN_STATES)),
            Column("actor", String(64)),
            Column("what", String(255)),
            Column("started_at", BigInteger),
            Column("finished_at", BigInteger),
            Column("customers", unsigned),
            Column("changed", unsigned),
            Column("set_aside", unsigned),
            Column("tag_added", unsigned),
            Column("tag_removed", unsigned),
            Column("segment_entered", unsigned),
            Column("segment_left", unsigned),
            Column("group_changed", unsigned),
            Column("tier_changed", unsigned),
            Column("renewed_at", BigInteger),
            Column("decided_by", String(64)),
            Column("decided_at", BigInteger),
            Column("undoes", unsigned),
        ),
        audit=table(
            "audit",
            Column("audit_id", word, primary_key=True),
            Column("run_id", unsigned),
            Column("customer_id", unsigned),
            Column("at", BigInteger),
            Column("tags_added", Text),
            Column("tags_removed", Text),
            Column("asserted", Text),
            Column("retracted", Text),
            Column("group_from", unsigned),
            Column("group_to", unsigned),
            Column("group_why", TINYINT(unsigned=True)),
        ),
        set_aside=table(
            "set_aside",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("at", BigInteger),
            Column("times", unsigned),
            Column("error", String(500)),
        ),
        rfm_limits=table(
            "rfm_limits",
            Column("limits_id", unsigned, primary_key=True),
            Column("day", Date),
            Column("computed_at", BigInteger),
            Column("recency", Text),
            Column("frequency", Text),
            Column("monetary", Text),
            Column("top", Text),
        ),
        pin=table(
            "pin",
            Column("customer_id", unsigned, primary_key=True),
            Column("kind", Enum("segment", "group"), primary_key=True),
            Column("target_id", unsigned, primary_key=True),
            Column("direction", Enum("in", "out")),
            Column("since", BigInteger),
            Column("until", BigInteger),
            Column("requalify", TINYINT(unsigned=True)),
            Column("actor", String(64)),
            Column("reason", String(255)),
        ),
        rule=table(
            "rule",
            Column("rule_id", unsigned, primary_key=True),
            Column("kind", Enum("tag", "segment", "group", "ladder")),
            Column("name", String(255)),
            Column("name_key", String(255)),
            Column("origin", Enum("file", "admin", "builtin")),
            Column("definition", Text),
            Column("position", INTEGER),
            Column("fingerprint", String(16)),
            Column("settled", String(16)),
            Column("held", String(16)),
            Column("held_at", BigInteger),
            Column("held_by", unsigned),
            Column("actor", String(64)),
            Column("changed_at", BigInteger),
        ),
        segment=table(
            "segment",
            Column("segment_id", unsigned, primary_key=True),
            Column("name", String(255)),
            Column("name_key", String(255)),
            Column("slot", SMALLINT(unsigned=True)),
            Column("customers", unsigned),
            Column("baseline_at", BigInteger),
            Column("listed", TINYINT(unsigned=True)),
            Column("gone_at", BigInteger),
            Column("origin", Enum("file", "admin", "builtin")),
        ),
        member=table(
            "member",
            Column("segment_id", unsigned, primary_key=True),
            Column("customer_id", unsigned, primary_key=True),
            Column("since", BigInteger),
        ),
        segment_change=table(
            "segment_change",
            Column("change_id", word, primary_key=True),
            Column("segment_id", unsigned),
            Column("customer_id", unsigned),
            Column("at", BigInteger),
            Column("entered", TINYINT(unsigned=True)),
        ),
        segment_size=table(
            "segment_size",
            Column("segment_id", unsigned, primary_key=True),
            Column("day", Date, primary_key=True),
            Column("customers", unsigned),
        ),
        run_rule=table(
            "run_rule",
            Column("run_id", unsigned, primary_key=True),
            Column("rule_id", unsigned, primary_key=True),
            Column("fingerprint", String(16)),
            Column("changes", unsigned),
        ),
        audit_pin=table(
            "audit_pin",
            Column("run_id", unsigned, primary_key=True),
            Column("customer_id", unsigned, primary_key=True),
            Column("before", MEDIUMTEXT),
            Column("after", MEDIUMTEXT),
        ),
        command=table(
            "command",
            Column("command_id", word, primary_key=True),
            Column("name", String(64)),
            Column("parameters", MEDIUMTEXT),
            Column("actor", String(64)),
            Column("idempotency_key", String(64)),
            Column("state", Enum("new", "running", "done", "waiting", "failed")),
            Column("created_at", BigInteger),
            Column("started_at", BigInteger),
            Column("finished_at", BigInteger),
            Column("done", unsigned),
            Column("total", unsigned),
            Column("answer", MEDIUMTEXT),
            Column("error", Text),
            Column("exit_code", SMALLINT(unsigned=True)),
        ),
        hint=table(
            "hint",
            Column("hint_id", word, primary_key=True),
            Column("customer_id", unsigned),
            Column("reason", String(64)),
            Column("actor", String(64)),
            Column("at", BigInteger),
        ),
        source=table(
            "source",
            Column("name", String(32), primary_key=True),
            Column("seq", word),
            Column("epoch", word),
            Column("position", MEDIUMTEXT),
            Column("at", BigInteger),
        ),
        block=table(
            "block",
            Column("source", String(32), primary_key=True),
            Column("block", unsigned, primary_key=True, autoincrement=False),
            Column("numbers", unsigned),
            Column("crc_xor", word),
            Column("crc_sum", word),
            Column("rows_read", MEDIUMBLOB),
            Column("changed_at", BigInteger),
        ),
        finding=table(
            "finding",
            Column("finding_id", unsigned, primary_key=True),
            Column("kind", String(64)),
            Column("subject", String(191)),
            Column("message", String(500)),
            Column("first_at", BigInteger),
            Column("last_at", BigInteger),
            Column("times", unsigned),
            Column("mended_at", BigInteger),
            Column("told_at", BigInteger),
        ),
        selection=table(
            "selection",
            Column("selection_id", word, primary_key=True, autoincrement=False),
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
        ),
        figure=table(
            "figure",
            Column("day", Date, primary_key=True),
            Column("figure", String(32), primary_key=True),
            Column("name", String(255), primary_key=True),
            Column("customers", unsigned),
            Column("amount", BigInteger),
            Column("at", BigInteger),
        ),
        state=table(
            "state",
            Column("name", String(64), primary_key=True),
            Column("value", Text),
            Column("at", BigInteger),
        ),
        intent=table(
            "intent",
            Column("intent_id", word, primary_key=True),
            Column("done", word),
            Column("moves", MEDIUMTEXT),
        ),
        loyalty=loyalty_tables(table),
        privacy=privacy_tables(table),
    )
