"""Health and metrics over real sockets, asked by monitors and by people who mean harm."""

from __future__ import annotations

import contextlib
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sidecar import clock
from sidecar.config import Address
from sidecar.daemon import http
from sidecar.daemon.http import Http, Page
from support.asking import ask, connected, free_port

GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


def pages() -> dict[str, Callable[[], Page]]:
    def fail() -> Page:
        raise ValueError("ann@example.org")

    return {
        "/livez": lambda: Page(HTTPStatus.OK, "ok\n"),
        "/readyz": lambda: Page(HTTPStatus.SERVICE_UNAVAILABLE, "the database is away\n"),
        "/broken": fail,
        "/long": lambda: Page(HTTPStatus.OK, "x" * 5_000_000),
    }


class Settings:
    """Where to listen, as the settings say it now."""

    def __init__(self, listen: Address | None) -> None:
        self.listen = listen


@contextlib.contextmanager
def serving(address: Address | None) -> Iterator[tuple[Settings, Http]]:
    settings = Settings(address)
    with Http(lambda: settings.listen, pages()) as server:
        assert server.renew() is None
        yield settings, server


@pytest.fixture
def address(tmp_path: Path) -> Address:
    return Address(tmp_path / "http.sock")


@pytest.fixture(params=["socket", "127.0.0.1", "::1"])
def any_address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    if request.param == "socket":
        return Address(tmp_path / "http.sock")
    try:
        return Address(None, request.param, free_port(request.param))
    except OSError:
        pytest.skip(f"this machine has no {request.param}")


def test_pages_are_served_at_a_socket_and_at_a_port(any_address: Address) -> None:
    with serving(any_address):
        assert ask(any_address, GET % b"/livez") == (
            200,
            {
                "content-type": "text/plain; charset=utf-8",
                "content-length": "3",
                "cache-control": "no-store",
                "connection": "close",
            },
            b"ok\n",
        )
        assert ask(any_address, GET % b"/readyz")[::2] == (503, b"the database is away\n")
        assert ask(any_address, GET % b"/livez?now=1")[0] == 200

    with pytest.raises(OSError, match=r"refused|No such file"):
        connected(any_address)


def test_head_has_the_same_head_and_no_body(address: Address) -> None:
    with serving(address):
        status, headers, body = ask(address, b"HEAD /readyz HTTP/1.1\r\n\r\n")

    assert (status, headers["content-length"], body) == (503, "21", b"")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /livez HTTP/1.1\r\nContent-Length: 4\r\n\r\nstop", 405),
        (b"DELETE /metrics HTTP/1.1\r\n\r\n", 405),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", 405),
        (b"get /livez HTTP/1.1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /../../../../etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /livez/../../etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET //livez HTTP/1.1\r\n\r\n", 404),
        (b"GET http://somewhere/livez HTTP/1.1\r\n\r\n", 404),
        (b"GET /livez\x00 HTTP/1.1\r\n\r\n", 404),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET  /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 2_000_000, 431),
        (b"A: b\r\n" * 50_000, 431),
    ],
)
def test_what_no_monitor_asks_for_is_refused(
    address: Address, request_: bytes, status: int
) -> None:
    with serving(address):
        found = ask(address, request_)
        assert ask(address, GET % b"/livez")[0] == 200

    # Who goes on writing much too much may be cut off before it reads why.
    assert found[0] in (status, None) if status == 431 else found[0] == status
    assert b"root:" not in found[2]
    assert found[1].get("allow", "") == ("GET, HEAD" if status == 405 else "")


def test_a_fault_of_a_page_is_not_told_in_words_of_its_own(address: Address) -> None:
    with capture_logs() as lines, serving(address):
        assert ask(address, GET % b"/broken")[::2] == (500, b"Internal Server Error\n")
        assert ask(address, GET % b"/livez")[0] == 200

    assert [line for line in lines if line["event"] == "http.failed"] == [
        {"event": "http.failed", "path": "/broken", "error": "ValueError", "log_level": "error"}
    ]


