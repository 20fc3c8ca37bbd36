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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sidecar.cli.demo import opened
from sidecar.config import Config, Database, Rules, Secret
from sidecar.errors import FatalError
from sidecar.service.demo import Options, Screen, Sidecar, run, run_demo, running
from sidecar.service.demo.check import conditions, differences, queries
from sidecar.service.demo.events import Answer, Came, Event, Latency


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_in_the_demo_the_daemon_follows_its_customers_and_agrees_with_plain_sql() -> None:
    done = demo("--seconds", "5", "--customers", "400", "--json")

    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["agrees"] is True
    assert found["events"] > 5
    assert found["changed"] > 3
    assert 0 < found["latency"]["median_ms"] <= found["latency"]["p95_ms"]
    kinds = (("tag", "tags"), ("segment", "segments"), ("group", "groups"))
    assert {(kind, name) for kind, key in kinds for name in found[key]} == conditions().keys()
    assert sum(found["tags"].values()) > 200
    assert sum(found["segments"].values()) > 20
    assert sum(found["groups"].values()) > 50
    agree = "Recomputed in plain SQL: all 10 tags, 3 segments and 2 customer groups agree exactly."
    assert agree in done.stderr


def test_without_a_terminal_the_demo_prints_plain_lines() -> None:
    done = demo("--seconds", "4", "--customers", "100")

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
            while "follows" not in process.stdout.readline():
                assert process.poll() is None
            process.send_signal(number)

            assert process.wait(30) == 128 + number
        assert list(Path(place).iterdir()) == []


def test_a_change_that_nobody_follows_is_found_by_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deaf:
        def __init__(self, program: Sidecar) -> None:
            self.migrate, self.full_pass = program.migrate, program.full_pass

        def running(self) -> contextlib.AbstractContextManager[None]:
            return contextlib.nullcontext()

    @contextlib.contextmanager
    def deaf(settings: Config) -> Iterator[Sidecar]:
        with opened(settings) as program:
            yield Deaf(program)

    monkeypatch.setattr(run, "_NOTHING_S", 0.5)
    monkeypatch.setattr(run, "_CATCH_UP_S", 0.5)
    disagrees = r"(?s)plain SQL does not agree:.*open checkout: only SQL has"
    with pytest.raises(FatalError, match=disagrees):
        run_demo(deaf, Options(seconds=1, customers=100), Screen(Console(file=io.StringIO())))


def test_a_daemon_that_does_not_start_is_reported_with_what_it_said(tmp_path: Path) -> None:
    nowhere = Database(socket=tmp_path / "none", user="demo", password=Secret("x"), name="demo")
    settings = Config(database=nowhere, rules=Rules(directory=tmp_path), file=tmp_path / "c.toml")

    with (
        pytest.raises(FatalError, match=r"(?s)the daemon did not start:.*none"),
        running(settings),
    ):
        pass


def test_every_rule_of_the_demo_has_its_query() -> None:
    assert queries("oc_").keys() == conditions().keys()


def test_a_difference_names_the_customers_of_each_side() -> None:
    should = {("tag", "vip"): {1, 2}, ("group", "Gold"): {5}}
    are = {("tag", "vip"): {2, 3}, ("group", "Gold"): {5}}

    assert differences(should, are) == ["tag vip: only SQL has 1; only the sidecar has 3"]


def test_latency_is_the_median_and_the_95th_percentile() -> None:
    event = Event(1, "Ada", "orders", 0.0)
    answers = [Answer(event, 0.0, Came(), float(number)) for number in range(1, 101)]

    assert Latency.of([*answers, Answer(event, 0.0)]) == Latency(50.5, 96.0)
    assert Latency.of([]) == Latency(0.0, 0.0)
