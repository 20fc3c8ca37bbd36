"""Erasure: as many accounts as a retention rule ends at once, while the store goes on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, bindparam, text

from bench.frame import Bench, case
from sidecar.config import Config, Database, Privacy, Rules
from sidecar.config.key import create_key
from sidecar.model import Moment
from sidecar.privacy import erasing
from sidecar.privacy.means import Means
from sidecar.service.demo_store import create_store, generate
from sidecar.shop.database import connect, transaction
from sidecar.shop.indexes import add_index, missing_indexes
from sidecar.shop.migrate import migrate
from sidecar.shop.shop import Shop, open_shop

_DATABASE = "bench_privacy"

#: Accounts that one run erases at most; of a smaller store, a half.
_MOST = 100_000

#: Rows in one statement of the floor, as of the erasure.
_ROWS = 500

#: Seconds in which the store is alone.
_ALONE_S = 3.0


@contextlib.contextmanager
def _store(bench: Bench) -> Iterator[Means]:
    """A store of its own of the same size, as what is erased does not come back."""
    database = _named(bench.database)
    engine = bench.engine()
    with engine.begin() as tx:
        tx.execute(text(f"DROP DATABASE IF EXISTS `{_DATABASE}`"))
        tx.execute(text(f"CREATE DATABASE `{_DATABASE}` CHARACTER SET utf8mb4"))
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield _filled(bench, database, Path(folder))
    finally:
        with engine.begin() as tx:
            tx.execute(text(f"DROP DATABASE `{_DATABASE}`"))
        engine.dispose()


def _named(database: Database) -> Database:
    values = {name: getattr(database, name) for name in database.__struct_fields__}
    return Database(**{**values, "name": _DATABASE})


def _filled(bench: Bench, database: Database, folder: Path) -> Means:
    engine, prefix = connect(database), database.prefix
    create_store(engine, prefix)
    generate(
        engine,
        prefix,
        customers=bench.customers,
        orders=bench.orders,
        seed=7,
        now=bench.now,
        progress=lambda _done, _total: None,
    )
    migrate(engine, prefix)
    for missing in missing_indexes(engine, prefix):
        add_index(engine, prefix, missing)
    with transaction(engine) as tx:
        # The made-up ones are shared by many, who would all be told to have been left.
        tx.execute(
            text(
                f"UPDATE `{prefix}customer`"
                " SET telephone = CONCAT('+49 30 ', 7000000 + customer_id)"
            )
        )
        tx.execute(
            text(
                f"INSERT INTO `{prefix}sidecar_customer` (customer_id)"
                f" SELECT customer_id FROM `{prefix}customer`"
            )
        )
    create_key(folder / "key")
    config = Config(
        database=database,
        rules=Rules(directory=folder / "none"),
        privacy=Privacy(
            key_file=folder / "key", journal=folder / "journal", register=folder / "none"
        ),
        file=folder / "config.toml",
    )
    shop = open_shop(engine, config)
    return Means(config, shop, Moment(bench.now, shop.settings.zone))


@contextlib.contextmanager
def _shoppers(database: Database, ids: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """A process that asks as the shop's pages do, and in the end how long it waited."""
    asked = {
        "socket": str(database.socket),
        "user": database.user,
        "password": database.password.reveal(),
        "database": database.name,
        "ids": ids,
    }
    found: dict[str, Any] = {}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.waiting"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    try:
        time.sleep(0.5)
        yield found
    finally:
        said, _ = process.communicate()
        found.update(json.loads(said))


