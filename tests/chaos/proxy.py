"""A TCP proxy between the program and its database, which fails on request."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from sidecar import clock

#: What is done with what comes.
Mode = Literal["pass", "drop", "delay", "refuse"]

DELAY_S = 2.0

#: Ask for the log, by files or by GTIDs.
_ASK_FOR_LOG = (b"\x12", b"\x1e")


class Proxy:
    """
    Listens on a free port of this machine and forwards to *port*.

    Attributes:
        port: Where it listens.
        mode: ``drop`` swallows everything and says nothing, ``delay`` is late by `DELAY_S`,
            ``refuse`` hangs up at once.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.mode: Mode = "pass"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._halve = False
        self._damage: Callable[[bytes], bytes] | None = None
        #: The server's ends of connections that carry its log.
        self._logs: set[socket.socket] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self.cut()
        self._thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Break every connection, as a router that restarts would."""
        for pair in self._pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    # A reset, not an orderly end.
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    side.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def cut_in_a_packet(self) -> None:
        """Of whatever the server sends next, pass half, then break that connection."""
        self._halve = True

    def damage(self, how: Callable[[bytes], bytes]) -> None:
        """Of the log, carry *how* it makes what comes next, once."""
        self._damage = how

    @property
    def damaged(self) -> bool:
        """Whether that was done."""
        return self._damage is None

    def _accept(self) -> None:
        self._listener.settimeout(0.1)
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                if self.mode == "refuse":
                    client.close()
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self._to), 2)
                except OSError:
                    client.close()
                    continue
                pair = client, server
                self._pairs.append(pair)
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with selectors.DefaultSelector() as chosen, client, server:
            for side in other:
                side.settimeout(20)
                chosen.register(side, selectors.EVENT_READ)
            with contextlib.suppress(OSError):
                while not self._ended.is_set():
                    for key, _ in chosen.select(0.2):
                        side = client if key.fileobj is client else server
                        data = side.recv(1 << 16)
                        if side is client and data[3:4] == b"\0" and data[4:5] in _ASK_FOR_LOG:
                            self._logs.add(server)
                        if side in self._logs and self._damage is not None:
                            data, self._damage = self._damage(data), None
                        if not data or not self._forward(data, side is server, other[side]):
                            return

    def _forward(self, data: bytes, from_server: bool, to: socket.socket) -> bool:
        if self.mode == "drop":
            return True
        if self.mode == "delay":
            clock.sleep(DELAY_S)
        if self._halve and from_server and len(data) > 20:
            self._halve = False
            to.sendall(data[: len(data) // 2])
            return False
        to.sendall(data)
        return True
