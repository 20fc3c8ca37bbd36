"""``sidecar demo``: the program at work on a made-up store."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sidecar import app
    from sidecar.config import Config
    from sidecar.service.demo import Sidecar
    from sidecar.sync.ranges import Progress


def register(typer_app: typer.Typer) -> None:
    """Add the command to *typer_app*."""
    typer_app.command("demo")(demo)


def demo(
    seconds: Annotated[
        float, typer.Option(min=0, max=3600, metavar="S", help="How long its customers act.")
    ] = 12.0,
    customers: Annotated[
        int,
        typer.Option(
            min=1, max=1_000_000, metavar="N", help="In the store; five times as many orders."
        ),
    ] = 2_000,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Decides the store and what happens in it.")
    ] = 7,
    json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON; the show goes to stderr.")
    ] = False,
) -> None:
    """
    Start a private MariaDB with a made-up store, and watch the daemon follow its customers.

    At the end all of it is recomputed in plain SQL; a difference ends with exit code 70.
    """
    from rich.console import Console

    from sidecar.cli import show
    from sidecar.service.demo import Options, Screen, run_demo

    console = Console(stderr=json)
    if not console.is_terminal:
        console.width = 120  # a log's lines need not fit a screen
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    screen = Screen(console)
    result = run_demo(opened, Options(seconds, customers, seed), screen)
    if json:
        found = asdict(result)
        latency = {name: round(value, 1) for name, value in found["latency"].items()}
        show.as_json({**found, "latency": latency, "agrees": True})


def _end(number: int, _frame: object) -> None:
    # By way of every `finally`, or the private MariaDB would stay behind.
    raise SystemExit(128 + number)


@contextlib.contextmanager
def opened(settings: Config) -> Iterator[Sidecar]:
    """The program on the demo's store, closed at the end."""
    from sidecar.app import open_sidecar

    program = open_sidecar(settings)
    try:
        yield _Program(program)
    finally:
        program.engine.dispose()


class _Program:
    """The program as the demo wants it."""

    def __init__(self, program: app.Sidecar) -> None:
        self._program = program

    def migrate(self) -> None:
        self._program.migrate()
        for missing in self._program.missing_indexes():
            self._program.add_index(missing, lambda _attempt: None)

    def full_pass(self, progress: Progress) -> None:
        checked = self._program.check_rules()
        # Nobody is there to be asked, and the store is made up.
        self._program.full_pass(checked, approved_by="demo", progress=progress)

    def running(self) -> contextlib.AbstractContextManager[None]:
        from sidecar.service.demo import running

        return running(self._program.config)
