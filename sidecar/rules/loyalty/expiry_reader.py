"""Reading ``expiry`` of a program: a span, ``never``, or a table that says when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, get_args

from sidecar.rules.language.toml_places import Path
from sidecar.rules.loyalty.expiry import (
    Activity,
    Expiry,
    FixedDates,
    Inactivity,
    Period,
    Rolling,
)
from sidecar.rules.loyalty.value_reader import ValueReader


def read_expiry(reader: ValueReader, table: Mapping[str, Any], path: Path) -> Expiry:
    """What ``expiry`` of *table* says; None for never, and for what cannot be used."""
    value, here = table["expiry"], (*path, "expiry")
    if value == "never":
        return None
    if isinstance(value, str):
        after = reader.days(table, "expiry", path)
        return None if after is None else Rolling(after)
    kinds = [
        key for key in ("after", "on", "inactivity") if isinstance(value, dict) and key in value
    ]
    match kinds:
        case ["after"]:
            reader.unknown(value, here, ("after", "to_end_of"))
            after = reader.days(value, "after", here)
            end = reader.word(value, "to_end_of", here, get_args(Period))
            return None if after is None else Rolling(after, end)
        case ["inactivity"]:
            reader.unknown(value, here, ("inactivity", "renewed_by"))
            after = reader.days(value, "inactivity", here)
            by = reader.word(value, "renewed_by", here, get_args(Activity))
            return None if after is None else Inactivity(after, by or "earn or spend")
        case ["on"]:
            reader.unknown(value, here, ("on", "grace"))
            days = _month_days(reader, value["on"], (*here, "on"))
            return FixedDates(days, reader.days(value, "grace", here)) if days else None
    reader.error(
        here,
        "'expiry' is a span, \"never\", or a table with one of after, on and inactivity",
        'e.g. "1 year"',
    )
    return None


def _month_days(reader: ValueReader, value: object, path: Path) -> tuple[tuple[int, int], ...]:
    found = set()
    for text in value if isinstance(value, list) else [value]:
        try:
            # Of a leap year, so that 29 February can be meant.
            day = datetime.date.fromisoformat(f"2000-{text}")
        except ValueError:
            reader.error(path, "a fixed day is a month and a day", 'e.g. on = ["12-31"]')
        else:
            found.add((day.month, day.day))
    return tuple(sorted(found))
