"""What the store feels of us: its own statements' times, lock waits, and the polling's load."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine

from bench.baselines import INTERVAL_S, begun, one_round
from bench.changes import percentile, place_order, put_back
from bench.daemon import cpu_s, daemon
from bench.frame import Bench, case
from bench.rules import fifty
from bench.store import opened
from sidecar.shop.indexes import add_index, drop_index, missing_indexes, present_indexes

#: Runs with us, and as many without, in turn; smaller stores are for trying the case only.
_RUNS, _RUN_S = 10, 10.0
_RUNS_OF_SMALL, _RUN_OF_SMALL_S, _SMALL = 2, 0.5, 10_000

#: Neither kind of run pays for what it took to change from one to the other: indexes made and
#: dropped, full passes. Pages not written and transactions not purged, and how long that may take.
_LEFT_OVER, _SETTLED_WITHIN_S = 200, 60.0

#: Transactions a second of each of the shop's connections.
_RATE, _CONNECTIONS = 25, 2


def _transaction(tx: Connection, chance: random.Random, bench: Bench, part: int) -> None:
    """One of the shop's; connections never touch the rows of each other."""
    customer = chance.randrange(1, bench.customers - _CONNECTIONS, _CONNECTIONS) + part
    order = chance.randrange(1, bench.orders - _CONNECTIONS, _CONNECTIONS) + part
    match chance.randrange(5):
        case 0 | 1:
            tx.exec_driver_sql(
                "UPDATE oc_customer SET newsletter = 1 - newsletter WHERE customer_id = %s",
                (customer,),
            )
        case 2 | 3:
            tx.exec_driver_sql(
                "UPDATE oc_order SET total = total + 1, date_modified = NOW() WHERE order_id = %s",
                (order,),
            )
        case _:
            place_order(tx, customer)
    tx.commit()


def _shop_at_work(bench: Bench, engine: Engine, seconds: float, seed: int) -> list[float]:
    """Seconds that each of its transactions took, ascending."""
    taken: list[float] = []

    def work(part: int) -> None:
        chance = random.Random(seed * _CONNECTIONS + part)
        due = time.perf_counter()
        with engine.connect() as tx:
            until = due + seconds
            while due < until:
                due += 1 / _RATE
                time.sleep(max(0.0, due - time.perf_counter()))
                started = time.perf_counter()
                _transaction(tx, chance, bench, part)
                taken.append(time.perf_counter() - started)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(taken)


def _lock_waits_ms(engine: Engine) -> tuple[int, int]:
    """All waits for row locks since the server started, and the longest of them."""
    with engine.connect() as tx:
        found = dict(
            tuple(row)
            for row in tx.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_time%%'")
        )
    return int(found["Innodb_row_lock_time"]), int(found["Innodb_row_lock_time_max"])


def _longest_ms(before: tuple[int, int], after: tuple[int, int]) -> int:
    """The longest wait between two looks, at most."""
    return after[1] if after[1] > before[1] else min(after[0] - before[0], after[1])


def _settle(engine: Engine) -> None:
    """Have the server write and purge what earlier statements left to it."""
    until = time.monotonic() + _SETTLED_WITHIN_S
    with engine.connect() as tx:
        share = tx.exec_driver_sql("SELECT @@global.innodb_max_dirty_pages_pct").scalar()
        tx.exec_driver_sql("SET GLOBAL innodb_max_dirty_pages_pct = 0")
        try:
            while time.monotonic() < until and any(_left_over(tx)):
                time.sleep(0.2)
        finally:
            tx.exec_driver_sql(f"SET GLOBAL innodb_max_dirty_pages_pct = {share}")


def _left_over(tx: Connection) -> Iterator[bool]:
    for name in ("Innodb_buffer_pool_pages_dirty", "Innodb_history_list_length"):
        found = tx.exec_driver_sql("SHOW GLOBAL STATUS LIKE %s", (name,)).one()
        yield int(found[1]) > _LEFT_OVER


@case(
    "impact: the store's own statements",
    about="UPDATEs and order inserts at 50 a second, ten times with the daemon and our indexes"
    " and ten times without, in turn: p50 and p99 with minus without, in spreads without;"
    " the two connections share no row, so who waits for a lock waits for us or we for it",
    notes_at_most={"p50 apart": 1, "p99 apart": 1, "longest lock wait ms": 20},
)
def store_statements(bench: Bench) -> None:
    engine, prefix = bench.engine(), bench.database.prefix
    is_small = bench.customers < _SMALL
    runs, seconds = (_RUNS_OF_SMALL, _RUN_OF_SMALL_S) if is_small else (_RUNS, _RUN_S)
    found: dict[bool, list[list[float]]] = {True: [], False: []}
    longest_ms = 0

    def run(number: int, *, with_us: bool) -> None:
        _settle(engine)
        _shop_at_work(bench, engine, seconds / 10, -1 - number)
        found[with_us].append(_shop_at_work(bench, engine, seconds, number))

    with put_back(engine):
        try:
            for number in range(runs):
                for index in present_indexes(engine, prefix):
                    drop_index(engine, prefix, index)
                run(number, with_us=False)
                for missing in missing_indexes(engine, prefix):
                    add_index(engine, prefix, missing)
                with daemon(bench, [*fifty()], "binlog"):
                    before = _lock_waits_ms(engine)
                    run(number, with_us=True)
                    longest_ms = max(longest_ms, _longest_ms(before, _lock_waits_ms(engine)))
        finally:
            for missing in missing_indexes(engine, prefix):
                add_index(engine, prefix, missing)
    bench.seconds = seconds * runs * 2
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours = [1000 * percentile(times, share) for times in found[True]]
        theirs = [1000 * percentile(times, share) for times in found[False]]
        apart_ms = statistics.median(ours) - statistics.median(theirs)
        spread_ms = max(theirs) - min(theirs)
        bench.note(f"{name} apart", apart_ms / spread_ms)
        bench.note(f"{name} ms with", statistics.median(ours))
        bench.note(f"{name} ms without", statistics.median(theirs))
        bench.note(f"{name} ms spread", spread_ms)
    bench.note("longest lock wait ms", longest_ms)


@case(
    "polling: a round of the checksum",
    about="processor time of the server for one round over all watched tables, and how long"
    " the daemon takes for it by its share",
    notes_at_most={"round s": 600, "% of a core": 5},
)
def checksum_round(bench: Bench) -> None:
    shop = opened(bench.database)
    polling = begun(shop)
    server = int((Path(str(bench.database.socket)).parent / "pid").read_text("ascii"))
    before = cpu_s(server)
    with bench.clock():
        progress, looks = one_round(polling, shop)
    took_s = cpu_s(server) - before
    round_s = max(looks * INTERVAL_S, progress.rest_s())
    bench.note("round s", looks * INTERVAL_S)
    bench.note("server's CPU s", took_s)
    bench.note("% of a core", 100 * took_s / round_s)
