"""The store's tables: their engine, our indexes on them, and what we take up beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, text

from sidecar.service.doctor.case import ServerCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop import indexes, size
from sidecar.shop.database import transaction
from sidecar.shop.indexes import MissingIndex
from sidecar.shop.tables import store_tables

#: Seconds that a row takes to be read where there is no index: 19 s for 5 million orders.
ROW_S = 4e-6

#: With fewer rows nobody notices that an index is missing.
FEW_ROWS = 10_000

#: More than this, and more than the store itself takes up, is worth knowing.
_LARGE_BYTES = 200e6


def check_engines(case: ServerCase) -> Iterator[Finding]:
    """Tables that are read and keep no transactions."""
    names = [table.name for table in store_tables(case.prefix, "3.0").metadata.sorted_tables]
    with transaction(case.engine) as tx:
        rows = tx.execute(
            text(
                "SELECT table_name AS name, engine AS kind FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name IN :names"
            ).bindparams(bindparam("names", names, expanding=True))
        ).all()
        refuses = _refuses_both_kinds(tx)
    weak = sorted(str(row.name) for row in rows if str(row.kind).lower() != "innodb")
    if not weak:
        yield Finding("tables.engines", "ok", "the store's tables are InnoDB")
        return
    no_moves = refuses and f"{case.prefix}customer" in weak
    yield Finding(
        "tables.engines",
        "warning" if no_moves else "note",
        f"{len(weak)} of the store's tables that are read are not InnoDB ({', '.join(weak[:3])}…)",
        "a read of one holds up whoever writes to it, so they are read in small parts; a customer's"
        " group and its record are not one transaction; our indexes are added only when asked"
        + ("; this server refuses to move any customer to another group" if no_moves else ""),
        "after a backup, in a quiet hour (we never do it), run what this prints:\n"
        "SELECT CONCAT('ALTER TABLE `', table_name, '` ENGINE=InnoDB;')"
        " FROM information_schema.tables WHERE engine = 'MyISAM'"
        f" AND table_schema = {_text(case.config.database.name)};",
    )


def _refuses_both_kinds(tx: Connection) -> bool:
    """Whether the server writes no table without transactions beside one with (error 1785)."""
    row = tx.exec_driver_sql("SHOW GLOBAL VARIABLES LIKE 'enforce_gtid_consistency'").first()
    return row is not None and str(row[1]) == "ON"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def check_indexes(case: ServerCase) -> Iterator[Finding]:
    """Our indexes that are missing, and how much slower that is."""
    missing = indexes.missing_indexes(case.engine, case.prefix)
    if not missing:
        yield Finding("tables.indexes", "ok", "all our indexes are there")
        return
    wanted = case.config.database.create_indexes
    declined = "" if wanted else " (database.create_indexes is false)"
    for one in missing:
        if one.rows < FEW_ROWS:
            continue
        yield Finding(
            "tables.indexes",
            "warning" if wanted else "note",
            f"{case.prefix}{one.index.table} ({one.rows:,} rows) lacks our index{declined}",
            "each look at one changed customer reads the whole table, about"
            f" {_seconds(one.rows)} instead of a millisecond"
            + (", in blocks that the shop hardly waits for" if one.blocking else ""),
            _migrate([one]),
        )
    if small := [one for one in missing if one.rows < FEW_ROWS]:
        names = ", ".join(case.prefix + one.index.table for one in small)
        yield Finding(
            "tables.indexes",
            "note",
            f"small tables lack our indexes{declined}: {names}",
            "nothing that anybody would notice at their size",
            _migrate(small),
        )


def _migrate(missing: Sequence[MissingIndex]) -> str:
    if not any(one.blocking for one in missing):
        return "sidecar migrate"
    block_s = max(1, round(max(one.block_s for one in missing)))
    return f"in a quiet hour: sidecar migrate --indexes (blocks each table, up to {block_s} s)"


def _seconds(rows: int) -> str:
    taken_s = rows * ROW_S
    return f"{taken_s:,.0f} s" if taken_s >= 1 else f"{taken_s * 1000:,.0f} ms"


def check_size(case: ServerCase) -> Iterator[Finding]:
    """What we take up in the database, beside the store."""
    ours = size.own_size(case.engine, case.prefix)
    with transaction(case.engine) as tx:
        whole = tx.scalar(
            text(
                "SELECT SUM(data_length + index_length) FROM information_schema.tables"
                " WHERE table_schema = DATABASE()"
            )
        )
    taken = ours.table_bytes + ours.index_bytes
    store = max(0, int(whole or 0) - taken)
    what = f"our tables and indexes take {_megabytes(taken)}, the store {_megabytes(store)}"
    if taken <= max(_LARGE_BYTES, store):
        yield Finding("tables.size", "ok", what)
        return
    yield Finding(
        "tables.size",
        "note",
        what,
        "backups take longer",
        "keep less: [upkeep] audit_age and commands_age",
    )


def _megabytes(taken: float) -> str:
    return f"{taken / 1e6:,.1f} MB"
