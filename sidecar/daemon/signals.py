"""Signals: ending in time, reloading, and sleeping so that both wake us."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Any, Self

#: After so long a batch that has not ended is given up: rolled back, and done next time.
PATIENCE_S = 3.0

#: After so long more the process ends as it stands. Whatever is committed stands then too.
LAST_S = 1.5

_ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """
    The signals of a daemon, taken over within the context.

    SIGTERM and SIGINT ask the work to end between two batches. Work that takes longer than
    `PATIENCE_S` is broken off by SystemExit, and a process that cannot even do that ends
    `LAST_S` later. So it never takes five seconds, whatever is being done.
    """

    def __init__(self) -> None:
        self._stopping = False
        self._reload = False
        self._forced = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        # A handler may take no lock that the code it interrupts may hold; a byte needs none.
        self._fd_before = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            self._before[number] = signal.signal(number, self._stop)
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._ask_reload)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._break_off)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._read.close()
        self._write.close()

    def stopping(self) -> bool:
        """Whether somebody asked us to end."""
        return self._stopping

    def reload_asked(self) -> bool:
        """Whether somebody asked for a reload since the last call."""
        asked, self._reload = self._reload, False
        return asked

    def wake(self) -> None:
        """End a `wait`, from any thread."""
        with contextlib.suppress(BlockingIOError, OSError):  # full: it will wake
            self._write.send(b"\0")

    def wait(self, seconds: float) -> None:
        """Sleep for *seconds*, or until a signal or `wake`."""
        if self._stopping:
            return
        if select.select([self._read], [], [], max(0.0, seconds))[0]:
            with contextlib.suppress(BlockingIOError):
                self._read.recv(4096)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)

    def _ask_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reload = True

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        if self._forced:
            os._exit(0)  # no log: it may be what the signal interrupted
        self._forced = True
        signal.setitimer(signal.ITIMER_REAL, LAST_S)
        raise SystemExit(0)
