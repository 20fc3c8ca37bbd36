"""What a person can be recognised by wherever it stands: addresses, numbers, name with street."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.privacy.rows import Rows
from sidecar.shop.text import unescape

#: Where OpenCart keeps these of a person.
_TABLES = ("customer", "address", "order", "return")

#: Fewer digits are no telephone number, and a street of fewer letters stands everywhere.
FEWEST_DIGITS, FEWEST_LETTERS = 7, 4

_PREFIXES = ("", "payment_", "shipping_")


@dataclass(slots=True)
class Traces:
    """
    Of one person, unescaped and in small letters.

    Attributes:
        emails: Addresses.
        telephones: Numbers as written.
        homes: Last name and street.
    """

    emails: set[str] = field(default_factory=set)
    telephones: set[str] = field(default_factory=set)
    homes: set[tuple[str, str]] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "emails": sorted(self.emails),
            "telephones": sorted(self.telephones),
            "homes": sorted(self.homes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Traces:
        """What `as_json` gave."""
        homes = {(str(last), str(street)) for last, street in value["homes"]}
        return cls(set(value["emails"]), set(value["telephones"]), homes)


def traces_of(rows: Rows) -> list[Traces]:
    """The traces of each of the persons of *rows*, in their order."""
    found = [Traces() for _ in rows.subjects]
    for traces, subject in zip(found, rows.subjects, strict=True):
        for address in subject.emails:
            _add_email(traces, address)
    for name in _TABLES:
        one = rows.register.tables.get(name)
        if one is None or name not in rows.live:
            continue
        columns = [column for column in _COLUMNS if column in rows.live[name].columns]
        width = len(rows.key_of(one))
        for part in rows.of(one):
            places = {row.key: row.place for row in part}
            for row in rows.values(one, columns, list(places)):
                place = places[tuple(row[:width])]
                _add(found[place], dict(zip(columns, row[width:], strict=True)))
    return found


_COLUMNS: Sequence[str] = (
    "email",
    "telephone",
    "fax",
    *(
        prefix + name
        for prefix in _PREFIXES
        for name in ("lastname", "address_1", "address_2")
    ),
)  # fmt: skip


def _add(traces: Traces, row: Mapping[str, Any]) -> None:
    said = {name: _folded(value) for name, value in row.items()}
    _add_email(traces, said.get("email", ""))
    for name in ("telephone", "fax"):
        _add_telephone(traces, said.get(name, ""))
    for prefix in _PREFIXES:
        last = said.get(f"{prefix}lastname") or said.get("lastname", "")
        for street in (f"{prefix}address_1", f"{prefix}address_2"):
            _add_home(traces, last, said.get(street, ""))


def _add_email(traces: Traces, address: str) -> None:
    address = _folded(address)
    if "@" in address.strip("@"):
        traces.emails.add(address)


def _add_telephone(traces: Traces, number: str) -> None:
    digits = "".join(character for character in number if character.isdecimal())
    if len(digits) < FEWEST_DIGITS or not digits.strip("0"):
        return
    traces.telephones.add(number)


def _add_home(traces: Traces, last: str, street: str) -> None:
    if last and sum(character.isalnum() for character in street) >= FEWEST_LETTERS:
        traces.homes.add((last, street))


def _folded(value: object) -> str:
    return unescape(str(value or "")).strip().lower()
