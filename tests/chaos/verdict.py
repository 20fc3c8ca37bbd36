"""
What is wrong, told by plain SQL that shares nothing with the program.

What stands is held against the store (`wrong`), and the audit, replayed without any
knowledge of rules, against what stands (`audit_faults`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pymysql.cursors

from oracle.oracle import facts
from oracle.tags import Rule, tags
from sidecar import clock
from support.busy_store import STORE_ZONE
from support.given import Given

VERSION = "4.1.0.4"

TAGS = [
    Rule("buyer", "orders >= 1", "f.orders >= 1"),
    Rule("spends", "total_spent >= 1000", "f.total_spent >= 1000"),
    Rule("letters", 'newsletter and tags has "buyer"', "f.newsletter AND {has tags buyer}"),
    Rule("collects", "cart_items >= 1", "f.cart_items >= 1"),
    Rule("promoted", 'group = "Gold"', "f.`group` = {text Gold}"),
]
SEGMENTS = [
    Rule("repeat", "orders >= 3", "f.orders >= 3"),
    Rule(
        "kept",
        'in segment "repeat" and not tags has "spends"',
        "{has tags repeat} AND NOT {has tags spends}",
    ),
]
#: The highest first.
RUNGS = [
    Rule("Gold", "points >= 150", "f.points >= 150"),
    Rule("Silver", "points >= 50", "f.points >= 50"),
]
FALLBACK = "Default"


def _table(kind: str, rule: Rule) -> str:
    return f"[[{kind}]]\nname = '{rule.tag}'\nwhen = '''{rule.when}'''\n"


def tags_toml(rules: Iterable[Rule]) -> str:
    """A file of more tags."""
    return "\n".join(_table("tag", rule) for rule in rules)


def rules_toml() -> str:
    """The rules as a file."""
    return "\n".join(
        [
            tags_toml(TAGS),
            *(_table("segment", rule) for rule in SEGMENTS),
            f"[ladder]\nfallback = '{FALLBACK}'\n",
            *(_table("group", rule) for rule in RUNGS),
        ]
    )


def wrong(
    given: Given,
    chosen: dict[int, int] | None = None,
    more: Sequence[Rule] = (),
    ahead_s: float = 0.0,
) -> list[str]:
    """
    A line for each fact, tag, segment and group that is not as plain SQL has it.

    Args:
        given: On a connection of its own.
        chosen: The group of customers whom somebody else moved.
        more: Tags beside `TAGS`.
        ahead_s: What the daemon takes for now is so much ahead.
    """
    now = clock.now() + datetime.timedelta(seconds=ahead_s)
    rungs = [Rule(f"rung {rung.tag}", "", rung.sql) for rung in RUNGS]
    connection = given.connection
    should = tags(connection, "oc_", VERSION, now, STORE_ZONE, [*TAGS, *SEGMENTS, *rungs, *more])
    known = facts(connection, "oc_", VERSION, now, STORE_ZONE)
    connection.commit()
    lines = [*_facts(given, known), *_words(given, should)]
    names = "SELECT name, customer_group_id FROM oc_customer_group_description"
    groups = {row["name"]: row["customer_group_id"] for row in _rows(given, names)}
    for row in _rows(given, "SELECT customer_id, customer_group_id FROM oc_customer"):
        customer, group = row["customer_id"], row["customer_group_id"]
        rung = next((r.tag for r in RUNGS if customer in should[f"rung {r.tag}"]), FALLBACK)
        if group != (wanted := (chosen or {}).get(customer, groups[rung])):
            lines.append(f"group of {customer}: {group}, not {wanted}")
    return lines


def _facts(given: Given, known: dict[int, dict[str, Any]]) -> Iterable[str]:
    query = "SELECT customer_id, orders, total_spent FROM oc_sidecar_customer"
    stored = {row["customer_id"]: row for row in _rows(given, query)}
    for customer, row in known.items():
        found = stored.pop(customer, None)
        if found is None:
            yield f"customer {customer} is not known"
            continue
        spent = Decimal(found["total_spent"] or 0) / 10_000
        if found["orders"] != row["orders"] or spent != Decimal(str(row["total_spent"])):
            yield (
                f"facts of {customer}: {found['orders']} orders, {spent} spent,"
                f" not {row['orders']}, {row['total_spent']}"
            )
    yield from (f"customer {customer} is gone" for customer in stored)


def _words(given: Given, should: dict[str, set[int]]) -> Iterable[str]:
    for kind, words in (("tag", "tags"), ("segment", "segments")):
        query = f"SELECT name, slot, customers FROM oc_sidecar_{kind} WHERE slot IS NOT NULL"
        for row in _rows(given, query):
            bit = f"{words}{row['slot'] // 64} >> {row['slot'] % 64} & 1"
            has = _rows(given, f"SELECT customer_id AS c FROM oc_sidecar_customer WHERE {bit}")
            ids = {found["c"] for found in has}
            if ids != should[row["name"]]:
                more, fewer = sorted(ids - should[row["name"]]), sorted(should[row["name"]] - ids)
                yield f"{kind} {row['name']}: wrongly has {more[:8]}, lacks {fewer[:8]}"
            if len(ids) != row["customers"]:
                yield f"{kind} {row['name']}: {row['customers']} counted, {len(ids)} have it"


def audit_faults(given: Given, *, outsiders: Iterable[int] = ()) -> list[str]:
    """
    A line for each change without its one row of audit, and each row without its change.

    Replayed in the order in which it was written, every tag is added only to who lacks it
    and removed only from who has it, every move begins where the last one ended, and what
    comes out is what stands.

    Args:
        outsiders: Customers whose group others wrote too.
    """
    others = set(outsiders)
    has: dict[int, set[int]] = {}
    group: dict[int, int] = {}
    lines: list[str] = []
    for row in _rows(given, "SELECT * FROM oc_sidecar_audit ORDER BY audit_id"):
        customer, mine = row["customer_id"], has.setdefault(row["customer_id"], set())
        added, removed = _ids(row["tags_added"]), _ids(row["tags_removed"])
        if twice := added & mine:
            lines.append(f"audit {row['audit_id']}: {customer} got {sorted(twice)} twice")
        if never := removed - mine:
            lines.append(f"audit {row['audit_id']}: {customer} lost {sorted(never)} twice")
        mine |= added
        mine -= removed
        if row["group_to"] is not None and customer not in others:
            if group.get(customer, row["group_from"]) != row["group_from"]:
                lines.append(f"audit {row['audit_id']}: {customer} moved from elsewhere")
            group[customer] = row["group_to"]
        if not (added or removed or row["group_to"] or row["asserted"] or row["retracted"]):
            lines.append(f"audit {row['audit_id']}: nothing changed for {customer}")
    lines += _standing(given, has, group)
    lines += _changes_of_segments(given)
    return lines


def _standing(given: Given, has: dict[int, set[int]], group: dict[int, int]) -> Iterable[str]:
    for row in _rows(given, "SELECT tag_id, slot FROM oc_sidecar_tag WHERE slot IS NOT NULL"):
        bit = f"tags{row['slot'] // 64} >> {row['slot'] % 64} & 1"
        found = _rows(given, f"SELECT customer_id AS c FROM oc_sidecar_customer WHERE {bit}")
        stands = {one["c"] for one in found}
        replayed = {customer for customer, mine in has.items() if row["tag_id"] in mine}
        if stands != replayed:
            yield (
                f"tag {row['tag_id']}: without audit {sorted(stands - replayed)[:8]},"
                f" audited only {sorted(replayed - stands)[:8]}"
            )
    query = "SELECT customer_id AS c, customer_group_id AS g FROM oc_customer"
    are = {row["c"]: row["g"] for row in _rows(given, query)}
    for customer, last in group.items():
        if are.get(customer, last) != last:
            yield f"group of {customer}: {are[customer]}, by the audit {last}"


def _changes_of_segments(given: Given) -> Iterable[str]:
    query = "SELECT * FROM oc_sidecar_segment_change ORDER BY change_id"
    last: dict[tuple[int, int], int] = {}
    for row in _rows(given, query):
        key = row["segment_id"], row["customer_id"]
        if last.get(key) == row["entered"]:
            yield f"segment {key[0]}: change {row['change_id']} of {key[1]} is there twice"
        last[key] = row["entered"]
    for row in _rows(given, "SELECT segment_id AS s, slot FROM oc_sidecar_segment WHERE slot >= 0"):
        bit = f"segments{row['slot'] // 64} >> {row['slot'] % 64} & 1"
        found = _rows(given, f"SELECT customer_id AS c FROM oc_sidecar_customer WHERE {bit}")
        inside = {one["c"] for one in found}
        for (segment, customer), entered in last.items():
            if segment == row["s"] and bool(entered) != (customer in inside):
                yield f"segment {segment}: the last change of {customer} is not what stands"


def _ids(listed: str) -> set[int]:
    return {int(one) for one in listed.split(",") if one}


def _rows(given: Given, query: str) -> Sequence[dict[str, Any]]:
    with given.connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
