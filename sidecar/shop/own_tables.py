"""
Our own tables as the migrations leave them; a test holds the two against each other.

Times are seconds since 1970 in UTC, money is in ten-thousandths of a currency unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Enum, MetaData, String, Table, Text
from sqlalchemy.dialects.mysql import BIGINT, INTEGER, SMALLINT

#: Words of 64 bits a customer; a tag's slot is below 64 times this.
WORDS = 8

#: The number of tags that can have a bit in the words.
SLOTS = 64 * WORDS

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
        ),
        run=table(
            "run",
            Column("run_id", unsigned, primary_key=True),
            Column("kind", Enum("full", "changed", "command")),
            Column("state", Enum("running", "applied", "interrupted", "failed")),
            Column("actor", String(64)),
            Column("what", String(255)),
            Column("started_at", BigInteger),
            Column("finished_at", BigInteger),
            Column("customers", unsigned),
            Column("changed", unsigned),
            Column("set_aside", unsigned),
            Column("tag_added", unsigned),
            Column("tag_removed", unsigned),
        ),
        audit=table(
            "audit",
            Column("audit_id", word, primary_key=True),
            Column("run_id", unsigned),
            Column("customer_id", unsigned),
            Column("at", BigInteger),
            Column("tags_added", Text),
            Column("tags_removed", Text),
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
    )
