"""What the store feels of us where its tables are locked as a whole."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from sqlalchemy import Engine, event

from bench.baselines import begun, one_round
from bench.cases_pass import work_with
from bench.changes import percentile
from bench.frame import Bench, case
from bench.rules import fifty
from bench.store import opened
from sidecar.config import Database
from sidecar.shop.database import connect
from sidecar.sync import planning

#: Tables that OpenCart 3 makes of InnoDB, or that are not its own.
_NOT_CONVERTED = ("oc_sidecar_%", "oc_cart", "oc_session")

#: A statement that reads a table of the store.
_TABLE = re.compile(r"\b(?:FROM|JOIN) `?oc_(?!sidecar_)")

#: Between two of the shop's own statements.
_EVERY_S = 0.005

#: What the shop does meanwhile: the tables that we read most of.
_SHOPS_OWN = (
    "UPDATE oc_customer SET newsletter = newsletter WHERE customer_id = 1",
    "UPDATE oc_order SET total = total WHERE order_id = 1",
    "UPDATE oc_order_product SET quantity = quantity WHERE order_id = 1",
)


@contextlib.contextmanager
def _all_myisam(engine: Engine) -> Iterator[None]:
    with engine.connect() as tx:
        apart = " AND ".join("TABLE_NAME NOT LIKE %s" for _ in _NOT_CONVERTED)
        found = tx.exec_driver_sql(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
            f" AND ENGINE = 'InnoDB' AND TABLE_NAME LIKE 'oc_%%' AND {apart}",
            tuple(name.replace("_", r"\_") for name in _NOT_CONVERTED),
        )
        names = [row[0] for row in found]
        try:
            for name in names:
                tx.exec_driver_sql(f"ALTER TABLE `{name}` ENGINE=MyISAM")
            yield
        finally:
            for name in names:
                tx.exec_driver_sql(f"ALTER TABLE `{name}` ENGINE=InnoDB")


@contextlib.contextmanager
def _timed_statements(engine: Engine) -> Iterator[list[float]]:
    """Milliseconds of each statement that reads a table of the store, rows received."""
    found: list[float] = []

    def begins(conn: Any, *_: object) -> None:
        conn.info["began"] = time.perf_counter()

    def ends(conn: Any, _: object, statement: str, *__: object) -> None:
        if _TABLE.search(statement):
            found.append(1000 * (time.perf_counter() - conn.info["began"]))

    event.listen(engine, "before_cursor_execute", begins)
    event.listen(engine, "after_cursor_execute", ends)
    yield found


def _shop(database: Database, ended: Event, taken: Connection) -> None:
    """A process of the shop's own: milliseconds that its statements took go to *taken*."""
    found = []
    with connect(database).connect() as tx:
        while not ended.wait(_EVERY_S):
            for statement in _SHOPS_OWN:
                began = time.perf_counter()
                tx.exec_driver_sql(statement)
                found.append(1000 * (time.perf_counter() - began))
    taken.send(found)


@contextlib.contextmanager
def _shop_at_work(database: Database) -> Iterator[list[float]]:
    """Milliseconds that its statements took, known at the end."""
    spawned = multiprocessing.get_context("spawn")
    ended, (here, there) = spawned.Event(), spawned.Pipe()
    process = spawned.Process(target=_shop, args=(database, ended, there))
    process.start()
    taken: list[float] = []
    try:
        time.sleep(1)  # it starts
        yield taken
    finally:
        ended.set()
        taken += here.recv()
        process.join()


def _note(bench: Bench, name: str, found: list[float]) -> None:
    ordered = sorted(found)
    bench.note(f"{name} ms p50", statistics.median(ordered))
    bench.note(f"{name} ms p99", percentile(ordered, 0.99))
    bench.note(f"{name} ms longest", ordered[-1])
    bench.note(f"{name}s", len(ordered))
    bench.note(f"{name}s over 20 ms", sum(one > 20 for one in ordered))


@case(
    "myisam: blocks",
    about="the plan of a full pass with 50 rules and a round of the checksum over MyISAM tables:"
    " how long each of our statements held up writers, and how long the shop's UPDATEs took",
    notes_at_most={"block ms p99": 20, "block in a round ms p99": 20},
)
def blocks(bench: Bench) -> None:
    with _all_myisam(bench.engine()):
        work = work_with(bench, fifty())
        shop = opened(bench.database)
        polling = begun(shop)
        with (
            _shop_at_work(bench.database) as theirs,
            _timed_statements(work.shop.engine) as ours,
            bench.clock(),
        ):
            planning.plan_pass(work)
        _note(bench, "block", ours)
        _note(bench, "update", theirs)
        with _shop_at_work(bench.database) as theirs, _timed_statements(shop.engine) as ours:
            one_round(polling, shop)
        _note(bench, "block in a round", ours)
        _note(bench, "update in a round", theirs)
