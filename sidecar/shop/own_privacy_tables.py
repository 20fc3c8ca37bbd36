"""Our own tables about requests, erasures, consents and retention; see `own_tables`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Enum, Integer, String, Table, Text
from sqlalchemy.dialects.mysql import BIGINT, INTEGER, MEDIUMBLOB, MEDIUMTEXT, SMALLINT, TINYINT

REQUEST_KINDS = ("access", "erase", "rectify", "restrict", "object_marketing", "object_profiling")
REQUEST_STATES = (
    "unverified",
    "open",
    "waiting",
    "running",
    "done",
    "incomplete",
    "refused",
    "cancelled",
)
#: States of a request that is not answered yet.
UNANSWERED = ("unverified", "open", "waiting", "running")

#: Where an address is needed to reach somebody.
ADDRESS_CHANNELS = ("email", "sms", "telephone", "post", "messenger")
CHANNELS = (*ADDRESS_CHANNELS, "cookie", "processing")
CONSENT_STATES = ("pending", "granted", "withdrawn", "bounced", "complained", "objected")


@dataclass(frozen=True, slots=True)
class PrivacyTables:
    """Those tables by name, without the prefix and ``sidecar_``."""

    privacy_request: Table
    privacy_act: Table
    erasure: Table
    kept: Table
    journal: Table
    suppression: Table
    consent: Table
    consent_state: Table
    wording: Table
    restriction: Table
    legal_hold: Table
    purge: Table
    purge_date: Table
    export: Table
    export_part: Table


def privacy_tables(table: Callable[..., Table]) -> PrivacyTables:
    """The tables, made by *table*: name and columns."""
    unsigned = INTEGER(unsigned=True)
    word = BIGINT(unsigned=True)
    return PrivacyTables(
        privacy_request=table(
            "privacy_request",
            Column("request_id", unsigned, primary_key=True),
            Column("kind", Enum(*REQUEST_KINDS)),
            Column("state", Enum(*REQUEST_STATES)),
            Column("customer_id", unsigned),
            Column("email", String(96)),
            Column("person", String(64)),
            Column("store_id", Integer),
            Column("source", Enum("staff", "native")),
            Column("native_id", unsigned),
            Column("identity", Enum("none", "code", "login", "staff")),
            Column("verified_by", String(64)),
            Column("verified_how", String(255)),
            Column("verified_at", BigInteger),
            Column("actor", String(64)),
            Column("received_at", BigInteger),
            Column("due_at", BigInteger),
            Column("extended_reason", String(255)),
            Column("starts_at", BigInteger),
            Column("decided_by", String(64)),
            Column("decided_reason", String(255)),
            Column("finished_at", BigInteger),
            Column("result", MEDIUMTEXT),
            Column("command_id", word),
            Column("next_at", BigInteger),
        ),
        privacy_act=table(
            "privacy_act",
            Column("act_id", word, primary_key=True),
            Column("request_id", unsigned),
            Column("at", BigInteger),
            Column("actor", String(64)),
            Column("act", String(32)),
            Column("reason", String(255)),
        ),
        erasure=table(
            "erasure",
            Column("erasure_id", word, primary_key=True),
            Column("request_id", unsigned),
            Column("purge_id", unsigned),
            Column("customer_id", unsigned),
            Column("person", String(64)),
            Column("sealed", MEDIUMBLOB),
            Column("stage", Enum("noted", "stopped", "erased", "verified")),
            Column("result", MEDIUMTEXT),
            Column("at", BigInteger),
            Column("finished_at", BigInteger),
        ),
        kept=table(
            "kept",
            Column("name", String(64), primary_key=True),
            Column("row_key", String(191), primary_key=True),
            Column("erasure_id", word),
            Column("purge_at", BigInteger),
        ),
        journal=table(
            "journal",
            Column("entry", String(32), primary_key=True),
            Column("kind", Enum("erasure", "suppression")),
            Column("customer", String(64)),
            Column("address", String(64)),
            Column("channel", String(16)),
            Column("purpose", String(64)),
            Column("reason", String(32)),
            Column("at", BigInteger),
        ),
        suppression=table(
            "suppression",
            Column("channel", Enum(*ADDRESS_CHANNELS), primary_key=True),
            Column("address", String(64), primary_key=True),
            Column("purpose", String(64), primary_key=True),
            Column("reason", Enum("erased", "objected", "complained", "bounced", "withdrawn")),
            Column("since", BigInteger),
            Column("entry", String(32)),
        ),
        consent=table(
            "consent",
            Column("consent_id", word, primary_key=True),
            Column("at", BigInteger),
            Column("noted_at", BigInteger),
            Column("channel", Enum(*CHANNELS)),
            Column("purpose", String(64)),
            Column("store_id", Integer),
            Column("state", Enum(*CONSENT_STATES)),
            Column("source", String(32)),
            Column("evidence", String(32)),
            Column("wording", String(64)),
            Column("customer_id", unsigned),
            Column("subject", String(64)),
            Column("personal", Text),
            Column("salt", String(32)),
            Column("personal_mac", String(64)),
            Column("actor", String(64)),
            Column("key_id", SMALLINT(unsigned=True)),
            Column("previous", String(64)),
            Column("digest", String(64)),
        ),
        consent_state=table(
            "consent_state",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("subject", String(64), primary_key=True),
            Column("store_id", Integer, primary_key=True, autoincrement=False),
            Column("channel", Enum(*CHANNELS), primary_key=True),
            Column("purpose", String(64), primary_key=True),
            Column("state", Enum(*CONSENT_STATES)),
            Column("at", BigInteger),
            Column("consent_id", word),
            Column("native", TINYINT(unsigned=True)),
        ),
        wording=table(
            "wording",
            Column("wording", String(64), primary_key=True),
            Column("words", MEDIUMTEXT),
            Column("locale", String(16)),
            Column("since", BigInteger),
        ),
        restriction=table(
            "restriction",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("kind", Enum("restricted", "no_profiling", "no_marketing"), primary_key=True),
            Column("since", BigInteger),
            Column("actor", String(64)),
            Column("reason", String(255)),
            Column("request_id", unsigned),
        ),
        legal_hold=table(
            "legal_hold",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("since", BigInteger),
            Column("until", BigInteger),
            Column("actor", String(64)),
            Column("reason", String(255)),
        ),
        purge=table(
            "purge",
            Column("purge_id", unsigned, primary_key=True),
            Column("rule", String(255)),
            Column("fingerprint", String(16)),
            Column("state", Enum("waiting", "running", "done", "discarded", "obsolete")),
            Column("planned", BigInteger),
            Column("erased", BigInteger),
            Column("planned_at", BigInteger),
            Column("decided_by", String(64)),
            Column("decided_at", BigInteger),
            Column("finished_at", BigInteger),
            Column("result", MEDIUMTEXT),
        ),
        purge_date=table(
            "purge_date",
            Column("customer_id", unsigned, primary_key=True, autoincrement=False),
            Column("purge_at", BigInteger),
        ),
        export=table(
            "export",
            Column("export_id", word, primary_key=True),
            Column("request_id", unsigned),
            Column("file", String(191)),
            Column("salt", String(32)),
            Column("bytes", word),
            Column("sha256", String(64)),
            Column("made_at", BigInteger),
            Column("ends_at", BigInteger),
            Column("told_at", BigInteger),
            Column("deleted_at", BigInteger),
        ),
        export_part=table(
            "export_part",
            Column("command_id", word, primary_key=True, autoincrement=False),
            Column("part", unsigned, primary_key=True, autoincrement=False),
            Column("bytes", MEDIUMBLOB),
            Column("ends_at", BigInteger),
        ),
    )
