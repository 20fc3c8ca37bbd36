"""What the demo's rules say, in plain SQL: with no line of the code that computed it."""

from __future__ import annotations

import datetime
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from sidecar.service.demo_store.reference import ZONE

#: The kinds of rules, as the rules file and the queries call them.
KINDS = ("tag", "segment", "group")

#: Customers by kind and name of a rule.
Customers = Mapping[tuple[str, str], set[int]]


def conditions() -> dict[tuple[str, str], str]:
    """Kind and name of every rule to its condition."""
    file = importlib.resources.files("sidecar.service.demo") / "rules.d" / "demo.toml"
    rules = tomllib.loads(file.read_text("utf-8"))
    return {(kind, rule["name"]): rule["when"] for kind in KINDS for rule in rules[kind]}


def queries(prefix: str) -> dict[tuple[str, str], str]:
    """Kind and name of every rule to the query of its customers."""
    file = importlib.resources.files("sidecar.service.demo") / "check.sql"
    content = file.read_text("utf-8").replace("{prefix}", prefix)
    _, *parts = re.split(rf"\n-- ({'|'.join(KINDS)}): ", content)
    found = {}
    for kind, part in zip(parts[::2], parts[1::2], strict=True):
        name, query = part.split("\n", 1)
        found[kind, name] = query.partition(";")[0].strip()
    return found


def recomputed(
    engine: Engine, prefix: str, now: datetime.datetime
) -> dict[tuple[str, str], set[int]]:
    """Who should have each tag, be in each segment and stand in each group at *now*, by SQL."""
    days = _days(now.astimezone(ZoneInfo(ZONE)).date())
    found: dict[tuple[str, str], set[int]] = {}
    with engine.connect() as tx:
        for rule, query in queries(prefix).items():
            named = {name: days[name] for name in re.findall(r":(\w+)", query)}
            found[rule] = set(tx.scalars(text(query), named)) - {0}  # 0 is a guest
    return found


def written(engine: Engine, prefix: str) -> dict[tuple[str, str], set[int]]:
    """Who is what according to what the sidecar wrote; also what nobody is."""
    found: dict[tuple[str, str], set[int]] = {rule: set() for rule in queries(prefix)}
    own = f"{prefix}sidecar_"
    with engine.connect() as tx:
        tags = (
            f"SELECT t.name, a.customer_id FROM `{own}assertion` a"  # noqa: S608 - our own
            f" JOIN `{own}tag` t ON t.tag_id = a.tag_id"
            " WHERE a.source_kind = 'rule' AND t.archived_at IS NULL"
        )
        for row in tx.execute(text(tags)):
            found.setdefault(("tag", row.name), set()).add(row.customer_id)
        segments = f"SELECT name, slot FROM `{own}segment` WHERE slot IS NOT NULL"  # noqa: S608
        for row in tx.execute(text(segments)).all():
            bit = f"segments{row.slot // 64} >> {row.slot % 64} & 1"
            members = f"SELECT customer_id FROM `{own}customer` WHERE {bit}"  # noqa: S608
            found["segment", row.name] = set(tx.scalars(text(members)))
        groups = (
            f"SELECT d.name, c.customer_id FROM `{prefix}customer` c"  # noqa: S608
            f" JOIN `{prefix}customer_group_description` d"
            " ON d.customer_group_id = c.customer_group_id AND d.language_id = 1"
        )
        for row in tx.execute(text(groups)):
            if ("group", row.name) in found:
                found["group", row.name].add(row.customer_id)
    return found


def differences(should: Customers, are: Customers) -> list[str]:
    """A line for each rule that the two do not agree on."""
    lines = []
    for kind, name in sorted(should.keys() | are.keys()):
        wanted, found = should.get((kind, name), set()), are.get((kind, name), set())
        missing, extra = sorted(wanted - found), sorted(found - wanted)
        if missing or extra:
            lines.append(
                f"{kind} {name}: only SQL has {_some(missing)}; only the sidecar has {_some(extra)}"
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
        for count in (1, 14, 30, 60, 90, 180)
    }
    return {**counted, "year_ago": year_ago}
