"""What is wrong with a database server is found: the line to it, its clock, its binary log."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar import clock
from sidecar.config import Config, Database, Secret, Shop, Sync
from sidecar.service.doctor.examine import examine
from sidecar.service.private_server import PrivateServer
from support.database import changed
from support.doctor_store import DoctorStore, made, opened


@pytest.fixture(scope="module")
def server(
    server_with: Callable[..., AbstractContextManager[PrivateServer]],
) -> Iterator[PrivateServer]:
    """A server of its own, whose settings tests may change."""
    with server_with(binlog=True) as found:
        yield found


@pytest.fixture(scope="module")
def shop(server: PrivateServer) -> Iterator[Database]:
    """A store of OpenCart 3."""
    with made(server, "doctor_server", "3.0") as database:
        yield database


@pytest.fixture
def store(server: PrivateServer, shop: Database, tmp_path: Path) -> Iterator[DoctorStore]:
    with opened(server, shop, tmp_path) as found:
        yield found


# -- the line ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "what", "way_out"),
    [
        ({"password": Secret("hunter2")}, "the password wrong", "check database.user, password"),
        ({"name": "nowhere"}, "no database of this name", "check database.name"),
        ({"socket": Path("/nowhere/socket")}, "no server answers", "start the database server"),
        ({"socket": None, "host": "name.invalid"}, "no", "sidecar init"),
    ],
)
def test_a_database_that_cannot_be_reached_is_the_finding(
    shop: Database, tmp_path: Path, values: dict[str, object], what: str, way_out: str
) -> None:
    config = Config(file=tmp_path / "config.toml", database=changed(shop, **values))

    found = examine(config, clock.now)

    last = found[-1]
    assert (last.check, last.state) == ("connection.server", "error")
    assert what in last.found
    assert way_out in last.mend
    assert "settings.file" in {one.check for one in found}
    assert "hunter2" not in repr(found)


def test_certificates_that_cannot_be_read_are_the_finding(shop: Database, tmp_path: Path) -> None:
    database = changed(shop, socket=None, tls="required", tls_ca=tmp_path / "nowhere.pem")

    last = examine(Config(file=tmp_path / "config.toml", database=database), clock.now)[-1]

    assert (last.check, last.state) == ("connection.server", "error")
    assert "database.tls_ca" in last.found


def test_another_machine_without_tls_is_a_warning(
    server: PrivateServer, store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tcp = server.settings("doctor_server", tcp=True)
    here = store.one("connection.tls", as_=tcp)
    monkeypatch.setattr("sidecar.service.doctor.connection.is_this_machine", lambda _: False)
    elsewhere = store.one("connection.tls", as_=tcp)

    assert (here.state, elsewhere.state) == ("ok", "warning")
    assert "not encrypted" in elsewhere.found


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apart_s", "state", "words"),
    [(0, "ok", "the same"), (10, "note", "10 s behind"), (-40, "warning", "40 s ahead of")],
)
def test_clocks_that_differ_are_told(
    store: DoctorStore, apart_s: int, state: str, words: str
) -> None:
    def now() -> datetime.datetime:
        return clock.now() + datetime.timedelta(seconds=apart_s)

    found = store.one("clock.skew", now=now)

    assert found.state == state
    assert words in found.found


def test_a_database_in_another_zone_matters_to_opencart_3(
    server: PrivateServer, store: DoctorStore
) -> None:
    server.execute("SET GLOBAL time_zone = '+05:30'")
    try:
        found = store.one("clock.database_zone")
        fitting = store.one("clock.database_zone", shop=Shop(timezone=ZoneInfo("Asia/Kolkata")))
    finally:
        server.execute("SET GLOBAL time_zone = 'SYSTEM'")

    assert found.state == "warning"
    assert "+05:30 from UTC, the store's +00:00" in found.found
    assert "[shop] timezone" in found.mend
    assert fitting.state == "ok"


# -- the binary log ----------------------------------------------------------------------------


def test_a_log_that_can_be_read_is_fine(server: PrivateServer, store: DoctorStore) -> None:
    server.execute("SET GLOBAL binlog_row_metadata = 'FULL'")
    try:
        states = store.states()
    finally:
        server.execute("SET GLOBAL binlog_row_metadata = 'NO_LOG'")

    assert states["binlog.capture"] == states["binlog.kept"] == states["binlog.metadata"] == {"ok"}
    assert store.one("binlog.metadata").state == "note"


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("binlog_format", "'MIXED'", "'ROW'"),
        ("binlog_row_image", "'MINIMAL'", "'FULL'"),
        pytest.param(
            *("log_bin_compress", "ON", "OFF"), marks=pytest.mark.mariadb_only("log_bin_compress")
        ),
    ],
)
def test_a_setting_that_hides_changes_is_told(
    server: PrivateServer, store: DoctorStore, name: str, bad: str, good: str
) -> None:
    server.execute(f"SET GLOBAL {name} = {bad}")
    try:
        chosen = store.one("binlog.capture")
        demanded = store.one("binlog.capture", sync=Sync(mode="binlog"))
        unwanted = store.one("binlog.capture", sync=Sync(mode="poll"))
    finally:
        server.execute(f"SET GLOBAL {name} = {good}")

    assert [one.state for one in (chosen, demanded, unwanted)] == ["note", "error", "ok"]
    assert name in chosen.found
    assert name in chosen.mend


def test_a_column_of_a_type_that_no_opencart_has_is_told(store: DoctorStore) -> None:
    well = store.one("binlog.columns")
    store.given.execute("ALTER TABLE oc_review MODIFY customer_id DECIMAL(11)")
    try:
        odd = store.one("binlog.columns")
        demanded = store.one("binlog.columns", sync=Sync(mode="binlog"))
    finally:
        store.given.execute("ALTER TABLE oc_review MODIFY customer_id INT NOT NULL")

    assert [one.state for one in (well, odd, demanded)] == ["ok", "note", "error"]
    assert "oc_review.customer_id (decimal(11,0))" in odd.found


def test_an_account_that_may_not_read_the_log_is_told_the_grant(
    server: PrivateServer, store: DoctorStore
) -> None:
    server.execute(
        "CREATE USER 'sidecar'@'localhost' IDENTIFIED BY 'x'",
        "GRANT SELECT ON doctor_server.* TO 'sidecar'@'localhost'",
    )
    account = changed(store.config.database, user="sidecar", password=Secret("x"))
    try:
        refused = store.one("binlog.capture", as_=account)
        server.execute("GRANT REPLICATION SLAVE ON *.* TO 'sidecar'@'localhost'")
        allowed = store.one("binlog.capture", as_=account)
    finally:
        server.execute("DROP USER 'sidecar'@'localhost'")

    assert refused.state == "note"
    assert "GRANT REPLICATION SLAVE ON *.* TO 'sidecar'@'localhost'" in refused.mend
    assert allowed.state == "ok"


def test_a_log_that_is_soon_gone_is_a_warning(server: PrivateServer, store: DoctorStore) -> None:
    server.execute("SET GLOBAL binlog_expire_logs_seconds = 600")
    try:
        short = store.one("binlog.kept")
        server.execute("SET GLOBAL binlog_expire_logs_seconds = 864000")
        long = store.one("binlog.kept")
    finally:
        server.execute("SET GLOBAL binlog_expire_logs_seconds = 0")

    assert (short.state, short.found) == ("warning", "the log is kept for 10 minutes only")
    assert "binlog_expire_logs_seconds = 864000" in short.mend
    assert (long.state, long.found) == ("ok", "the log is kept for 10 days")
