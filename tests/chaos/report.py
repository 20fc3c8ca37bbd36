"""What came of scenarios, as a table for people and as a page that keeps the last results."""

from __future__ import annotations

import fcntl
import re
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from chaos.bed import Found
from chaos.scenarios import SCENARIOS, Scenario
from sidecar import __version__, clock

_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario that was run: on a server of *version*, for *took_s*."""

    scenario: Scenario
    times: int
    seed: int
    found: Found
    took_s: float
    version: str


def as_table(rows: list[Row]) -> Table:
    """For a terminal."""
    table = Table(title="Failure tests")
    for column in ("scenario", "counts", "faults"):
        table.add_column(column)
    for row in rows:
        counts = "\n".join(_counts(row))
        table.add_row(row.scenario.name, counts, str(len(row.found.faults)))
    return table


def write_report(page: Path, row: Row) -> None:
    """Put *row* into the table of *page*, in place of what stood there of the scenario."""
    with page.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # others may be at it too
        text = _with(file.read(), row)
        file.seek(0)
        file.truncate()
        file.write(text)


def _with(text: str, row: Row) -> str:
    head, _, rest = text.partition(_BEGIN)
    before, _, tail = rest.partition(_END)
    lines = dict(re.findall(r"^\| `([^`]+)` (\|.*)$", before, re.MULTILINE))
    said = "; ".join(_counts(row)).replace("|", "\\|")
    verdict = "none" if not row.found.faults else f"**{len(row.found.faults)}**"
    when = clock.now().strftime("%Y-%m-%d")
    versions = f"{__version__}, {row.version.removesuffix('-log')}"
    lines[row.scenario.name] = f"| {when} | {versions} | {said} | {verdict} |"
    table = [
        "| scenario | when | versions | counts | faults |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{scenario.name}` {lines.get(scenario.name, '| not run yet | | | |')}"
            for scenario in SCENARIOS
        ),
    ]
    return "\n".join([head + _BEGIN, "", *table, "", _END + tail])


def _counts(row: Row) -> list[str]:
    counts = {name: number for name, number in row.found.counts.items() if number}
    return [f"{number:,} {name}" for name, number in counts.items()] + [f"{row.took_s:.0f} s"]
