"""How single settings are written in a config file, and the values they become."""

from __future__ import annotations

import calendar
import datetime
import difflib
import re
import zoneinfo
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args

AgeUnit = Literal["day", "week", "month", "year"]

_SPAN = re.compile(r"(\d{1,6})\s+([a-z]+)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


class SettingError(ValueError):
    """A value that cannot be a setting's; its text says what would be, never a secret."""


class Secret:
    """A text that is never shown: not by repr, not by str, not in a message."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, to be handed to what needs it and nothing else."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(hidden)" if self._text else "Secret()"


@dataclass(frozen=True, slots=True)
class Age:
    """How old something may become, e.g. ``24 months``; *count* is at least 1."""

    count: int
    unit: AgeUnit

    def before(self, moment: datetime.datetime) -> datetime.datetime:
        """What is older than the result is too old at *moment*; months clamp to the month's end."""
        if self.unit in ("day", "week"):
            return moment - datetime.timedelta(days=self.count * (7 if self.unit == "week" else 1))
        return self._shifted(moment, -self.count * (12 if self.unit == "year" else 1))

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """When what is made at *moment* becomes too old; months clamp to the month's end."""
        if self.unit in ("day", "week"):
            return moment + datetime.timedelta(days=self.count * (7 if self.unit == "week" else 1))
        return self._shifted(moment, self.count * (12 if self.unit == "year" else 1))

    def _shifted(self, moment: datetime.datetime, months: int) -> datetime.datetime:
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where a server listens: a socket or a host and port.

    Attributes:
        socket: Path of a Unix socket; None for a host and port.
        host: Name or number of the interface; empty for a socket.
        port: 1 to 65535; 0 for a socket.
    """

    socket: Path | None
    host: str = ""
    port: int = 0


def interval(value: object) -> datetime.timedelta:
    """``2 seconds``: a length of time of at least a second."""
    count, unit = _span(value, _SECONDS, "2 seconds")
    return datetime.timedelta(seconds=count * _SECONDS[unit])


def age(value: object) -> Age:
    """``24 months``: a length of time of at least a day."""
    units: tuple[AgeUnit, ...] = get_args(AgeUnit)
    count, unit = _span(value, units, "24 months")
    return Age(count, units[units.index(unit)])


def share(value: object) -> Decimal:
    """``5%``: from 0 to 1, exactly as written."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", value) if isinstance(value, str) else None
    if not match or Decimal(match[1]) > 100:
        raise SettingError(f'must be a share from "0%" to "100%", e.g. "5%", not {shown(value)}')
    return Decimal(match[1]) / 100


def zone(value: object) -> zoneinfo.ZoneInfo | None:
    """``Europe/Berlin``, or ``auto``, which is None: the store's own."""
    if value == "auto":
        return None
    try:
        return zoneinfo.ZoneInfo(value if isinstance(value, str) else "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones() if isinstance(value, str) else set()
        raise SettingError(
            f'must be "auto" or a time zone such as "Europe/Berlin", not {shown(value)}'
            + did_you_mean(str(value), known)
        ) from None


def statuses(value: object) -> tuple[str, ...] | None:
    """A list of names of order statuses, or ``auto``, which is None: the store's own setting."""
    if value == "auto":
        return None
    if not isinstance(value, list) or not value:
        raise SettingError(f'must be "auto" or a list such as ["Complete"], not {shown(value)}')
    return names(value)


def names(value: object) -> tuple[str, ...]:
    """A list of names; ``#5`` means the id 5."""
    if not isinstance(value, list):
        raise SettingError(f"must be a list of names, not {shown(value)}")
    for item in value:
        if not isinstance(item, str) or not item.strip():
            way = f', write "#{item}" for an id' if isinstance(item, int) else ""
            raise SettingError(f"must be a list of names, {shown(item)} is none{way}")
    return tuple(value)


def address(value: object) -> Address | None:
    """``/run/x.sock`` or ``127.0.0.1:9100`` or ``[::1]:9100``; empty is None."""
    if value == "":
        return None
    if isinstance(value, str) and "/" in value:
        return Address(Path(value))
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:]+):(\d{1,5})", str(value))
    if not isinstance(value, str) or not match or not 1 <= int(match[2]) <= 65_535:
        raise SettingError(
            "must be the path of a socket or a host and port such as "
            f'"127.0.0.1:9100", not {shown(value)}'
        )
    return Address(None, match[1].strip("[]"), int(match[2]))


def path(value: object) -> Path | None:
    """A path; empty is None."""
    if not isinstance(value, str) or "\0" in value:
        raise SettingError(f"must be a path in quotes, not {shown(value)}")
    return Path(value) if value else None


def needed_path(value: object) -> Path:
    """A path that must not be empty."""
    found = path(value)
    if found is None:
        raise SettingError("must be a path, not empty")
    return found


def secret(value: object) -> Secret:
    """A text that no message repeats."""
    if not isinstance(value, str):
        raise SettingError("must be text in quotes")
    return Secret(value)


def shown(value: object) -> str:
    """*value* as a config file would write it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return str(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'X'?)`` for the most alike of *known*, or nothing."""
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), folded, n=1)
    return f" (did you mean '{folded[close[0]]}'?)" if close else ""


def _span(value: object, units: Collection[str], example: str) -> tuple[int, str]:
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = match[2].removesuffix("s") if match else ""
    if not match or unit not in units or int(match[1]) < 1:
        raise SettingError(
            f'must be a number and a unit in quotes, e.g. "{example}", not {shown(value)}; '
            f"units: {', '.join(units)}"
        )
    return int(match[1]), unit
