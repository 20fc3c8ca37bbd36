"""The bench as a process, on a store that is small enough for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.child import Measured
from bench.frame import Bench, Case
from bench.report import good, ratio

ROOT = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_floor_is_measured_and_written_as_json() -> None:
    done = bench("--customers", "200", "--runs", "2", "--only", "floor: read", "--json", "-")

    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["store"]["orders"] == 1000
    case = found["cases"][0]
    assert len(case["runs_s"]) == 2
    assert case["notes"]["rows"] > 1000
    assert case["peak_mb"] > 50
    assert case["ratio"] is None


def test_every_case_says_what_it_measures() -> None:
    done = bench("--list")

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "floor: read" in lines
    assert all(line.startswith("    ") for line in lines[1::2])


def test_the_cases_of_the_binary_log_are_measured_in_a_small_store() -> None:
    chosen = ("floor: read", "binlog: order", "polling: a round")
    only = [word for name in chosen for word in ("--only", name)]
    done = bench("--customers", "60", "--runs", "1", *only, "--json", "-")

    assert done.returncode == 0, done.stderr
    _, orders, polling = json.loads(done.stdout)["cases"]
    assert 0 < orders["notes"]["p50 s"] <= orders["notes"]["p99 s"] < 10
    assert orders["notes"]["at a bare reader p50 s"] < orders["notes"]["p50 s"]
    assert 0 <= polling["notes"]["% of a core"] < 5
    assert polling["good"] is True


def test_a_case_without_what_it_needs_is_left_out_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENCART_STORES", raising=False)
    done = bench("--customers", "60", "--runs", "1", "--only", "updates decoded", "--json", "-")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cases"] == []
    assert "OPENCART_STORES is not set: binlog: updates decoded" in done.stderr


@pytest.mark.usefixtures("stores_dir")
def test_every_update_of_a_real_order_is_decoded() -> None:
    done = bench("--customers", "60", "--runs", "1", "--only", "updates decoded", "--json", "-")

    assert done.returncode == 0, done.stderr
    notes = json.loads(done.stdout)["cases"][0]["notes"]
    assert notes["updates a second"] > notes["by the library"]


def _case(name: str, at_most: float | None = None, peak: float | None = None) -> Case:
    def run(_: Bench) -> None: ...

    return Case(name, "", run, "floor", at_most, peak)


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    rounds = {
        "floor": [Measured(seconds, 100) for seconds in (1.0, 2.0, 4.0)],
        "slow": [Measured(seconds, 100) for seconds in (3.0, 4.0, 20.0)],
    }

    assert ratio(_case("slow"), rounds) == pytest.approx(3.0)


def test_a_case_is_judged_only_by_the_limits_it_has() -> None:
    rounds = {"floor": [Measured(1.0, 100)], "slow": [Measured(3.0, 300)]}

    assert good(_case("slow"), rounds) is None
    assert good(_case("slow", at_most=3.5), rounds) is True
    assert good(_case("slow", at_most=2.5), rounds) is False
    assert good(_case("slow", at_most=3.5, peak=200), rounds) is False


def test_limits_of_notes_are_judged_in_stores_they_are_meant_for() -> None:
    def run(_: Bench) -> None: ...

    rounds = {"lag": [Measured(1.0, 100, {"p99 s": slow}) for slow in (2.0, 3.0, 9.0)]}
    strict = Case("lag", "", run, notes_at_most={"p99 s": 2.5}, for_stores_to=1_000)

    assert good(strict, rounds, 1_000) is False
    assert good(strict, rounds, 1_001) is None
    assert good(Case("lag", "", run, notes_at_most={"p99 s": 3}), rounds) is True


def test_a_rate_has_a_limit_from_below() -> None:
    def run(_: Bench) -> None: ...

    rounds = {"rate": [Measured(1.0, 100, {"a second": found}) for found in (4.0, 5.0, 9.0)]}

    assert good(Case("rate", "", run, notes_at_least={"a second": 5}), rounds) is True
    assert good(Case("rate", "", run, notes_at_least={"a second": 6}), rounds) is False
