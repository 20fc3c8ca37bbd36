"""The store that is measured: a private server with a generated store, kept where asked."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from bench.frame import Bench
from sidecar.config import Config, Database, Rules
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.indexes import add_index, missing_indexes
from sidecar.shop.migrate import migrate, migrations
from sidecar.shop.shop import Shop, open_shop
from sidecar.shop.tables import store_tables

DATABASE = "bench"

#: Everything in memory, as on a server made for its store; losing the last second is no matter.
OPTIONS: Mapping[str, str | int] = {
    "innodb-buffer-pool-size": "4G",
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-log-file-size": "1G",
    "max-binlog-size": "1G",
    "max-connections": 200,
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a store is made from; the same size and seed is the same store."""

    customers: int
    orders: int
    seed: int = 7
    now: str = "2026-06-01T12:00:00+00:00"


@contextlib.contextmanager
def bench_store(
    size: Size, keep: Path | None, progress: Callable[[int, int], None]
) -> Iterator[tuple[Bench, bool]]:
    """
    A running server with the store of that *size*, and whether it was made just now.

    Args:
        keep: A folder for it, or to find it in; None: thrown away at the end.
        progress: Told what ``generate`` tells.
    """
    folder = None if keep is None else keep / "server"
    with PrivateServer(binlog=True, extra_options=OPTIONS, keep=folder) as server:
        mark = server.directory / "store.json"
        wanted = {**asdict(size), "tables": _shape()}
        there = json.loads(mark.read_text("utf-8")) if mark.exists() else None
        bench = Bench(
            database=server.settings(DATABASE),
            customers=size.customers,
            orders=size.orders,
            now=datetime.datetime.fromisoformat(size.now),
        )
        if made := there != wanted:
            mark.unlink(missing_ok=True)
            server.execute(
                f"DROP DATABASE IF EXISTS `{DATABASE}`",
                f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4",
            )
            _make(bench, size, progress)
            mark.write_text(json.dumps(wanted), "utf-8")
        # Its binary log is larger than the store, and nobody reads what made it.
        server.execute("RESET MASTER")
        try:
            yield bench, made
        finally:
            server.execute("RESET MASTER")


def opened(database: Database) -> Shop:
    """The store in *database*, by settings that say no more."""
    config = Config(database=database, rules=Rules(directory=Path()), file=Path())
    return open_shop(connect(database), config)


def _shape() -> str:
    """A fingerprint of the store's tables and of ours: a kept store of another is made anew."""
    tables = store_tables("oc_", "4.1").metadata.sorted_tables
    said = [str(CreateTable(table).compile(dialect=mysql.dialect())) for table in tables]
    said += [statement for one in migrations() for statement in one.statements]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def _make(bench: Bench, size: Size, progress: Callable[[int, int], None]) -> None:
    engine, prefix = bench.engine(), bench.database.prefix
    create_store(engine, prefix)
    generate(
        engine,
        prefix,
        customers=size.customers,
        orders=size.orders,
        seed=size.seed,
        now=bench.now,
        progress=progress,
    )
    migrate(engine, prefix)
    for missing in missing_indexes(engine, prefix):
        add_index(engine, prefix, missing)
    engine.dispose()
