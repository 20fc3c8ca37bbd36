"""The oracle's facts of the store's custom fields."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from typing import Any

from oracle.store import Store, text

#: What the types of OpenCart hold; any other holds text.
_CHOICES, _SETS, _DATES = {"select", "radio"}, {"checkbox"}, {"date", "datetime"}


def fields(store: Store) -> dict[int, dict[str, Any]]:
    """The fact ``custom_…`` of every field of the account, for every customer."""
    known = _fields(store)
    options = {
        (str(field), str(value)): text(name)
        for field, value, name in store.rows(
            "SELECT custom_field_id, custom_field_value_id, name"
            f" FROM `{{p}}custom_field_value_description` WHERE language_id = {store.language}"
        )
    }
    found: dict[int, dict[str, Any]] = {}
    for customer, filled in _filled(store).items():
        row = found[customer] = {}
        for field, (fact, kind, _) in known.items():
            value = filled.get(field)
            if kind in _CHOICES:
                row[fact] = options.get((field, _scalar(value) or ""))
            elif kind in _SETS:
                chosen = value if isinstance(value, list) else []
                names = {options.get((field, _scalar(each) or "")) for each in chosen}
                row[fact] = sorted(name for name in names if name)
            elif kind in _DATES:
                day = _day(value)
                row[fact] = day and store.shown(store.instant(f"{day} 00:00:00"))
            else:
                row[fact] = text(_scalar(value))
    return found


def birthdays(store: Store, name: str | None) -> dict[int, str | None]:
    """``MM-DD`` of the day in the field called *name*, by customer."""
    found = [field for field, (_, _, label) in _fields(store).items() if label == name]
    if name is None or not found:
        return {}
    days = {customer: _day(row.get(found[0])) for customer, row in _filled(store).items()}
    return {customer: f"{day:%m-%d}" if day else None for customer, day in days.items()}


def _fields(store: Store) -> dict[str, tuple[str, str, str | None]]:
    # By id: the name of the fact, the type, and the name of the field.
    found: dict[str, tuple[str, str, str | None]] = {}
    taken: set[str] = set()
    for field, kind, stored in store.rows(f"""
        SELECT f.custom_field_id, f.type, d.name
        FROM `{{p}}custom_field` f
        JOIN `{{p}}custom_field_description` d
            ON d.custom_field_id = f.custom_field_id AND d.language_id = {store.language}
        WHERE f.location = 'account' ORDER BY f.custom_field_id
        """):
        name = text(stored)
        folded = unicodedata.normalize("NFKC", name or "").lower()
        words = "_".join(re.findall(r"[^\W_]+", folded)) or str(field)
        fact = f"custom_{words}"
        if fact in taken:
            fact = f"{fact}_{field}"
        taken.add(fact)
        found[str(field)] = fact, str(kind or ""), name
    return found


def _filled(store: Store) -> dict[int, dict[str, Any]]:
    # The JSON of each customer; what PHP's json_decode() would not read is no field at all.
    found = {}
    for customer, stored in store.rows("SELECT customer_id, custom_field FROM `{p}customer`"):
        try:
            value = json.loads(stored or "", parse_constant=_refused)
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            value = None
        found[int(customer)] = value if isinstance(value, dict) else {}
    return found


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _scalar(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _day(value: object) -> datetime.date | None:
    found = re.match(r"([0-9]{4}-[0-9]{2}-[0-9]{2})", text(_scalar(value)) or "")
    try:
        return datetime.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
