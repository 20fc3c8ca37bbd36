"""
Noticing that a server is frozen while an answer of it is waited for.

A statement may take any time, and from its connection a server that is stopped, or behind a
tunnel that holds connections open and passes nothing on, looks like one that is at work. So
who has waited for a heartbeat logs in anew: a server that lives lets one in, or says why not.
"""

from __future__ import annotations

import contextlib
import io
import math
import socket
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pymysql

from sidecar import clock
from sidecar.errors import ServerSilentError

T = TypeVar("T")

#: Who has waited this long for an answer asks whether the server lives, and asks again after as
#: long. With the time that logging in may take it is as long as three heartbeats of a log.
HEARTBEAT_S = 2.0

#: What PyMySQL never says itself, and SQLAlchemy takes for the end of the connection.
SILENT = 2055

#: Logs in and returns the connection, or raises what PyMySQL does; gives up by itself.
Login = Callable[[], Any]


@dataclass
class _Seen:
    """
    What is known of a server.

    Attributes:
        sockets: Of patient connections to it.
        silent_at: When it was found silent last, monotonic.
    """

    sockets: weakref.WeakSet[socket.socket] = field(default_factory=weakref.WeakSet)
    silent_at: float = -math.inf


_SEEN: defaultdict[str, _Seen] = defaultdict(_Seen)


@dataclass(frozen=True)
class Watch:
    """
    Whether one server lives.

    Attributes:
        place: Where it is.
        login: To it.
    """

    place: str
    login: Login

    def connected(self) -> Any:
        """
        A connection of PyMySQL's; statements on it may take any time while the server lives.

        Raises:
            pymysql.err.OperationalError: `SILENT`, also at once when it just was.
        """
        seen = _SEEN[self.place]
        if clock.monotonic() < seen.silent_at + HEARTBEAT_S:
            raise _silent()
        connection = self.login()
        # Else the socket would not be closed with the connection.
        connection._rfile.close()
        connection._rfile = io.BufferedReader(_Answers(connection._sock, self))
        connection._read_timeout = HEARTBEAT_S
        seen.sockets.add(connection._sock)
        return connection

    def while_it_lives(self, work: Callable[[], T]) -> T:
        """
        What *work* returns or raises, which runs in a thread and waits for the server itself.

        Raises:
            ServerSilentError: The server is silent; *work* goes on waiting, and keeps nobody
                from ending the process.
        """
        found: Future[T] = Future()

        def run() -> None:
            try:
                found.set_result(work())
            except BaseException as error:  # noqa: BLE001 - connectorx's panics are no `Exception`
                found.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        while not wait([found], HEARTBEAT_S).done:
            if not self.lives():
                raise ServerSilentError("the server is silent (frozen, or cut off)")
        return found.result()

    def lives(self) -> bool:
        """
        Whether the server answers who logs in, be it with a refusal.

        If not, all patient connections to it end, and none begins for a heartbeat: nobody shall
        wait as long once more to roll back, or to note that it failed.
        """
        try:
            connection = self.login()
        except (pymysql.MySQLError, OSError) as error:
            if not _took_too_long(error):
                return True
        else:
            connection.close()
            return True
        seen = _SEEN[self.place]
        seen.silent_at = clock.monotonic()
        for opened in list(seen.sockets):
            with contextlib.suppress(OSError):
                # Not as TLS would, which another thread may be reading.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
        return False


class _Answers(io.RawIOBase):
    """What a server sends over a socket, with or without TLS, whose reads time out."""

    def __init__(self, opened: socket.socket, watch: Watch) -> None:
        super().__init__()
        self._socket, self._watch = opened, watch

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        """Wait for something to read, for as long as the server lives."""
        while True:
            with contextlib.suppress(TimeoutError):
                return self._socket.recv_into(into)
            if not self._watch.lives():
                raise _silent()


def be_impatient(connection: Any, seconds: float) -> None:
    """Give up a statement on *connection* after *seconds*, whatever the server does."""
    connection._rfile.close()
    connection._rfile = connection._sock.makefile("rb")
    connection._read_timeout = seconds


def _silent() -> pymysql.err.OperationalError:
    return pymysql.err.OperationalError(SILENT, "the server is silent")


def _took_too_long(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__ or getattr(error, "original_exception", None)
    return False
