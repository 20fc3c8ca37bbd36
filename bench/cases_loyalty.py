"""Points, tiers and cards: what every order there is earns, and a night in which all expires."""

from __future__ import annotations

import contextlib
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


def _note(bench: Bench, done: Brought) -> None:
    if not done.entries:
        raise RuntimeError("nothing was written")
    bench.note("customers", done.customers)
    bench.note("entries", done.entries)
    bench.note("entries a second", done.entries / bench.seconds)


@case(
    "floor: points",
    about="bare multi-row INSERTs of the rows that the first accrual writes",
)
def floor(bench: Bench) -> None:
    with _program(bench) as work:
        shop = work.shop
        reward = shop.tables.customer_reward
        with transaction(shop.engine) as tx:
            last = int(tx.scalar(select(func.max(reward.c.customer_reward_id))) or 0)
        _bring(work)
        rows = 0
        for table in (*(getattr(shop.own, name) for name in _FILLED), reward):
            copy = f"bench_{table.name}"
            of_ours = f"WHERE customer_reward_id > {last}" if table is reward else ""
            with transaction(shop.engine) as tx:
                tx.execute(text(f"CREATE TABLE `{copy}` LIKE `{table.name}`"))
                found = tx.execute(text(f"SELECT * FROM `{table.name}` {of_ours}")).all()
            try:
                rows += len(found)
                for start in range(0, len(found), _ROWS):
                    values = ",".join(map(_values, found[start : start + _ROWS]))
                    with bench.clock(), transaction(shop.engine) as tx:
                        tx.exec_driver_sql(f"INSERT INTO `{copy}` VALUES {values}")
            finally:
                with transaction(shop.engine) as tx:
                    tx.execute(text(f"DROP TABLE `{copy}`"))
        bench.note("rows", rows)
        bench.note("rows a second", rows / bench.seconds)


def _values(row: Sequence[Any]) -> str:
    cells = (
        "NULL" if cell is None else str(cell) if isinstance(cell, int) else f"'{cell}'"
        for cell in row
    )
    return f"({','.join(cells)})"


@case(
    "points: first accrual",
    about="every order there is earns: read, computed, written with the store's own rows",
    floor="floor: points",
    peak_at_most_mb=1024,
)
def first_accrual(bench: Bench) -> None:
    with _program(bench) as work:
        with bench.clock():
            done = _bring(work)
        _note(bench, done)
        bench.note("orders a second", bench.orders / bench.seconds)


@case(
    "points: everything expires",
    about="a night in which all that everybody has expires",
    peak_at_most_mb=1024,
)
def expiry(bench: Bench) -> None:
    with _program(bench) as work:
        _bring(work)
        moment = replace(work.moment, now=work.moment.now + _LATER)
        with bench.clock():
            done = _bring(replace(work, moment=moment))
        _note(bench, done)


@case(
    "points: nothing new",
    about="a full pass over accounts that are up to date",
)
def nothing_new(bench: Bench) -> None:
    with _program(bench) as work:
        _bring(work)
        with bench.clock():
            done = _bring(work)
        bench.note("customers", done.customers)
