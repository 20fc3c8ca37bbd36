"""A long absence: how soon the daemon has read what was written meanwhile."""

from __future__ import annotations

import json
import threading
import time

from sqlalchemy import Engine

from bench.changes import put_back
from bench.daemon import Running, daemon, program, settings_file
from bench.frame import Bench, case
from bench.rules import fifty
from bench.store import opened
from sidecar.sync.sources.binlog.position import Position, at_or_behind, position_from
from sidecar.sync.sources.binlog.server_log import head

#: The limits hold for stores of this size.
CUSTOMERS = 100_000

#: One-row transactions, of four events each as a reader gets them.
_BACKLOG = 250_000

#: Of them, those that give a customer a tag.
_MARKED = 1_000

_CONNECTIONS = 4

_PATIENCE_S = 1_800.0


def _choose_marked(engine: Engine, paid: frozenset[int], number: int) -> int:
    """Put orders whose customers get a tag in ``bench_marked``; returns how many customers."""
    statuses = ", ".join(map(str, sorted(paid)))
    with engine.connect() as tx:
        tx.exec_driver_sql("DROP TABLE IF EXISTS bench_marked")
        tx.exec_driver_sql(
            "CREATE TABLE bench_marked (n INT PRIMARY KEY, id INT NOT NULL, customer INT NOT NULL)"
            " SELECT ROW_NUMBER() OVER () - 1 AS n, order_id AS id, customer_id AS customer"
            " FROM (SELECT order_id, customer_id FROM oc_order JOIN oc_customer USING (customer_id)"
            f"  WHERE order_status_id IN ({statuses}) ORDER BY RAND(7) LIMIT {number}) AS some"
        )
        tx.commit()
        found = tx.exec_driver_sql("SELECT COUNT(DISTINCT customer) FROM bench_marked").scalar()
    return int(found or 0)


def _write_backlog(engine: Engine, orders: int, updates: int) -> None:
    """So many one-row transactions of several connections, marked orders all along to the end."""
    every = max(1, updates // _MARKED)

    def write(part: int) -> None:
        with engine.connect() as tx:
            tx.exec_driver_sql("SET autocommit = 1")
            tx.exec_driver_sql(
                f"BEGIN NOT ATOMIC DECLARE i INT DEFAULT {part}; WHILE i < {updates} DO"
                f" IF MOD(i, {every}) = {every - 1} THEN UPDATE oc_order SET total = 1000000"
                f"  WHERE order_id = (SELECT id FROM bench_marked WHERE n = i DIV {every});"
                " ELSE UPDATE oc_order SET total = total + 1, date_modified = NOW()"
                f"  WHERE order_id = 1 + MOD(i * 7919, {orders}) AND total < 900000; END IF;"
                f" SET i = i + {_CONNECTIONS}; END WHILE; END"
            )
            tx.invalidate()

    threads = [threading.Thread(target=write, args=(part,)) for part in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _is_right(engine: Engine, marked: int, end: Position) -> bool:
    """Whether every marked customer has the tag, and the log was read to *end*."""
    with engine.connect() as tx:
        tagged = tx.exec_driver_sql(
            "SELECT COUNT(DISTINCT customer_id) FROM oc_sidecar_assertion"
            " JOIN oc_sidecar_tag USING (tag_id)"
            " JOIN bench_marked ON customer = customer_id WHERE name = 'marked'"
        ).scalar()
        query = "SELECT position FROM oc_sidecar_source WHERE name = 'binlog'"
        at = position_from(json.loads(tx.exec_driver_sql(query).scalar() or "{}"))
    return (
        tagged == marked
        and at is not None
        and bool(at_or_behind(end.file, end.offset, at.file, at.offset))
    )


def _catch_up(bench: Bench, *, reads_everything: bool) -> None:
    engine = bench.engine()
    updates = min(_BACKLOG, 10 * bench.customers)
    rules = [*fifty(), ("marked", "largest_order >= 900000")]
    with put_back(engine):
        marked = _choose_marked(engine, opened(bench.database).paid, min(_MARKED, updates))
        with daemon(bench, rules, "binlog"):
            pass
        started, before = time.perf_counter(), head(engine)
        _write_backlog(engine, bench.orders, updates)
        wrote_s, end = time.perf_counter() - started, head(engine)
        with (
            settings_file(bench, rules, "binlog") as config,
            bench.clock(),
            program(config, "run", reads_everything=reads_everything) as process,
        ):
            running = Running(process.pid)
            until = time.monotonic() + _PATIENCE_S
            while not _is_right(engine, marked, end):
                if process.poll() is not None or time.monotonic() > until:
                    log = (config.parent / "log").read_text("utf-8")
                    raise RuntimeError(f"it did not catch up: {log[-2000:]}")
                time.sleep(0.2)
            took_s = running.cpu_s()
            peak_mb = running.peak_mb()
            was_left = '"binlog.backlog"' in (config.parent / "log").read_text("utf-8")
    with engine.connect() as tx:
        tx.exec_driver_sql("DROP TABLE bench_marked")
    bench.note("s until right", bench.seconds)
    bench.note("daemon's CPU s", took_s)
    bench.note("daemon's peak MB", peak_mb)
    bench.note("left to a full pass", float(was_left))
    bench.note("events", 4.0 * updates)
    bench.note("MB of log", (end.offset - before.offset) / 1e6)
    bench.note("written in s", wrote_s)


@case(
    "binlog: backlog of a million events",
    about="from starting the daemon until everybody is right and the log is read to its end",
    notes_at_most={"s until right": 180, "daemon's peak MB": 500},
    for_stores_to=CUSTOMERS,
)
def backlog(bench: Bench) -> None:
    _catch_up(bench, reads_everything=False)


@case(
    "binlog: backlog of a million events, all read",
    about="the same where the daemon may not leave it to a full pass",
    notes_at_most={"s until right": 180, "daemon's peak MB": 500},
    for_stores_to=CUSTOMERS,
)
def backlog_read(bench: Bench) -> None:
    _catch_up(bench, reads_everything=True)
