"""What an erasure leaves in the columns of rows that stay."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.privacy.live_schema import LiveColumn, LiveTable
from sidecar.rules.privacy.register import PersonalColumn, PersonalTable

#: Whole and broken numbers.
_NUMBERS = frozenset(
    {
        "tinyint", "smallint", "mediumint", "int", "bigint",
        "decimal", "float", "double", "bit", "year",
    }
)  # fmt: skip
_ZERO_DATES: Mapping[str, str] = {
    "date": "0000-00-00",
    "datetime": "0000-00-00 00:00:00",
    "timestamp": "0000-00-00 00:00:00",
    "time": "00:00:00",
}


def rewritten(one: PersonalTable, live: LiveTable, number: int) -> dict[str, object]:
    """
    The values by column that a person's row of *one* gets.

    Args:
        number: Of the erasure; pseudonyms bear it.
    """
    values: dict[str, object] = {}
    for link in one.links:
        if link.to == "customer" and link.column in live.columns and link.column not in live.key:
            values[link.column] = 0
    for name, personal in one.columns.items():
        column = live.columns.get(name)
        if column is None or name in live.key or personal.erase == "keep":
            continue
        if column.type in ("enum", "set") and not column.is_nullable:
            continue  # one of the words that the table allows, never people's own
        values[name] = _pseudonym(personal, column, number) or _blank(column)
    return values


def bears_a_number(one: PersonalTable, live: LiveTable) -> bool:
    """Whether a person's row of *one* gets a pseudonym, which is each person's own."""
    return any(
        personal.erase == "pseudonymise" and name in live.columns and name not in live.key
        for name, personal in one.columns.items()
    )


def _pseudonym(personal: PersonalColumn, column: LiveColumn, number: int) -> str | None:
    if personal.erase != "pseudonymise" or column.length is None:
        return None
    name = f"anon-{number}"
    if personal.kind == "contact" and "mail" in personal.name:
        # A name that no mail server will ever have.
        address = f"{name}@anonymous.invalid"
        name = address if len(address) <= column.length else name
    return name[: column.length]


def _blank(column: LiveColumn) -> object:
    if column.type in _NUMBERS:
        return 0
    if column.type in _ZERO_DATES:
        return None if column.is_nullable else _ZERO_DATES[column.type]
    if column.type == "json" or column.must_be_json:
        return None if column.is_nullable else "{}"
    if column.type in ("enum", "set"):
        return None
    return ""  # which OpenCart reads everywhere as nothing, also where JSON stands
