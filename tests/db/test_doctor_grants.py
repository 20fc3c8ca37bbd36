"""Each privilege of the account is looked for, and the statement that grants it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar import clock
from sidecar.config import Config, Database, Secret
from sidecar.service.doctor.case import ServerCase
from sidecar.service.doctor.finding import Finding
from sidecar.service.doctor.grant_checks import check_grants
from sidecar.service.private_server import PrivateServer
from support.database import changed, engine_for
from support.doctor_store import made, opened

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "grants.sql"
PASSWORD = "a very secret word"
NAME = "doctor_shop"
ACCOUNT = "'sidecar'@'localhost'"


@pytest.fixture(scope="module")
def shop(mariadb: PrivateServer) -> Iterator[Database]:
    with made(mariadb, NAME) as database:
        yield database


@pytest.fixture
def least(mariadb: PrivateServer, shop: Database) -> Iterator[Database]:
    """The account of the guide."""
    mariadb.execute(*statements())
    yield changed(shop, user="sidecar", password=Secret(PASSWORD))
    mariadb.execute(f"DROP USER {ACCOUNT}")


def statements() -> list[str]:
    """The statements of the guide, with our names."""
    text = PAGE.read_text("utf-8").replace("`shop`", f"`{NAME}`")
    text = text.replace("a long password", PASSWORD)
    bare = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    return [part.strip() for part in bare.split(";") if part.strip()]


def found(account: Database) -> dict[str, Finding]:
    """What is found of the grants of *account*."""
    with engine_for(account) as engine:
        case = ServerCase(Config(file=Path("x"), database=account), engine, clock.now)
        return {finding.check: finding for finding in check_grants(case)}


def test_the_account_of_the_guide_has_what_is_needed_and_nothing_else(least: Database) -> None:
    assert {check: one.state for check, one in found(least).items()} == {
        "grants.read": "ok",
        "grants.index": "ok",
        "grants.group": "ok",
        "grants.newsletter": "ok",
        "grants.points": "ok",
        "grants.credit": "ok",
        "grants.coupons": "ok",
        "grants.own": "ok",
        "grants.least": "ok",
    }


def test_every_grant_of_the_guide_that_is_missing_is_told_to_the_letter(
    mariadb: PrivateServer, least: Database
) -> None:
    grants = [line for line in statements() if line.startswith("GRANT")]
    single = [
        f"GRANT {privilege} ON `{NAME}`.* TO {ACCOUNT}" for privilege in ("SELECT", "INDEX")
    ] + [line for line in grants if "SELECT, INDEX" not in line and "ON *.*" not in line]
    # Two of one line, and that of the log left out: only a server with a log asks for it.
    assert len(single) == len(grants)

    for grant in single:
        mariadb.execute(grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
        wrong = [one for one in found(least).values() if one.state != "ok"]
        mends = [re.sub(r"\\(.)", r"\1", one.mend) for one in wrong]
        assert mends == [f"{grant};"], grant
        # An account that was told to be given it is given nothing more, and is well again.
        mariadb.execute(wrong[0].mend.rstrip(";"))
        assert {one.state for one in found(least).values()} == {"ok"}, grant


def test_the_bell_is_asked_for_where_the_store_has_one(
    mariadb: PrivateServer, least: Database
) -> None:
    mariadb.execute(f"CREATE TABLE {NAME}.oc_notification (notification_id INT)")
    try:
        lacking = found(least)["grants.bell"]
        assert lacking.state == "note"
        assert lacking.mend in PAGE.read_text("utf-8").replace("`shop`", f"`{NAME}`")
        mariadb.execute(lacking.mend.rstrip(";"))
        assert found(least)["grants.bell"].state == "ok"
    finally:
        mariadb.execute(f"DROP TABLE {NAME}.oc_notification")


def test_several_missing_grants_are_all_told(mariadb: PrivateServer, least: Database) -> None:
    for table in ("tag", "run"):
        mariadb.execute(f"REVOKE ALL ON {NAME}.oc_sidecar_{table} FROM {ACCOUNT}")

    own = found(least)["grants.own"]

    assert own.state == "error"
    assert own.mend.splitlines() == [
        f"GRANT ALL ON `{NAME}`.`oc_sidecar_{table}` TO {ACCOUNT};" for table in ("run", "tag")
    ]


def test_tables_that_can_be_worked_on_but_not_changed_are_a_warning(
    mariadb: PrivateServer, least: Database
) -> None:
    mariadb.execute(f"REVOKE ALTER ON {NAME}.oc_sidecar_tag FROM {ACCOUNT}")

    own = found(least)["grants.own"]

    assert own.state == "warning"
    assert "sidecar migrate" in own.consequence
    assert own.mend == f"GRANT ALL ON `{NAME}`.`oc_sidecar_tag` TO {ACCOUNT};"


def test_indexes_that_are_not_wanted_need_no_grant(mariadb: PrivateServer, least: Database) -> None:
    mariadb.execute(f"REVOKE INDEX ON {NAME}.* FROM {ACCOUNT}")

    assert found(changed(least, create_indexes=False))["grants.index"].state == "ok"


def test_what_a_role_may_counts(mariadb: PrivateServer, least: Database) -> None:
    mariadb.execute(
        f"REVOKE SELECT ON {NAME}.* FROM {ACCOUNT}",
        "CREATE ROLE readers",
        f"GRANT SELECT ON {NAME}.* TO readers",
        f"GRANT readers TO {ACCOUNT}",
        f"SET DEFAULT ROLE readers FOR {ACCOUNT}",
    )
    try:
        assert found(least)["grants.read"].state == "ok"
    finally:
        mariadb.execute("DROP ROLE readers")


def test_one_column_too_few_is_found(mariadb: PrivateServer, least: Database) -> None:
    mariadb.execute(f"REVOKE SELECT ON {NAME}.* FROM {ACCOUNT}")
    tables = [row[0] for row in _rows(mariadb, f"SHOW TABLES FROM {NAME} LIKE 'oc\\_%'")]
    for table in tables:
        if table != "oc_order" and "sidecar" not in str(table):
            mariadb.execute(f"GRANT SELECT ON {NAME}.`{table}` TO {ACCOUNT}")
    columns = [str(row[0]) for row in _rows(mariadb, f"SHOW COLUMNS FROM {NAME}.oc_order")]
    listed = ", ".join(f"`{name}`" for name in columns if name != "total")
    mariadb.execute(f"GRANT SELECT ({listed}) ON {NAME}.oc_order TO {ACCOUNT}")

    read = found(least)["grants.read"]
    mariadb.execute(f"GRANT SELECT (total) ON {NAME}.oc_order TO {ACCOUNT}")

    assert (read.state, read.found) == ("error", "the account may not read oc_order")
    assert found(least)["grants.read"].state == "ok"


@pytest.mark.parametrize(
    ("grant", "state", "what"),
    [
        pytest.param(
            *("ALL PRIVILEGES ON *.*", "warning", "ALL PRIVILEGES on the whole server"),
            marks=pytest.mark.mariadb_only("its one name for all privileges"),
        ),
        ("SUPER ON *.*", "warning", "SUPER on the whole server"),
        ("FILE, SELECT ON *.*", "warning", "FILE on the whole server"),
        (f"ALL ON {NAME}.*", "note", "INSERT, UPDATE, DELETE, DROP, ALTER on every table"),
        ("REPLICATION SLAVE ON *.*", "ok", "can change nothing else"),
    ],
)
def test_an_account_that_may_far_more_is_told(
    mariadb: PrivateServer, least: Database, grant: str, state: str, what: str
) -> None:
    mariadb.execute(f"GRANT {grant} TO {ACCOUNT}")

    finding = found(least)["grants.least"]

    assert finding.state == state
    assert what in finding.found


def test_the_doctor_needs_no_more_than_the_account_of_the_guide(
    mariadb: PrivateServer, shop: Database, least: Database, tmp_path: Path
) -> None:
    with opened(mariadb, shop, tmp_path) as store:
        states = {one.check: one.state for one in store.found(as_=least)}

    assert {check for check, state in states.items() if state not in ("ok", "note")} == set()


def test_a_ladder_that_may_not_move_anybody_is_an_error(
    mariadb: PrivateServer, shop: Database, least: Database, tmp_path: Path
) -> None:
    mariadb.execute(f"REVOKE UPDATE (customer_group_id) ON {NAME}.oc_customer FROM {ACCOUNT}")
    with opened(mariadb, shop, tmp_path) as store:
        store.given.group("Gold")
        ladder = "[[group]]\nname = 'Gold'\nwhen = 'orders > 5'\n"
        (tmp_path / "rules.d" / "a.toml").write_text(ladder)
        found = store.one("rules.ladder", as_=least)

    assert found.state == "error"
    assert found.mend == (
        f"GRANT UPDATE (customer_group_id) ON `{NAME}`.`oc_customer` TO {ACCOUNT};"
    )


def test_a_table_that_only_the_doctor_reads_needs_a_grant_of_itself(
    mariadb: PrivateServer, shop: Database, least: Database, tmp_path: Path
) -> None:
    mariadb.execute(f"REVOKE SELECT ON {NAME}.* FROM {ACCOUNT}")
    for (table,) in _rows(mariadb, f"SHOW TABLES FROM {NAME}"):
        if table != "oc_currency":
            mariadb.execute(f"GRANT SELECT ON {NAME}.`{table}` TO {ACCOUNT}")

    with opened(mariadb, shop, tmp_path) as store:
        refused = store.one("currency.checked", as_=least)

    assert refused.state == "warning"
    assert refused.mend == f"GRANT SELECT ON `{NAME}`.`oc_currency` TO {ACCOUNT};"


def test_the_doctor_works_with_an_account_that_may_only_read_and_writes_nothing(
    mariadb: PrivateServer, shop: Database, tmp_path: Path
) -> None:
    mariadb.execute(
        "CREATE USER 'reader'@'localhost' IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {NAME}.* TO 'reader'@'localhost'",
    )
    reader = changed(shop, user="reader", password=Secret("x"))
    try:
        with opened(mariadb, shop, tmp_path) as store:
            before = _checksums(mariadb)
            states = {one.check: one.state for one in store.found(as_=reader)}
            store.found()
            after = _checksums(mariadb)
    finally:
        mariadb.execute("DROP USER 'reader'@'localhost'")

    assert states["grants.own"] == "error"
    assert states["own.version"] == "ok"
    assert "work.waiting" in states
    assert not any(check.endswith(".checked") for check in states)
    assert before == after


def _checksums(server: PrivateServer) -> list[tuple[object, ...]]:
    tables = ", ".join(f"{NAME}.`{row[0]}`" for row in _rows(server, f"SHOW TABLES FROM {NAME}"))
    return _rows(server, f"CHECKSUM TABLE {tables}")


def _rows(server: PrivateServer, query: str) -> list[tuple[object, ...]]:
    connection = server.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    finally:
        connection.close()
