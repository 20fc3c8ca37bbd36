"""Values of the database as an export tells them: text as it was typed, names, money, dates."""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sidecar.privacy.export_names import KIND_OF, Names
from sidecar.privacy.live_schema import LiveColumn
from sidecar.rules.privacy.register import PersonalTable
from sidecar.shop.text import unescape
from sidecar.sync.facts import as_json
from sidecar.sync.state import Json

#: Columns of the store in which JSON stands; where it is none, it is told as text.
_JSON: Final = frozenset({"data", "option", "payment_method", "shipping_method"})
_JSON_TYPES: Final = frozenset({"json", "longtext"})
_OWN_JSON_TYPES: Final = frozenset({"text", "mediumtext", "longtext"})

#: Columns of ours that hold an instant.
_INSTANT: Final = re.compile(r"(?:.*_)?(?:at|since|until)")

#: Columns of ours that are money, in ten-thousandths; a `_UNITS` table's by its row's unit.
_MONEY: Final = frozenset(
    {
        ("sidecar_customer", "total_spent"),
        ("sidecar_issue", "amount"),
        ("sidecar_redemption", "value"),
        ("sidecar_redemption", "least_order"),
        ("sidecar_rewarded", "counts"),
        ("sidecar_tier", "metric"),
    }
)
_AMOUNTS: Final = frozenset(
    {"available", "pending", "posted", "remaining", "amount", "shown", "written"}
)

#: Names in JSON that secrets stand under; they are named and not shown.
_SECRET: Final = re.compile(r"(?:.*_)?(?:token|password|salt|secret)", re.IGNORECASE)
NOT_SHOWN: Final = "(not shown)"

#: People of the shop, as our own JSON names them.
_STAFF: Final = re.compile(r"(?:admin|cli):.{1,59}", re.DOTALL)

#: JSON that goes deeper is told as text: no reader of it has to be able to go so deep.
_DEEPEST: Final = 40

#: DECIMAL columns are told with so many places, or more where they have more.
_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class Values:
    """
    Tells the values of one store.

    Attributes:
        zone: The store's: its DATETIMEs are local to it.
        names: What stands beside numbers.
    """

    zone: ZoneInfo
    names: Names

    def of(self, one: PersonalTable, name: str, live: LiveColumn) -> Callable[[Any], Json]:
        """How a value of the column *name* of *one* is told; not for money by its unit."""
        if name in KIND_OF:
            return self._named(KIND_OF[name])
        if one.own and live.type == "bigint" and _INSTANT.fullmatch(name):
            return self._instant
        if (one.name, name) in _MONEY:
            return _money
        if name.endswith("custom_field"):
            return self._custom_fields
        if live.is_text:
            return _in_json(one, name, live)
        return self.plain

    def learn(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Read at once the names that *rows* of *columns* need."""
        for place, name in enumerate(columns):
            if name in KIND_OF:
                numbers = {row[place] for row in rows if isinstance(row[place], int)}
                self.names.learn(KIND_OF[name], numbers)

    def plain(self, value: Any) -> Json:
        """A value that is no text of people."""
        match value:
            case None | bool() | int() | str():
                return _date(value) if isinstance(value, str) else value
            case Decimal():
                return _decimal(value)
            case float():
                return value if math.isfinite(value) else None
            case datetime.datetime():
                return value.replace(tzinfo=self.zone).isoformat()
            case datetime.date():
                return value.isoformat()
            case bytes():
                return _of_bytes(value)
        return str(value)

    def _named(self, kind: str) -> Callable[[Any], Json]:
        def told(value: Any) -> Json:
            if not isinstance(value, int):
                return self.plain(value)
            return {"id": value, "name": self.names.of(kind, value)}

        return told

    def _instant(self, value: Any) -> Json:
        return as_json.iso(value, self.zone) if isinstance(value, int) else None

    # -- custom fields -------------------------------------------------------------------

    def _custom_fields(self, value: Any) -> Json:
        said = _parsed(value, is_escaped=True)
        if isinstance(said, Mapping):
            return self._fields(said)
        return said if said else None

    def _fields(self, said: Mapping[str, Json]) -> Json:
        found: list[Json] = []
        for key, value in said.items():
            if not (key.isascii() and key.isdecimal() and len(key) < 10):
                # OpenCart 3 has them once more by place: account, address.
                inner = self._fields(value) if isinstance(value, Mapping) else value
                found.append({"id": None, "name": key, "value": inner})
                continue
            name = self.names.of("custom field", int(key))
            found.append({"id": int(key), "name": name, "value": self._chosen(value)})
        return found

    def _chosen(self, value: Json) -> Json:
        """What was chosen or written: a choice is the number of a value, or several."""
        if isinstance(value, list):
            return [self._chosen(item) for item in value]
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
            name = self.names.of("custom field value", int(value))
            return value if name is None else {"id": int(value), "name": name}
        return value


def of_unit(column: str, unit: object, value: Any) -> Json:
    """An amount of points or store credit, of a row that says which of them it is."""
    return _money(value) if column in _AMOUNTS and unit == "credit" else value


def has_amounts(column: str) -> bool:
    """Whether *column*, beside one that names a unit, is an amount."""
    return column in _AMOUNTS


def _in_json(one: PersonalTable, name: str, live: LiveColumn) -> Callable[[Any], Json]:
    """How a text is told that may be JSON, or is only text."""
    is_escaped = not one.own
    types = _OWN_JSON_TYPES if one.own else _JSON_TYPES
    if live.type in types or (not one.own and name in _JSON):
        return lambda value: _parsed(value, is_escaped=is_escaped)
    return lambda value: _text(value, is_escaped=is_escaped)


def _text(value: Any, *, is_escaped: bool) -> Json:
    if isinstance(value, bytes):
        return _of_bytes(value)
    if value is None:
        return None
    return unescape(str(value)) if is_escaped else str(value)


def _parsed(value: Any, *, is_escaped: bool) -> Json:
    """What JSON says, without its secrets; text that is none as it is."""
    text = value if isinstance(value, str) else _text(value, is_escaped=False)
    if isinstance(text, str) and text[:1] in ("{", "["):
        try:
            said = json.loads(text, parse_float=_float, parse_constant=str)
            return _cleaned(said, is_escaped=is_escaped)
        except (ValueError, RecursionError):
            pass
    return _text(value, is_escaped=is_escaped)


def _cleaned(said: Any, *, is_escaped: bool, depth: int = 0) -> Json:
    if depth > _DEEPEST:
        raise ValueError
    if isinstance(said, dict):
        return {
            str(_text(key, is_escaped=is_escaped)): NOT_SHOWN
            if _SECRET.fullmatch(key) and item
            else _cleaned(item, is_escaped=is_escaped, depth=depth + 1)
            for key, item in said.items()
        }
    if isinstance(said, list):
        return [_cleaned(item, is_escaped=is_escaped, depth=depth + 1) for item in said]
    if isinstance(said, str):
        is_staff = not is_escaped and _STAFF.fullmatch(said) is not None
        return NOT_SHOWN if is_staff else _text(said, is_escaped=is_escaped)
    return said  # type: ignore[no-any-return]


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _money(value: Any) -> Json:
    return as_json.money(value) if isinstance(value, int) else value


def _decimal(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{value:.{max(_PLACES, places)}f}"


def _date(text: str) -> str | None:
    """A date that is impossible as the driver gives it; a zero one is none."""
    return None if text.startswith("0000-00-00") else text


def _of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
