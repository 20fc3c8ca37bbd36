"""What is wrong with a store or our work on it is found, each by breaking that very thing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from sidecar import clock
from sidecar.config import Database, Shop
from sidecar.errors import DatabaseRefusedError, DatabaseUnavailableError, SidecarError
from sidecar.model import Moment
from sidecar.service.bridge import contents
from sidecar.service.bridge.folder import put
from sidecar.service.doctor import examine
from sidecar.service.doctor.case import ServerCase
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.own_tables import own_tables
from sidecar.sync import findings
from support.database import changed
from support.doctor_store import DoctorStore, made, opened
from support.opencart_files import write_store


@pytest.fixture(scope="module")
def shop(mariadb: PrivateServer) -> Iterator[Database]:
    with made(mariadb, "doctor_store") as database:
        yield database


@pytest.fixture
def store(mariadb: PrivateServer, shop: Database, tmp_path: Path) -> Iterator[DoctorStore]:
    with opened(mariadb, shop, tmp_path) as found:
        yield found


def test_of_a_store_that_is_well_there_is_little_to_say(
    mariadb: PrivateServer, store: DoctorStore
) -> None:
    with contextlib.closing(mariadb.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@log_bin")
        log = cursor.fetchone()[0]
    wrong = {
        finding.check: finding.state
        for finding in store.found()
        if finding.state != "ok" and finding.check != "daemon.unit"  # which is the machine's
    }

    assert wrong == {
        "grants.least": "warning",  # the tests' account may do anything
        "tables.indexes": "note",
        "binlog.metadata" if log else "binlog.capture": "note",
        "daemon.running": "note",
    }


# -- tables ------------------------------------------------------------------------------------


def test_tables_without_transactions_are_told(store: DoctorStore) -> None:
    store.given.execute("ALTER TABLE oc_review ENGINE=MyISAM")
    try:
        found = store.one("tables.engines")
    finally:
        store.given.execute("ALTER TABLE oc_review ENGINE=InnoDB")

    assert found.state == "note"
    assert "oc_review" in found.found
    assert "ENGINE=InnoDB" in found.mend
    assert "'doctor_store'" in found.mend


def test_a_server_that_moves_nobody_in_such_tables_is_warned_of(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.service.doctor.tables._refuses_both_kinds", lambda _: True)
    store.given.execute("ALTER TABLE oc_review ENGINE=MyISAM")
    try:
        other = store.one("tables.engines")
        store.given.execute("ALTER TABLE oc_customer ENGINE=MyISAM")
        found = store.one("tables.engines")
    finally:
        store.given.execute("ALTER TABLE oc_review ENGINE=InnoDB")
        store.given.execute("ALTER TABLE oc_customer ENGINE=InnoDB")

    assert other.state == "note"
    assert found.state == "warning"
    assert "refuses to move any customer" in found.consequence


def test_missing_indexes_cost_what_the_rows_say(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = store.one("tables.indexes")
    monkeypatch.setattr("sidecar.service.doctor.tables.FEW_ROWS", 0)
    each = [finding for finding in store.found() if finding.check == "tables.indexes"]

    assert small.state == "note"
    assert "oc_order" in small.found
    assert {finding.state for finding in each} == {"warning"}
    assert {finding.mend for finding in each} == {"sidecar migrate"}
    unwanted = store.states(as_=changed(store.config.database, create_indexes=False))
    assert unwanted["tables.indexes"] == {"note"}


def test_own_tables_that_are_missing_or_old_are_errors(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "SELECT version FROM oc_sidecar_migration"
    newest = int(str(store.given.value(f"{rows} ORDER BY version DESC LIMIT 1")))
    store.given.execute("RENAME TABLE oc_sidecar_migration TO oc_kept")
    try:
        missing = store.one("own.version")
        others = store.states()
    finally:
        store.given.execute("RENAME TABLE oc_kept TO oc_sidecar_migration")
    known = migrate.migrations()
    later = migrate.Migration(newest + 1, "later", (), newest + 1)
    monkeypatch.setattr(migrate, "migrations", lambda: (*known, later))
    old = store.one("own.version")

    assert (missing.state, missing.mend) == ("error", "run `sidecar migrate`")
    assert "work.waiting" not in others  # cannot be read, and is not tried
    assert "store.version" in others
    assert old.state == "error"
    assert f"this program needs {newest + 1}" in old.found


def test_tables_of_another_store_are_told(store: DoctorStore) -> None:
    kept = {"id": "x", "database": "the_original", "prefix": "oc_", "server": "", "url": ""}
    store.given.execute(
        "INSERT INTO oc_sidecar_state (name, value) VALUES ('installation', %s)", json.dumps(kept)
    )

    found = store.one("own.place")

    assert found.state == "error"
    assert "was 'the_original'" in found.found
    assert "sidecar adopt --moved" in found.mend


# -- the store ---------------------------------------------------------------------------------


def test_a_store_that_cannot_be_opened_leaves_the_other_checks(store: DoctorStore) -> None:
    store.set("config_timezone", "Middle/Earth")

    found = {finding.check: finding for finding in store.found()}

    assert found["store.opened"].state == "error"
    assert "Middle/Earth" in found["store.opened"].found
    assert "IANA" in found["store.opened"].mend
    assert {"grants.read", "clock.skew", "tables.size", "binlog.capture"} <= found.keys()


def test_a_folder_of_another_store_is_told(store: DoctorStore, tmp_path: Path) -> None:
    folder = write_store(tmp_path / "www", DB_DATABASE="somebody_elses")

    found = store.one("store.directory", shop=Shop(directory=folder))
    gone = store.one("store.directory", shop=Shop(directory=tmp_path / "nowhere"))

    assert found.state == "warning"
    assert "'somebody_elses'" in found.found
    assert gone.state == "note"


@pytest.mark.parametrize(
    ("rows", "job", "state", "text"),
    [
        ([2], 1, "warning", "1 approved removals wait for OpenCart's own job"),
        ([2, 2], 0, "warning", "is off"),
        ([1, 0, 3], 1, "note", "1 requests for one's data wait"),
        ([0, 3, -1], 1, "ok", "own job is on"),
        ([], 0, "ok", "own job is off"),
    ],
)
def test_requests_for_ones_data_that_wait_are_told(
    store: DoctorStore, rows: list[int], job: int, state: str, text: str
) -> None:
    for status in rows:
        store.given.execute(
            "INSERT INTO oc_gdpr (email, action, status) VALUES ('a@example.com', 'remove', %s)",
            status,
        )
    store.given.execute("UPDATE oc_cron SET status = %s WHERE code = 'gdpr'", job)

    found = store.one("store.gdpr")

    assert found.state == state
    assert text in found.found
    assert "example.com" not in repr(found)


@pytest.mark.parametrize(("job", "state"), [(0, "ok"), (1, "warning")])
def test_after_the_takeover_only_a_job_that_is_on_again_is_told(
    store: DoctorStore, job: int, state: str
) -> None:
    store.given.execute("INSERT INTO oc_gdpr (action, status) VALUES ('remove', 2)")
    store.given.execute("UPDATE oc_cron SET status = %s WHERE code = 'gdpr'", job)
    taken = '{"by":"cli:eve","at":1,"jobs":[2],"done":true}'
    store.given.execute(
        "INSERT INTO oc_sidecar_state (name, value, at) VALUES ('gdpr_takeover', %s, 1)", taken
    )

    found = store.one("store.gdpr")

    assert (found.state, "taken over" in found.found) == (state, True)


def test_requests_that_are_due_and_who_is_restricted_are_told(store: DoctorStore) -> None:
    assert store.one("gdpr.requests").found == "none waits"
    store.given.execute(
        "INSERT INTO oc_sidecar_restriction (customer_id, kind, since, actor, reason)"
        " VALUES (1, 'restricted', 1, 'x', 'y'), (2, 'no_profiling', 1, 'x', 'y')"
    )
    store.given.execute(
        "INSERT INTO oc_sidecar_privacy_request (kind, state, person, source, actor, received_at,"
        " due_at) VALUES ('erase', 'open', 'p', 'staff', 'x', 1, 9999999999)"
    )
    well = store.one("gdpr.requests")
    store.given.execute("UPDATE oc_sidecar_privacy_request SET due_at = 2")
    late = store.one("gdpr.requests")

    assert well.found == (
        "1 requests for one's data wait for an answer; 1 customers are restricted;"
        " 1 customers object to profiling"
    )
    assert (late.state, "1 overdue" in late.found) == ("warning", True)


def test_a_bridge_that_is_not_there_is_worth_knowing(store: DoctorStore) -> None:
    assert contents.manifest().version in store.one("store.bridge").found

    store.given.execute("DELETE FROM oc_extension_install")

    assert store.one("store.bridge").state == "note"
    # Nothing else is said of what is not there.
    assert not {name for name in store.states() if name.startswith("store.bridge_")}


def test_a_bridge_whose_package_was_uploaded_only_is_not_installed(store: DoctorStore) -> None:
    store.given.execute("UPDATE oc_extension_install SET status = 0")

    assert store.one("store.bridge").state == "note"
    assert "not installed" in store.one("store.bridge").found


def test_a_bridge_of_another_version_is_told_with_the_command_that_mends_it(
    store: DoctorStore,
) -> None:
    store.given.execute("UPDATE oc_extension_install SET version = '0.0.9 &amp; more'")

    finding = store.one("store.bridge")

    assert finding.state == "warning"
    assert "0.0.9 & more" in finding.found
    assert finding.mend == "sidecar bridge install --opencart DIR"


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("DELETE FROM oc_startup WHERE action LIKE 'catalog%%'", "what runs in the catalog"),
        (
            "UPDATE oc_startup SET status = 0 WHERE action LIKE 'admin%%'",
            "in the admin (it is off)",
        ),
        ("DELETE FROM oc_extension WHERE type = 'other'", "it as 'other'"),
        ("DELETE FROM oc_extension_path LIMIT 3", "3 of its folders and files"),
    ],
)
def test_rows_of_the_bridge_that_are_missing_are_named(
    store: DoctorStore, statement: str, missing: str
) -> None:
    assert store.one("store.bridge_rows").state == "ok"

    store.given.execute(statement)

    finding = store.one("store.bridge_rows")
    assert finding.state == "warning"
    assert missing in finding.found


def test_a_bridge_that_nobody_may_see_is_told(store: DoctorStore) -> None:
    assert store.one("store.bridge_rights").state == "ok"

    for nobody in ("NULL", "''", "'broken'", '\'{"access":{"3":"sale/order"}}\''):
        store.given.execute(f"UPDATE oc_user_group SET permission = {nobody}")
        assert store.one("store.bridge_rights").state == "warning"


def test_files_of_the_bridge_that_are_missing_or_changed_are_told(
    store: DoctorStore, tmp_path: Path
) -> None:
    root = write_store(tmp_path / "shop", "4.1.0.4")
    folder = root / "extension" / "sidecar"
    shop = Shop(directory=root)
    (root / "extension").mkdir()
    assert store.one("store.bridge_files", shop=shop).state == "warning"
    put(root / "extension", contents.files())
    assert store.one("store.bridge_files", shop=shop).state == "ok"

    (folder / "install.json").write_text("{}")
    (folder / "catalog/controller/event/sidecar.php").unlink()

    finding = store.one("store.bridge_files", shop=shop)
    assert finding.state == "warning"
    assert "1 missing and 1 changed" in finding.found
    assert finding.mend == f"sidecar bridge install --opencart {root}"


def test_weak_settings_of_the_store_are_told(store: DoctorStore) -> None:
    store.set("config_login_attempts", "1000")
    store.set("config_password_length", "4")

    states = store.states()

    assert states["store.login_attempts"] == {"warning"}
    assert states["store.passwords"] == {"note"}


def test_hostile_settings_are_only_text(store: DoctorStore) -> None:
    hostile = "<script>alert(1)</script>\x1b[2J'; DROP TABLE oc_customer; -- %s {0}"
    for key in ("config_login_attempts", "config_password_length", "config_currency"):
        store.set(key, hostile)
    store.given.execute("UPDATE oc_extension_install SET version = %s", hostile)
    store.given.group("%s {0} \x1b[31m'")

    found = store.found()

    assert not [one for one in found if one.check.endswith(".checked")]
    assert {one.state for one in found if one.check == "currency.base"} == {"warning"}


# -- money -------------------------------------------------------------------------------------


def test_a_base_currency_that_is_not_one_is_told(store: DoctorStore) -> None:
    store.given.execute("UPDATE oc_currency SET value = 1.1 WHERE code = 'USD'")
    crooked = store.one("currency.base")
    store.given.execute("DELETE FROM oc_currency WHERE code = 'USD'")
    gone = store.one("currency.base")

    assert crooked.state == "warning"
    assert "is 1.1, not 1" in crooked.found
    assert gone.state == "warning"
    assert "'USD' is none of its currencies" in gone.found


def test_orders_of_another_base_currency_are_told(store: DoctorStore) -> None:
    ann = store.given.customer()
    placed = (("USD", "0.9"), ("EUR", "0.9"), ("EUR", "0.9"), ("USD", "1"), (None, None))
    rows = [(store.given.order(ann, "10"), *one) for one in placed]
    for order, code, value in rows:
        store.given.update("order", {"order_id": order}, currency_code=code, currency_value=value)

    found = store.one("currency.changed")

    assert found.state == "warning"
    assert found.found.startswith("1 of the oldest and newest orders")
    assert "total_spent" in found.consequence


def test_rates_that_nobody_refreshes_are_told(store: DoctorStore) -> None:
    store.given.execute("UPDATE oc_cron SET status = 0 WHERE code = 'currency'")
    off = store.one("currency.refresh")
    store.given.execute("UPDATE oc_cron SET status = 1")
    store.given.execute("UPDATE oc_currency SET date_modified = '2020-01-01'")
    stale = store.one("currency.refresh")
    store.given.execute("UPDATE oc_currency SET date_modified = NULL")
    unknown = store.one("currency.refresh")
    store.set("config_currency_auto", "0")
    manual = store.one("currency.refresh")

    assert [one.state for one in (off, stale, unknown, manual)] == ["note", "note", "ok", "note"]
    assert "job `currency` is off" in off.found
    assert "days old" in stale.found


# -- rules and work ----------------------------------------------------------------------------


def write_rules(store: DoctorStore, text: str) -> None:
    (store.config.rules.directory / "rules.toml").write_text(text, "utf-8")


def test_rules_that_cannot_be_used_are_errors_each(store: DoctorStore) -> None:
    write_rules(
        store,
        "[[tag]]\nname = 'a'\nwhen = 'order > 1'\n[[tag]]\nname = 'b'\nwhen = 'group = \"None\"'\n",
    )

    found = [one for one in store.found() if one.check == "rules.check"]

    assert [one.state for one in found] == ["error", "error"]
    assert found[0].found.startswith("rules.toml:3:")
    assert "orders" in found[0].mend


def test_a_loyalty_program_is_told_beside_the_rules(store: DoctorStore) -> None:
    write_rules(store, '[loyalty]\nstart = "all"\n')

    found = store.one("rules.directory").found

    assert found.startswith("0 rules of yours and a loyalty program in ")


def test_what_is_hardly_meant_is_a_warning(store: DoctorStore) -> None:
    store.given.group("Gold")
    store.given.execute("INSERT INTO oc_tax_rate_to_customer_group VALUES (1, 1)")
    write_rules(
        store,
        "[[tag]]\nname = 'a'\nwhen = 'orders > 5 and orders < 3'\n"
        "[[group]]\nname = 'Gold'\nwhen = 'orders > 5'\n",
    )

    found = [one for one in store.found() if one.check == "rules.check"]

    assert {one.state for one in found} == {"warning"}
    assert any("never true" in one.found for one in found)
    assert any("tax" in one.found for one in found)


def test_what_waits_is_found(store: DoctorStore) -> None:
    execute = store.given.execute
    execute(
        "INSERT INTO oc_sidecar_run (kind, state, what, started_at, customers, changed)"
        " VALUES ('full', 'waiting', '', 1, 10, 10)"
    )
    execute(
        "INSERT INTO oc_sidecar_set_aside (customer_id, at, times, error) VALUES (1, 1, 1, 'x')"
    )
    moment = Moment(clock.now(), ZoneInfo("UTC"))
    engine = connect(store.config.database)
    with transaction(engine) as tx:
        findings.raise_finding(tx, own_tables("oc_"), "rule.off", "a\x1b[31m", "it does", moment)
    engine.dispose()

    states = store.states()

    assert states["work.waiting"] == {"warning"}
    assert states["work.set_aside"] == {"warning"}
    assert states["work.finding"] == {"warning"}


# -- only reading ------------------------------------------------------------------------------


def test_every_session_of_the_doctor_refuses_to_write_and_to_wait_long(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def writing(case: ServerCase) -> list[object]:
        for statement in ("DELETE FROM oc_sidecar_state", "CREATE TABLE oc_new (id INT)"):
            with pytest.raises(SidecarError) as error, transaction(case.engine) as tx:
                tx.execute(text(statement))
            refused.append(str(error.value))
        with transaction(case.engine) as tx:
            assert float(str(tx.scalar(text("SELECT @@max_statement_time")))) == 20
        return []

    monkeypatch.setitem(examine.OF_THE_SERVER, "grants", writing)
    store.found()

    assert len(refused) == 2
    assert all("read-only" in said for said in refused)


# -- checks that fail --------------------------------------------------------------------------


def test_a_check_that_fails_is_a_finding_and_the_others_go_on(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(case: ServerCase) -> list[object]:
        raise ZeroDivisionError("password=hunter2 of ann@example.com")

    def refused(case: ServerCase) -> list[object]:
        raise DatabaseRefusedError("no (GRANT it; error 1142)")

    def away(case: ServerCase) -> list[object]:
        raise DatabaseUnavailableError("database 'a' on b: the connection broke")

    monkeypatch.setitem(examine.OF_THE_SERVER, "binlog", away)
    monkeypatch.setitem(examine.OF_THE_SERVER, "grants", broken)
    monkeypatch.setitem(examine.OF_THE_STORE, "store.gdpr", refused)

    found = {one.check: one for one in store.found()}

    assert found["grants.checked"].state == "error"
    assert "ZeroDivisionError" in found["grants.checked"].found
    assert "hunter2" not in repr(found)
    assert "ann@" not in repr(found)
    assert (found["store.gdpr"].state, found["store.gdpr"].mend) == ("warning", "GRANT it")
    assert found["binlog.checked"].state == "error"
    assert "sidecar doctor" in found["binlog.checked"].mend
    assert {"clock.skew", "currency.base", "work.waiting"} <= found.keys()


def test_a_login_that_ends_in_a_fault_leaves_the_other_checks(
    store: DoctorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(case: ServerCase) -> list[object]:
        raise KeyError("cipher")

    monkeypatch.setattr("sidecar.service.doctor.connection.check_connection", broken)

    states = store.states()

    assert states["connection.checked"] == {"error"}
    assert states["own.version"] == {"ok"}


def test_a_table_that_a_store_never_had_is_worth_knowing_only(store: DoctorStore) -> None:
    store.given.execute("RENAME TABLE oc_currency TO oc_kept")
    try:
        states = store.states()
    finally:
        store.given.execute("RENAME TABLE oc_kept TO oc_currency")

    assert states["currency.checked"] == {"note"}
