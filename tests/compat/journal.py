"""
What each test came to, written down at once, so that a run that was broken off can go on.

Pytest loads this as a plugin; the file is named in the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

#: The file of a run: lines of JSON. One for each step of a test (setup, call, teardown), and
#: for each time that tests were chosen how many there were, with those that were done before.
VARIABLE = "SIDECAR_TEST_JOURNAL"

#: What every test has that uses the server, by whatever way.
_FIXTURE = "foreign"


@dataclass(slots=True)
class Result:
    """
    Of one test, when it was run last.

    Attributes:
        outcome: passed, failed or skipped: of the first step that did not pass.
        why: It was skipped; else empty.
        ended: Whether its last step was reached.
    """

    outcome: str = "passed"
    why: str = ""
    ended: bool = False


def read(file: Path) -> tuple[dict[str, Result], int]:
    """What is known of each test by its name, and of how many; nothing where there is no *file*."""
    results: dict[str, Result] = {}
    chosen = 0
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        step = json.loads(line)
        chosen = max(chosen, step.get("chosen", 0))
        if "chosen" in step:
            continue
        if step["when"] == "setup":
            results[step["test"]] = Result()
        result = results[step["test"]]
        if result.outcome == "passed":
            result.outcome, result.why = step["outcome"], step["why"]
        result.ended = step["when"] == "teardown"
    return results, max(chosen, len(results))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not use the server, and what need not be done again."""
    known, _ = read(_file())
    done = {name for name, one in known.items() if one.ended and one.outcome != "failed"}
    ours = [item for item in items if _FIXTURE in getattr(item, "fixturenames", ())]
    _write({"chosen": len(ours)})
    left = [item for item in ours if item.nodeid not in done]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = left


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a step down."""
    step = {
        "test": report.nodeid,
        "when": report.when,
        "outcome": report.outcome,
        # Of a skipped one: its file, its line and the reason.
        "why": report.longrepr[2].removeprefix("Skipped: ")
        if isinstance(report.longrepr, tuple)
        else "",
    }
    _write(step)


def _write(line: Mapping[str, object]) -> None:
    with _file().open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def _file() -> Path:
    return Path(os.environ[VARIABLE])
