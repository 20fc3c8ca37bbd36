"""The daemon of an installation as a process, with its log and what it tells systemd."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sidecar import clock
from support.installation import ENVIRONMENT, Installation

#: How long anything may take that the daemon does by itself.
PATIENCE_S = 30.0


class Running:
    """
    A daemon that was started.

    Attributes:
        process: Of it.
    """

    def __init__(self, installation: Installation, **environment: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(installation.folder / f"notify-{id(self)}"))
        self._socket.setblocking(False)
        self._told: list[str] = []
        self._log = installation.folder / f"log-{id(self)}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sidecar", "run"],
                cwd=installation.folder,
                env={
                    **ENVIRONMENT,
                    "PYTHONPATH": str(Path.cwd()),
                    "NOTIFY_SOCKET": self._socket.getsockname(),
                    **environment,
                },
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """Everything it wrote."""
        return self._log.read_text("utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events *name* of its log."""
        lines = (line for line in self.log.splitlines() if line.startswith("{"))
        return [event for line in lines if (event := json.loads(line))["event"] == name]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until *condition* holds, as it must soon."""
        deadline = clock.monotonic() + PATIENCE_S
        while not condition():
            self.heard()  # a socket that nobody empties would hold the daemon up
            assert self.process.poll() is None, f"it ended before {what}: {self.log}"
            assert clock.monotonic() < deadline, f"not yet {what}: {self.log}"
            clock.sleep(0.05)

    def logged(self, name: str, times: int = 1) -> dict[str, Any]:
        """Wait for the event *name*, so many *times*; the last of them."""
        self.until(lambda: len(self.events(name)) >= times, name)
        return self.events(name)[-1]

    def hears(self, line: str, times: int = 1) -> None:
        """Wait until systemd was told *line*, so many *times*."""
        self.until(lambda: self.heard().count(line) >= times, line)

    def heard(self) -> list[str]:
        """What systemd was told so far, line by line."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._told += self._socket.recv(4096).decode().splitlines()
        return self._told

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send the signal; exit code and how many seconds it took."""
        began = clock.monotonic()
        os.kill(self.process.pid, number)
        code = self.process.wait(PATIENCE_S)
        return code, clock.monotonic() - began

    def close(self) -> None:
        """End it, however."""
        self.process.kill()
        self.process.wait()
        self._socket.close()


@contextlib.contextmanager
def running(installation: Installation, **environment: str) -> Iterator[Running]:
    """A daemon that was started, and is gone after it."""
    found = Running(installation, **environment)
    try:
        yield found
    finally:
        found.close()