def _copied(shop: Shop, names: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Copies of the store's tables, for the floor; each with its first key."""
    for name in sorted(names):
        table = shop.tables.metadata.tables.get(f"{shop.prefix}{name}")
        if table is None:
            continue
        with transaction(shop.engine) as tx:
            tx.execute(text(f"CREATE TABLE `bare_{name}` LIKE `{table.name}`"))
            tx.execute(text(f"INSERT INTO `bare_{name}` SELECT * FROM `{table.name}`"))
        yield name, next(iter(table.primary_key)).name


def _floor(shop: Shop, keys: Mapping[str, str], counts: Mapping[str, int]) -> tuple[int, float]:
    """Delete, bare and by primary key, as many rows: how many, and the seconds."""
    rows, seconds = 0, 0.0
    for name, key in keys.items():
        found = _keys(shop, name, key, counts.get(name, 0))
        delete = _by_key(f"DELETE FROM `bare_{name}` WHERE `{key}` IN :keys")
        started = time.perf_counter()
        for start in range(0, len(found), _ROWS):
            with transaction(shop.engine) as tx:
                rows += tx.execute(delete, {"keys": found[start : start + _ROWS]}).rowcount
        seconds += time.perf_counter() - started
    return rows, seconds


def _bare_updates(shop: Shop, key: str, seconds: float) -> None:
    """Write orders, bare and by primary key, for so long: the longest wait needs its time."""
    found = _keys(shop, "order", key, _MOST)
    update = _by_key(f"UPDATE `bare_order` SET email = :email WHERE `{key}` IN :keys")
    end, start = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        with transaction(shop.engine) as tx:
            some = found[start % len(found) :][:_ROWS]
            tx.execute(update, {"keys": some, "email": str(start)})
        start += _ROWS


def _by_key(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("keys", expanding=True))


def _keys(shop: Shop, name: str, key: str, wanted: int) -> list[int]:
    with transaction(shop.engine) as tx:
        query = text(f"SELECT `{key}` FROM `bare_{name}` ORDER BY `{key}` LIMIT :wanted")
        return list(tx.scalars(query, {"wanted": wanted}))


def _row_locks(shop: Shop) -> int:
    """How often a statement had to wait for a row's lock since the server began."""
    with transaction(shop.engine) as tx:
        found = tx.execute(text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'")).one()
    return int(found[1])


@case(
    "privacy: purge",
    about="up to 100,000 accounts are erased and looked for at once, and how long a shop waits",
    peak_at_most_mb=1_500,
    notes_at_most={"longest wait over the baseline, ms": 20},
)
def purge(bench: Bench) -> None:
    """
    The counts of the erasure decide how many rows the floor deletes.

    The baseline of the waits is the longest there is without the erasure: of the store alone,
    beside bare UPDATEs for as long, or of a few bytes to the same disk meanwhile.
    """
    with _store(bench) as means:
        shop = means.shop
        ids = list(range(1, min(_MOST, bench.customers // 2) + 1))
        # Others than those that are erased: of whom nobody asks any more.
        others = (len(ids) + 1, bench.customers)
        with _shoppers(means.config.database, others) as alone:
            time.sleep(_ALONE_S)
        named = dict.fromkeys(("customer", "address", "order", "customer_ip", "customer_login"), 0)
        keys = dict(_copied(shop, named))
        locks = _row_locks(shop)
        with _shoppers(means.config.database, others) as busy, bench.clock():
            counts = erasing.purge(means, ids, 1)
        locks = _row_locks(shop) - locks
        if counts["customer"] != len(ids):
            raise RuntimeError(f"{counts['customer']} of {len(ids)} were erased")
        rows = sum(counts.values())
        bench.note("persons a second", len(ids) / bench.seconds)
        bench.note("rows", rows)
        bench.note("rows a second", rows / bench.seconds)
        with _shoppers(means.config.database, others) as beside:
            _bare_updates(shop, keys["order"], bench.seconds)
        bare_rows, bare = _floor(shop, keys, counts)
        bench.note("rows a second, bare DELETE", bare_rows / bare)
        bench.note("longest wait alone, ms", alone["longest"])
        bench.note("longest wait beside bare UPDATEs, ms", beside["longest"])
        bench.note("waits longer than 20 ms beside them", beside["long"])
        bench.note("longest wait, ms", busy["longest"])
        bench.note("waits", busy["statements"])
        bench.note("waits longer than 20 ms", busy["long"])
        bench.note("waits for a row lock", locks)
        bench.note("p99 wait, ms", busy["p99"])
        bench.note("longest wait for the disk alone, ms", busy["disk"])
        baseline = max(alone["longest"], beside["longest"], busy["disk"])
        bench.note("longest wait over the baseline, ms", busy["longest"] - baseline)
        shop.engine.dispose()
