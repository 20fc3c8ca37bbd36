"""A daemon as its monitor sees it."""

from __future__ import annotations

import contextlib
import signal
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sidecar import clock
from sidecar.config import Address
from sidecar.service.private_server import PrivateServer
from support.asking import ask, connected, free_port, get
from support.installation import Installation
from support.running import running


@pytest.fixture
def monitored(installation: Installation) -> Installation:
    """A store with three customers and a rule that two of them fulfil, watched at a socket."""
    _prepare(installation)
    return installation


def _prepare(installation: Installation) -> None:
    given = installation.given
    for total in ("600", "700", "20"):
        given.order(given.customer(), total)
    installation.rules(vip="total_spent >= 500")
    _listen(installation, "./http.sock")
    installation.done("migrate")
    installation.done("once", "--yes")


def _listen(installation: Installation, where: str) -> None:
    # Also on a server whose log could be read.
    installation.write_config(more=f'[http]\nlisten = "{where}"\n[sync]\nmode = "poll"\n')


def _at(installation: Installation) -> Address:
    return Address(installation.folder / "http.sock")


def _metrics(address: Address) -> dict[str, float]:
    """What Prometheus reads: ``name`` or ``name label=value`` to its value."""
    status, text = get(address, "/metrics")
    assert status == 200
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = [f"{name}={value}" for name, value in sample.labels.items()]
            found[" ".join([sample.name, *labels])] = sample.value
    return found


def _findings(installation: Installation) -> list[str]:
    return installation.column("SELECT kind FROM oc_sidecar_finding WHERE mended_at IS NULL")


def test_a_monitor_sees_that_it_lives_what_it_did_and_what_waits(monitored: Installation) -> None:
    address = _at(monitored)
    with running(monitored) as daemon:
        daemon.logged("full_pass.finished")
        daemon.until(lambda: get(address, "/readyz") == (200, "ok\n"), "ready")
        assert get(address, "/livez") == (200, "ok\n")
        before = _metrics(address)
        monitored.given.order(3, "900")
        daemon.until(
            lambda: _metrics(address)["sidecar_changes_total kind=tag_added"] == 1, "counted"
        )
        monitored.done("tag", "create", "by-hand")
        daemon.until(lambda: _metrics(address)["sidecar_commands_total state=done"] == 1, "asked")
        after = _metrics(address)
        daemon.stop()

    assert before["sidecar_mode mode=poll"] == before["sidecar_ready"] == 1
    assert before["sidecar_full_pass_seconds"] > 0
    assert after["sidecar_rings_total source=trailing"] >= 1
    assert after["sidecar_cycle_seconds_count duty=poll"] >= 1
    assert after["sidecar_lag_seconds"] < 30
    assert after["sidecar_last_full_pass_timestamp_seconds"] > clock.now().timestamp() - 120
    assert after["sidecar_own_tables_bytes"] > 10_000
    assert after["sidecar_waiting_runs"] == after["sidecar_set_aside_customers"] == 0
    assert 20e6 < after["process_resident_memory_bytes"] < 1e9
    assert address.socket
    assert not address.socket.exists()


def test_nonsense_and_slowness_do_it_no_harm(monitored: Installation) -> None:
    address = _at(monitored)
    with running(monitored) as daemon, contextlib.ExitStack() as open_:
        daemon.logged("http.listening")
        slow = open_.enter_context(connected(address))
        slow.sendall(b"GET /metr")
        statuses = {
            ask(address, request)[0]
            for request in (
                b"POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\nshutdown=",
                b"GET /../../../etc/passwd HTTP/1.1\r\n\r\n",
                b"\x00\xff" * 4_000 + b"\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
            )
        }
        monitored.given.order(3, "900")
        daemon.until(
            lambda: _metrics(address)["sidecar_changes_total kind=tag_added"] == 1, "it goes on"
        )
        code, took_s = daemon.stop()

    assert statuses - {None, 431} == {405, 404, 400}
    assert (code, took_s < 5) == (0, True)


def test_it_works_without_a_place_to_listen_and_finds_one_at_a_reload(
    monitored: Installation,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, running(monitored) as daemon:
        daemon.logged("http.listening")
        _listen(monitored, f"127.0.0.1:{taken.getsockname()[1]}")
        refused = daemon.logged("http.refused")
        daemon.until(lambda: _findings(monitored) == ["http.refused"], "the finding")
        with pytest.raises(OSError, match=r"refused|No such file"):
            connected(_at(monitored))

        free = Address(None, "127.0.0.1", free_port("127.0.0.1"))
        _listen(monitored, f"127.0.0.1:{free.port}")
        daemon.logged("http.listening", times=2)
        assert get(free, "/livez") == (200, "ok\n")
        daemon.until(lambda: _findings(monitored) == [], "mended")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.logged("reload.done", times=3)
        assert len(daemon.events("http.listening")) == 2

    assert refused["error"] == "Address already in use"
    assert "at" in refused


def test_without_its_database_it_lives_is_not_ready_and_says_so(
    own_server: PrivateServer, own_installation: Installation
) -> None:
    _prepare(own_installation)
    address = _at(own_installation)
    with running(own_installation) as daemon:
        daemon.logged("full_pass.finished")
        daemon.until(lambda: get(address, "/readyz")[0] == 200, "ready")
        own_server.stop()
        daemon.logged("database.lost")
        away = {path: get(address, path) for path in ("/livez", "/readyz")}
        counted = _metrics(address)
        own_server.start()
        daemon.logged("database.back")
        daemon.until(lambda: get(address, "/readyz")[0] == 200, "ready again")
        back = _metrics(address)

    assert away == {"/livez": (200, "ok\n"), "/readyz": (503, "the database is away\n")}
    assert (counted["sidecar_ready"], counted["sidecar_connected"]) == (0, 0)
    assert counted["sidecar_database_errors_total class=unavailable"] >= 1
    assert (back["sidecar_ready"], back["sidecar_database_reconnects_total"]) == (1, 1)
