"""The daemon of the demo: `sidecar run` as a process of its own, as on a real server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sidecar import clock
from sidecar.config import Config
from sidecar.errors import FatalError

#: How long it may take to begin, its first pass included, and to end.
_PATIENCE_S = 60.0

#: What it logs when it is there for every change.
_BEGAN = '"full_pass.finished"'


@contextlib.contextmanager
def running(settings: Config) -> Iterator[None]:
    """
    A daemon with *settings*, at work within.

    Raises:
        FatalError: It does not start; with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="sidecar-demo-") as place:
        folder = Path(place)
        (folder / "config.toml").write_text(_as_toml(settings), "utf-8")
        program = [sys.executable, "-m", "sidecar", "--config", str(folder / "config.toml"), "run"]
        if setpriv := shutil.which("setpriv"):  # it ends with us, also when we are killed
            program = [setpriv, "--pdeathsig", "TERM", "--", *program]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                program,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    **{name: value for name, value in os.environ.items() if _passes(name)},
                    "SIDECAR_DATABASE_PASSWORD": settings.database.password.reveal(),
                },
                # Ctrl-C reaches us first, and we end it in order.
                start_new_session=True,
            )
        try:
            _wait(process, folder / "log")
            yield
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _passes(name: str) -> bool:
    """Whether the daemon gets a variable of ours: no settings, and no service manager."""
    return not name.startswith("SIDECAR_") and name not in {"NOTIFY_SOCKET", "WATCHDOG_USEC"}


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    until_s = clock.monotonic() + _PATIENCE_S
    while _BEGAN not in (said := log.read_text("utf-8")):
        if process.poll() is not None or clock.monotonic() > until_s:
            raise FatalError(f"the daemon did not start:\n{said.strip()}")
        clock.sleep(0.05)


def _as_toml(settings: Config) -> str:
    database, rules = settings.database, settings.rules
    lines = [
        "[database]",
        f"socket = {json.dumps(str(database.socket))}",
        f"user = {json.dumps(database.user)}",
        f"name = {json.dumps(database.name)}",
        f"prefix = {json.dumps(database.prefix)}",
        "[rules]",
        f"directory = {json.dumps(str(rules.directory))}",
        f"builtins = {json.dumps(rules.builtins)}",
        f"max_change_floor = {rules.max_change_floor}",
        "",
    ]
    return "\n".join(lines)
