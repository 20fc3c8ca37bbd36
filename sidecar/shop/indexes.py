"""
Secondary indexes on the store's tables: what makes one customer cheap to read.

No OpenCart indexes these tables by customer. Ours are named ``sidecar_…`` and
added online (InnoDB) or, on MyISAM where adding one blocks the store, only on
request. Everything works without them, slower. OpenCart's upgrader drops them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, text
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from sidecar.errors import DatabaseUnavailableError
from sidecar.shop.database import database_errors

#: The store must never wait longer than this for our DDL to get out of its way.
_LOCK_WAIT_S = 2
_ATTEMPTS = 5

#: Rows a second that adding an index was seen to take on MyISAM, for the estimate of the block.
_MYISAM_ROWS_A_SECOND = 400_000


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """An index of ours on a table of the store, by the table's own name."""

    table: str
    name: str
    columns: tuple[str, ...]


#: Those of `order` cover what a pass reads of every order: wide rows must not be touched.
#: Those of `customer` are for the lists in the admin, that of `order_history` for a customer's
#: timeline there.
INDEXES = (
    StoreIndex(
        "order",
        "sidecar_customer",
        ("customer_id", "order_status_id", "date_added", "total", "store_id", "date_modified"),
    ),
    StoreIndex("customer_reward", "sidecar_customer", ("customer_id", "points")),
    StoreIndex("customer_transaction", "sidecar_customer", ("customer_id", "amount")),
    StoreIndex("return", "sidecar_customer", ("customer_id",)),
    StoreIndex("review", "sidecar_customer", ("customer_id",)),
    StoreIndex("customer_ip", "sidecar_customer", ("customer_id", "ip")),
    StoreIndex("customer_search", "sidecar_customer", ("customer_id",)),
    StoreIndex("customer_history", "sidecar_customer", ("customer_id",)),
    StoreIndex("coupon_history", "sidecar_customer", ("customer_id",)),
    StoreIndex("coupon_history", "sidecar_coupon", ("coupon_id",)),
    StoreIndex("order_history", "sidecar_order", ("order_id",)),
    StoreIndex("customer", "sidecar_name", ("firstname", "lastname")),
    StoreIndex("customer", "sidecar_lastname", ("lastname",)),
    StoreIndex("customer", "sidecar_email", ("email",)),
    StoreIndex("customer", "sidecar_telephone", ("telephone",)),
    StoreIndex("customer", "sidecar_group", ("customer_group_id",)),
    StoreIndex("customer", "sidecar_status", ("status",)),
)


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """
    Attributes:
        index: What is missing.
        rows: Rows of its table, as the server estimates them.
        megabytes: Size of the table.
        blocking: Adding it blocks the store (MyISAM).
        block_s: For about so many seconds; 0 when it does not.
    """

    index: StoreIndex
    rows: int
    megabytes: float
    blocking: bool
    block_s: float


@dataclass(frozen=True, slots=True)
class PresentIndex:
    """
    Attributes:
        table: Of the store, by its own name.
        name: Begins with ``sidecar_``; may be one of another version.
        rows: Of the table, as the server estimates them.
        megabytes: Size of the table.
        blocking: Removing it blocks the store (MyISAM).
        block_s: For about so many seconds; 0 when it does not.
    """

    table: str
    name: str
    rows: int
    megabytes: float
    blocking: bool
    block_s: float


def missing_indexes(engine: Engine, prefix: str) -> list[MissingIndex]:
    """
    The indexes of `INDEXES` that are not there, with what adding each would mean.

    None of ours is missing where the store has one of the same columns.
    """
    there, sizes, others = _there(engine), _sizes(engine), _others(engine)
    found: list[MissingIndex] = []
    for index in INDEXES:
        size = sizes.get(prefix + index.table)
        if size is None or (prefix + index.table, index.name) in there:
            continue
        if index.columns in others.get(prefix + index.table, ()):
            continue
        found.append(MissingIndex(index, *_cost(size)))
    return found


def present_indexes(engine: Engine, prefix: str) -> list[PresentIndex]:
    """Our indexes that are there, also those of other versions, by table and name."""
    sizes = _sizes(engine)
    tables = {prefix + index.table: index.table for index in INDEXES}
    return [
        PresentIndex(tables[table], name, *_cost(sizes[table]))
        for table, name in sorted(_there(engine))
        if table in tables
    ]


