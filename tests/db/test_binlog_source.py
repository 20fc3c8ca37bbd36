"""The binary log as a source: whatever is not noted rings again, and nothing rings for nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.errors import DatabaseRefusedError, DatabaseUnavailableError, FatalError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.shop import Shop
from sidecar.shop.tables import store_tables
from sidecar.sync import state
from sidecar.sync.sources.binlog import gate
from sidecar.sync.sources.binlog import source as module
from sidecar.sync.sources.binlog.source import IDLE_NOTE_S, BinlogSource, Told
from sidecar.sync.sources.binlog.wire import reader_id
from sidecar.sync.sources.source import Doorbell
from support import small_store
from support.given import Given, Line
from support.small_store import NOW, SmallStore

NAME = "binlog_source"
NOW_S = 1_800_000_000


@pytest.fixture
def store(binlog_mariadb: PrivateServer, tmp_path: Path) -> Iterator[SmallStore]:
    """A small store on a server with a binary log."""
    binlog_mariadb.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
    database = binlog_mariadb.settings(NAME)
    engine = connect(database)
    store_tables(database.prefix, "4.1").metadata.create_all(engine)
    migrate.migrate(engine, database.prefix)
    engine.dispose()
    with contextlib.closing(binlog_mariadb.connect(NAME)) as connection:
        given = Given(connection, NOW)
        given.basics()
        yield from small_store.open_on(database, tmp_path, given)
    binlog_mariadb.execute(f"DROP DATABASE {NAME}")


class Reading:
    """
    A source that reads the log of a store, as a daemon does.

    Attributes:
        log: The source.
        now_s: The time it is told.
    """

    def __init__(self, shop: Shop, server: PrivateServer, told: Told | None = None) -> None:
        self.shop = shop
        self.now_s = NOW_S
        self.log = BinlogSource(shop, server.settings(NAME), reader_id("test"), told or Told())
        with transaction(shop.engine) as tx:
            self.log.start(tx, self.now_s)

    def ring(self, wait_s: float = 0.5) -> Doorbell:
        """A look, repeated for a while: an event may still be under way."""
        until_s = clock.monotonic() + wait_s
        while True:
            doorbell = self.log.ring(self.now_s)
            if doorbell.ids or doorbell.everyone or clock.monotonic() > until_s:
                return doorbell
            clock.sleep(0.01)

    def note(self, doorbell: Doorbell) -> None:
        with transaction(self.shop.engine) as tx:
            self.log.note(tx, doorbell)

    def tick(self) -> Doorbell:
        """A look that is answered."""
        doorbell = self.ring()
        self.note(doorbell)
        return doorbell


@pytest.fixture
def reading(store: SmallStore, binlog_mariadb: PrivateServer) -> Iterator[Reading]:
    """After the first look, which rings everybody."""
    found = Reading(store.sidecar.shop, binlog_mariadb)
    assert found.tick().everyone
    yield found
    found.log.close()


def seq(store: SmallStore) -> int:
    (row,) = store.rows("SELECT seq FROM {own}source WHERE name = 'binlog'")
    return int(row["seq"])


def test_an_order_rings_its_customer_once_and_tells_that_its_lines_changed(
    store: SmallStore, reading: Reading
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    assert reading.tick().ids == {ann, bob}
    store.given.order(ann, lines=[Line(1)])
    store.given.order(bob)

    doorbell = reading.tick()

    assert (set(doorbell.ids), set(doorbell.buyers)) == ({ann, bob}, {ann})
    assert not doorbell.everyone
    assert doorbell.sources == {"binlog": 2}
    assert reading.ring() == Doorbell()


def test_what_was_rung_and_not_noted_rings_again(store: SmallStore, reading: Reading) -> None:
    ann = store.given.customer()
    first = reading.ring()
    bob = store.given.customer()

    assert reading.ring() == first
    with contextlib.suppress(ZeroDivisionError), transaction(store.sidecar.shop.engine) as tx:
        reading.log.note(tx, first)
        raise ZeroDivisionError  # after it was written, before it was committed
    assert reading.tick().ids == first.ids == {ann}
    assert reading.tick().ids == {bob}


def test_a_reader_that_begins_anew_goes_on_from_what_was_noted(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    store.given.customer()
    reading.tick()
    ann = store.given.customer()
    assert reading.ring().ids == {ann}  # and dies before it is noted
    reading.log.close()
    bob = store.given.customer()

    again = Reading(store.sidecar.shop, binlog_mariadb)

    assert again.tick().ids == {ann, bob}
    again.log.close()


def test_who_was_taken_over_may_note_nothing(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    store.given.customer()
    stale = reading.ring()
    again = Reading(store.sidecar.shop, binlog_mariadb)

    with pytest.raises(FatalError, match="another sidecar"):
        reading.note(stale)
    again.log.close()


def test_a_log_that_tells_nothing_of_ours_is_noted_once_a_minute(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    before = seq(store)
    binlog_mariadb.execute(f"CREATE TABLE {NAME}.other (id INT)")
    for _ in range(3):
        binlog_mariadb.execute(f"INSERT INTO {NAME}.other VALUES (1)")
        reading.note(reading.ring(wait_s=0.1))
    assert seq(store) == before

    reading.now_s += IDLE_NOTE_S
    binlog_mariadb.execute(f"INSERT INTO {NAME}.other VALUES (1)")
    for _ in range(20):
        reading.note(reading.ring(wait_s=0.02))
    assert seq(store) == before + 1


def test_a_customer_who_logs_in_rings_nobody(store: SmallStore, reading: Reading) -> None:
    ann = store.given.customer()
    reading.tick()
    store.given.update("customer", {"customer_id": ann}, firstname="Zoë")
    assert reading.tick().ids == {ann}

    with store.given.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE oc_customer ADD COLUMN token VARCHAR(40) NOT NULL DEFAULT ''")
    assert reading.tick().everyone  # a watched table was altered
    with store.given.connection.cursor() as cursor:
        cursor.execute("UPDATE oc_customer SET token = 'new'")

    assert reading.tick() == Doorbell()


def test_a_log_that_was_begun_anew_is_a_gap_that_is_counted(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    ann = store.given.customer()
    reading.tick()
    reading.log.close()
    binlog_mariadb.execute("RESET MASTER")
    store.given.update("customer", {"customer_id": ann}, firstname="Zoë")

    assert reading.tick().everyone
    assert sum(reading.log.told.gaps.values()) == 1
    store.given.update("customer", {"customer_id": ann}, firstname="Zoe")
    assert reading.tick().ids == {ann}


def test_a_log_that_is_begun_anew_while_it_is_read_is_noticed_by_its_silence(
    store: SmallStore, binlog_mariadb: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only while its first file is read the server keeps the connection, and tells nothing.
    binlog_mariadb.execute("RESET MASTER")
    reading = Reading(store.sidecar.shop, binlog_mariadb)
    with contextlib.closing(reading.log):
        assert reading.tick().everyone
        ann = store.given.customer()
        reading.tick()
        binlog_mariadb.execute("RESET MASTER")
        store.given.update("customer", {"customer_id": ann}, firstname="Zoë")
        assert reading.ring() == Doorbell()

        monkeypatch.setattr(module, "QUIET_S", 0.1)
        assert reading.tick().everyone
        monkeypatch.undo()
        store.given.update("customer", {"customer_id": ann}, firstname="Zoe")
        assert reading.tick().ids == {ann}


@pytest.mark.mariadb_only("how a commit is held")
def test_a_gap_is_told_only_once_what_it_hides_can_be_seen(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    ann = store.given.customer()
    reading.tick()
    # The commit waits, after it is in the log, for a replica that is not there.
    binlog_mariadb.execute(
        "SET GLOBAL rpl_semi_sync_master_timeout = 600",
        "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
        "SET GLOBAL rpl_semi_sync_master_enabled = ON",
    )
    with contextlib.closing(binlog_mariadb.connect(NAME)) as connection:
        connection.cursor().execute("SET binlog_format = STATEMENT")
        statement = f"UPDATE oc_customer SET newsletter = 1 WHERE customer_id = {ann}"
        writer = threading.Thread(target=connection.cursor().execute, args=[statement])
        writer.start()
        try:
            assert reading.ring(wait_s=5).everyone
            (row,) = store.rows("SELECT newsletter FROM oc_customer")
            assert row["newsletter"] == 1
        finally:
            writer.join()
            binlog_mariadb.execute("SET GLOBAL rpl_semi_sync_master_enabled = OFF")


def test_a_backlog_that_is_skipped_rings_everybody_and_is_no_gap(
    store: SmallStore, reading: Reading
) -> None:
    store.given.customer()
    reading.log.skip("backlog")

    doorbell = reading.tick()

    assert (doorbell.everyone, doorbell.ids) == (True, frozenset())
    assert (reading.log.told.skips, dict(reading.log.told.gaps)) == (1, {})
    assert reading.ring() == Doorbell()


@pytest.mark.parametrize(
    ("backlog_s", "full_pass_s", "skipped"),
    [(None, 1.0, False), (9.0, 0.1, False), (11.0, 0.1, True), (50.0, 60.0, False)],
)
def test_a_backlog_is_skipped_where_a_full_pass_is_quicker(
    backlog_s: float | None, full_pass_s: float, skipped: bool
) -> None:
    assert module.is_worth_skipping(backlog_s, full_pass_s) is skipped


def test_more_changes_than_fit_into_a_moment_are_read_on_at_the_next_look(
    store: SmallStore, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENOUGH", 2)
    monkeypatch.setattr(module, "BEHIND", 4)
    ids = [store.given.customer() for _ in range(10)]

    found: set[int] = set()
    looks = 0
    while len(found) < len(ids):
        found |= reading.tick().ids
        looks += 1

    assert found == set(ids)
    assert looks > 1


def test_what_we_write_ourselves_rings_nobody_and_is_remembered_as_ours(
    store: SmallStore, reading: Reading
) -> None:
    ann = store.given.customer()
    reading.tick()
    with transaction(store.sidecar.shop.engine) as tx:
        tx.exec_driver_sql("UPDATE oc_customer SET customer_group_id = 2")
        tx.exec_driver_sql("INSERT INTO oc_sidecar_state (name, value, at) VALUES ('test', '1', 1)")

    assert reading.ring() == Doorbell()
    assert reading.log.written == {ann}


def test_customers_are_looked_at_twice_where_nothing_tells_what_can_be_seen(
    store: SmallStore, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SETTLE_S", 0.05)
    monkeypatch.setattr(gate, "LOOK_AGAIN_S", 0.1)
    object.__setattr__(reading.log._gate, "name", "settle")
    ann = store.given.customer()

    assert reading.tick().ids == {ann}
    assert reading.tick().ids == {ann}
    assert reading.ring() == Doorbell()


def test_a_server_that_is_away_is_an_error_that_passes(
    store: SmallStore, reading: Reading, binlog_mariadb: PrivateServer
) -> None:
    ann = store.given.customer()
    reading.tick()
    query = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"
    with contextlib.closing(binlog_mariadb.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")
    store.given.update("customer", {"customer_id": ann}, firstname="Zoë")

    with pytest.raises(DatabaseUnavailableError):
        reading.ring()
    assert reading.tick().ids == {ann}


# -- a log without our database --------------------------------------------------------------


def test_a_log_that_tells_of_others_and_never_of_us_is_given_up(
    store: SmallStore, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.tick()
    monkeypatch.setattr(module, "LEFT_OUT_S", 0.3)
    clock.sleep(0.5)
    store.given.customer()

    with pytest.raises(DatabaseRefusedError, match="binlog_ignore_db"):
        reading.ring()
    assert reading.log.told.left_out


def test_a_log_that_tells_what_we_write_is_not_given_up(
    store: SmallStore, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEFT_OUT_S", 0.3)
    clock.sleep(0.5)
    write_something(store)
    ann = store.given.customer()

    assert reading.tick().ids == {ann}
    assert not reading.log.told.left_out


def test_a_log_that_nobody_looked_at_for_long_is_not_given_up(
    store: SmallStore, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEFT_OUT_S", 0.3)
    monkeypatch.setattr(module, "QUIET_S", 0.3)
    clock.sleep(0.5)
    ann = store.given.customer()

    assert reading.tick().ids == {ann}


def write_something(store: SmallStore) -> None:
    """As the daemon does, which writes how it is every few seconds."""
    with transaction(store.sidecar.shop.engine) as tx:
        state.write(tx, store.sidecar.shop.own, "anything", 1, store.moment)
