"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.child import Measured
from bench.frame import Case

#: Case name to its runs, round by round; a case that failed has none.
Rounds = Mapping[str, Sequence[Measured]]


def ratio(case: Case, rounds: Rounds) -> float | None:
    """
    The median, over the rounds, of the case's time through its floor's in that round.

    Round by round, because a machine's speed drifts. None without a floor.
    """
    own, floor = rounds[case.name], rounds.get(case.floor, ())
    pairs = list(zip(own, floor, strict=False))
    return statistics.median(a.seconds / b.seconds for a, b in pairs) if pairs else None


def good(case: Case, rounds: Rounds, customers: int = 0) -> bool | None:
    """Whether the case keeps its limits in a store of so many *customers*; None: it has none."""
    if not rounds[case.name]:
        return False
    if case.for_stores_to is not None and customers > case.for_stores_to:
        return None
    found = ratio(case, rounds)
    checks = []
    if case.at_most is not None:
        checks.append(found is not None and found <= case.at_most)
    if case.peak_at_most_mb is not None:
        checks.append(peak(rounds[case.name]) <= case.peak_at_most_mb)
    found_notes = notes(rounds[case.name])
    checks += [found_notes[name] <= most for name, most in case.notes_at_most.items()]
    checks += [found_notes[name] >= least for name, least in case.notes_at_least.items()]
    return all(checks) if checks else None


def peak(runs: Sequence[Measured]) -> float:
    """The highest peak memory of *runs*, MB."""
    return max(run.peak_mb for run in runs)


def notes(runs: Sequence[Measured]) -> dict[str, float]:
    """The median of each note."""
    return {name: statistics.median(run.notes[name] for run in runs) for name in runs[0].notes}


def as_table(cases: Sequence[Case], rounds: Rounds, customers: int) -> Table:
    """A row a case; *customers* are in the store."""
    table = Table(title="Medians", title_justify="left")
    table.add_column("case")
    for name in ("seconds", "from – to", "× floor", "at most", "peak MB"):
        table.add_column(name, justify="right")
    table.add_column("notes")
    for case in cases:
        runs = rounds[case.name]
        if not runs:
            table.add_row(case.name, Text("failed", "red"))
            continue
        times = [run.seconds for run in runs]
        found, holds = ratio(case, rounds), good(case, rounds, customers)
        style = {True: "green", False: "bold red", None: ""}[holds]
        table.add_row(
            case.name,
            f"{statistics.median(times):.3f}",
            f"{min(times):.3f} – {max(times):.3f}",
            Text("" if found is None else f"{found:.2f}", style),
            "" if case.at_most is None else f"{case.at_most:.2f}",
            Text(f"{peak(runs):.0f}", style if case.peak_at_most_mb else ""),
            Text(
                ", ".join(_note(case, *note) for note in notes(runs).items()),
                style if case.notes_at_most or case.notes_at_least else "",
            ),
        )
    return table


def _note(case: Case, name: str, value: float) -> str:
    most, least = case.notes_at_most.get(name), case.notes_at_least.get(name)
    limits = "" if most is None else f" (at most {most:g})"
    limits += "" if least is None else f" (at least {least:g})"
    return f"{name} {value:,.6g}{limits}"


def as_json(cases: Sequence[Case], rounds: Rounds, about: Mapping[str, Any]) -> dict[str, Any]:
    """The same and every single run; *about* says of what store and machine."""
    return {
        **about,
        "cases": [
            {
                "name": case.name,
                "about": case.about,
                "floor": case.floor,
                "at_most": case.at_most,
                "peak_at_most_mb": case.peak_at_most_mb,
                "notes_at_most": dict(case.notes_at_most),
                "notes_at_least": dict(case.notes_at_least),
                "median_s": statistics.median(r.seconds for r in runs) if runs else None,
                "runs_s": [run.seconds for run in runs],
                "ratio": ratio(case, rounds),
                "peak_mb": peak(runs) if runs else None,
                "notes": notes(runs) if runs else {},
                "good": good(case, rounds, about["store"]["customers"]),
            }
            for case in cases
            for runs in [rounds[case.name]]
        ],
    }
