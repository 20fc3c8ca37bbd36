"""A process that ends before any statement of an erasure that writes: the next one finishes it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from sidecar.privacy import erasure_requests
from sidecar.service.private_server import PrivateServer
from sidecar.shop.tables import Generation, store_tables
from support.database import engine_for
from support.erased_store import ErasedStore

ANN = 7001

#: What only reads, or does nothing by itself.
_READS = re.compile(r"\s*(SELECT|SHOW|SET)\b", re.IGNORECASE)


class CrashError(BaseException):
    """The process ends here, in this test."""


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def store(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[ErasedStore]:
    """The tables of a store that we declare: of InnoDB, or of MyISAM, where nothing rolls back."""
    settings = mariadb.settings(database)
    with engine_for(settings) as engine:
        generation: Generation = "4.1" if request.param == "InnoDB" else "3.0"
        store_tables(settings.prefix, generation).metadata.create_all(engine)
    mariadb.execute(
        f"USE `{database}`",
        "ALTER TABLE oc_order ADD firstname VARCHAR(32) NOT NULL DEFAULT '',"
        " ADD payment_address_1 VARCHAR(128) NOT NULL DEFAULT '',"
        " ADD custom_field TEXT, ADD ip VARCHAR(40) NOT NULL DEFAULT ''",
        "ALTER TABLE oc_order_history ADD comment TEXT",
        "ALTER TABLE oc_customer ADD password VARCHAR(255) NOT NULL DEFAULT ''",
        "CREATE TABLE oc_session (session_id VARCHAR(32) PRIMARY KEY, data TEXT, expire DATETIME)",
        "CREATE TABLE oc_upload (upload_id INT PRIMARY KEY, name VARCHAR(255),"
        " filename VARCHAR(255), code VARCHAR(255), date_added DATETIME)",
        "INSERT INTO oc_setting (store_id, code, `key`, value, serialized) VALUES"
        " (0, 'config', 'config_timezone', 'UTC', 0), (0, 'config', 'config_currency', 'EUR', 0),"
        " (0, 'config', 'config_complete_status', '[\"5\"]', 1),"
        " (0, 'config', 'config_processing_status', '[\"2\"]', 1)",
    )
    found = ErasedStore(mariadb, database, tmp_path)
    yield found
    found.close()


def planted(store: ErasedStore) -> None:
    """The same person, with something in many tables."""
    code = "ab12" * 10
    (store.uploads / "cv.txt.token").write_text("x")
    said = json.dumps({"customer_id": str(ANN), "email": "ann@example.com"})
    store.execute(
        "DELETE FROM oc_order",
        "DELETE FROM oc_order_history",
        "INSERT INTO oc_customer (customer_id, firstname, lastname, email, telephone, status,"
        f" password, date_added, custom_field) VALUES ({ANN}, 'Ann', 'Doe', 'ann@example.com',"
        f" '030 1234567', 1, 'x', '2025-01-01', '{code}')",
        f"INSERT INTO oc_address (address_id, customer_id, city) VALUES (71, {ANN}, 'x')",
        "INSERT INTO oc_order (order_id, customer_id, email, firstname, payment_address_1, total,"
        " custom_field, ip, date_added, date_modified) VALUES"
        f" (71, {ANN}, 'ann@example.com', 'Ann', 'Main Street 5', 9, '', '192.0.2.1',"
        " '2025-01-01', '2025-01-01'),"
        " (72, 0, 'ann@example.com', 'Ann', 'Main Street 5', 9, '', '192.0.2.1',"
        " '2025-01-01', '2025-01-01')",
        "INSERT INTO oc_order_history (order_history_id, order_id, comment) VALUES (71, 71, 'x')",
        f"INSERT INTO oc_session VALUES ('s71', '{said}', '2026-01-01')",
        f"INSERT INTO oc_cart (cart_id, customer_id, date_added) VALUES (71, {ANN}, '2026-01-01')",
        f"INSERT INTO oc_upload VALUES (71, 'cv.txt', 'cv.txt.token', '{code}', '2026-01-01')",
        f"INSERT INTO oc_sidecar_customer (customer_id) VALUES ({ANN})",
        f"INSERT INTO oc_sidecar_hint (customer_id, reason, at) VALUES ({ANN}, 'x', 1)",
        "INSERT INTO oc_customer_login (customer_login_id, email, ip, date_modified)"
        " VALUES (71, 'ann@example.com', '192.0.2.1', '2026-01-01')",
    )  # fmt: skip


@contextlib.contextmanager
def ending_before(engine: Engine, number: int) -> Iterator[list[str]]:
    """The process ends before its *number*-th statement that writes; what it wrote until then."""
    wrote: list[str] = []

    def look(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not _READS.match(statement):
            wrote.append(statement)
            if len(wrote) == number:
                raise CrashError

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield wrote
    finally:
        event.remove(engine, "before_cursor_execute", look)


#: Columns that say when or which, and so differ from run to run.
_NUMBERED = ("erasure_id", "request_id", "at", "finished_at", "entry", "since", "act_id")


def what_stands(store: ErasedStore) -> dict[str, Any]:
    """The whole database but for numbers and times, and the files."""
    found: dict[str, Any] = {"files": sorted(path.name for path in store.uploads.iterdir())}
    for row in store.rows("SHOW TABLES"):
        (name,) = row.values()
        if name.removeprefix("oc_") in ("sidecar_state", "sidecar_source", "sidecar_privacy_act"):
            continue
        rows = store.rows(f"SELECT * FROM `{name}`")
        found[name] = sorted(
            re.sub(r"anon-[0-9]+", "anon-N", str({
                key: value for key, value in each.items()
                if key not in _NUMBERED and not key.endswith("_at")
            }))
            for each in rows
        )  # fmt: skip
    return found


def clean(store: ErasedStore) -> None:
    for name in ("erasure", "journal", "suppression", "privacy_request", "privacy_act", "state"):
        store.execute(f"DELETE FROM oc_sidecar_{name}")
    store.settings.privacy.journal.unlink(missing_ok=True)


def test_whenever_the_process_ends_the_next_one_leaves_the_same(store: ErasedStore) -> None:
    engine = store.sidecar.engine
    planted(store)
    number = store.ask(ANN)
    with ending_before(engine, 0) as wrote:
        outcome = erasure_requests.erase_request(store.ground(), number)
    assert outcome is not None
    assert outcome.is_complete, outcome.as_json()
    expected = what_stands(store)
    assert "ann@example.com" not in str(expected)
    assert expected["files"] == []
    assert len(wrote) > 30

    # The statements are the same on both: each takes every other one.
    first = 1 if store.sidecar.shop.capabilities.transactional else 2
    for place in range(first, len(wrote) + 1, 2):
        clean(store)
        planted(store)
        number = store.ask(ANN)
        with ending_before(engine, place), pytest.raises(CrashError):
            erasure_requests.erase_request(store.ground(), number)

        erasure_requests.carry_out(store.means)

        assert what_stands(store) == expected, wrote[place - 1]
