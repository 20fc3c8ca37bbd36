"""A socket to listen at: a file, or a host and port."""

from __future__ import annotations

import errno
import ipaddress
import socket
import stat
from pathlib import Path

from sidecar.config import Address

#: Who belongs to the file's group may ask.
_MODE = 0o660

#: Connections that may wait to be accepted.
_BACKLOG = 16

#: A process that listens accepts at once, or its queue is full.
_PROBE_S = 1.0


def listen(address: Address) -> socket.socket:
    """
    Listen at *address*; the file of a process that is gone is replaced.

    Raises:
        OSError: That is not possible; its text says why.
    """
    return _tcp(address) if address.socket is None else _unix(address.socket)


def shown(address: Address) -> str:
    """*address* as it is written in the settings."""
    if address.socket is not None:
        return str(address.socket)
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def is_open_to_others(listening: socket.socket) -> bool:
    """Whether other machines may reach it."""
    if listening.family == socket.AF_UNIX:
        return False
    return not ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def _tcp(address: Address) -> socket.socket:
    family, _, _, _, where = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Else a port stays taken for a minute after a restart.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(where)
        found.listen(_BACKLOG)
    except OSError:
        found.close()
        raise
    return found


def _unix(path: Path) -> socket.socket:
    _remove_stale(path)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.bind(str(path))
        # Nobody can connect before `listen`.
        path.chmod(_MODE)
        found.listen(_BACKLOG)
    except OSError:
        found.close()
        raise
    return found


def _remove_stale(path: Path) -> None:
    """Remove the socket at *path* when nobody answers there; nothing else is ever removed."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "there is a file that is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass
    raise OSError(errno.EADDRINUSE, "another process listens there")
