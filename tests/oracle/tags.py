"""
The oracle of tags: rules as SQL conditions over a table of the oracle's facts.

Each rule is written twice by hand, as the expression that the sidecar reads and as the
condition that says what it means. Nothing translates one into the other.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pymysql.connections import Connection

from oracle.filtered import Filters, filtered
from oracle.oracle import facts
from oracle.store import Store
from oracle.windows import Windows

_FLAGS = frozenset(("status", "newsletter", "approval_pending", "affiliate", "safe", "commenter"))
_INSTANTS = frozenset(
    (
        *("registered", "first_order", "last_order", "last_unfinished_order", "expected_order"),
        *("cart_added", "last_return", "last_review", "last_login", "last_failed_login"),
        *("tier_since", "tier_review", "points_expire", "member_since"),
    )
)
_DECIMALS = frozenset(
    (
        *("total_spent", "average_order", "first_order_total", "last_order_total", "credited"),
        *("largest_order", "smallest_order", "credit", "average_rating"),
        *("points_worth", "to_next_tier"),
    )
)
_TEXTS = frozenset(
    (
        *("email", "email_domain", "first_name", "last_name", "telephone", "ip", "birthday"),
        *("store", "language", "group", "tier", "company", "city", "postcode", "zone", "country"),
        *("last_order_status", "last_order_store", "rfm_group", "next_tier", "card"),
    )
)
_TEXT = "LONGTEXT CHARACTER SET utf8mb4 COLLATE {binary}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]")


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One tag.

    Attributes:
        tag: Its name.
        when: The condition as a rules file says it.
        sql: What it means: a condition on the table ``f`` with a column for each fact.
            Texts there are folded, instants are seconds since 1970; in braces stand
            ``text X`` (folded), ``has FACT X`` (of a set), ``now``, ``since SPAN``,
            ``begins SPAN`` and ``ahead SPAN`` (of ``in next``), ``day D`` and
            ``after D`` (its midnight, and the next), ``birthdays SPAN``, ``celebrated D``,
            and ``p``, the prefix of the store's tables.
        filters: Columns of facts with filters, by the name they have in *sql*.
    """

    tag: str
    when: str
    sql: str
    filters: Mapping[str, tuple[str, Filters]] = field(default_factory=dict)


def tags(
    connection: Connection,
    prefix: str,
    version: str,
    now_utc: datetime.datetime,
    zone: ZoneInfo,
    rules: Sequence[Rule],
    *,
    birthday_field: str | None = None,
    **options: Any,
) -> dict[str, set[int]]:
    """
    Who has each tag, by tag.

    Args:
        rules: A rule that speaks of tags comes after those it speaks of.
        options: ``guest_orders`` and ``refunded_return_statuses`` as of `facts`.
    """
    known = facts(
        connection, prefix, version, now_utc, zone, birthday_field=birthday_field, **options
    )
    for rule in rules:
        for column, (fact, filters) in rule.filters.items():
            values = filtered(connection, prefix, version, now_utc, zone, fact, filters, **options)
            for customer, row in known.items():
                row[column] = values[customer]
    store = Store(connection, prefix, version, zone)
    # MySQL opens a temporary table only once in a statement.
    kind = "TABLE" if store.on_mysql else "TEMPORARY TABLE"
    try:
        return _found(store, kind, known, rules, Windows(now_utc, zone))
    finally:
        store.rows(f"DROP {kind} IF EXISTS oracle_fact, oracle_set")


def _found(
    store: Store,
    kind: str,
    known: Mapping[int, Mapping[str, Any]],
    rules: Sequence[Rule],
    windows: Windows,
) -> dict[str, set[int]]:
    _fill(store, kind, known, {name for rule in rules for name in rule.filters})
    found: dict[str, set[int]] = {}
    for rule in rules:
        condition = re.sub(
            r"\{(\w\w+) ?([^}]*)\}", lambda m: _said(store, windows, *m.groups()), rule.sql
        )
        query = f"SELECT f.customer_id FROM oracle_fact f WHERE {condition}"
        found[rule.tag] = {int(row[0]) for row in store.rows(query)}
        _write(
            store,
            "oracle_set",
            [(customer, "tags", folded(rule.tag)) for customer in sorted(found[rule.tag])],
        )
    return found


