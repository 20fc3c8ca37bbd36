"""Tables are read whole in blocks of their keys, whatever the keys are of."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import pytest

from sidecar.privacy import short_reads
from sidecar.privacy.live_schema import read_live_schema
from sidecar.privacy.short_reads import ShortReads
from sidecar.shop.database import transaction
from support.small_store import SmallStore

#: Definitions of a key, and some values for each of its columns.
KEYS: dict[str, tuple[str, list[Sequence[object]]]] = {
    "a number": ("`a` int, PRIMARY KEY (`a`)", [range(-9, 40)]),
    "two numbers": ("`a` int, `b` int, PRIMARY KEY (`a`, `b`)", [range(7), range(7)]),
    "a word that is not in the order of letters": (
        "`a` enum('sms','email','it''s, (a) \\\\ \"b','a'), `b` int, PRIMARY KEY (`a`, `b`)",
        [("sms", "email", "it's, (a) \\ \"b", "a"), range(12)],
    ),
    "a word at the end": (
        "`a` int, `b` enum('z','y','a'), PRIMARY KEY (`a`, `b`)",
        [range(12), ("z", "y", "a")],
    ),
    "texts": (
        "`a` varchar(9), `b` varchar(9), PRIMARY KEY (`a`, `b`)",
        [("", "%", "_", "'", "é", "😀", "B", "a"), ("", "x", "'")],
    ),
    "none": ("`a` int", [range(30)]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_row_is_read_once(
    store: SmallStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition, values = KEYS[kind]
    rows = list(itertools.product(*values))
    monkeypatch.setattr(short_reads, "_FIRST_ROWS", 2)
    monkeypatch.setattr(short_reads, "_FEWEST_ROWS", 2)
    monkeypatch.setattr("sidecar.shop.key_blocks.MOST_ROWS", 5)
    given, shop = store.given, store.sidecar.shop
    given.execute(f"CREATE TABLE `oc_acme` ({definition}) DEFAULT CHARSET=utf8mb4")
    try:
        for row in rows:
            store.rows(f"INSERT INTO `oc_acme` VALUES ({', '.join(['%s'] * len(row))})", *row)
        given.connection.commit()
        with transaction(shop.engine) as tx:
            live = read_live_schema(tx, shop.engine.url.database or "", "oc_")["acme"]
        reads = ShortReads(shop)
        columns = list(reads.sql(live).c)
        blocks = list(reads.blocks(live, live.key, columns))
    finally:
        given.execute("DROP TABLE `oc_acme`")

    assert Counter(tuple(row) for block in blocks for row in block) == Counter(rows)
    assert len(blocks) > 2
