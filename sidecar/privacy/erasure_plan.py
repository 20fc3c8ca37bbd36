"""What an erasure would do: tables, rows, what is kept, why and until when. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sidecar.model import Moment
from sidecar.privacy import keeping
from sidecar.privacy.eraser import TOLD_FILES
from sidecar.privacy.rows import Found, Rows
from sidecar.privacy.uploads import end_of, uploaded_file
from sidecar.rules.privacy.coverage import Coverage
from sidecar.rules.privacy.register import PersonalTable
from sidecar.sync.state import Json

_DOES = {"delete": "deleted", "rewrite": "rewritten", "keep": "kept"}


@dataclass(slots=True)
class TablePlan:
    """
    What becomes of the persons' rows of one table.

    Attributes:
        name: Without prefix.
        label: For people.
        does: ``deleted``, ``rewritten`` or ``kept``.
        rows: How many.
        why: Why they stay; empty when they are deleted.
        columns_kept: Columns of rewritten rows that stay as they are, each with why.
        later: How many of them are kept for a time first.
        until: When the time of the last of those is over, in UTC epoch seconds; None: of none.
    """

    name: str
    label: str
    does: str
    rows: int = 0
    why: str = ""
    columns_kept: tuple[tuple[str, str], ...] = ()
    later: int = 0
    until: int | None = None

    def as_json(self, moment: Moment) -> dict[str, Json]:
        """For an answer."""
        until = None if self.until is None else datetime.fromtimestamp(self.until, moment.zone)
        return {
            "table": self.name,
            "label": self.label,
            "does": self.does,
            "rows": self.rows,
            "why": self.why,
            "columns_kept": [{"column": label, "why": why} for label, why in self.columns_kept],
            "kept_for_now": self.later,
            "until": None if until is None else until.date().isoformat(),
        }


@dataclass(slots=True)
class Plan:
    """
    What an erasure would do.

    Attributes:
        tables: Those with rows of the persons, in the order in which they are erased.
        gaps: What the register does not know of the database: it would not be complete.
        files: Uploaded files that are deleted.
        files_left: How the names of those end that are left, as their folder is not known.
    """

    tables: list[TablePlan] = field(default_factory=list)
    gaps: Sequence[str] = ()
    files: int = 0
    files_left: list[str] = field(default_factory=list)

    def as_json(self, moment: Moment) -> dict[str, Json]:
        """For an answer; counts and names of tables only."""
        return {
            "tables": [one.as_json(moment) for one in self.tables],
            "gaps": list(self.gaps),
            "files": self.files,
            "files_left": self.files_left,
        }


def plan(rows: Rows, coverage: Coverage, moment: Moment, uploads: Path | None) -> Plan:
    """
    What erasing the persons of *rows* would do at *moment*.

    Args:
        uploads: The store's folder of uploaded files; None: not known.
    """
    found = Plan(gaps=[str(gap) for gap in coverage.gaps])
    for one in rows.tables():
        planned = TablePlan(one.name, one.label, _DOES[one.rows], why=one.why)
        for part in rows.of(one):
            parts = keeping.split(rows, one, part, moment.epoch_s)
            planned.rows += len(part)
            if one.rows != "keep":
                planned.later += len(parts.later)
                ends = [until for _, until in parts.later]
                planned.until = max([*ends, planned.until or 0]) or None
                _add_files(found, rows, one, parts.now, uploads)
        if planned.rows:
            planned.columns_kept = _columns_kept(rows, one)
            found.tables.append(planned)
    return found


def _add_files(
    found: Plan, rows: Rows, one: PersonalTable, part: Sequence[Found], uploads: Path | None
) -> None:
    column = one.file_column
    if column is None or column not in rows.live[one.name].columns:
        return
    for row in rows.values(one, [column], [each.key for each in part]):
        name = str(row[-1] or "")
        file = None if uploads is None else uploaded_file(uploads, name)
        if file is not None:
            found.files += file.exists()
        elif name and len(found.files_left) < TOLD_FILES:
            found.files_left.append(end_of(name))


def _columns_kept(rows: Rows, one: PersonalTable) -> tuple[tuple[str, str], ...]:
    if one.rows != "rewrite":
        return ()
    columns = rows.live[one.name].columns
    return tuple(
        (column.label, column.why)
        for column in one.columns.values()
        if column.erase == "keep" and column.name in columns
    )