def _there(engine: Engine) -> set[tuple[str, str]]:
    """Tables and indexes named like ours, of any store in the database."""
    with database_errors(engine), engine.connect() as connection:
        return {
            (str(row.name), str(row.key_name))
            for row in connection.execute(
                text(
                    "SELECT DISTINCT table_name AS name, index_name AS key_name"
                    " FROM information_schema.statistics"
                    " WHERE table_schema = DATABASE() AND index_name LIKE 'sidecar\\_%'"
                )
            )
        }


def _others(engine: Engine) -> dict[str, list[tuple[str, ...]]]:
    """The columns of indexes that are not ours, by table; one of the same does as well as ours."""
    found: dict[tuple[str, str], list[str]] = {}
    with database_errors(engine), engine.connect() as connection:
        for row in connection.execute(
            text(
                "SELECT table_name AS name, index_name AS key_name, column_name AS part"
                " FROM information_schema.statistics WHERE table_schema = DATABASE()"
                " AND sub_part IS NULL AND index_name NOT LIKE 'sidecar\\_%'"
                " ORDER BY table_name, index_name, seq_in_index"
            )
        ):
            found.setdefault((str(row.name), str(row.key_name)), []).append(str(row.part))
    by_table: dict[str, list[tuple[str, ...]]] = {}
    for (table, _), columns in found.items():
        by_table.setdefault(table, []).append(tuple(columns))
    return by_table


def _sizes(engine: Engine) -> dict[str, Row[Any]]:
    with database_errors(engine), engine.connect() as connection:
        return {
            str(row.name): row
            for row in connection.execute(
                text(
                    "SELECT table_name AS name, engine AS kind, table_rows AS number,"
                    " data_length + index_length AS bytes FROM information_schema.tables"
                    " WHERE table_schema = DATABASE()"
                )
            )
        }


def _cost(size: Row[Any]) -> tuple[int, float, bool, float]:
    """Rows, megabytes, whether changing an index blocks, and for how many seconds."""
    rows = int(size.number or 0)
    blocking = str(size.kind).lower() != "innodb"
    block_s = rows / _MYISAM_ROWS_A_SECOND if blocking else 0.0
    return rows, float(size.bytes or 0) / 1e6, blocking, block_s


def add_index(
    engine: Engine, prefix: str, missing: MissingIndex, retried: Callable[[int], None] = print
) -> None:
    """
    Add one index, online where the engine can.

    Args:
        retried: Told the number of the attempt that failed for a busy table.

    Raises:
        DatabaseUnavailableError: The table was in use at every attempt.
        DatabaseRefusedError: The INDEX privilege is missing.
    """
    index = missing.index
    columns = ", ".join(f"`{column}`" for column in index.columns)
    online = "" if missing.blocking else " ALGORITHM=INPLACE LOCK=NONE"
    # Not by ALTER TABLE, which would need the right to change the store's columns too.
    statement = f"CREATE INDEX `{index.name}` ON `{prefix}{index.table}` ({columns}){online}"
    _retrying(engine, statement, retried)


def drop_index(
    engine: Engine, prefix: str, index: PresentIndex, retried: Callable[[int], None] = print
) -> None:
    """Remove one index; arguments and errors as of `add_index`."""
    _retrying(engine, f"DROP INDEX `{index.name}` ON `{prefix}{index.table}`", retried)


def _retrying(engine: Engine, statement: str, retried: Callable[[int], None]) -> None:
    for attempt in Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_fixed(1),
        retry=retry_if_exception_type(DatabaseUnavailableError),
        before_sleep=lambda state: retried(state.attempt_number),
        reraise=True,
    ):
        with attempt:
            _execute(engine, statement)


def _execute(engine: Engine, statement: str) -> None:
    with database_errors(engine), engine.connect() as connection:
        try:
            connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT_S}")
            # Zero dates stand in these tables; a strict session would refuse to rebuild them.
            connection.exec_driver_sql("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")
            connection.exec_driver_sql(statement)
        finally:
            connection.invalidate()
