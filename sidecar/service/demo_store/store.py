"""Making the store's tables and filling them."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import polars as pl
from sqlalchemy import Engine, Table

from sidecar.service.demo_store.draw import Draw
from sidecar.service.demo_store.load import Loader
from sidecar.service.demo_store.people import people
from sidecar.service.demo_store.plan import OPEN_FOR, Plan
from sidecar.service.demo_store.reference import ZONE, write_reference
from sidecar.service.demo_store.sales import sales
from sidecar.shop.tables import Generation, StoreTables, store_tables

#: Customers or orders made and written at a time; bounds the memory.
CHUNK = 25_000

#: Connections that write at the same time; each keeps one core of the server busy.
WRITERS = 2

#: From so many orders on, secondary indexes are built after the rows: that is faster.
INDEX_LATER = 100_000

Progress = Callable[[int, int], None]


def create_store(engine: Engine, prefix: str, generation: Generation = "4.1") -> None:
    """Create the store's tables in an empty database, with the rows every store has."""
    tables = store_tables(prefix, generation)
    tables.metadata.create_all(engine)
    with engine.begin() as tx:
        write_reference(tx, tables, generation)


def generate(
    engine: Engine,
    prefix: str,
    *,
    customers: int,
    orders: int,
    seed: int,
    now: datetime.datetime,
    generation: Generation = "4.1",
    progress: Progress | None = None,
) -> None:
    """
    Fill a store that ``create_store`` made.

    Args:
        customers: How many to make, with the ids 1 to this; at least 1.
        orders: How many to make, with the ids 1 to this; a few are by guests.
        now: Aware; nothing in the store is later.
        progress: Told customers and orders written so far, and to write in all.
    """
    now_s = int(now.timestamp())
    plan = Plan(Draw(seed), customers, orders, now_s - int(OPEN_FOR.total_seconds()), now_s)
    tables = store_tables(prefix, generation)
    loader = Loader(engine, ZONE)
    large = orders >= INDEX_LATER
    with _indexes_afterwards(engine, loader, tables) if large else contextlib.nullcontext():
        _fill(loader, tables, plan, progress or (lambda _done, _total: None))


@contextlib.contextmanager
def _indexes_afterwards(engine: Engine, loader: Loader, tables: StoreTables) -> Iterator[None]:
    everything = tables.metadata.sorted_tables
    indexes = [index for table in everything for index in table.indexes]
    for index in indexes:
        index.drop(engine)
    yield
    for index in indexes:
        index.create(engine)
    with loader.writer() as writer:
        writer.refresh_statistics(everything)


def _fill(loader: Loader, tables: StoreTables, plan: Plan, progress: Progress) -> None:
    weights = plan.weights()

    def write(rows: Iterator[tuple[Table, pl.DataFrame]], count: int) -> int:
        with loader.writer() as writer:
            for table, frame in rows:
                writer.write(table, frame)
        return count

    total, done = plan.customers + plan.orders, 0
    progress(done, total)
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [
            pool.submit(write, people(plan, tables, first, last), last - first + 1)
            for first, last in _chunks(plan.customers)
        ]
        jobs += [
            pool.submit(write, sales(plan, tables, weights, first, last), last - first + 1)
            for first, last in _chunks(plan.orders)
        ]
        try:
            for job in as_completed(jobs):
                done += job.result()
                progress(done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    for first in range(1, count + 1, CHUNK):
        yield first, min(first + CHUNK - 1, count)
