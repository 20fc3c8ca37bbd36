"""What the store feels of us where its tables are locked as a whole."""

from __future__ import annotations

import contextlib
import re
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, event

from bench.baselines import begun, one_round
from bench.cases_pass import work_with
from bench.changes import percentile
from bench.frame import Bench, case
from bench.rules import fifty
from bench.store import opened
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


@contextlib.contextmanager
def _shop_at_work(engine: Engine) -> Iterator[list[float]]:
    """Milliseconds that its statements took."""
    taken: list[float] = []
    ended = threading.Event()

    def work() -> None:
        with engine.connect() as tx:
            while not ended.wait(_EVERY_S):
                for statement in _SHOPS_OWN:
                    began = time.perf_counter()
                    tx.exec_driver_sql(statement)
                    taken.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


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
        polling = begun(opened(bench.database))
        shop = opened(bench.database)
        with (
            _timed_statements(work.shop.engine) as ours,
            _shop_at_work(bench.engine()) as theirs,
            bench.clock(),
        ):
            planning.plan_pass(work)
        _note(bench, "block", ours)
        _note(bench, "update", theirs)
        with _timed_statements(shop.engine) as ours, _shop_at_work(bench.engine()) as theirs:
            one_round(polling, shop)
        _note(bench, "block in a round", ours)
        _note(bench, "update in a round", theirs)
