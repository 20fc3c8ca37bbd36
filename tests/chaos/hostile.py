"""Rows that nobody sane would write."""

from __future__ import annotations

import random
from typing import Any

from chaos.bed import CUSTOMERS, Bed, Found
from sidecar import clock

TEXTS = (
    "'; DROP TABLE oc_customer; -- ",
    "<script>alert(1)</script>",
    "\x00\x01\x1b[31m",
    "\u202etxt.exe\u202c \u0645\u0631\u062d\u0628\u0627",
    "\U0001f9fe\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "%s %d {0} ${x} `x` \\",
    "\r\nX-Header: y",
    "a" * 30,
)

#: Longer than a packet of the protocol, and than OpenCart's column would take.
COMMENT_BYTES = 16 * 1024 * 1024 + 100


def write_hostile_rows(bed: Bed, times: int, seed: int) -> Found:
    """Injections, NUL, emoji, bytes of another character set, zero dates, 16 MB, no customer."""
    chance, found = random.Random(seed), Found()
    given = bed.connect(autocommit=True)
    given.execute("ALTER TABLE oc_order ADD comment LONGTEXT, ADD firstname VARCHAR(32)")
    given.execute("ALTER TABLE oc_address MODIFY city VARCHAR(128) CHARACTER SET latin1 NOT NULL")
    life = bed.leads("only the log")
    with bed.load(seed) as load:
        for _ in range(times):
            somebody = chance.randint(1, CUSTOMERS)
            orders: list[dict[str, Any]] = [
                {"comment": "x" * COMMENT_BYTES},
                {"date_added": "0000-00-00 00:00:00", "date_modified": "0000-00-00 00:00:00"},
                {"date_added": "2024-02-31 25:00:00"[:10]},
                {"total": "-99999999.9999"},
                {"total": "99999999999.9999"},
                {"customer_id": 0},
                {"customer_id": 4_000_000},
                *({"firstname": text, "comment": text} for text in TEXTS),
            ]
            for columns in orders:
                given.order(somebody, **columns)
                found.counts["hostile orders"] += 1
            for text in TEXTS:
                where = {"customer_id": chance.randint(1, CUSTOMERS)}
                given.update("customer", where, firstname=text, telephone=text[:32])
                found.counts["hostile customers"] += 1
            address = given.address(somebody, country=81)
            given.execute("UPDATE oc_address SET city = 0x81E4 WHERE address_id = %s", address)
            where = {"customer_id": somebody}
            given.update(
                "customer", where, custom_field='{"1": [', date_added="0000-00-00 00:00:00"
            )
            clock.sleep(0.2)
    given.connection.close()
    found.of_load(load)
    bed.ends_well(found, life)
    rows = bed.rows("SELECT COUNT(*) AS n FROM oc_sidecar_set_aside")
    found.counts["customers set aside"] = rows[0]["n"]
    return found
