"""The command line of the bench."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.child import CaseFailedError, Measured, measure
from bench.frame import Bench, Case, all_cases
from bench.report import as_json, as_table, good
from bench.store import Size, bench_store

#: Everything for people goes here; with --json - the JSON has stdout for itself.
console = Console(stderr=True, width=None if sys.stderr.isatty() else 140)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 1 when a case failed, or with --strict when one broke its limits."""
    options = _options(arguments)
    cases = [c for c in all_cases().values() if _wanted(c, options.only)]
    if options.list:
        for case in cases:
            print(f"{case.name}\n    {case.about}")
        return 0
    for case in cases:
        if case.needs and not os.environ.get(case.needs):
            console.print(f"left out, because {case.needs} is not set: {case.name}")
    cases = [c for c in cases if not c.needs or os.environ.get(c.needs)]
    size = Size(options.customers, round(options.customers * options.orders_per_customer))
    # By way of every `finally`, or the server would stay behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    console.print(f"{size.customers:,} customers, {size.orders:,} orders, {options.runs} runs")
    with _Generation() as generation, bench_store(size, options.keep, generation.tell) as found:
        store, made = found
        generation.end(made=made)
        rounds = _run(store, cases, options.runs)
    console.print(as_table(cases, rounds, size.customers))
    if options.json:
        text = json.dumps(as_json(cases, rounds, _about(size, generation)), indent=2)
        if str(options.json) == "-":
            print(text)
        else:
            options.json.write_text(text + "\n", "utf-8")
    failed = any(not rounds[case.name] for case in cases)
    broken = any(good(case, rounds, size.customers) is False for case in cases)
    return int(failed or (options.strict and broken))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders-per-customer", type=float, default=5)
    parser.add_argument("--runs", type=int, default=3, help="rounds of all cases in turn")
    parser.add_argument("--json", type=Path, help="write the figures here; - for stdout")
    parser.add_argument("--keep", type=Path, help="keep the database here, and use it again")
    parser.add_argument("--only", action="append", help="cases with this in their name; floors too")
    parser.add_argument("--list", action="store_true", help="say what cases there are")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is broken")
    return parser.parse_args(arguments)


def _wanted(case: Case, only: Sequence[str] | None) -> bool:
    if not only:
        return True
    chosen = [c for c in all_cases().values() if any(part in c.name for part in only)]
    return case in chosen or case.name in {c.floor for c in chosen}


def _run(store: Bench, cases: Sequence[Case], runs: int) -> dict[str, list[Measured]]:
    """Every case in turn, *runs* times; of several, after one of the first that is not counted."""
    rounds: dict[str, list[Measured]] = {case.name: [] for case in cases}
    failed: set[str] = set()
    if cases and runs > 1:
        measure(store, cases[0].name)
    for number in range(runs):
        for case in cases:
            if case.name in failed:
                continue
            try:
                run = measure(store, case.name)
            except CaseFailedError:
                failed.add(case.name)
                rounds[case.name].clear()
                continue
            rounds[case.name].append(run)
            console.print(f"  {number + 1}/{runs}  {run.seconds:8.3f} s  {case.name}")
    return rounds


class _Generation:
    """Shows how far the store is, and keeps how long it took."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._started = time.perf_counter()
        self._progress = Progress(
            TextColumn("making the store"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("rows")

    def __enter__(self) -> _Generation:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def end(self, *, made: bool) -> None:
        self._progress.stop()
        if made:
            self.seconds = time.perf_counter() - self._started
        took = f"made in {self.seconds:.0f} s" if self.seconds is not None else "used again"
        console.print(f"the store was {took}")


def _about(size: Size, generation: _Generation) -> dict[str, Any]:
    return {
        "store": asdict(size),
        "made_in_s": generation.seconds,
        "machine": {
            "processors": os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
            "polars": pl.__version__,
        },
    }


if __name__ == "__main__":
    sys.exit(main())
