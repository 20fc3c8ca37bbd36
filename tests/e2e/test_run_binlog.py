"""`sidecar run` where the server writes a binary log."""

from __future__ import annotations

import contextlib
import json
import signal
from typing import Any

import pytest

from sidecar import clock
from sidecar.service.private_server import PrivateServer
from support.foreign_server import on_mysql, settle_s
from support.given import Given
from support.installation import Installation
from support.running import Running, running


@pytest.fixture
def ready(binlog_installation: Installation) -> Installation:
    """A store with three customers, and a rule that two of them fulfil, approved of."""
    found = binlog_installation
    # Polling would find nothing for a minute, so what is found is found by the log.
    found.write_config(more='[sync]\npoll_interval = "1 minute"\n')
    for total in ("600", "700", "20"):
        found.given.order(found.given.customer(), total)
    found.rules(vip="total_spent >= 500")
    found.done("migrate")
    found.done("once", "--yes")
    return found


def tagged(installation: Installation) -> list[int]:
    return sorted(installation.column("SELECT customer_id FROM oc_sidecar_assertion"))


def settled(daemon: Running) -> None:
    """Wait until its first full pass is over and the log is read."""
    daemon.logged("full_pass.finished")
    daemon.logged("binlog.opened")


def status(installation: Installation) -> dict[str, Any]:
    return dict(json.loads(installation.sidecar("status", "--json").stdout))


def test_an_order_is_answered_within_a_second_though_polling_is_slow(
    ready: Installation,
) -> None:
    with running(ready) as daemon:
        settled(daemon)
        began = clock.monotonic()
        ready.given.order(3, "900")
        daemon.until(lambda: tagged(ready) == [1, 2, 3], "the third tag")
        took_s = clock.monotonic() - began
        daemon.until(lambda: status(ready)["daemon"]["capture"].get("rows"), "a heartbeat")
        found = status(ready)["daemon"]["capture"]

    assert took_s < 2 + settle_s()  # 0.2 s on a machine that has nothing else to do
    assert (found["mode"], found["gaps"]) == ("binlog", {})
    assert found["gate"] in (("gtid", "settle") if on_mysql() else ("snapshot",))


def test_what_was_written_while_it_was_away_is_found_in_the_log(
    ready: Installation,
) -> None:
    with running(ready) as daemon:
        settled(daemon)
        daemon.stop()
    ready.given.order(3, "900")

    with running(ready) as daemon:
        daemon.until(lambda: tagged(ready) == [1, 2, 3], "the third tag")
        opened = daemon.logged("binlog.opened")

    assert opened["skipped"] is None


def test_a_log_that_was_reset_is_a_gap_and_everybody_is_looked_at(
    binlog_mariadb: PrivateServer, ready: Installation
) -> None:
    with running(ready) as daemon:
        settled(daemon)
        daemon.stop(signal.SIGKILL)
    ready.given.order(3, "900")
    binlog_mariadb.execute("RESET MASTER")

    with running(ready) as daemon:
        daemon.until(lambda: tagged(ready) == [1, 2, 3], "the third tag")
        daemon.logged("binlog.gap")
        ready.given.order(3, "-850")
        daemon.until(lambda: tagged(ready) == [1, 2], "the third tag gone")


def test_a_format_without_rows_is_a_gap_and_then_there_is_polling(
    binlog_mariadb: PrivateServer, ready: Installation
) -> None:
    with running(ready) as daemon:
        settled(daemon)
        binlog_mariadb.execute("SET GLOBAL binlog_format = 'STATEMENT'")
        try:
            with contextlib.closing(binlog_mariadb.connect(ready.database.name)) as other:
                Given(other, now=clock.now()).order(3, "900")
            daemon.until(lambda: tagged(ready) == [1, 2, 3], "the third tag")
            mode = daemon.logged("capture.mode", times=2)
        finally:
            binlog_mariadb.execute("SET GLOBAL binlog_format = 'ROW'")

    assert mode["mode"] == "poll"
    assert "binlog_format" in mode["why"]