def folded(text: str) -> str:
    """*text* as it is compared: NFKC, then lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def _said(store: Store, windows: Windows, word: str, of: str) -> str:
    match word:
        case "text":
            return _quoted(store, folded(of))
        case "has":
            fact, name = of.split(" ", 1)
            return (
                "EXISTS (SELECT 1 FROM oracle_set s WHERE s.customer_id = f.customer_id"
                f" AND s.fact = '{fact}' AND s.name = {_quoted(store, folded(name))})"
            )
        case "any":
            return (
                "EXISTS (SELECT 1 FROM oracle_set s WHERE s.customer_id = f.customer_id"
                f" AND s.fact = '{of}')"
            )
        case "birthdays":
            return ", ".join(f"'{day}'" for day in windows.birthdays(of))
        case "celebrated":
            return ", ".join(f"'{day}'" for day in windows.celebrated({windows.day(of)}))
        case "after":
            return _epoch(windows.midnight(windows.day(of) + datetime.timedelta(days=1)))
        case _:
            instants: dict[str, Callable[[], datetime.datetime]] = {
                "now": lambda: windows.now,
                "since": lambda: windows.since(of),
                "begins": lambda: windows.next_begins(of),
                "ahead": lambda: windows.ahead(of),
                "day": lambda: windows.midnight(windows.day(of)),
            }
            return _epoch(instants[word]())


def _quoted(store: Store, text: str) -> str:
    return f"{store.connection.escape(text)} COLLATE {{binary}}"


def _epoch(at: datetime.datetime) -> str:
    return str(int(at.timestamp()))


def _fill(
    store: Store, table: str, known: Mapping[int, Mapping[str, Any]], filters: Iterable[str]
) -> None:
    rows = list(known.values())
    kinds = {name: _kind(name, [row[name] for row in rows]) for name in (rows or [{}])[0]}
    kinds |= dict.fromkeys(filters, "DECIMAL(40, 4)")
    columns = [name for name, kind in kinds.items() if kind]
    declared = ", ".join(f"`{name}` {kinds[name]}" for name in columns)
    members = f"(customer_id INT, fact VARCHAR(255), name {_TEXT}, KEY (customer_id, fact))"
    for statement in (
        f"DROP {table} IF EXISTS oracle_fact, oracle_set",
        f"CREATE {table} oracle_fact (customer_id INT PRIMARY KEY, {declared})",
        f"CREATE {table} oracle_set {members}",
    ):
        store.rows(statement)
    _write(
        store,
        "oracle_fact",
        [
            (customer, *(_stored(kinds[name], row[name]) for name in columns))
            for customer, row in known.items()
        ],
    )
    _write(
        store,
        "oracle_set",
        [
            (customer, name, folded(member))
            for customer, row in known.items()
            for name, kind in kinds.items()
            if not kind and name != "tags"
            for member in row[name]
        ],
    )


def _kind(name: str, values: Iterable[Any]) -> str:
    # The type of a fact's column; none for sets.
    if name in _FLAGS:
        return "TINYINT"
    if name in _DECIMALS:
        return "DECIMAL(40, 4)"
    if name in _INSTANTS:
        return "BIGINT"
    if name in _TEXTS:
        return _TEXT
    filled = [value for value in values if value is not None]
    if all(isinstance(value, list) for value in filled) and filled:
        return ""
    if all(isinstance(value, int) for value in filled):
        return "BIGINT"
    return "BIGINT" if all(_INSTANT.match(value) for value in filled) else _TEXT


def _stored(kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if kind == "BIGINT":
        return int(datetime.datetime.fromisoformat(value).timestamp())
    return folded(value) if kind == _TEXT else value


def _write(store: Store, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        marks = f"({', '.join(['%s'] * len(part[0]))})"
        with store.connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} VALUES {', '.join([marks] * len(part))}",
                [value for row in part for value in row],
            )
