"""Asking a server by HTTP byte by byte, as friend and foe do."""

from __future__ import annotations

import contextlib
import socket

from sidecar.config import Address


def connected(address: Address) -> socket.socket:
    """A connection to *address*."""
    if address.socket is None:
        return socket.create_connection((address.host, address.port), timeout=10)
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(10)
    try:
        found.connect(str(address.socket))
    except OSError:
        found.close()
        raise
    return found


def ask(address: Address, request: bytes) -> tuple[int | None, dict[str, str], bytes]:
    """Status, headers and body of the answer to *request*; a status of None: there was none."""
    answer = b""
    with connected(address) as asking:
        with contextlib.suppress(ConnectionError):
            asking.sendall(request)
        with contextlib.suppress(ConnectionError):
            answer = b"".join(iter(lambda: asking.recv(2**16), b""))
    if not answer:
        return None, {}, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value for name, _, value in pairs}, body


def get(address: Address, path: str) -> tuple[int | None, str]:
    """Status and body of the page at *path*."""
    status, _, body = ask(address, f"GET {path} HTTP/1.1\r\nHost: monitor\r\n\r\n".encode())
    return status, body.decode()


def free_port(host: str) -> int:
    """A port of *host* that nobody listens at."""
    family, _, _, _, where = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as found:
        found.bind(where)
        port: int = found.getsockname()[1]
        return port
