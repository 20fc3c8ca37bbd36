"""What the service manager is told, on a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.daemon.systemd import Systemd


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield found


def test_it_hears_each_message(manager: socket.socket) -> None:
    told = Systemd()
    told.ready()
    told.reloading()
    told.alive()
    told.stopping()
    told.close()
    told.stopping()

    messages = [manager.recv(1_000).decode() for _ in range(4)]
    assert [message.split("\n")[0] for message in messages] == [
        "READY=1",
        "RELOADING=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]
    assert int(messages[1].partition("MONOTONIC_USEC=")[2]) > 0


def test_a_status_is_told_when_it_is_another(manager: socket.socket) -> None:
    told = Systemd()
    for text in ("idle", "idle", "busy"):
        told.status(text)
    told.close()

    assert [manager.recv(1_000) for _ in range(2)] == [b"STATUS=idle", b"STATUS=busy"]


def test_a_status_is_one_line_of_utf_8_whatever_an_error_said(manager: socket.socket) -> None:
    told = Systemd()
    told.status("Spalte „Größe“ ist weg\nSTOPPING=1")
    told.status("no \udcff")
    told.close()

    assert manager.recv(1_000).decode() == "STATUS=Spalte „Größe“ ist weg"
    assert manager.recv(1_000) == b"STATUS=no ?"


def test_where_nobody_listens_nothing_happens() -> None:
    Systemd({}).ready()


@pytest.mark.parametrize(
    ("microseconds", "pid", "every_s"),
    [
        ("60000000", None, 30.0),
        ("60000000", "ours", 30.0),
        ("60000000", "1", None),
        ("", None, None),
        ("0", None, None),
        ("soon", None, None),
    ],
)
def test_it_wants_to_hear_of_us_twice_in_its_interval(
    microseconds: str, pid: str | None, every_s: float | None
) -> None:
    environ = {"WATCHDOG_USEC": microseconds}
    if pid is not None:
        # Not in the parameters: every worker of the test run has another.
        environ["WATCHDOG_PID"] = str(os.getpid()) if pid == "ours" else pid

    assert Systemd(environ).alive_every_s == every_s
