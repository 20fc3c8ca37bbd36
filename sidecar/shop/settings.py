"""What the store's own settings say, read once per pass: statuses, zone, default language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select

from sidecar.errors import ConfigError
from sidecar.shop.tables import StoreTables

#: The settings that are read; `sidecar.sync.sources` watches them.
KEYS = (
    "config_name",
    "config_timezone",
    "config_complete_status",
    "config_processing_status",
    "config_language",
    "config_language_catalog",
    "config_customer_group_id",
    "config_currency",
)


#: Python refuses to read numbers of any length.
_ID = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """
    Attributes:
        name: Of the default store (id 0).
        zone: The zone its DATETIMEs are local to; `[shop] timezone` goes before it.
        complete: Statuses of complete orders.
        processing: Statuses of orders in work.
        language_id: Of the storefront's default language; 0 when it has none.
        group_id: The default customer group.
        currency: The base currency's code; ``order.total`` is in it.
    """

    name: str
    zone: ZoneInfo
    complete: frozenset[int]
    processing: frozenset[int]
    language_id: int
    group_id: int
    currency: str


def read_settings(
    tx: Connection, tables: StoreTables, timezone: ZoneInfo | None = None
) -> StoreSettings:
    """
    Read the settings of the default store.

    Args:
        timezone: Goes before the store's own; None: the store's own.

    Raises:
        ConfigError: The zone's name is not known on this machine.
    """
    setting, language = tables.setting, tables.language
    rows = tx.execute(
        select(setting.c.key, setting.c.value).where(
            setting.c.store_id == 0, setting.c.key.in_(KEYS)
        )
    )
    values = {row.key: row.value or "" for row in rows}
    code = values.get("config_language_catalog") or values.get("config_language") or ""
    language_id = tx.scalar(select(language.c.language_id).where(language.c.code == code))
    return StoreSettings(
        name=values.get("config_name") or "default",
        zone=timezone or _zone(values.get("config_timezone") or "UTC"),
        complete=_ids(values.get("config_complete_status", "")),
        processing=_ids(values.get("config_processing_status", "")),
        language_id=int(language_id or 0),
        group_id=_int(values.get("config_customer_group_id", "")),
        currency=values.get("config_currency", ""),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            "shop.timezone",
            f"the store's time zone {name!r} is not known here",
            "name one of the IANA zones, e.g. Europe/Kyiv",
        ) from error


def _ids(value: str) -> frozenset[int]:
    """A JSON list (or, from older stores, object) of ids written as strings; else none."""
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return frozenset()
    items = parsed.values() if isinstance(parsed, dict) else parsed
    if not isinstance(items, list) and not isinstance(parsed, dict):
        return frozenset()
    return frozenset(int(item) for item in items if _ID.fullmatch(str(item)))


def _int(value: str) -> int:
    return int(value) if _ID.fullmatch(value) else 0
