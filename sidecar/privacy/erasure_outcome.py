"""What an erasure came to, and where that is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, update

from sidecar.privacy import acts, erasure_rows, request_steps
from sidecar.privacy.eraser import Done
from sidecar.privacy.erasure_rows import Erasure
from sidecar.privacy.means import Means
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.verification import Residue
from sidecar.shop.database import transaction
from sidecar.sync import findings

#: The finding that a purge or a replay left something.
RESIDUE = "gdpr.residue"

#: What is left is told so often; how often there is more, too.
_TOLD = 100


@dataclass(slots=True)
class Outcome:
    """
    What an erasure came to.

    Attributes:
        persons: How many were erased.
        done: What was done, since it went on last.
        residue: What of them still stands in the database.
        gaps: What the register does not know of it.
        planned: As of `Erasure`.
    """

    persons: int
    done: Done
    residue: Sequence[Residue] = ()
    gaps: Sequence[str] = ()
    planned: Mapping[str, Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left of them, as far as anybody can tell."""
        return not (self.residue or self.gaps or self._files_left) and self.done.is_settled

    @property
    def _files_left(self) -> Sequence[str]:
        # As with rows, what was counted first holds also after a crash.
        left: Sequence[str] = (self.planned or {}).get("files_left", ())
        return left or self.done.files_left

    def as_json(self) -> dict[str, Any]:
        """For an answer, and to be kept: without personal data."""
        return {
            "complete": self.is_complete,
            "persons": self.persons,
            "tables": self._tables(),
            "files": max(self.done.files, (self.planned or {}).get("files", 0)),
            "files_left": list(self._files_left),
            "residue": [one.as_json() for one in self.residue[:_TOLD]],
            "residue_found": len(self.residue),
            "gaps": list(self.gaps),
            "settled": self.done.is_settled,
        }

    def _tables(self) -> list[Mapping[str, Any]]:
        if self.planned is not None:
            # Counted before the first row was touched; a crash in between changes nothing.
            return list(self.planned["tables"])
        return [
            {"table": name, "does": does, "rows": number}
            for (name, does), number in sorted(self.done.rows.items())
            if number
        ]


def finish(means: Means, found: Sequence[Erasure], outcome: Outcome) -> None:
    """Answer a request and forget who it was at once; of many, first tell what is left."""
    own, request_id, purge_id = means.shop.own, found[0].request_id, found[0].purge_id
    numbers = [one.erasure_id for one in found]
    if request_id is not None:
        result = json.dumps(outcome.as_json(), separators=(",", ":"))
        with transaction(means.shop.engine) as tx:
            erasure_rows.finish(tx, own, numbers, result, means.moment)
            answer_in(tx, means, request_id, outcome)
        return
    if not outcome.is_complete:
        with transaction(means.shop.engine) as tx:
            _tell(tx, means, purge_id, outcome)
    # While a large transaction is written to the binary log, every commit of the store waits.
    for part in in_parts(numbers):
        with transaction(means.shop.engine) as tx:
            erasure_rows.finish(tx, own, part, None, means.moment)


def _tell(tx: Connection, means: Means, purge_id: int | None, outcome: Outcome) -> None:
    """Say what is left of persons who asked for nothing, as there is no request that tells it."""
    what = "a replay" if purge_id is None else f"purge {purge_id}"
    places = dict.fromkeys(f"{one.table}.{one.column}" for one in outcome.residue)
    left = [*places, *(gap.partition(":")[0] for gap in outcome.gaps)]
    if outcome.done.files_left:
        left.append("uploaded files")
    if not outcome.done.is_settled:
        left.append("rows that kept coming")
    message = f"{what} left something of those whom it erased: {', '.join(left[:10])}"
    findings.raise_finding(tx, means.shop.own, RESIDUE, what, message, means.moment)


def answer(means: Means, request_id: int, outcome: Outcome) -> None:
    with transaction(means.shop.engine) as tx:
        answer_in(tx, means, request_id, outcome)


def answer_in(tx: Connection, means: Means, request_id: int, outcome: Outcome) -> None:
    own, value = means.shop.own, outcome.as_json()
    end: Literal["done", "incomplete"] = "done" if outcome.is_complete else "incomplete"
    request_steps.finish(tx, own, request_id, end, acts.OURSELVES, means.moment, result=value)
    table = own.privacy.privacy_request
    here = table.c.request_id == request_id
    tx.execute(update(table).where(here).values(customer_id=0, email=None))
