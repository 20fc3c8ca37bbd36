"""The export of somebody with very many orders, as a process of its own."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from sidecar import clock
from sidecar.service.private_server import PrivateServer
from support.database import engine_for
from support.given import Given
from support.installation import ENVIRONMENT, Installation

ORDERS = 10_000

#: Of the process, its libraries included.
MOST_MB = 250


@pytest.fixture
def store(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path
) -> Iterator[Installation]:
    """A real store, whose orders have all their columns."""
    database = clone_store("4.1.0.4")
    settings = mariadb.settings(database)
    (tmp_path / "rules.d").mkdir()
    with (
        engine_for(settings) as engine,
        contextlib.closing(mariadb.connect(database)) as connection,
    ):
        found = Installation(tmp_path, settings, engine, Given(connection, clock.now()))
        folder = tmp_path / "out"
        found.write_config(more=f'[privacy]\nkey_file = "{tmp_path}/key"\nexports = "{folder}"\n')
        yield found


@pytest.fixture
def buyer(store: Installation) -> int:
    """A customer with very many orders of three lines and three changes of status each."""
    three = "(SELECT 1 AS i UNION SELECT 2 UNION SELECT 3) n"
    with store.engine.begin() as tx:
        ann, first = tx.execute(
            text("SELECT customer_id, MIN(order_id) FROM oc_order WHERE customer_id > 0 GROUP BY 1")
        ).all()[0]
        tx.execute(
            text("UPDATE oc_order SET customer_id = 0 WHERE customer_id = :ann"), {"ann": ann}
        )
        names = tx.scalars(
            text(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'oc_order'"
                " AND table_schema = DATABASE() AND column_name NOT IN"
                " ('order_id', 'customer_id', 'comment')"
            )
        )
        columns = ", ".join(f"`{name}`" for name in names)
        tx.execute(text("SET SESSION max_recursive_iterations = 100000"))
        tx.execute(
            text(
                f"INSERT INTO oc_order ({columns}, customer_id, comment)"
                " WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
                f" SELECT {columns}, :ann, REPEAT('please ring &amp; wait; ', 10) FROM oc_order, n"
                " WHERE order_id = :first"
            ),
            {"many": ORDERS - 1, "first": first, "ann": ann},
        )
        theirs = {"ann": ann}
        tx.execute(
            text(
                "INSERT INTO oc_order_product (order_id, product_id, name, quantity, price, total)"
                f" SELECT order_id, 40, 'iPhone &amp; more', 1, 10, 10 FROM oc_order, {three}"
                " WHERE customer_id = :ann"
            ),
            theirs,
        )
        tx.execute(
            text(
                "INSERT INTO oc_order_history (order_id, order_status_id, notify, comment,"
                " date_added) SELECT order_id, 5, 0, CONCAT('sent', i), '2026-01-01 10:00:00'"
                f" FROM oc_order, {three} WHERE customer_id = :ann"
            ),
            theirs,
        )
    return int(ann)


def test_ten_thousand_orders_are_exported_within_250_mb_also_after_a_kill(
    store: Installation, buyer: int
) -> None:
    store.done("key", "create")
    store.done("migrate")
    exports = store.folder / "out"

    killed = start(store, buyer)
    deadline = clock.monotonic() + 60
    while not list(exports.glob(".export-*")) and clock.monotonic() < deadline:
        clock.sleep(0.02)
    clock.sleep(0.5)
    killed.kill()
    killed.wait()

    (left,) = exports.iterdir()
    assert left.name.startswith(".export-")

    began = clock.monotonic()
    process = start(store, buyer)
    peak_mb = peak_until_it_ends(process)
    took = clock.monotonic() - began
    print(f"{took:.1f} s, {peak_mb:.0f} MB")

    assert process.returncode == 0, (store.folder / "stderr").read_text()
    assert 0 < peak_mb <= MOST_MB
    answer = json.loads((store.folder / "stdout").read_text())
    assert answer["rows"] > 7 * ORDERS - 100
    assert [each.name for each in exports.iterdir()] == [Path(answer["file"]).name]
    assert took < 60


def peak_until_it_ends(process: subprocess.Popen[bytes]) -> float:
    """
    The highest resident memory of *process*, in MB.

    Not by getrusage: there a process inherits the peak of the one that started it.
    """
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text("ascii")
            found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
            peak = max(peak, int(found[1]) if found else 0)
        clock.sleep(0.01)
    return peak / 1024


def start(store: Installation, customer: int) -> subprocess.Popen[bytes]:
    """An export of *customer* as a process, which answers in the file ``stdout``."""
    asked = ["gdpr", "export", str(customer), "--verified-by", "eve", "--how", "card", "--json"]
    with (
        (store.folder / "stdout").open("wb") as answer,
        (store.folder / "stderr").open("wb") as said,
    ):
        return subprocess.Popen(
            [sys.executable, "-m", "sidecar", *asked],
            cwd=store.folder,
            env={**ENVIRONMENT, "PYTHONPATH": str(Path.cwd())},
            stdout=answer,
            stderr=said,
        )
