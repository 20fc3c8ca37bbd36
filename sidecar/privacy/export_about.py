"""What an export says besides the rows: whose it is, what it lacks, and the logic of decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.privacy.export_files import Upload
from sidecar.rules.privacy.register import PersonalTable
from sidecar.sync.state import Json

#: What stands where a person of the shop is named.
_SOMEBODY = "somebody of the shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    Everything of an export that is never much.

    Attributes:
        request: The request's number.
        made_at: ISO 8601 with the offset of the store's zone.
        store: The store's name.
        customer_id: 0: a guest.
        email: Of the account or the guest.
        identity: How we know who asks.
        missing: What the export lacks, a sentence each; empty: it is complete.
        decisions: Tags, segments, group and tier, each with its rule and why; None: they cannot
            be told, or there are none of a guest.
        consents: Those that hold, where nothing may be sent, and all that the person said with
            the words that they were shown; as of `sidecar.sync.consents.statement`.
        uploads: Files that they uploaded.
    """

    request: int
    made_at: str
    store: str
    customer_id: int
    email: str
    identity: str
    missing: tuple[str, ...]
    decisions: Mapping[str, Json] | None
    consents: Mapping[str, Json]
    uploads: Sequence[Upload]


def retention(one: PersonalTable) -> str:
    """What becomes of the rows of a table, and why they are kept, in a sentence."""
    if one.rows == "delete":
        said = "The rows are deleted when your data is erased"
    elif one.rows == "keep":
        said = f"The rows are kept when your data is erased: {one.why}"
    else:
        kept = sorted(column.label for column in one.columns.values() if column.erase == "keep")
        rest = f", except: {', '.join(kept)}" if kept else ""
        said = (
            f"When your data is erased, what tells who you are is taken out of the rows{rest}."
            f" The rows are kept: {one.why}"
        )
    if one.keep_for is not None:
        said += f"; rows younger than {one.keep_for.count} {one.keep_for.unit}s stay until then"
    return said + "."


def without_staff(told: Mapping[str, Json]) -> dict[str, Json]:
    """What `explain` told, without who of the shop decided it."""
    names = {name for name in _actors(told) if name}
    found = _without(told, sorted(names, key=len, reverse=True))
    assert isinstance(found, dict)  # noqa: S101 - as it was given
    return found


def _actors(told: Json) -> list[str]:
    if isinstance(told, Mapping):
        here = told.get("actor")
        rest = [name for value in told.values() for name in _actors(value)]
        return [*rest, here] if isinstance(here, str) else rest
    if isinstance(told, list):
        return [name for value in told for name in _actors(value)]
    return []


def _without(told: Json, names: Sequence[str]) -> Json:
    if isinstance(told, Mapping):
        return {key: _without(value, names) for key, value in told.items() if key != "actor"}
    if isinstance(told, list):
        return [_without(value, names) for value in told]
    if isinstance(told, str):
        for name in names:
            told = told.replace(f"by {name}", f"by {_SOMEBODY}")
    return told
