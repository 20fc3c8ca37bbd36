"""The daemons of an installation, one life after the other."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sidecar import clock
from support.installation import ENVIRONMENT

#: How long anything may take that a daemon does by itself, on a busy machine.
PATIENCE_S = 60.0


class Lives:
    """
    Starts daemons in *folder*, where a config.toml is.

    Args:
        environment: More variables for them.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery"],
            cwd=folder,
            env={**ENVIRONMENT, "PYTHONPATH": f"{root}:{root / 'tests'}", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._heard().strip() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def start(self, *faults: str, command: Sequence[str] = ("run",)) -> Life:
        """One that begins now, with *faults* of `chaos.faults`; or another *command*."""
        log = self._folder / f"life-{next(self._numbers)}.log"
        log.touch()
        return Life(self, int(self.ask(start=str(log), faults=faults, command=command)), log)

    def ask(self, **asked: object) -> Any:
        """What the nursery answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._heard())

    def _heard(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery ended"
        return line


class Life:
    """
    A daemon that was started.

    Attributes:
        pid: Its process.
        code: Its exit code once it is known that it ended; negative: the signal.
    """

    def __init__(self, lives: Lives, pid: int, log: Path) -> None:
        self._lives, self.pid, self._log = lives, pid, log
        self.code: int | None = None

    @property
    def log(self) -> str:
        """Everything it wrote."""
        return self._log.read_text("utf-8", "replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events *name* of its log."""
        # The last line may be half written.
        lines = (line for line in self.log.splitlines() if line.startswith("{") and line[-1] == "}")
        return [event for line in lines if (event := json.loads(line))["event"] == name]

    def ended(self, within_s: float = 0.0) -> bool:
        """Whether it ended by itself."""
        if self.code is None:
            self.code = self._lives.ask(wait=self.pid, seconds=within_s)
        return self.code is not None

    def until(
        self, condition: Callable[[], object], what: str, within_s: float = PATIENCE_S
    ) -> float:
        """Wait until *condition* holds; how many seconds that took."""
        began_s = clock.monotonic()
        while not condition():
            assert not self.ended(), f"it ended with {self.code} before {what}: {self.tail()}"
            took_s = clock.monotonic() - began_s
            assert took_s < within_s, f"not yet {what}: {self.tail()}"
            clock.sleep(0.02)
        return clock.monotonic() - began_s

    def logged(self, name: str, times: int = 1, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the event *name*, so many *times*; the last of them."""
        self.until(lambda: len(self.events(name)) >= times, name, within_s)
        return self.events(name)[-1]

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> int:
        """End it as a crash would; its exit code, which is another where it ended before."""
        if not self.ended():
            self.send(signal.SIGKILL)
            assert self.ended(PATIENCE_S)
        assert self.code is not None
        return self.code

    def stop(self) -> int:
        """End it as systemd would; its exit code."""
        if not self.ended():
            self.send(signal.SIGTERM)
            if not self.ended(20):
                self.send(signal.SIGKILL)
                assert self.ended(PATIENCE_S)
        assert self.code is not None
        return self.code

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.splitlines()[-15:])
