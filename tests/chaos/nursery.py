"""
Where daemons are born: a process that has loaded the program, and forks.

A life begins in a tenth of the time that a new interpreter takes, so hundreds of them fit
into a test; and faults can be put into one before it begins (`chaos.faults`).

On its stdin, a JSON object a line: ``{"start": log, "faults": [...], "command": [...]}``
answers with the process id, ``{"wait": pid, "seconds": n}`` with its exit code (negative:
the signal) or null.
When stdin ends, so do all lives.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from chaos import faults

#: What a daemon imports; nothing of it starts a thread by being imported.
LOADED = (
    "sidecar.cli.root",
    "sidecar.daemon.duties",
    "sidecar.cli.daemon",
    "sidecar.cli.passes",
    "sidecar.app",
)

_lives: set[int] = set()


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    print("ready", flush=True)
    while line := sys.stdin.readline():
        asked = json.loads(line)
        answer = _start(asked) if "start" in asked else _wait(asked["wait"], asked["seconds"])
        print(json.dumps(answer), flush=True)
    for pid in list(_lives):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _start(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _lives.add(pid)
        return pid
    code = 1
    try:
        code = _live(Path(asked["start"]), asked["faults"], asked["command"])
    except BaseException:  # noqa: BLE001 - it must not go on as the nursery
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _live(log: Path, names: list[str], command: list[str]) -> int:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    faults.put_in(names)
    sys.argv = ["sidecar", *command]
    from sidecar.cli import main as sidecar

    try:
        sidecar()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _wait(pid: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while pid in _lives:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            _lives.discard(pid)
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.005)
    return None


if __name__ == "__main__":
    main()
