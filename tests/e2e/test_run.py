"""`sidecar run` as systemd and a sysadmin know it."""

from __future__ import annotations

import json
import signal

import pytest
from sqlalchemy import text

from sidecar import clock
from sidecar.service.private_server import PrivateServer
from sidecar.shop.leader import leader_lock
from support.installation import Installation
from support.running import running


@pytest.fixture
def ready(installation: Installation) -> Installation:
    """A store with three customers, and a rule that two of them fulfil, approved of."""
    given = installation.given
    for total in ("600", "700", "20"):
        given.order(given.customer(), total)
    installation.rules(vip="total_spent >= 500")
    installation.done("migrate")
    installation.done("once", "--yes")
    return installation


def test_it_begins_with_a_full_pass_and_ends_within_five_seconds(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.hears("READY=1")
        daemon.logged("full_pass.finished")
        code, took_s = daemon.stop()

    assert (code, len(daemon.events("full_pass.started"))) == (0, 1)
    assert took_s < 5
    assert len(daemon.events("daemon.stopped")) == 1
    assert ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_five_seconds_in_the_middle_of_a_statement(
    ready: Installation, number: int
) -> None:
    with running(ready) as daemon, ready.engine.connect() as blocking:
        daemon.logged("full_pass.finished")
        # The next full pass waits for the table, as it would for a slow disk.
        blocking.execute(text("LOCK TABLES oc_order WRITE"))
        ready.rules(vip="total_spent >= 10")
        daemon.until(
            lambda: ready.column(
                "SELECT id FROM information_schema.processlist"
                " WHERE state LIKE 'Waiting for table%'"
            ),
            "a statement that waits",
        )
        code, took_s = daemon.stop(number)
        blocking.execute(text("UNLOCK TABLES"))

    assert code == 0
    assert took_s < 5


@pytest.mark.own_server_only("one without a binary log")
def test_systemd_is_told_that_it_is_ready_alive_and_ending(ready: Installation) -> None:
    with running(ready, WATCHDOG_USEC="1000000") as daemon:
        daemon.hears("READY=1")
        daemon.hears("WATCHDOG=1", times=4)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.hears("READY=1", times=2)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait()
        told = daemon.heard()

    assert told[-1] == "STOPPING=1"
    reload = told.index("RELOADING=1")
    assert told[reload + 1].startswith("MONOTONIC_USEC=")
    assert any(line.startswith("STATUS=poll, ") for line in told)


def test_a_second_daemon_is_told_to_come_later(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.hears("READY=1")
        second = ready.sidecar("run")

    assert second.returncode == 75
    assert "another sidecar holds the lock" in second.stderr


def test_without_own_tables_it_does_not_start(installation: Installation) -> None:
    process = installation.sidecar("run")

    assert process.returncode == 78
    assert "run `sidecar migrate`" in process.stderr


def test_rules_that_are_wrong_at_the_start_stop_it(ready: Installation) -> None:
    ready.rules(vip="no_such_fact > 1")
    process = ready.sidecar("run")

    assert process.returncode == 78
    assert "no_such_fact" in process.stderr


def test_a_rules_file_that_changes_is_applied_to_everybody(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        ready.rules(vip="total_spent >= 10")
        daemon.until(
            lambda: ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [3], "tagged"
        )


def test_broken_rules_keep_the_old_ones_until_they_are_mended(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        ready.rules(vip="no_such_fact > 1")
        assert "no_such_fact" in daemon.logged("reload.refused")["error"]
        daemon.until(lambda: _findings(ready) == ["reload.refused"], "the finding")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.logged("reload.refused", times=2)
        assert ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [2]
        ready.rules(vip="total_spent >= 10")
        daemon.logged("reload.done")
        daemon.until(lambda: _findings(ready) == [], "mended")


def test_a_broken_config_keeps_the_old_settings(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.hears("READY=1")
        ready.write_config(more="[sync]\npoll_intervall = '9 seconds'\n")
        daemon.process.send_signal(signal.SIGHUP)
        refused = daemon.logged("reload.refused")
        ready.write_config(more="[sync]\npoll_interval = '9 seconds'\n")
        daemon.logged("reload.done")

    assert "did you mean 'poll_interval'" in refused["error"]


def test_a_rules_directory_that_appears_later_is_read(ready: Installation) -> None:
    (ready.folder / "rules.d" / "rules.toml").unlink()
    (ready.folder / "rules.d").rmdir()
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        (ready.folder / "new").mkdir()
        (ready.folder / "new" / "rules.toml").write_text(
            "[[tag]]\nname = 'vip'\nwhen = 'total_spent > 0'\n", "utf-8"
        )
        (ready.folder / "new").rename(ready.folder / "rules.d")
        daemon.until(
            lambda: ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [3], "tagged"
        )


def test_a_hint_is_looked_at_at_once_and_gone(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        ready.given.order(3, "900")
        with ready.engine.begin() as tx:
            tx.execute(
                text(
                    "INSERT INTO oc_sidecar_hint (customer_id, reason, at)"
                    " VALUES (3, 'customer.edit', 1)"
                )
            )
        daemon.until(
            lambda: ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [3], "tagged"
        )
        daemon.until(lambda: ready.column("SELECT * FROM oc_sidecar_hint") == [], "consumed")


@pytest.mark.own_server_only("one without a binary log")
def test_a_change_in_the_store_is_noticed_by_polling(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        ready.given.order(3, "900")
        daemon.until(
            lambda: ready.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [3], "tagged"
        )


@pytest.mark.own_server_only("one without a binary log")
def test_status_says_how_the_daemon_is_and_that_there_is_none(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.logged("full_pass.finished")
        found = ready.json("status")
        daemon.stop()
    gone = ready.sidecar("status", "--json")

    assert (found["running"], found["mode"]) == (True, "poll")
    assert found["daemon"]["pid"] == daemon.process.pid
    assert found["queues"] == {"hints": 0, "commands": 0, "due": 0}
    assert found["size"]["bytes"] > 0
    assert found["schema"]["version"] == found["schema"]["newest"]
    assert gone.returncode == 69
    assert json.loads(gone.stdout)["running"] is False
    assert "does not run, last seen" in ready.sidecar("status").stdout


def test_it_gives_up_when_its_lock_is_taken_over(ready: Installation) -> None:
    with running(ready) as daemon:
        daemon.hears("READY=1")
        holder = _lock_holder(ready)
        with ready.engine.connect() as connection:
            connection.execute(text(f"KILL {holder}"))
        with leader_lock(ready.engine, ready.database.name, ready.database.prefix, 5):
            assert daemon.process.wait(30) == 75


def _findings(installation: Installation) -> list[str]:
    return installation.column("SELECT kind FROM oc_sidecar_finding WHERE mended_at IS NULL")


def _lock_holder(installation: Installation) -> int:
    found = installation.column(
        "SELECT JSON_VALUE(value, '$.connection_id') FROM oc_sidecar_state WHERE name = 'daemon'"
    )
    return int(found[0])


def test_a_database_that_is_restarted_is_waited_for(
    own_server: PrivateServer, own_installation: Installation
) -> None:
    own_installation.rules(vip="total_spent >= 500")
    own_installation.done("migrate")
    with running(own_installation) as daemon:
        daemon.logged("full_pass.finished")
        own_server.stop()
        daemon.logged("database.lost")
        clock.sleep(2)
        own_server.start()
        daemon.logged("database.back")
        lost = len(daemon.events("database.lost"))
        code, _ = daemon.stop()

    assert (code, lost) == (0, 1)
