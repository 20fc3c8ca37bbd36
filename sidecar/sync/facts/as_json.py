"""Facts as people and programs are shown them: names for ids, money with 4 decimals, ISO dates."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from sidecar.model import MONEY_SCALE, Names
from sidecar.rules.catalogue import Catalogue, Fact

Json = bool | int | str | list[str] | None
Shown = Callable[[object], Json]


def rows(
    frame: pl.DataFrame, catalogue: Catalogue, names: Names, zone: ZoneInfo
) -> Iterator[dict[str, Json]]:
    """
    Each customer of *frame* as ``customer_id`` and every fact that is a column of it.

    Money is text with 4 decimals, dates are ISO 8601 with the store's offset, sets are
    sorted lists, a missing value is None.
    """
    shown: list[tuple[str, Shown]] = []
    for name in frame.columns:
        fact = catalogue.get(name)
        if fact is not None:
            shown.append((name, shown_as(fact, names, zone)))
    columns = [frame[name].to_list() for name, _ in shown]
    for index, customer_id in enumerate(frame["customer_id"].to_list()):
        row: dict[str, Json] = {"customer_id": customer_id}
        for (name, show), values in zip(shown, columns, strict=True):
            row[name] = show(values[index])
        yield row


def money(parts: int) -> str:
    """Ten-thousandths as text with 4 decimals."""
    sign = "-" if parts < 0 else ""
    whole, rest = divmod(abs(parts), MONEY_SCALE)
    return f"{sign}{whole}.{rest:04d}"


def iso(epoch_s: int, zone: ZoneInfo) -> str | None:
    """An instant as ISO 8601 in *zone*; None beyond the years that have a calendar."""
    try:
        return datetime.datetime.fromtimestamp(epoch_s, zone).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def shown_as(fact: Fact, names: Names, zone: ZoneInfo) -> Shown:
    """How a value of *fact*, as it is loaded, is shown."""
    table = names.get(fact.names or "")
    display: Mapping[int, str] = table.display() if table is not None else {}

    def show(value: object) -> Json:
        if value is None:
            return [] if fact.kind == "set" else None
        if isinstance(value, list):
            # Two categories may share a name.
            return sorted(
                {
                    display[item] if isinstance(item, int) else str(item)
                    for item in value
                    if not isinstance(item, int) or item in display
                }
            )
        if isinstance(value, bool) or not isinstance(value, int):
            return value if isinstance(value, bool) else str(value)
        return _number(fact, value, display, zone)

    return show


def _number(fact: Fact, value: int, display: Mapping[int, str], zone: ZoneInfo) -> Json:
    match fact.kind:
        case "money":
            return money(value)
        case "decimal":
            return f"{value // 100}.{value % 100:02d}"
        case "date":
            return iso(value, zone)
        case "birthday":
            return f"{value // 100:02d}-{value % 100:02d}"
        case "choice":
            return display.get(value)
        case _:
            return value
