"""Points, tiers and cards: what every order there is earns, and a night in which all expires."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from bench.cases_pass import work_with
from bench.frame import Bench, case
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.cycle import Pass
from sidecar.sync.loyalty.keeping import open_keeping
from sidecar.sync.loyalty.posting import BEGUN, Brought
from sidecar.sync.ranges import ranges

_PROGRAM = b'[loyalty]\nstart = "all"\n'

#: Ours that the first accrual fills; with the store's own rows, what the floor inserts.
_FILLED = (
    "account", "cause", "lot", "entry", "move", "rewarded", "tier", "tier_change", "card",
)  # fmt: skip

#: Rows in one statement of the floor.
_ROWS = 10_000

#: After this everything that was earned until now has expired.
_LATER = timedelta(days=800)


@contextlib.contextmanager
def _program(bench: Bench) -> Iterator[Pass]:
    """A store in which nothing was earned yet, and again at the end."""
    work = work_with(bench, _PROGRAM)
    shop = work.shop
    table = shop.tables.customer_reward.name
    with transaction(shop.engine) as tx:
        last = tx.scalar(text(f"SELECT COALESCE(MAX(customer_reward_id), 0) FROM `{table}`"))
        state.write(tx, shop.own, BEGUN, {"by": "bench", "at": 0}, work.moment)
    try:
        yield work
    finally:
        _empty(shop, int(last or 0))


def _empty(shop: Shop, last: int) -> None:
    table = shop.tables.customer_reward.name
    with transaction(shop.engine) as tx:
        for name in (*_FILLED, "program", "earner"):
            tx.execute(text(f"TRUNCATE TABLE `{shop.prefix}sidecar_{name}`"))
        tx.execute(text(f"DELETE FROM `{table}` WHERE customer_reward_id > {last}"))
        tx.execute(text(f"DELETE FROM `{shop.own.state.name}` WHERE name LIKE 'loyalty.%%'"))


def _bring(work: Pass) -> Brought:
    done = Brought()
    keeping = open_keeping(work.shop, work.rulebook, work.moment)
    if keeping is None:
        raise RuntimeError("there is no program")
    for scope in ranges(work.shop):
        found = keeping.bring(scope, work.moment)
        done.customers += found.customers
        done.entries += found.entries
    return done


def _floor(shop: Shop, last: int) -> tuple[int, float]:
    """Insert again, bare, the rows that the first accrual wrote: how many, and the seconds."""
    rows, seconds = 0, 0.0
    reward = shop.tables.customer_reward
    for table in (*(getattr(shop.own.loyalty, name) for name in _FILLED), reward):
        copy = f"bench_{table.name}"
        wanted = select(table)
        if table is reward:
            wanted = wanted.where(reward.c.customer_reward_id > last)
        with transaction(shop.engine) as tx:
            tx.execute(text(f"CREATE TABLE `{copy}` LIKE `{table.name}`"))
        try:
            with shop.engine.connect() as reading:
                streamed = reading.execution_options(yield_per=_ROWS).execute(wanted)
                for part in streamed.partitions():
                    rows += len(part)
                    values = ",".join(map(_values, part))
                    started = time.perf_counter()
                    with transaction(shop.engine) as tx:
                        tx.exec_driver_sql(f"INSERT INTO `{copy}` VALUES {values}")
                    seconds += time.perf_counter() - started
        finally:
            with transaction(shop.engine) as tx:
                tx.execute(text(f"DROP TABLE `{copy}`"))
    return rows, seconds


def _values(row: Sequence[Any]) -> str:
    cells = (
        "NULL" if cell is None else str(cell) if isinstance(cell, int) else f"'{cell}'"
        for cell in row
    )
    return f"({','.join(cells)})"


@case(
    "points: first accrual",
    about="every order there is earns, with tiers and cards; then nothing new; then all expires",
    peak_at_most_mb=1024,
)
def first_accrual(bench: Bench) -> None:
    """One case for three, since the first accrual is by far the longest of them."""
    with _program(bench) as work:
        shop = work.shop
        reward = shop.tables.customer_reward
        with transaction(shop.engine) as tx:
            last = int(tx.scalar(select(func.max(reward.c.customer_reward_id))) or 0)
        with bench.clock():
            done = _bring(work)
        if not done.entries:
            raise RuntimeError("nothing was written")
        bench.note("orders a second", bench.orders / bench.seconds)
        rows, bare = _floor(shop, last)
        bench.note("rows", rows)
        bench.note("rows a second", rows / bench.seconds)
        bench.note("rows a second, bare", rows / bare)
        bench.note("times the bare INSERT", bench.seconds / bare)

        started = time.perf_counter()
        _bring(work)
        bench.note("nothing new, s", time.perf_counter() - started)

        moment = replace(work.moment, now=work.moment.now + _LATER)
        started = time.perf_counter()
        expired = _bring(replace(work, moment=moment))
        bench.note(
            "expiry: customers a second", expired.customers / (time.perf_counter() - started)
        )
