"""The demo's tags recomputed in plain SQL, with no line of the code that computed them."""

from __future__ import annotations

import datetime
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from sidecar.service.demo_store.reference import ZONE


def conditions() -> dict[str, str]:
    """Tag to the condition of its rule."""
    file = importlib.resources.files("sidecar.service.demo") / "rules.d" / "demo.toml"
    return {rule["name"]: rule["when"] for rule in tomllib.loads(file.read_text("utf-8"))["tag"]}


def queries(prefix: str) -> dict[str, str]:
    """Tag to the query of its customers."""
    file = importlib.resources.files("sidecar.service.demo") / "check.sql"
    _, *parts = file.read_text("utf-8").replace("{prefix}", prefix).split("\n-- tag: ")
    named = (part.split("\n", 1) for part in parts)
    return {name: query.strip().removesuffix(";") for name, query in named}


def recomputed(engine: Engine, prefix: str, now: datetime.datetime) -> dict[str, set[int]]:
    """Who should have each tag at *now*, according to SQL."""
    days = _days(now.astimezone(ZoneInfo(ZONE)).date())
    found: dict[str, set[int]] = {}
    with engine.connect() as tx:
        for tag, query in queries(prefix).items():
            named = {name: days[name] for name in re.findall(r":(\w+)", query)}
            found[tag] = set(tx.scalars(text(query), named)) - {0}  # 0 is a guest
    return found


def written(engine: Engine, prefix: str) -> dict[str, set[int]]:
    """Who has each tag according to what the sidecar wrote; also tags that nobody has."""
    query = (
        f"SELECT t.name, a.customer_id FROM `{prefix}sidecar_assertion` a"  # noqa: S608 - our own
        f" JOIN `{prefix}sidecar_tag` t ON t.tag_id = a.tag_id"
        " WHERE a.source_kind = 'rule' AND t.archived_at IS NULL"
    )
    found: dict[str, set[int]] = {tag: set() for tag in queries(prefix)}
    with engine.connect() as tx:
        for row in tx.execute(text(query)):
            found.setdefault(row.name, set()).add(row.customer_id)
    return found


def differences(should: Mapping[str, set[int]], are: Mapping[str, set[int]]) -> list[str]:
    """A line for each tag that the two do not agree on."""
    lines = []
    for tag in sorted(should.keys() | are.keys()):
        missing = sorted(should.get(tag, set()) - are.get(tag, set()))
        extra = sorted(are.get(tag, set()) - should.get(tag, set()))
        if missing or extra:
            lines.append(
                f"{tag}: only SQL has {_some(missing)}; only the sidecar has {_some(extra)}"
            )
    return lines


def _some(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:8]))
    return (shown + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")) or "nobody"


def _days(today: datetime.date) -> dict[str, datetime.date]:
    """The first days of the windows that the queries name."""
    last_year = today.year - 1
    leap_day = (today.month, today.day) == (2, 29)
    year_ago = datetime.date(last_year, 2, 28) if leap_day else today.replace(year=last_year)
    counted = {
        f"days_{count}_ago": today - datetime.timedelta(days=count)
        for count in (1, 14, 30, 60, 180)
    }
    return {**counted, "year_ago": year_ago}
