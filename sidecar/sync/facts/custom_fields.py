"""The store's custom fields as facts, and the birthday among them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, select

from sidecar.model import Moment, fold
from sidecar.rules import calendar
from sidecar.rules.catalogue import Fact, Kind
from sidecar.rules.columns import Column
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync.facts.customers import CUSTOM

_KINDS: dict[str, Kind] = {
    "select": "choice",
    "radio": "choice",
    "checkbox": "set",
    "date": "date",
    "datetime": "date",
}

#: The id of an option, and a date, as OpenCart writes them.
_ID = re.compile(r"[0-9]{1,10}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class CustomField:
    """
    A field of the customer's account that the shop has added.

    Attributes:
        field_id: The store's id.
        label: Its name in the store's default language.
        fact: The name of its fact.
        kind: Of its fact.
        options: Names of the values one may choose, by id.
    """

    field_id: int
    label: str
    fact: str
    kind: Kind
    options: dict[int, str]


def read_fields(tx: Connection, shop: Shop) -> list[CustomField]:
    """The custom fields of the account, by id."""
    tables = shop.tables
    field, named = tables.custom_field, tables.custom_field_description
    value = tables.custom_field_value_description
    language = shop.settings.language_id
    options: dict[int, dict[int, str]] = {}
    for row in tx.execute(
        select(value.c.custom_field_id, value.c.custom_field_value_id, value.c.name)
        .where(value.c.language_id == language)
        .order_by(value.c.custom_field_value_id)
    ):
        names = options.setdefault(row.custom_field_id, {})
        names[row.custom_field_value_id] = unescape(row.name or "")
    found: list[CustomField] = []
    taken: set[str] = set()
    for row in tx.execute(
        select(field.c.custom_field_id, field.c.type, named.c.name)
        .join(named, named.c.custom_field_id == field.c.custom_field_id)
        .where(field.c.location == "account", named.c.language_id == language)
        .order_by(field.c.custom_field_id)
    ):
        label = unescape(row.name or "")
        name = _fact_name(label, row.custom_field_id)
        while name in taken:
            name = f"{name}_{row.custom_field_id}"
        taken.add(name)
        kind = _KINDS.get(row.type or "", "text")
        own = options.get(row.custom_field_id, {})
        found.append(CustomField(row.custom_field_id, label, name, kind, own))
    return found


def _fact_name(label: str, field_id: int) -> str:
    slug = re.sub(r"[\W_]+", "_", fold(label)).strip("_")
    return f"custom_{slug or field_id}"


def facts(fields: Sequence[CustomField]) -> list[Fact]:
    """The catalogue's entries for *fields*."""
    return [
        Fact(
            name=field.fact,
            label=field.label,
            kind=field.kind,
            area="custom fields",
            source=f"customer.custom_field, field {field.field_id}",
            missing="not filled in" if field.kind != "set" else "never",
            values=tuple(field.options.values()),
        )
        for field in fields
    ]


def birthday_field(fields: Sequence[CustomField], chosen: str) -> CustomField | None:
    """The field called *chosen* or with the id of ``#id``; None when there is none."""
    for field in fields:
        if chosen and (fold(field.label) == fold(chosen) or f"#{field.field_id}" == chosen):
            return field
    return None


def load(
    customers: pl.DataFrame,
    columns: Collection[Column],
    fields: Sequence[CustomField],
    birthday: CustomField | None,
    moment: Moment,
) -> pl.DataFrame:
    """
    ``customer_id`` and *columns* for the customers whose fields can be read.

    Args:
        customers: With `CUSTOM`, the JSON as stored; anything but an object of fields is no field.
        columns: Of the facts of *fields*, and ``birthday``.
    """
    by_fact = {field.fact: field for field in fields}
    filled = customers.filter(pl.col(CUSTOM).str.len_bytes() > len("{}"))
    parsed = [_parsed(text) for text in filled[CUSTOM]]
    series = [filled["customer_id"]]
    for column in columns:
        if column.fact == "birthday":
            values = [_birthday(row, birthday) for row in parsed]
            series.append(pl.Series(column.key, values, dtype=pl.Int64))
            continue
        field = by_fact[column.fact]
        raw = [row.get(str(field.field_id)) for row in parsed]
        series.append(_column(column, field, raw, moment))
    return pl.DataFrame(series)


def _parsed(text: str) -> dict[str, Any]:
    # What PHP's json_decode() refuses is refused here: NaN, half of a surrogate pair.
    try:
        value = json.loads(text, parse_constant=_refused)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _column(column: Column, field: CustomField, raw: Sequence[object], moment: Moment) -> pl.Series:
    if field.kind == "set":
        names = [sorted({option for o in _many(v) if (option := _option(field, o))}) for v in raw]
        if column.members is None:
            return pl.Series(column.key, names, dtype=pl.List(pl.String))
        wanted = column.members
        return pl.Series(
            column.key,
            [bool({fold(n) for n in own} & wanted) if wanted else bool(own) for own in names],
            dtype=pl.Boolean,
        )
    if field.kind == "date":
        days = [_day(v) for v in raw]
        instants = [None if d is None else calendar.day_start(d, moment.zone) for d in days]
        return pl.Series(column.key, instants, dtype=pl.Int64)
    if field.kind == "choice":
        return pl.Series(column.key, [_option(field, v) for v in raw], dtype=pl.String)
    return pl.Series(column.key, [_text(v) for v in raw], dtype=pl.String)


def _many(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _option(field: CustomField, value: object) -> str | None:
    text = _text(value)
    return field.options.get(int(text)) if text and _ID.fullmatch(text) else None


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return unescape(str(value)) or None


def _day(value: object) -> datetime.date | None:
    found = _DATE.match(_text(value) or "")
    try:
        return datetime.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def _birthday(row: dict[str, Any], field: CustomField | None) -> int | None:
    day = _day(row.get(str(field.field_id))) if field else None
    return calendar.month_day(day) if day else None
