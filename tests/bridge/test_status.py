"""What the bridge tells of the sidecar's state is what `sidecar status` says."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from typing import Any

from bridge.php_database import php_call
from sidecar import clock
from sidecar.config import Database
from sidecar.daemon.vitals import Vitals
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from sidecar.sync import findings, state, status
from support.deciding import discard
from support.small_store import SmallStore

READ = "return (new Sidecar\\Status($database))->read();"
STATE = "return (new Sidecar\\Daemon($database))->state();"

HOSTILE = 'it\'s "<b>50%_\\</b>" 🦊'


def seconds() -> int:
    return int(clock.now().timestamp())


def beat(store: SmallStore, connection_id: int, *, ago_s: int = 0, **more: Any) -> None:
    """A heartbeat of a daemon on that connection."""
    now = seconds() - ago_s
    vitals = Vitals(started_at=now - 60, mode="poll", changes_at=now - 3, **more)
    vitals.connection_id = connection_id
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        state.write(tx, own, status.HEARTBEAT, vitals.heartbeat(now), store.moment)


@contextlib.contextmanager
def led(store: SmallStore) -> Iterator[int]:
    """Somebody holds the lock; yields on which connection."""
    sidecar = store.sidecar
    with leader_lock(sidecar.engine, sidecar.config.database.name, sidecar.shop.prefix) as held:
        yield held.connection_id


def epoch(iso: str | None) -> int | None:
    return None if iso is None else int(datetime.datetime.fromisoformat(iso).timestamp())


def agreed(store: SmallStore, database: Database) -> dict[str, Any]:
    """What the bridge reads, held to what `sidecar status --json` says."""
    read = php_call(database, READ)
    said = store.sidecar.view.status()
    assert (read["daemon"]["state"] == "running") is said["running"]
    assert (read["daemon"]["state"] in ("running", "busy")) is said["busy"]
    if said["running"]:
        assert read["daemon"]["mode"] == said["mode"]
        assert abs(read["daemon"]["lag"] - said["lag_s"]) <= 2
    paused = read["daemon"]["paused"]
    assert (paused and paused["reason"]) == (said["paused"] and said["paused"]["reason"])
    assert read["schema"] == said["schema"]["version"]
    assert read["last_full_pass"] == epoch(said["last_full_pass"])
    assert read["queues"] == said["queues"]
    assert (read["waiting"], read["held"]) == (len(said["waiting"]), len(said["held"]))
    assert read["set_aside"] == said["set_aside"]
    assert read["requests"] == said["privacy"]["requests"]
    due = said["privacy"]["due_at"]
    assert (read["due_at"] and int(read["due_at"])) == epoch(due)
    assert [(f["kind"], f["message"], int(f["times"])) for f in read["findings"]] == [
        (f["kind"], f["message"], f["times"]) for f in said["findings"]
    ]
    assert [(f["name"], f["bytes"]) for f in sizes(database)] == [
        (name, str(table["bytes"]))
        for name, table in sorted(
            said["size"]["tables"].items(), key=lambda pair: (-pair[1]["bytes"], pair[0])
        )
    ]
    found: dict[str, Any] = read
    return found


def sizes(database: Database) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = php_call(
        database, "return (new Sidecar\\Status($database))->sizes();"
    )
    return found


def test_an_installation_where_nothing_ran_yet(store: SmallStore, small_database: Database) -> None:
    read = agreed(store, small_database)

    assert read["daemon"]["state"] == "never"
    assert (read["said"], read["last_full_pass"], read["findings"]) == (None, None, [])


def test_a_daemon_that_holds_its_lock_runs(store: SmallStore, small_database: Database) -> None:
    with led(store) as connection_id:
        beat(store, connection_id)
        read = agreed(store, small_database)

    assert (read["daemon"]["state"], read["hangs"]) == ("running", False)


def test_a_daemon_that_was_just_killed_does_not_run(
    store: SmallStore, small_database: Database
) -> None:
    with led(store) as connection_id:
        beat(store, connection_id)

    assert agreed(store, small_database)["daemon"]["state"] == "silent"


def test_a_command_line_at_work_is_no_daemon(store: SmallStore, small_database: Database) -> None:
    beat(store, 4_000_000_000)
    with led(store):
        assert agreed(store, small_database)["daemon"]["state"] == "busy"


def test_a_daemon_that_holds_its_lock_and_says_nothing_hangs(
    store: SmallStore, small_database: Database
) -> None:
    with led(store) as connection_id:
        beat(store, connection_id, ago_s=31)
        read = agreed(store, small_database)

    assert (read["daemon"]["state"], read["hangs"]) == ("running", True)


def test_where_the_server_has_no_locks_by_name_the_lease_tells(
    store: SmallStore, small_database: Database
) -> None:
    beat(store, 77)
    lease = (
        "INSERT INTO `{own}source` (name, seq, epoch, position, at)"
        " VALUES ('lease', 1, 1, '{{\"connection_id\": 77}}', UNIX_TIMESTAMP() + %s)"
    )
    store.rows(lease.replace("{{", "{").replace("}}", "}"), 20)
    store.given.connection.commit()
    try:
        assert agreed(store, small_database)["daemon"]["state"] == "running"
        store.rows("UPDATE `{own}source` SET at = UNIX_TIMESTAMP() - 1 WHERE name = 'lease'")
        store.given.connection.commit()
        assert agreed(store, small_database)["daemon"]["state"] == "silent"
    finally:
        store.rows("DELETE FROM `{own}source` WHERE name = 'lease'")
        store.given.connection.commit()


def test_everything_that_waits_for_a_person_is_counted(
    store: SmallStore, small_database: Database
) -> None:
    ids = [store.given.customer() for _ in range(5)]
    store.rules(buyer="orders > 0")
    store.full_pass()
    store.named_rules({"buyer": "orders > 0", HOSTILE: "orders = 0"})
    (run,) = (found.run_id for found in store.whole_pass(cap=2).waiting)
    discard(store, run)
    store.named_rules({"buyer": "orders > 0", HOSTILE: "orders = 0", "new": "orders < 1"})
    store.whole_pass(cap=2)
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        findings.raise_finding(tx, own, "some.thing", HOSTILE, HOSTILE, store.moment)
        findings.raise_finding(tx, own, "some.thing", HOSTILE, HOSTILE, store.moment)
        findings.raise_finding(tx, own, "other.thing", "", "is mended", store.moment)
        findings.mend(tx, own, "other.thing", None, store.moment)
        state.write(
            tx, own, "paused", {"by": "admin:ann", "reason": HOSTILE, "at": 7}, store.moment
        )
    store.rows(
        "INSERT INTO `{own}rule` (kind, name, name_key, origin, position, fingerprint, settled,"
        " held, changed_at) VALUES ('tag', 'edited', 'edited', 'file', 0, 'b', 'a', 'a', 1)"
    )
    store.sidecar.requests.ask("resume", {}, "admin:ann")
    store.rows(
        "INSERT INTO `{own}hint` (customer_id, reason, at) VALUES (%s, 'customer.edit', 1)", ids[0]
    )
    store.rows(
        "INSERT INTO `{own}set_aside` (customer_id, at, times, error) VALUES (%s, 5, 2, %s)",
        ids[1],
        HOSTILE,
    )
    store.sidecar.requests.ask("pause", {}, "admin:ann")
    store.given.connection.commit()

    read = agreed(store, small_database)

    assert (read["waiting"], read["held"], read["set_aside"]) == (1, 1, 1)
    assert read["queues"]["commands"] == 2
    assert read["queues"]["hints"] == 1
    assert read["daemon"]["paused"]["reason"] == HOSTILE
    assert [(f["subject"], f["message"], f["times"]) for f in read["findings"]] == [
        (HOSTILE, HOSTILE, "2")
    ]
    aside = php_call(small_database, "return (new Sidecar\\Status($database))->setAside();")
    assert aside == [{"customer_id": str(ids[1]), "at": "5", "times": "2", "error": HOSTILE}]


def test_errors_of_the_daemon_are_told_as_it_keeps_them(
    store: SmallStore, small_database: Database
) -> None:
    with led(store) as connection_id:
        beat(store, connection_id, errors=[(7, HOSTILE)], reload_error=HOSTILE)
        read = agreed(store, small_database)

    assert read["said"]["errors"] == [{"at": 7, "message": HOSTILE}]
    assert read["said"]["reload_error"] == HOSTILE


def test_a_heartbeat_that_cannot_be_read_is_none(
    store: SmallStore, small_database: Database
) -> None:
    store.rows("INSERT INTO `{own}state` (name, value, at) VALUES ('daemon', '{broken', 1)")
    store.given.connection.commit()

    assert php_call(small_database, STATE)["state"] == "never"


def test_tables_that_are_not_there_are_told_and_nothing_fails(
    small_database: Database,
) -> None:
    code = (
        "$none = new Sidecar\\Database($db, 'no_'); return (new Sidecar\\Daemon($none))->state();"
    )

    assert php_call(small_database, code)["state"] == "tables"


def test_tables_that_are_older_than_the_bridge_are_told(
    store: SmallStore, small_database: Database
) -> None:
    newest = store.rows("SELECT * FROM `{own}migration` ORDER BY version DESC LIMIT 1")[0]
    store.rows("DELETE FROM `{own}migration` WHERE version = %s", newest["version"])
    store.given.connection.commit()
    try:
        assert php_call(small_database, STATE)["state"] == "older"
    finally:
        store.rows(
            "INSERT INTO `{own}migration` (version, name, applied_at, compatible)"
            " VALUES (%s, %s, %s, %s)",
            *(newest[name] for name in ("version", "name", "applied_at", "compatible")),
        )
        store.given.connection.commit()


def test_a_lock_of_another_store_says_nothing_of_this_one(
    store: SmallStore, small_database: Database
) -> None:
    beat(store, 1)
    engine = store.sidecar.engine
    with leader_lock(engine, small_database.name, "other_"):
        assert php_call(small_database, STATE)["state"] == "silent"


def test_reading_the_status_asks_few_questions_and_writes_nothing(
    store: SmallStore, small_database: Database
) -> None:
    asked = php_call(small_database, "(new Sidecar\\Status($database))->read(); return $db->asked;")

    assert len(asked) <= 20
    assert all(statement.startswith("SELECT ") for statement in asked)
