"""A lease in place of the lock: on a cluster, and where the server refuses locks by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import DatabaseUnavailableError, NotNowError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import leader, migrate
from sidecar.shop.database import transaction
from sidecar.shop.leader import leader_lock, lock_name
from sidecar.shop.own_tables import own_tables
from support.database import engine_for
from support.small_store import SmallStore

#: What a server answers with error 1235, as Galera answers GET_LOCK.
_NOT_YET = "SELECT 1 FROM DUAL WHERE 1 IN (SELECT 1 LIMIT 1)"


def refuse_locks(engine: Engine) -> None:
    """The server of *engine* has no locks by name."""

    def instead(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        named = "_lock(" in statement.lower()
        return (_NOT_YET, ()) if named else (statement, parameters)

    event.listen(engine, "before_cursor_execute", instead, retval=True)


@pytest.fixture
def ours(small_engine: Engine) -> Engine:
    """An engine on a server that refuses locks by name."""
    refuse_locks(small_engine)
    return small_engine


@pytest.fixture
def other(small_database: Database) -> Iterator[Engine]:
    """Another sidecar's engine, on the same."""
    with engine_for(small_database) as engine:
        refuse_locks(engine)
        yield engine


def holder(engine: Engine) -> int | None:
    """Who leads, as `status` asks."""
    with transaction(engine) as tx:
        return leader.holder(tx, own_tables("oc_").source, lock_name("small_store", "oc_"))


def leave_s(engine: Engine, seconds: int) -> None:
    """The lease ends in so many seconds."""
    with engine.begin() as tx:
        until = text("UPDATE oc_sidecar_source SET at = UNIX_TIMESTAMP() + :s WHERE name = 'lease'")
        tx.execute(until, {"s": seconds})


def left_s(engine: Engine) -> int:
    """Seconds that the lease goes on."""
    with engine.connect() as connection:
        query = "SELECT at - UNIX_TIMESTAMP() FROM oc_sidecar_source WHERE name = 'lease'"
        return int(connection.scalar(text(query)) or 0)


def test_only_one_has_the_lease_and_status_knows_who(ours: Engine, other: Engine) -> None:
    assert holder(other) is None
    for engine in (ours, other, ours):
        with leader_lock(engine, "small_store", "oc_") as held:
            assert holder(other) == held.connection_id
            held.verify()
        assert holder(other) is None
    with (
        leader_lock(ours, "small_store", "oc_") as held,
        pytest.raises(NotNowError, match=f"holds the lock, connection id {held.connection_id}$"),
        leader_lock(other, "small_store", "oc_"),
    ):
        pass


def test_a_lease_is_renewed_and_whoever_let_it_run_out_has_lost_it(
    ours: Engine, other: Engine
) -> None:
    with leader_lock(ours, "small_store", "oc_") as held:
        leave_s(other, 2)
        held.verify()
        assert 25 <= left_s(other) <= 30
        leave_s(other, -1)
        held.verify()  # nobody took it
        leave_s(other, 0)
        with leader_lock(other, "small_store", "oc_") as theirs:
            with pytest.raises(DatabaseUnavailableError, match="is lost"):
                held.verify()
            theirs.verify()
            assert holder(ours) == theirs.connection_id


def test_one_can_wait_for_a_lease(ours: Engine, other: Engine) -> None:
    with leader_lock(ours, "small_store", "oc_"):
        leave_s(other, 1)
        started = clock.monotonic()
        with leader_lock(other, "small_store", "oc_", wait_s=10):
            assert clock.monotonic() - started < 5


def test_who_lost_the_connection_takes_its_own_lease_again(
    ours: Engine, other: Engine, mariadb: PrivateServer
) -> None:
    with leader_lock(ours, "small_store", "oc_") as held:
        mariadb.execute(f"KILL {held.connection_id}")
        with pytest.raises(DatabaseUnavailableError):
            held.verify()
    assert left_s(other) > 0  # nobody could release it

    with leader_lock(ours, "small_store", "oc_") as held:
        assert holder(other) == held.connection_id


def test_on_a_cluster_a_lock_by_name_is_not_trusted(
    small_engine: Engine, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "_CLUSTER", text("SHOW VARIABLES LIKE 'version'"))

    with leader_lock(small_engine, "small_store", "oc_"):
        assert left_s(other) > 0
        with pytest.raises(NotNowError), leader_lock(other, "small_store", "oc_"):
            pass


def test_our_tables_can_be_made_where_locks_by_name_are_refused(engine: Engine) -> None:
    refuse_locks(engine)

    assert migrate.migrate(engine, "oc_")
    migrate.require_current(engine, "oc_")


def test_status_names_no_row_of_who_leads_among_the_positions(store: SmallStore) -> None:
    refuse_locks(store.sidecar.engine)

    with store.sidecar.leading():
        status = store.sidecar.view.status()

    assert status["busy"] is True
    assert status["position"] == {}
    assert store.sidecar.view.status()["busy"] is False
