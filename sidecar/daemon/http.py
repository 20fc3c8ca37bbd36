"""
Health and metrics by HTTP, for monitors on this machine.

A thread of its own answers GET and HEAD of a few fixed pages and nothing else, without a
look at the database and without a word about anybody. Whoever asks slowly, too much or
nonsense costs the daemon nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import structlog

from sidecar.config import Address
from sidecar.daemon.listening import is_open_to_others, listen, shown

#: From connecting to the answer's last byte.
_PATIENCE_S = 5.0

#: Bytes of a request; a monitor's has a few hundred.
_LONGEST = 8192

#: Connections at a time.
_MOST = 32

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What to answer."""

    status: HTTPStatus
    body: str | bytes
    kind: str = _TEXT


#: What makes each page, by its path; called in the thread of the server.
Pages = Mapping[str, Callable[[], Page]]


class Http:
    """
    The server of a daemon; within the context it listens where the settings say.

    Args:
        where: What the settings say now; None: nowhere.
        pages: What there is to ask for.
    """

    def __init__(self, where: Callable[[], Address | None], pages: Pages) -> None:
        self._where, self._pages = where, pages
        self._server: _Server | None = None
        self._log = structlog.get_logger()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def renew(self) -> str | None:
        """
        Listen where the settings say now, and nowhere else.

        Returns:
            Why that is not possible, for a person; None: it is. Call it again to try again.
        """
        address = self._where()
        if self._server and self._server.serves(address):
            return None
        self.close()
        if address is None:
            return None
        at = shown(address)
        try:
            listening = listen(address)
        except OSError as error:
            problem = error.strerror or str(error)
            self._log.error("http.refused", at=at, error=problem)
            return (
                f"health and metrics are not served at {at}: {problem}"
                " (free it or change `listen` under [http], then reload)"
            )
        if is_open_to_others(listening):
            self._log.warning("http.open_to_others", at=at)
        self._server = _Server(address, listening, self._pages)
        self._log.info("http.listening", at=at)
        return None

    def close(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server:
            server.close()


class _Server:
    """One socket that is listened at, in a thread of its own."""

    def __init__(self, address: Address, listening: socket.socket, pages: Pages) -> None:
        self._address, self._listening, self._pages = address, listening, pages
        self._file = _inode(address)
        self._open = 0
        self._ending = asyncio.Event()
        # Of another thread than this, so not the loop of this one.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()

    def serves(self, address: Address | None) -> bool:
        """Whether it still can be asked at *address*."""
        there = self._thread.is_alive() and _inode(self._address) == self._file
        return there and address == self._address

    def close(self) -> None:
        """End, and remove the file, unless it is another's by now."""
        path = self._address.socket
        if path and _inode(self._address) == self._file:
            with contextlib.suppress(OSError):
                path.unlink()
        with contextlib.suppress(RuntimeError):  # it ended already
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(1.0)

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._listening, limit=_LONGEST)
        await self._ending.wait()
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _MOST:
                async with asyncio.timeout(_PATIENCE_S):
                    writer.write(await self._answer(reader))
                    writer.close()
                    await writer.wait_closed()
        except (TimeoutError, EOFError, OSError):
            pass  # too slow, or gone
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _written(_page(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        line = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            return _written(_page(HTTPStatus.BAD_REQUEST))
        method, target, _ = line
        if method not in ("GET", "HEAD"):
            return _written(_page(HTTPStatus.METHOD_NOT_ALLOWED), allow=True)
        return _written(self._page_at(target.partition("?")[0]), head=method == "HEAD")

    def _page_at(self, path: str) -> Page:
        make = self._pages.get(path)
        if make is None:
            return Page(HTTPStatus.NOT_FOUND, f"there is only {', '.join(self._pages)}\n")
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - who asks is told; the daemon goes on
            structlog.get_logger().error("http.failed", path=path, error=type(error).__name__)
            return _page(HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(status: HTTPStatus) -> Page:
    return Page(status, f"{status.phrase}\n")


def _written(page: Page, *, head: bool = False, allow: bool = False) -> bytes:
    body = page.body.encode() if isinstance(page.body, str) else page.body
    lines = [
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"Content-Type: {page.kind}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *(["Allow: GET, HEAD"] if allow else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if head else body)


def _inode(address: Address) -> tuple[int, int] | None:
    """Which file the socket is; None: it has none."""
    if address.socket is None:
        return None
    try:
        at = os.lstat(address.socket)
    except OSError:
        return None
    return at.st_dev, at.st_ino
