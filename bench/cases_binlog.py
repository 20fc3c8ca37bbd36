"""The binary log: how soon a change is answered, and how fast it is read."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import UpdateRowsEvent
from sqlalchemy import Engine

from bench.changes import audited, percentile, place_order, without_new_orders
from bench.daemon import daemon
from bench.frame import Bench, case
from bench.rules import fifty
from bench.store import opened
from sidecar.config import Database
from sidecar.service.mariadb_programs import find_programs
from sidecar.shop.database import connect
from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.position import Position, at_or_behind
from sidecar.sync.sources.binlog.server_log import head, read_log
from sidecar.sync.sources.binlog.transactions import open_transactions
from sidecar.sync.sources.binlog.wire import open_wire, reader_id

#: The limits hold for stores of this size.
CUSTOMERS = 100_000

#: Orders a second, for so long and from so many connections.
_ORDERS_A_SECOND, _ORDERS_S, _CONNECTIONS = 50, 30, 4

#: A real store, of which the widest watched table is taken.
_STORE = "store-4.1.0.4.sql.gz"
_REAL = "bench_real"
_UPDATES = 20_000

#: Transactions that are taken at once.
_A_BATCH = 1_000

_PATIENCE_S = 120.0


# -- how soon ------------------------------------------------------------------------------


def _place_orders(
    engine: Engine, customers: list[int], committed: dict[int, tuple[float, int]], seed: int
) -> None:
    """An order of each of *customers*, at Poisson's pauses; when it was committed, its GTID."""
    chance = random.Random(seed)
    due = time.perf_counter()
    with engine.connect() as tx:
        for customer in customers:
            due += chance.expovariate(_ORDERS_A_SECOND / _CONNECTIONS)
            time.sleep(max(0.0, due - time.perf_counter()))
            place_order(tx, customer)
            tx.commit()
            at = time.perf_counter()
            gtid = str(tx.exec_driver_sql("SELECT @@last_gtid").scalar())
            tx.commit()
            committed[customer] = at, int(gtid.rpartition("-")[2])


@contextmanager
def _bare_reader(bench: Bench, engine: Engine) -> Iterator[dict[int, float]]:
    """When the end of each transaction reaches a connection that does nothing with it."""
    arrived: dict[int, float] = {}
    over = threading.Event()
    wire = open_wire(bench.database, read_log(engine), head(engine), reader_id("bare"))

    def watch() -> None:
        number = 0
        while not over.is_set():
            packet = wire.read(0.1)
            if packet is None:
                continue
            kind = events.HEADER.unpack_from(packet)[1]
            if kind == events.MARIADB_GTID:
                _, number, _ = events.read_mariadb_gtid(packet)
            elif kind == events.XID:
                arrived[number] = time.perf_counter()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield arrived
    finally:
        over.set()
        thread.join()
        wire.close()


