"""The daemon as it runs: how soon a change is written, and what it takes while nothing happens."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from bench.changes import audited, percentile, place_order, without_new_orders
from bench.daemon import Mode, daemon
from bench.frame import Bench, case
from bench.rules import fifty
from sidecar import clock

#: The limits hold for stores of this size.
CUSTOMERS = 100_000

CHANGES = 150

#: Between two changes, on average.
_PAUSE_S = 0.3

_IDLE_S = 300.0

Change = Callable[[Connection, int], None]


def _edit(tx: Connection, customer: int) -> None:
    """The newsletter, ticked by an administrator, with the hint of the bridge."""
    tx.exec_driver_sql("UPDATE oc_customer SET newsletter = 1 WHERE customer_id = %s", (customer,))
    hint = "INSERT INTO oc_sidecar_hint (customer_id, reason, at) VALUES (%s, 'edit', %s)"
    tx.exec_driver_sql(hint, (customer, int(clock.now().timestamp())))


def _latencies(engine: Engine, customers: list[int], change: Change) -> list[float]:
    """Seconds from the commit of each change until its audit entry is there, ascending."""
    committed: dict[int, float] = {}
    with audited(engine) as written:
        for customer in customers:
            with engine.begin() as tx:
                change(tx, customer)
            committed[customer] = time.perf_counter()
            time.sleep(random.uniform(0, 2 * _PAUSE_S))
        until = time.perf_counter() + 30
        while committed.keys() - written.keys() and time.perf_counter() < until:
            time.sleep(0.1)
    if lost := committed.keys() - written.keys():
        raise RuntimeError(f"not written: {sorted(lost)[:10]} of {len(lost)}")
    return sorted(written[customer] - at for customer, at in committed.items())


def _note(bench: Bench, found: list[float]) -> None:
    bench.seconds = statistics.median(found)
    bench.note("p50 s", bench.seconds)
    bench.note("p99 s", percentile(found, 0.99))


@case(
    "daemon: order to written, by polling",
    about="commit of an order to the written tag, with poll_interval = 2 seconds",
    notes_at_most={"p50 s": 3, "p99 s": 6},
    for_stores_to=CUSTOMERS,
)
def by_polling(bench: Bench) -> None:
    engine = bench.engine()
    customers = random.sample(range(1, bench.customers + 1), min(CHANGES, bench.customers))
    rules = [*fifty(), ("just ordered", "last_order within 2 days")]
    with without_new_orders(engine), daemon(bench, rules):
        _note(bench, _latencies(engine, customers, place_order))


@case(
    "daemon: edit to written, by hint",
    about="commit of an edit with a hint to the written tag",
    notes_at_most={"p99 s": 2.5},
    for_stores_to=CUSTOMERS,
)
def by_hint(bench: Bench) -> None:
    engine = bench.engine()
    with engine.connect() as tx:
        query = "SELECT customer_id FROM oc_customer WHERE newsletter = 0 AND status = 1"
        customers = random.sample(list(tx.exec_driver_sql(query).scalars()), CHANGES)
    try:
        with daemon(bench, [*fifty()]):
            _note(bench, _latencies(engine, customers, _edit))
    finally:
        with engine.begin() as tx:
            some = ", ".join(map(str, customers))
            tx.exec_driver_sql(
                f"UPDATE oc_customer SET newsletter = 0 WHERE customer_id IN ({some})"
            )


def _idle(bench: Bench, mode: Mode) -> None:
    with daemon(bench, [*fifty()], mode) as running:
        before = running.cpu_s()
        with bench.clock():
            time.sleep(_IDLE_S)
        took = running.cpu_s() - before
        share = took / _IDLE_S + running.full_pass_cpu_s / 86_400
        bench.note("% of a core", 100 * share)
        bench.note("resident MB", running.resident_mb())
        bench.note("full pass CPU s", running.full_pass_cpu_s)


@case(
    "daemon: idle",
    about="five minutes in which nothing happens, by polling, with one full pass a day added",
    notes_at_most={"% of a core": 1, "resident MB": 200},
    for_stores_to=CUSTOMERS,
)
def idle(bench: Bench) -> None:
    _idle(bench, "poll")


@case(
    "daemon: idle by the log",
    about="the same by the binary log",
    notes_at_most={"% of a core": 1, "resident MB": 200},
    for_stores_to=CUSTOMERS,
)
def idle_by_the_log(bench: Bench) -> None:
    _idle(bench, "binlog")
