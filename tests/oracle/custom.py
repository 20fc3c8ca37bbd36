"""The oracle's facts of the store's custom fields."""

from __future__ import annotations

from typing import Any

from oracle.store import Store


def fields(store: Store) -> dict[int, dict[str, Any]]:
    return {}


def birthdays(store: Store, name: str | None) -> dict[int, str | None]:
    return {}