@case(
    "binlog: order to written",
    about="commit of an order to the written tag, at 50 orders a second for 30 seconds; and to"
    " the event at a reader that does nothing else",
    notes_at_most={"p50 s": 0.3, "p99 s": 1},
    for_stores_to=CUSTOMERS,
)
def order_to_written(bench: Bench) -> None:
    engine = bench.engine()
    orders = min(_ORDERS_A_SECOND * _ORDERS_S, bench.customers // 2)
    customers = random.sample(range(1, bench.customers + 1), orders)
    committed: dict[int, tuple[float, int]] = {}
    rules = [*fifty(), ("just ordered", "last_order within 2 days")]
    with (
        without_new_orders(engine),
        daemon(bench, rules, "binlog"),
        _bare_reader(bench, engine) as arrived,
        audited(engine, 0.01) as written,
    ):
        threads = [
            threading.Thread(
                target=_place_orders,
                args=(engine, customers[first::_CONNECTIONS], committed, first),
            )
            for first in range(_CONNECTIONS)
        ]
        with bench.clock():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        until = time.perf_counter() + 30
        while set(customers) - written.keys() and time.perf_counter() < until:
            time.sleep(0.1)
    if lost := set(customers) - written.keys():
        raise RuntimeError(f"not written: {len(lost)} of {orders}")
    found = sorted(written[customer] - at for customer, (at, _) in committed.items())
    bare = sorted(arrived[number] - at for at, number in committed.values())
    bench.note("orders a second", orders / bench.seconds)
    bench.note("p50 s", percentile(found, 0.5))
    bench.note("p99 s", percentile(found, 0.99))
    bench.note("at a bare reader p50 s", percentile(bare, 0.5))
    bench.note("at a bare reader p99 s", percentile(bare, 0.99))


# -- how fast ------------------------------------------------------------------------------


@contextmanager
def _real_store(bench: Bench) -> Iterator[Database]:
    """A real store in a database of its own."""
    dump = Path(os.environ["OPENCART_STORES"], _STORE)
    with bench.engine().connect() as tx:
        tx.exec_driver_sql(f"DROP DATABASE IF EXISTS {_REAL}")
        tx.exec_driver_sql(f"CREATE DATABASE {_REAL} CHARACTER SET utf8mb4")
    database = bench.database
    subprocess.run(
        [
            *(find_programs().client, "--no-defaults", f"--socket={database.socket}"),
            *(f"--user={database.user}", "--default-character-set=utf8mb4", _REAL),
        ],
        input=gzip.decompress(dump.read_bytes()),
        env={**os.environ, "MYSQL_PWD": database.password.reveal()},
        check=True,
    )
    try:
        yield Database(
            socket=database.socket, user=database.user, password=database.password, name=_REAL
        )
    finally:
        with bench.engine().connect() as tx:
            tx.exec_driver_sql(f"DROP DATABASE {_REAL}")


def _update_orders(engine: Engine, updates: int) -> tuple[Position, Position]:
    """One transaction a row; returns where the log stood before and stands after."""
    with engine.connect() as tx:
        # A position without any transaction cannot be read from.
        tx.exec_driver_sql(
            "CREATE TABLE bench_order (n INT PRIMARY KEY, id INT NOT NULL)"
            " SELECT ROW_NUMBER() OVER (ORDER BY order_id) - 1 AS n, order_id AS id FROM oc_order"
        )
        tx.commit()
        before = head(engine)
        tx.exec_driver_sql("SET autocommit = 1")
        tx.exec_driver_sql(
            "BEGIN NOT ATOMIC DECLARE i, orders INT DEFAULT 0;"
            " SELECT COUNT(*) INTO orders FROM bench_order;"
            f" WHILE i < {updates} DO"
            "  UPDATE oc_order SET order_status_id = 1 + MOD(i DIV orders, 2), total = total + 1"
            "   WHERE order_id = (SELECT id FROM bench_order WHERE n = MOD(i, orders));"
            "  SET i = i + 1; END WHILE; END"
        )
        tx.invalidate()
    return before, head(engine)


def _decode(database: Database, before: Position, after: Position) -> int:
    """Read all between two places as the daemon does; returns the changed rows."""
    shop = opened(database)
    log = read_log(shop.engine)
    folded = open_transactions(shop, log.kind, before)
    rows = ended = 0
    with open_wire(database, log, before, reader_id("decode")) as wire:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            packet = wire.read(0.0 if ended else 1.0)
            if packet is not None:
                ended += folded.feed(packet)
                if ended < _A_BATCH:
                    continue
            ended, batch = 0, folded.take()
            if batch.gaps:
                raise RuntimeError(f"gaps: {dict(batch.gaps)}")
            rows += batch.rows
            if not at_or_behind(
                after.file, after.offset, batch.position.file, batch.position.offset
            ):
                continue
            return rows
    raise RuntimeError("the log ended too soon")


def _decode_by_library(database: Database, before: Position, updates: int) -> int:
    """Have mysql-replication decode so many rows from *before* on, every column."""
    reader = BinLogStreamReader(
        {
            "unix_socket": str(database.socket),
            "user": database.user,
            "passwd": database.password.reveal(),
        },
        reader_id("library"),
        resume_stream=True,
        log_file=before.file,
        log_pos=before.offset,
        only_events=[UpdateRowsEvent],
        enable_logging=False,
    )
    rows = 0
    with closing(reader):
        for event in reader:
            rows += len(event.rows)
            if rows >= updates:
                break
    return rows


@case(
    "binlog: updates decoded",
    about="one-row UPDATEs of the 63 columns of a real order, from the server to whom they lead"
    " to; and all columns of the same range by mysql-replication itself",
    notes_at_least={"updates a second": 5_000},
    needs="OPENCART_STORES",
)
def updates_decoded(bench: Bench) -> None:
    updates = min(_UPDATES, 20 * bench.customers)
    with _real_store(bench) as database:
        before, after = _update_orders(connect(database), updates)
        with bench.clock():
            rows = _decode(database, before, after)
        started = time.perf_counter()
        by_library = _decode_by_library(database, before, updates)
        library_s = time.perf_counter() - started
    if (rows, by_library) != (updates, updates):
        raise RuntimeError(f"{rows} and {by_library} rows instead of {updates}")
    bench.note("updates a second", updates / bench.seconds)
    bench.note("by the library", updates / library_s)
