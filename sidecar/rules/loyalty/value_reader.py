"""Reading the numbers, words, days and names of a program; each problem noted."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sidecar.model import fold
from sidecar.rules.calendar import read_day
from sidecar.rules.language import limits
from sidecar.rules.language.toml_places import Path
from sidecar.rules.loyalty.program import RATE_SCALE
from sidecar.rules.syntax import Span
from sidecar.rules.table_reader import TableReader


class ValueReader(TableReader):
    """
    What the tables of a program are read with.

    Every method answers None, or nothing, for what is not there or cannot be used, and
    notes why in `problems`.
    """

    def day(self, table: Mapping[str, Any], key: str, path: Path) -> datetime.date | None:
        """A day, as TOML writes it or in quotes."""
        if key not in table:
            return None
        day = day_of(table[key])
        if day is None:
            self.error((*path, key), f"'{key}' is a day", f"e.g. {key} = 2027-01-31")
        return day

    def rate(self, table: Mapping[str, Any], key: str, path: Path, *, least: int = 0) -> int | None:
        """A number of at most four places, in ten-thousandths."""
        if key not in table:
            return None
        value = table[key]
        at = (*path, key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.error(at, f"'{key}' is a number")
            return None
        number = Decimal(value)
        if problem := limits.number_problem(number):
            self.error(at, problem)
        elif number < least:
            self.error(at, f"'{key}' is at least {least}")
        elif number * RATE_SCALE != int(number * RATE_SCALE):
            self.error(at, f"'{key}' has at most 4 places after the point")
        else:
            return int(number * RATE_SCALE)
        return None

    def whole(
        self, table: Mapping[str, Any], key: str, path: Path, *, least: int = 0
    ) -> int | None:
        """A whole number."""
        if key not in table:
            return None
        value = table[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.error((*path, key), f"'{key}' is a whole number of at least {least}")
        elif problem := limits.number_problem(Decimal(value)):
            self.error((*path, key), problem)
        else:
            return value
        return None

    def texts(self, table: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
        """One name, or a list of them."""
        names = each_name(table.get(key, []), (*path, key))
        read = (self.checked_name(name, at) for at, name in names)
        found = tuple(name for name in read if name is not None)
        if key in table and not names:
            self.error((*path, key), f"'{key}' is empty", "leave it out for any")
        if len({fold(name) for name in found}) < len(found):
            self.error((*path, key), f"'{key}' names something twice")
        return found

    def days(self, table: Mapping[str, Any], key: str, path: Path) -> Span | None:
        """A span of whole days or longer."""
        span = self.span(table, key, path)
        if span is not None and span.unit in ("minute", "hour"):
            self.error((*path, key), f"'{key}' counts in days or longer", 'e.g. "30 days"')
            return None
        return span

    def days_or_never(
        self, table: Mapping[str, Any], key: str, path: Path, standard: Span | None = None
    ) -> Span | None:
        """A span of whole days or longer, None for "never"; *standard* where nothing is said."""
        if key not in table:
            return standard
        return None if table[key] == "never" else self.days(table, key, path)

    def yesno(self, table: Mapping[str, Any], key: str, path: Path) -> bool | None:
        """A Boolean."""
        value = table.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.error((*path, key), f"'{key}' is true or false")
        return None

    def zone(self, table: Mapping[str, Any], path: Path) -> str | None:
        """The name of a time zone."""
        if "timezone" not in table:
            return None
        name = table["timezone"]
        if isinstance(name, str) and _is_zone(name):
            return name
        self.error((*path, "timezone"), "there is no such time zone", 'e.g. "Europe/Berlin"')
        return None


def each_name(value: object, path: Path) -> list[tuple[Path, object]]:
    """The names in *value*, one or a list of them, each with its place."""
    if isinstance(value, list):
        return [((*path, index), name) for index, name in enumerate(value)]
    return [(path, value)]


def day_of(value: object) -> datetime.date | None:
    """The day that *value* is, as TOML writes it or in quotes; else None."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return read_day(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
