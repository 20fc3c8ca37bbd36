"""Whoever does not lead any more commits nothing, however late it wakes up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

import sidecar
from sidecar import clock
from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError, FatalError, FencedError
from sidecar.shop import leader
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock
from support.database import engine_for

WRITE = text("REPLACE INTO oc_sidecar_state VALUES ('x', '1', 1)")


@pytest.fixture(params=["locks", "a cluster"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a leader proves itself: by a shared lock, or by writing where there are many servers."""
    monkeypatch.setattr(leader, "_is_cluster", lambda _connection: request.param == "a cluster")
    return str(request.param)


@pytest.fixture
def other(small_database: Database) -> Iterator[Engine]:
    """Another sidecar's engine."""
    with engine_for(small_database) as engine:
        yield engine


@contextlib.contextmanager
def leading(engine: Engine) -> Iterator[leader.LeaderLock]:
    with leader_lock(engine, "small_store", "oc_") as lock:
        yield lock


def lose(lock: leader.LeaderLock, by: Engine) -> None:
    """The connection of *lock* ends, or the lease is over, and *by* knows nothing of it."""
    with by.begin() as tx:
        tx.execute(text("UPDATE oc_sidecar_source SET at = 0 WHERE name = 'lease'"))
        tx.execute(text(f"KILL {lock.connection_id}"))
    deadline = clock.monotonic() + 5
    query = text("SELECT 1 FROM information_schema.processlist WHERE id = :id")
    with by.connect() as connection:
        while connection.execute(query, {"id": lock.connection_id}).first():
            assert clock.monotonic() < deadline


def kept(engine: Engine) -> int:
    """How many states there are."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT COUNT(*) FROM oc_sidecar_state")) or 0)


def statements(engine: Engine) -> list[str]:
    """What runs on *engine* from now on."""
    ran: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        ran.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return ran


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize(
    "statement",
    [
        "REPLACE INTO oc_sidecar_state VALUES ('x', '1', 1)",
        " insert into oc_sidecar_state VALUES ('x', '1', 1)",
        "/* c */ DELETE FROM oc_sidecar_state",
        "WITH n AS (SELECT 1) SELECT * FROM n",  # may write, for all that we know
    ],
)
def test_who_does_not_lead_any_more_commits_nothing(
    small_engine: Engine, other: Engine, statement: str
) -> None:
    with leading(small_engine) as lock:
        with transaction(small_engine) as tx:
            tx.execute(text("INSERT INTO oc_sidecar_state VALUES ('y', '1', 1)"))
        lose(lock, other)
        with leading(other):
            with (
                pytest.raises(FencedError, match="another sidecar leads"),
                transaction(small_engine) as tx,
            ):
                tx.execute(text(statement))
            with transaction(other) as tx:
                tx.execute(text("UPDATE oc_sidecar_state SET value = '2'"))

    assert kept(other) == 1
    assert issubclass(FencedError, FatalError)
    assert FencedError.exit_code == 75


def write_while_overtaken(engine: Engine, other: Engine, *before: str) -> None:
    """A transaction that runs *before* and writes, while *other* takes over."""
    with leading(engine) as lock, transaction(engine) as tx:
        for statement in before:
            tx.execute(text(statement))
        tx.execute(WRITE)
        lose(lock, other)
        with leading(other):
            pass


@pytest.mark.usefixtures("ways")
def test_what_began_before_the_take_over_is_not_committed_after_it(
    small_engine: Engine, other: Engine
) -> None:
    with pytest.raises(FencedError):
        write_while_overtaken(small_engine, other, "SELECT * FROM oc_sidecar_source")

    assert kept(other) == 0


def test_a_row_that_changed_since_the_transaction_began_says_the_same(
    small_engine: Engine, other: Engine
) -> None:
    # So a session of MariaDB can be set; those of 11.6 and later are, but for ours.
    before = ["SELECT * FROM oc_sidecar_source"]
    with other.connect() as connection:
        if connection.execute(text("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")).first():
            before.insert(0, "SET SESSION innodb_snapshot_isolation = ON")

    with pytest.raises(FencedError):
        write_while_overtaken(small_engine, other, *before)

    assert kept(other) == 0


def test_a_take_over_waits_for_a_commit_that_is_under_way_and_tries_later(
    small_engine: Engine, other: Engine
) -> None:
    with leading(small_engine) as lock:
        lose(lock, other)
        with small_engine.begin() as tx:
            tx.execute(WRITE)
            tx.execute(text("SELECT * FROM oc_sidecar_source LOCK IN SHARE MODE"))
            started = clock.monotonic()
            with pytest.raises(DatabaseUnavailableError, match="holds a lock"), leading(other):
                pytest.fail("it leads")
            assert clock.monotonic() - started < 5
        with leading(other), transaction(other) as tx:
            tx.execute(WRITE)

    assert kept(other) == 1


@pytest.mark.usefixtures("ways")
def test_who_only_reads_proves_nothing(small_engine: Engine, other: Engine) -> None:
    with leading(small_engine) as lock:
        ran = statements(small_engine)
        with transaction(small_engine) as tx:
            tx.execute(text("SELECT 1"))
            tx.execute(text("(SELECT 1) UNION (SELECT 2)"))
        assert len(ran) == 2
        with transaction(small_engine) as tx:
            tx.execute(WRITE)
        assert len(ran) == 4
        lose(lock, other)
        with leading(other), transaction(small_engine) as tx:
            assert tx.scalar(text("SELECT 1")) == 1


def test_who_asks_for_something_need_not_lead(small_engine: Engine, other: Engine) -> None:
    with leading(small_engine), transaction(other) as tx:
        tx.execute(WRITE)
    with leading(other):
        pass
    with transaction(small_engine) as tx:
        tx.execute(WRITE)

    assert kept(other) == 1


def test_every_leader_counts_on(small_engine: Engine, other: Engine) -> None:
    for engine in (small_engine, other, small_engine):
        with leading(engine):
            pass

    with small_engine.connect() as connection:
        query = text("SELECT name, seq, epoch, position FROM oc_sidecar_source")
        assert [tuple(row) for row in connection.execute(query)] == [("lead", 0, 3, "{}")]


def test_without_our_tables_there_is_a_lock_and_no_fence(engine: Engine) -> None:
    with leader_lock(engine, "shop", "oc_"), transaction(engine) as tx:
        tx.execute(text("CREATE TEMPORARY TABLE t (a INT)"))


def test_all_our_writing_goes_through_transaction() -> None:
    """Nobody opens a transaction but `transaction`: it is there that the fence stands."""
    root = Path(sidecar.__file__).parent
    opened = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if "engine.begin(" in file.read_text("utf-8")
    }
    assert {name for name in opened if not name.startswith("service/demo")} == {"shop/database.py"}
