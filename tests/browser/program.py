"""The sidecar beside the store that pages are tried on: its settings, commands and daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sidecar import clock

RULES = """
[[tag]]
name = "vip"
when = 'total_spent > 1000'

[[tag]]
name = "lapsing"
when = 'orders >= 2 and last_order older than 90 days'

[[segment]]
name = "Big baskets"
when = 'average_order > 300'
"""

PATIENCE_S = 60.0


class Program:
    """
    The command line and the daemon, with settings in *folder* made by ``sidecar init``.

    Attributes:
        folder: With config.toml, rules.d and the daemon's log.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None
        (folder / "rules.d").mkdir()
        (folder / "rules.d" / "rules.toml").write_text(RULES, "utf-8")
        self._run("init", "--opencart", str(root), "--write", str(folder / "config.toml"))
        with (folder / "config.toml").open("a", encoding="utf-8") as config:
            config.write(
                f'\n[rules]\ndirectory = "{folder}/rules.d"\n'
                f'[privacy]\nkey_file = "{folder}/key"\njournal = "{folder}/erasures.jsonl"\n'
                f'exports = "{folder}/exports"\n'
            )

    def run(self, *arguments: str) -> str:
        """What a command that must succeed prints on standard output."""
        return self._run("--config", str(self.folder / "config.toml"), *arguments)

    def json(self, *arguments: str) -> Any:
        """What a command that must succeed answers with ``--json``."""
        return json.loads(self.run(*arguments, "--json"))

    def start(self) -> None:
        """Start the daemon and wait until it looks after the store."""
        if self._daemon is not None:
            return
        with (self.folder / "daemon.log").open("ab") as log:
            before = log.tell()
            command = [sys.executable, "-m", "sidecar", "--config"]
            self._daemon = subprocess.Popen(
                [*command, str(self.folder / "config.toml"), "run"],
                stdout=log,
                stderr=log,
                env=_environment(),
            )
        deadline = clock.monotonic() + PATIENCE_S
        while b"daemon.started" not in self._log()[before:]:
            assert self._daemon.poll() is None, self._log()[before:].decode()
            assert clock.monotonic() < deadline, self._log()[before:].decode()
            clock.sleep(0.1)

    def stop(self) -> None:
        """End the daemon in good order."""
        if self._daemon is not None:
            self._daemon.terminate()
            code = self._daemon.wait(PATIENCE_S)
            self._daemon = None
            assert code == 0, f"the daemon ended with {code}: {self.folder}/daemon.log"

    def _log(self) -> bytes:
        return (self.folder / "daemon.log").read_bytes()

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", *arguments],
            capture_output=True,
            encoding="utf-8",
            env=_environment(),
            timeout=300,
        )
        assert done.returncode == 0, f"sidecar {' '.join(arguments)}: {done.stderr}"
        return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path.cwd())}
