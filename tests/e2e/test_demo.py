"""The demo as a person runs it, and that its check would notice."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sidecar.cli.demo import opened
from sidecar.config import Config
from sidecar.errors import FatalError
from sidecar.service.demo import Options, Screen, Sidecar, run_demo
from sidecar.service.demo.check import conditions, differences, queries
from sidecar.service.demo.events import Answer, Event, Latency


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_demo_tags_its_customers_live_and_agrees_with_plain_sql() -> None:
    done = demo("--seconds", "3", "--customers", "400", "--json")

    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["agrees"] is True
    assert found["events"] > 5
    assert found["changed"] > 3
    assert 0 < found["latency"]["median_ms"] <= found["latency"]["p95_ms"]
    assert found["tags"].keys() == conditions().keys()
    assert sum(found["tags"].values()) > 200
    assert "Recomputed in plain SQL: all 10 tags agree exactly." in done.stderr


def test_without_a_terminal_the_demo_prints_plain_lines() -> None:
    done = demo("--seconds", "2", "--customers", "100")

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "A made-up store: 100 customers, 500 orders." in done.stdout
    assert "+open checkout" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_demo_that_is_ended_early_leaves_no_server_behind(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "sidecar", "demo", "--seconds", "60", "--customers", "50"]
    with tempfile.TemporaryDirectory() as place:  # not tmp_path: too long for a socket
        Path(place).chmod(0o755)
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": place}
        ) as process:
            assert process.stdout is not None
            while "checkout" not in process.stdout.readline():
                assert process.poll() is None
            process.send_signal(number)

            assert process.wait(30) == 128 + number
        assert list(Path(place).iterdir()) == []


def test_a_change_that_is_never_processed_is_found_by_the_check() -> None:
    class Deaf:
        def __init__(self, program: Sidecar) -> None:
            self.migrate, self.full_pass = program.migrate, program.full_pass

        def process(self, ids: Collection[int]) -> None:
            """Hear nothing."""

    @contextlib.contextmanager
    def deaf(settings: Config) -> Iterator[Sidecar]:
        with opened(settings) as program:
            yield Deaf(program)

    disagrees = r"(?s)plain SQL does not agree:.*open checkout: only SQL has"
    with pytest.raises(FatalError, match=disagrees):
        run_demo(deaf, Options(seconds=1, customers=100), Screen(Console(file=io.StringIO())))


def test_every_rule_of_the_demo_has_its_query() -> None:
    assert queries("oc_").keys() == conditions().keys()


def test_a_difference_names_the_customers_of_each_side() -> None:
    should = {"vip": {1, 2}, "regular": {5}}
    are = {"vip": {2, 3}, "regular": {5}}

    assert differences(should, are) == ["vip: only SQL has 1; only the sidecar has 3"]


def test_latency_is_the_median_and_the_95th_percentile() -> None:
    event = Event(1, "Ada", "orders", 0.0)
    answers = [Answer(event, 0.0, (), (), float(number)) for number in range(1, 101)]

    assert Latency.of(answers) == Latency(50.5, 96.0)
    assert Latency.of([]) == Latency(0.0, 0.0)
