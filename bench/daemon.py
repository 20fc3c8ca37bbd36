"""The program as a process beside the store that is measured."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.baselines import begun
from bench.frame import Bench
from bench.rules import as_toml
from bench.store import opened
from sidecar.sync.sources.watched import changed

#: How long a daemon may take to be ready.
_PATIENCE_S = 1800.0

_TICKS = os.sysconf("SC_CLK_TCK")

#: What the unit's CPUWeight=20 is where there is no systemd: a fifth of what others get.
_NICE = ("nice", "-n", "7")

Mode = Literal["binlog", "poll"]

#: The program, but that a backlog is never left to a full pass, however long it is.
_READS_EVERYTHING = """
from sidecar.cli import main
from sidecar.sync.sources.binlog import source
source.PATIENCE_S = float("inf")
main()
"""


@contextlib.contextmanager
def settings_file(
    bench: Bench, rules: list[tuple[str, str]], mode: Mode = "poll"
) -> Iterator[Path]:
    """A config.toml for the store, with *rules* that make tags."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "rules.d").mkdir()
        (folder / "rules.d" / "rules.toml").write_bytes(as_toml(iter(rules)))
        database = bench.database
        lines = [
            "[database]",
            f"socket = {json.dumps(str(database.socket))}",
            f"user = {json.dumps(database.user)}",
            f"name = {json.dumps(database.name)}",
            "[rules]",
            "builtins = false",
            "max_change_floor = 10000000",
            "[sync]",
            f'mode = "{mode}"',
            'poll_interval = "2 seconds"',
        ]
        (folder / "config.toml").write_text("\n".join(lines), "utf-8")
        os.environ["SIDECAR_DATABASE_PASSWORD"] = database.password.reveal()
        yield folder / "config.toml"


@contextlib.contextmanager
def program(
    config: Path, *arguments: str, reads_everything: bool = False, before: Sequence[str] = ()
) -> Iterator[subprocess.Popen[str]]:
    """The command line *arguments* as a process, ended at the end; *before* executes it."""
    start = ["-c", _READS_EVERYTHING] if reads_everything else ["-m", "sidecar"]
    with (config.parent / "log").open("w") as log:
        command = [*before, sys.executable, *start, "--config", str(config), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@dataclass(slots=True)
class Running:
    """
    A daemon at work.

    Attributes:
        pid: Of it.
        full_pass_cpu_s: What starting and its first full pass took.
    """

    pid: int
    full_pass_cpu_s: float = 0.0

    def cpu_s(self) -> float:
        """Processor time so far, of all its threads."""
        return cpu_s(self.pid)

    def resident_mb(self) -> float:
        """Memory now."""
        return _memory_mb(self.pid, "VmRSS")

    def peak_mb(self) -> float:
        """The most memory so far; there is one process."""
        return _memory_mb(self.pid, "VmHWM")


def cpu_s(pid: int) -> float:
    """Processor time that the process *pid* took so far, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory_mb(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {name}")


@contextlib.contextmanager
def daemon(
    bench: Bench,
    rules: list[tuple[str, str]],
    mode: Mode = "poll",
    *,
    has_read_everything: bool = True,
) -> Iterator[Running]:
    """A daemon that has done its first full passes, and read everything once if it must."""
    with settings_file(bench, rules, mode) as config:
        with program(config, "once", "--yes") as once:
            once.communicate()
        if has_read_everything and not _has_baselines(bench):
            # By its share of the time it would take minutes, and look at everybody afterwards.
            begun(opened(bench.database))
        log = config.parent / "log"
        with program(config, "run", before=_NICE) as process:
            found = Running(process.pid)
            _wait(process, lambda: '"full_pass.finished"' in log.read_text("utf-8"), log)
            found.full_pass_cpu_s = found.cpu_s()
            time.sleep(3)
            yield found


def _wait(process: subprocess.Popen[str], condition: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not condition():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the daemon is not ready: {log.read_text('utf-8')[-2000:]}")
        time.sleep(0.2)


def _has_baselines(bench: Bench) -> bool:
    """Whether the rolling checksum has been round every table."""
    engine = bench.engine()
    wanted = {table.name for table in changed(opened(bench.database))}
    with engine.connect() as tx:
        query = "SELECT position FROM oc_sidecar_source WHERE name = 'poll'"
        position = json.loads(tx.exec_driver_sql(query).scalar() or "{}")
    engine.dispose()
    progress = position.get("checksum", {})
    return wanted <= progress.get("baselines", {}).keys() and not progress.get("is_first")
