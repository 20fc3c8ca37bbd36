"""Signals: ending in time, reloading, and sleeping so that both wake us."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import threading
from types import FrameType
from typing import Any, Self

#: After so long a batch that has not ended is given up: rolled back, and done next time.
PATIENCE_S = 2.5

#: After so long more the process ends as it stands. Whatever is committed stands then too.
LAST_S = 1.5

_ENDING = (signal.SIGTERM, signal.SIGINT)

#: Breaks the main thread's work off; nobody else uses it.
_BREAK = signal.SIGUSR2


class Signals:
    """
    The signals of a daemon, taken over within the context.

    SIGTERM and SIGINT ask the work to end between two batches. Work that takes longer than
    `PATIENCE_S` is broken off by SystemExit, and a process that cannot even do that ends
    `LAST_S` later. So it never takes five seconds, whatever is being done.
    """

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._left = threading.Event()
        self._reload = False
        self._before: dict[int, Any] = {}
        self._main = threading.get_ident()

    def __enter__(self) -> Self:
        # Python writes a signal's number here whichever thread the system gave it to. A thread
        # reads it, because the main one may be in a library that does not come back soon.
        self._came, self._comes = socket.socketpair()
        self._woken, self._wakes = socket.socketpair()
        for end in (self._comes, self._woken, self._wakes):
            end.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._comes.fileno(), warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGHUP):
            self._before[number] = signal.signal(number, _nothing)
        self._before[_BREAK] = signal.signal(_BREAK, _break_off)
        self._listener = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._comes.close()  # ends the listener
        self._listener.join(1.0)
        for end in (self._came, self._woken, self._wakes):
            end.close()

    def stopping(self) -> bool:
        """Whether somebody asked us to end."""
        return self._stopping.is_set()

    def reload_asked(self) -> bool:
        """Whether somebody asked for a reload since the last call."""
        asked, self._reload = self._reload, False
        return asked

    def wake(self) -> None:
        """End a `wait`, from any thread."""
        with contextlib.suppress(OSError):  # full: it will wake; closed: nobody waits
            self._wakes.send(b"\0")

    def wait(self, seconds: float, also: int | None = None) -> bool:
        """
        Sleep for *seconds*, or until a signal or `wake`, or until *also* can be read.

        Args:
            also: A file descriptor; None: none.

        Returns:
            Whether *also* can be read.
        """
        if self.stopping():
            return False
        poll = select.poll()  # unlike select.select it knows numbers above 1023
        poll.register(self._woken, select.POLLIN)
        if also is not None:
            poll.register(also, select.POLLIN)
        ready = {number for number, _ in poll.poll(math.ceil(max(0.0, seconds) * 1000))}
        if self._woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
        return also in ready

    def _listen(self) -> None:
        while numbers := self._came.recv(4096):
            if signal.SIGHUP in numbers:
                self._reload = True
            ending = not self._stopping.is_set() and any(n in numbers for n in _ENDING)
            if ending:
                self._stopping.set()
            self.wake()
            if ending:
                self._see_to_the_end()

    def _see_to_the_end(self) -> None:
        if not self._left.wait(PATIENCE_S):
            signal.pthread_kill(self._main, _BREAK)
            if not self._left.wait(LAST_S):
                os._exit(0)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler, so that the system interrupts what waits; the listener does the rest."""


def _break_off(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
