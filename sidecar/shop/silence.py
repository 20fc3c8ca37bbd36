"""
Noticing that a server is frozen while an answer of it is waited for.

A statement may take any time, and from its connection a server that is stopped, or behind a
tunnel that holds connections open and passes nothing on, looks like one that is at work. So
who has waited for a heartbeat logs in anew: a server that lives lets one in, or says why not.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import pymysql

from sidecar.errors import ServerSilentError

T = TypeVar("T")

#: Who has waited this long for an answer asks whether the server lives, and asks again after as
#: long. With the time that logging in may take it is as long as three heartbeats of a log.
HEARTBEAT_S = 2.0

#: What PyMySQL never says itself, and SQLAlchemy takes for the end of the connection.
SILENT = 2055

#: Logs in and returns the connection, or raises what PyMySQL does; gives up by itself.
Login = Callable[[], Any]


class Answers(io.RawIOBase):
    """
    What a server sends over the socket of a connection whose reads time out.

    Args:
        opened: The socket, with or without TLS; closing this leaves it open.
        login: To the same server.
    """

    def __init__(self, opened: Any, login: Login) -> None:
        super().__init__()
        self._socket = opened
        self._login = login

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, into: Any) -> int:
        """
        Wait for something to read, for as long as the server lives.

        Raises:
            pymysql.err.OperationalError: `SILENT`.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                return int(self._socket.recv_into(into))
            if not _lives(self._login):
                raise pymysql.err.OperationalError(SILENT, "the server is silent")


def be_patient(connection: Any, login: Login) -> None:
    """Let statements on *connection*, of PyMySQL, take any time while the server lives."""
    # Else the socket would not be closed with the connection.
    connection._rfile.close()
    connection._rfile = io.BufferedReader(Answers(connection._sock, login))
    connection._read_timeout = HEARTBEAT_S


def be_impatient(connection: Any, seconds: float) -> None:
    """Give up a statement on *connection* after *seconds*, whatever the server does."""
    connection._rfile.close()
    connection._rfile = connection._sock.makefile("rb")
    connection._read_timeout = seconds


def while_it_lives(work: Callable[[], T], login: Login) -> T:
    """
    What *work* returns or raises, which runs in a thread and waits for the server itself.

    Raises:
        ServerSilentError: The server is silent; *work* goes on waiting, and keeps nobody from
            ending the process.
    """
    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - connectorx's panics are no `Exception`
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while not wait([found], HEARTBEAT_S).done:
        if not _lives(login):
            raise ServerSilentError("the server is silent (frozen, or cut off)")
    return found.result()


def _lives(login: Login) -> bool:
    """Whether the server answers who logs in, be it with a refusal."""
    try:
        connection = login()
    except (pymysql.MySQLError, OSError) as error:
        return not _took_too_long(error)
    connection.close()
    return True


def _took_too_long(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__ or getattr(error, "original_exception", None)
    return False