def test_who_sends_nothing_more_or_reads_nothing_is_left_after_a_while(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_PATIENCE_S", 0.3)
    with serving(address), contextlib.ExitStack() as open_:
        silent, deaf = (open_.enter_context(connected(address)) for _ in range(2))
        silent.sendall(b"GET /livez HT")
        deaf.sendall(GET % b"/long")
        dripping = open_.enter_context(connected(address))
        began_s = clock.monotonic()
        with contextlib.suppress(OSError):
            while clock.monotonic() - began_s < 5.0:
                dripping.sendall(b"x")
                clock.sleep(0.05)

        assert clock.monotonic() - began_s < 3.0
        assert silent.recv(100) == b""
        assert len(b"".join(iter(lambda: deaf.recv(2**20), b""))) < 5_000_000
        assert ask(address, GET % b"/livez")[0] == 200


def test_many_connections_at_once_are_not_all_taken(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_MOST", 3)
    with serving(address), contextlib.ExitStack() as open_:
        asking = [open_.enter_context(connected(address)) for _ in range(3)]
        assert ask(address, GET % b"/livez")[0] is None
        asking.pop().close()
        asking[0].sendall(GET % b"/livez")
        assert asking[0].recv(12) == b"HTTP/1.1 200"
        deadline_s = clock.monotonic() + 5.0
        while ask(address, GET % b"/livez")[0] is None:
            assert clock.monotonic() < deadline_s


def test_only_owner_and_group_may_open_the_socket(address: Address) -> None:
    with serving(address):
        assert address.socket
        assert stat.S_IMODE(address.socket.stat().st_mode) == 0o660


def test_the_socket_of_a_process_that_is_gone_is_replaced(address: Address) -> None:
    with socket.socket(socket.AF_UNIX) as before:
        before.bind(str(address.socket))

    with serving(address):
        assert ask(address, GET % b"/livez")[0] == 200


def test_a_socket_where_somebody_answers_is_left_alone(address: Address) -> None:
    with (
        serving(address),
        capture_logs() as lines,
        Http(lambda: address, pages()) as second,
    ):
        problem = second.renew()
        second.close()
        assert ask(address, GET % b"/livez")[0] == 200

    assert problem == (
        f"health and metrics are not served at {address.socket}: another process listens there"
        " (free it or change `listen` under [http], then reload)"
    )
    assert [line["event"] for line in lines] == ["http.refused"]


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_no_socket_is_never_removed(address: Address, tmp_path: Path, kind: str) -> None:
    path = address.socket
    assert path
    kept = tmp_path / "kept"
    kept.write_text("precious")
    match kind:
        case "file":
            path.write_text("precious")
        case "link":
            path.symlink_to(kept)
        case _:
            path.mkdir()
    with Http(lambda: address, pages()) as server:
        assert "there is a file that is no socket" in str(server.renew())

    assert path.exists()
    assert kept.read_text() == "precious"


@pytest.mark.parametrize("name", ["no/such/folder/x.sock", "x" * 120])
def test_a_path_that_cannot_be_is_told(tmp_path: Path, name: str) -> None:
    with Http(lambda: Address(tmp_path / name), pages()) as server:
        assert "health and metrics are not served at" in str(server.renew())


def test_a_port_in_use_is_told_and_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address(None, "127.0.0.1", taken.getsockname()[1])
        with Http(lambda: address, pages()) as server:
            assert "Address already in use" in str(server.renew())
            taken.close()
            assert server.renew() is None
            assert ask(address, GET % b"/livez")[0] == 200


def test_a_reload_moves_it_to_where_the_settings_say(address: Address) -> None:
    with serving(address) as (settings, server):
        settings.listen = Address(None, "127.0.0.1", free_port("127.0.0.1"))
        assert server.renew() is None
        assert ask(settings.listen, GET % b"/livez")[0] == 200
        assert address.socket
        assert not address.socket.exists()

        before, settings.listen = settings.listen, None
        assert server.renew() is None
        with pytest.raises(OSError, match="refused"):
            connected(before)


def test_a_reload_that_changes_nothing_interrupts_nobody(address: Address) -> None:
    with serving(address) as (_, server), connected(address) as asking:
        asking.sendall(b"GET /livez ")
        assert server.renew() is None
        asking.sendall(b"HTTP/1.1\r\n\r\n")
        assert asking.recv(12) == b"HTTP/1.1 200"


def test_a_socket_that_somebody_removed_comes_back_with_a_reload(address: Address) -> None:
    with serving(address) as (_, server):
        assert address.socket
        address.socket.unlink()
        assert server.renew() is None
        assert ask(address, GET % b"/livez")[0] == 200


def test_a_socket_that_another_process_put_there_is_not_removed_at_the_end(
    address: Address,
) -> None:
    with serving(address), socket.socket(socket.AF_UNIX) as other:
        assert address.socket
        address.socket.unlink()
        other.bind(str(address.socket))

    assert address.socket.exists()


@pytest.mark.parametrize(
    ("host", "events"),
    [
        ("127.0.0.1", ["http.listening"]),
        ("localhost", ["http.listening"]),
        ("0.0.0.0", ["http.open_to_others", "http.listening"]),
    ],
)
def test_an_address_that_others_can_reach_is_warned_of(host: str, events: list[str]) -> None:
    with capture_logs() as lines, serving(Address(None, host, free_port(host))):
        pass

    assert [line["event"] for line in lines] == events


def test_nothing_listens_and_no_thread_runs_without_the_setting() -> None:
    before = threading.active_count()
    with serving(None):
        assert threading.active_count() == before


def test_no_thread_is_left_over(address: Address) -> None:
    before = threading.active_count()
    with serving(address):
        assert threading.active_count() == before + 1

    assert threading.active_count() == before
