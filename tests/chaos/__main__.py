"""
The command line of the failure tests: ``./dev chaos [NAME ...]``.

Without names, all of them in turn. Each has a store and a server of its own; a table of
counts comes at the end, and 1 is the exit code when anything was wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from chaos.bed import Found, beds
from chaos.report import Row, as_table, write_report
from chaos.scenarios import SCENARIOS, Scenario
from sidecar import clock

console = Console(width=None if sys.stdout.isatty() else 140)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run scenarios; 1 when one of them found a fault."""
    options = _options(arguments)
    if options.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name} ({scenario.times} times)\n    {scenario.about}")
        return 0
    chosen = [s for s in SCENARIOS if not options.names or s.name in options.names]
    if unknown := set(options.names) - {s.name for s in chosen}:
        print(f"no such scenario: {', '.join(sorted(unknown))} (--list names them)")
        return 64
    # By way of every `finally`, or servers would stay behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    rows = []
    for scenario in chosen:
        row = _run(scenario, options.times or scenario.times, options.seed)
        rows.append(row)
        console.print(as_table([row]))
        if options.report:
            write_report(options.report, row)
    if len(rows) > 1:
        console.print(as_table(rows))
    return int(any(row.found.faults for row in rows))


def _run(scenario: Scenario, times: int, seed: int) -> Row:
    console.print(f"{scenario.name}: {scenario.about} ({times} times, seed {seed})")
    began_s = clock.monotonic()
    version = ""
    with beds() as made:
        try:
            bed = scenario.make(made)
            version = str(bed.given.value("SELECT VERSION()"))
            found = scenario.run(bed, times, seed)
        except Exception:  # noqa: BLE001 - the others are to be run all the same
            found = Found(faults=[traceback.format_exc()])
    for fault in found.faults:
        console.print(fault, style="red", markup=False)
    return Row(scenario, times, seed, found, clock.monotonic() - began_s, version)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; default: all")
    parser.add_argument("--times", type=int, help="instead of each scenario's own number")
    parser.add_argument("--seed", type=int, default=1, help="of what is chosen by chance")
    parser.add_argument("--report", type=Path, help="put the results into this page")
    parser.add_argument("--list", action="store_true", help="say what scenarios there are")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
