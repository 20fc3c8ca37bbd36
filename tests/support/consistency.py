"""Our tables held against each other: segments, pins, the ladder's memory, when to look again."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from sidecar.shop.own_tables import SEGMENT_WORDS


class Rows(Protocol):
    """Something that reads rows; ``{own}`` stands for the prefix of our tables."""

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """What *query* selects."""


def hold(store: Rows, now: int, prefix: str, *, seen: bool = True) -> None:
    """
    Hold everything but tags, which are the matter of `SmallStore.verify`.

    Args:
        now: UTC epoch seconds.
        prefix: Of the store's tables.
        seen: Everybody was looked at since there is a ladder, or since there is none, and
            since the last pause.
    """
    customers = {row["customer_id"]: row for row in store.rows("SELECT * FROM `{own}customer`")}
    pins = store.rows("SELECT * FROM `{own}pin`")
    counted = Counter(pin["customer_id"] for pin in pins)
    for customer, row in customers.items():
        assert (row["pins"] or 0) == counted[customer], (customer, row["pins"])
    _segments(store, customers, [pin for pin in pins if pin["until"] is None or pin["until"] > now])
    _next(store, customers, pins, now)
    if seen:
        _groups(store, customers, prefix)


def _slots(row: dict[str, Any], kind: str) -> set[int]:
    bits = sum((row[f"{kind}{word}"] or 0) << 64 * word for word in range(SEGMENT_WORDS))
    return {slot for slot in range(64 * SEGMENT_WORDS) if bits >> slot & 1}


def _segments(
    store: Rows, customers: dict[int, dict[str, Any]], live: list[dict[str, Any]]
) -> None:
    segments = store.rows("SELECT * FROM `{own}segment` WHERE slot IS NOT NULL")
    members = {c: _slots(row, "segments") for c, row in customers.items()}
    verdict = {c: _slots(row, "segment_verdict") for c, row in customers.items()}
    known = {segment["slot"] for segment in segments}
    rows = store.rows("SELECT segment_id AS s, customer_id AS c FROM `{own}member`")
    listed = {(row["s"], row["c"]) for row in rows}
    last = {
        (row["segment_id"], row["customer_id"]): row["entered"]
        for row in store.rows("SELECT * FROM `{own}segment_change` ORDER BY change_id")
    }
    assert set().union(*members.values(), *verdict.values()) <= known, "bits of no segment"
    for segment in segments:
        name, slot, number = segment["name"], segment["slot"], segment["segment_id"]
        mine = [p for p in live if p["kind"] == "segment" and p["target_id"] == number]
        into = {pin["customer_id"] for pin in mine if pin["direction"] == "in"}
        out = {pin["customer_id"] for pin in mine if pin["direction"] == "out"}
        inside = {c for c, slots in members.items() if slot in slots}
        ruled = {c for c, slots in verdict.items() if slot in slots}
        if segment["gone_at"] is None:
            assert inside == (ruled | (into & customers.keys())) - out, name
        if segment["baseline_at"] is not None:
            assert segment["customers"] == len(inside), name
        if segment["listed"]:
            assert {c for s, c in listed if s == number} == inside, name
        else:
            assert not any(s == number for s, _ in listed), name
        for (changed, customer), entered in last.items():
            if changed == number:
                assert bool(entered) == (customer in inside), (name, customer)


def _next(
    store: Rows, customers: dict[int, dict[str, Any]], pins: list[dict[str, Any]], now: int
) -> None:
    """Whoever's pin ends is looked at again by then, if something can come of it."""
    gone = {
        row["n"]
        for row in store.rows("SELECT segment_id AS n FROM `{own}segment` WHERE gone_at > 0")
    }
    # Out of a group is nothing where it is no rung.
    pins = [pin for pin in pins if (pin["kind"], pin["direction"]) != ("group", "out")]
    pins = [pin for pin in pins if pin["kind"] != "segment" or pin["target_id"] not in gone]
    said = [*pins, *store.rows("SELECT * FROM `{own}assertion` WHERE source_kind <> 'rule'")]
    for row in said:
        if row["until"] is not None and row["until"] > now and row["customer_id"] in customers:
            next_at = customers[row["customer_id"]]["next_at"]
            assert next_at is not None, row
            assert next_at <= row["until"], row


def _groups(store: Rows, customers: dict[int, dict[str, Any]], prefix: str) -> None:
    """
    The ladder remembers the group that each customer has, unless that is none any more.

    Without a rung and a pinned group there is no ladder, and nothing is to be remembered.
    """
    rungs = store.rows("SELECT 1 FROM `{own}rule` WHERE kind = 'ladder' AND fingerprint <> ''")
    if not rungs and not store.rows("SELECT 1 FROM `{own}pin` WHERE kind = 'group'"):
        return
    if store.rows("SELECT 1 FROM `{own}state` WHERE name = 'paused' AND value <> 'null'"):
        return
    there = store.rows(f"SELECT customer_group_id AS g FROM `{prefix}customer_group`")
    exist = {row["g"] for row in there}
    native = {
        row["c"]: row["g"]
        for row in store.rows(
            f"SELECT customer_id AS c, customer_group_id AS g FROM `{prefix}customer`"
        )
    }
    for customer, row in customers.items():
        if row["group_id"] is not None and native.get(customer) in exist:
            assert row["group_id"] == native[customer], customer
