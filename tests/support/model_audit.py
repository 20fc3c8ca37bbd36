"""What the audit of a store says that each run did, in the words of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from support.model_undo import Change
from support.small_store import SmallStore

#: Of a customer: tags and verdicts that turned, and moves.
Row = tuple[dict[str, bool], dict[str, bool], tuple[tuple[int, int, int], ...]]
Rows = Mapping[int, Row]


def number(store: SmallStore, history: Collection[Change]) -> None:
    """
    Hold the audit against *history*: each change set is a run, and nothing else is.

    Those that have no number get that of the run that did the same.
    """
    known = {change.number for change in history}
    found = {run: rows for run, rows in _runs(store, known).items() if run not in known}
    for change in history:
        if not change.number:
            mine = {who: (did.tags, did.verdicts, did.moves) for who, did in change.did.items()}
            same = [run for run, rows in found.items() if rows == mine]
            assert same, (change, found)
            change.number = same[0]
            del found[same[0]]
    assert not found, "runs that nobody knows of"


def _runs(store: SmallStore, known: Collection[int]) -> dict[int, dict[int, Row]]:
    names = {tag.tag_id: name for name, tag in store.tags().items()}

    def turned(row: Mapping[str, Any], on: str, off: str) -> dict[str, bool]:
        return {
            names[int(number)]: column == on
            for column in (on, off)
            for number in filter(None, (row[column] or "").split(","))
        }

    found: dict[int, dict[int, Row]] = {}
    for row in store.rows("SELECT run_id, customer_id FROM `{own}audit_pin`"):
        if row["run_id"] not in known:
            found.setdefault(row["run_id"], {})[row["customer_id"]] = ({}, {}, ())
    for row in store.rows("SELECT * FROM `{own}audit` ORDER BY audit_id"):
        if row["run_id"] in known:
            continue
        rows = found.setdefault(row["run_id"], {})
        tags, verdicts, moves = rows.get(row["customer_id"], ({}, {}, ()))
        if row["group_to"] is not None:
            moves += ((row["group_from"], row["group_to"], row["group_why"]),)
        rows[row["customer_id"]] = (
            tags | turned(row, "tags_added", "tags_removed"),
            verdicts | turned(row, "asserted", "retracted"),
            moves,
        )
    return found
