"""A small store's watched tables, and what packets of its log are folded into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, literal_column

from sidecar.shop.settings import KEYS
from sidecar.shop.tables import store_tables
from sidecar.sync.sources.binlog.batch import Batch
from sidecar.sync.sources.binlog.columns import Column
from sidecar.sync.sources.binlog.position import Kind, Position
from sidecar.sync.sources.binlog.transactions import Transactions
from sidecar.sync.sources.watched import Lead, Watched
from support.binlog_packets import (
    INT,
    PREFIX,
    SCHEMA,
    VARCHAR,
    format_description,
    rotate,
)

START = Position("", "binlog.000001", 4, "one")

#: Columns of the tables as packets have them.
TABLES: Mapping[str, Sequence[tuple[str, int]]] = {
    "address": [("address_id", INT), ("customer_id", INT), ("city", VARCHAR), ("note", VARCHAR)],
    "order": [("order_id", INT), ("customer_id", INT), ("email", VARCHAR), ("total", INT)],
    "order_history": [("order_history_id", INT), ("order_id", INT)],
    "customer_login": [("customer_login_id", INT), ("email", VARCHAR), ("total", INT)],
    "country": [("country_id", INT), ("iso_code_2", VARCHAR)],
    "setting": [("setting_id", INT), ("store_id", INT), ("key", VARCHAR), ("value", VARCHAR)],
}

_LEADS: Mapping[str, Lead] = {
    "address": "customer",
    "order": "customer",
    "order_history": "order",
    "customer_login": "email",
    "country": "everyone",
    "setting": "everyone",
}

_STORE = store_tables(PREFIX, "4.1")


def watched() -> list[Watched]:
    """The tables of `TABLES`, as far as the decoder asks."""
    return [_watched(name, lead, getattr(_STORE, name)) for name, lead in _LEADS.items()]


def _watched(name: str, lead: Lead, table: Table) -> Watched:
    declared: tuple[Any, ...] = tuple(table.columns)
    if name == "setting":
        declared = tuple(column for column in declared if column.name != "setting_id")
    only = table.c.key.in_(KEYS) if name == "setting" else None
    return Watched(name, declared[0], literal_column("0"), lead, declared, only)


def columns(charset: str = "utf8mb4", **others: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The same as `information_schema` has it; *others* instead of those of `TABLES`."""
    return {
        PREFIX + name: tuple(
            Column(column, "int", "int(11)", None)
            if kind == INT
            else Column(column, "varchar", "varchar(255)", charset)
            for column, kind in listed
        )
        for name, listed in {**TABLES, **others}.items()
    }


def transactions(
    *,
    kind: Kind = "mariadb",
    guests: bool = False,
    read: Callable[[], Mapping[str, Any]] = columns,
) -> Transactions:
    """Those of a connection that has just begun."""
    found = Transactions(
        watched(),
        read,
        SCHEMA,
        PREFIX,
        start=START,
        kind=kind,
        guests=guests,
    )
    assert not found.feed(rotate(START.file))
    assert not found.feed(format_description())
    return found


def fold(
    *packets: bytes,
    kind: Kind = "mariadb",
    guests: bool = False,
    known: Mapping[str, Any] | None = None,
) -> Batch:
    """What *packets* ring."""
    folded = transactions(kind=kind, guests=guests, read=lambda: known or columns())
    for packet in packets:
        folded.feed(packet)
    return folded.take()
