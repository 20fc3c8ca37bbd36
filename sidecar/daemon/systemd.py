"""What systemd is told: ready, busy with what, alive, ending. Nothing where nobody listens."""

from __future__ import annotations

import os
from collections.abc import Mapping

import sdnotify

from sidecar import clock


class Systemd:
    """
    The socket of the service manager.

    Attributes:
        alive_every_s: How often it wants to hear that we are alive; None: never.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        # Without a socket the library would leave one of its own open.
        listening = bool(environ.get("NOTIFY_SOCKET"))
        self._notifier = sdnotify.SystemdNotifier() if listening else None
        if self._notifier and self._notifier.socket:
            # Better unheard than waiting for a manager that hangs.
            self._notifier.socket.settimeout(1.0)
        self._status = ""
        self.alive_every_s = _half_of_watchdog(environ)

    def ready(self) -> None:
        """Started, or done with reloading."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Reloading; `ready` ends it."""
        # Without the instant, systemd takes an older READY=1 for the answer to this reload.
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(clock.monotonic() * 1e6)}")

    def stopping(self) -> None:
        """Ending."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Not hanging."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show the first line of *text* in ``systemctl status``."""
        line = text.partition("\n")[0]
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def close(self) -> None:
        """Tell nothing any more."""
        if self._notifier and self._notifier.socket:
            self._notifier.socket.close()
        self._notifier = None

    def _tell(self, message: str) -> None:
        if self._notifier:
            # systemd reads UTF-8; the library writes Latin-1, and drops what has no place in it.
            self._notifier.notify(message.encode("utf-8", "replace").decode("latin-1"))


def _half_of_watchdog(environ: Mapping[str, str]) -> float | None:
    microseconds = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not meant or not microseconds.isdigit() or not int(microseconds):
        return None
    return int(microseconds) / 2e6
