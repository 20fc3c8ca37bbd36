"""How the daemon is, for `status` and for systemd."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar import __version__
from sidecar.sync.state import Json

#: Errors that are kept, the newest last.
_ERRORS = 5


@dataclass(slots=True)
class Vitals:
    """
    What is known about the running daemon; instants are UTC epoch seconds.

    Attributes:
        started_at: When the process began to work.
        mode: How changes are noticed.
        capture: What is known of it.
        doing: What it does now: ``waiting``, or the name of a duty.
        connection_id: Of the connection that holds the lock.
        changes_at: Every change from before then was looked at; None: not yet known.
        last_cycle_at: When customers were last looked at.
        customers: Looked at since the start, full passes included.
        last_full_pass_at: When the last full pass ended that this process did.
        reload_error: Why the settings or rules in the files do not hold; empty: they do.
        errors: The last few, each with its instant.
    """

    started_at: int
    mode: str = ""
    capture: Mapping[str, Json] = field(default_factory=dict)
    doing: str = "starting"
    connection_id: int = 0
    changes_at: int | None = None
    last_cycle_at: int | None = None
    customers: int = 0
    last_full_pass_at: int | None = None
    reload_error: str = ""
    errors: list[tuple[int, str]] = field(default_factory=list)

    def failed(self, at: int, message: str) -> None:
        """Keep *message* among the last errors, unless it is the last one again."""
        if not self.errors or self.errors[-1][1] != message:
            self.errors = [*self.errors[1 - _ERRORS :], (at, message)]

    def lag_s(self, now: int) -> int | None:
        """Seconds for which changes may not have been looked at; None: not yet known."""
        return None if self.changes_at is None else max(0, now - self.changes_at)

    def heartbeat(self, now: int) -> dict[str, Json]:
        """What `status` reads."""
        return {
            "pid": os.getpid(),
            "version": __version__,
            "at": now,
            "started_at": self.started_at,
            "mode": self.mode,
            "capture": dict(self.capture),
            "doing": self.doing,
            "connection_id": self.connection_id,
            "lag_s": self.lag_s(now),
            "last_cycle_at": self.last_cycle_at,
            "customers": self.customers,
            "last_full_pass_at": self.last_full_pass_at,
            "reload_error": self.reload_error or None,
            "errors": [{"at": at, "message": message} for at, message in self.errors],
            "memory_mb": resident_mb(),
        }

    def line(self, now: int) -> str:
        """What systemd shows."""
        lag_s = self.lag_s(now)
        parts = [
            self.mode or "starting",
            self.doing,
            "" if lag_s is None else f"lag {lag_s} s",
            f"{self.customers} customers looked at",
            "files not usable, the old settings and rules hold" if self.reload_error else "",
        ]
        return ", ".join(part for part in parts if part)


def resident_mb() -> int:
    """Memory of this process now, in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):  # no Linux: the most there ever was
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() // 2**20
