"""The store's tables are altered, swapped and emptied while they are written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chaos.bed import Bed, Found
from chaos.capture import AFTER_A_GAP_S
from sidecar import clock

NOTE = "VARCHAR(20) NOT NULL DEFAULT 'chaos'"


def _execute(bed: Bed, *statements: str) -> None:
    given = bed.connect(autocommit=True)
    for statement in statements:
        given.execute(statement)
        clock.sleep(0.3)
    given.connection.close()


def _swap(bed: Bed, table: str) -> None:
    """As gh-ost and pt-online-schema-change do."""
    _execute(
        bed,
        f"CREATE TABLE {table}_gho LIKE {table}",
        f"ALTER TABLE {table}_gho ADD chaos {NOTE} FIRST",
        f"INSERT INTO {table}_gho SELECT 'new', o.* FROM {table} o",
        f"RENAME TABLE {table} TO {table}_del, {table}_gho TO {table}",
        f"ALTER TABLE {table} DROP chaos",
        f"DROP TABLE {table}_del",
    )


def _drop_and_make(bed: Bed, table: str) -> None:
    made = bed.rows(f"SHOW CREATE TABLE {table}")[0]["Create Table"]
    _execute(bed, f"DROP TABLE {table}")
    clock.sleep(1.0)
    _execute(bed, made)


def _reorder(bed: Bed) -> None:
    types = {
        (row["TABLE_NAME"], row["COLUMN_NAME"]): row["COLUMN_TYPE"]
        for row in bed.rows(
            "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE()"
        )
    }
    for table, column, after in (
        ("oc_order", "total", "FIRST"),
        ("oc_order", "customer_id", "AFTER total"),
        ("oc_customer", "newsletter", "FIRST"),
        ("oc_customer", "customer_group_id", "AFTER newsletter"),
    ):
        kind = types[table, column]
        _execute(bed, f"ALTER TABLE {table} MODIFY `{column}` {kind} NOT NULL {after}")


#: What is done to the store's tables.
TROUBLES: Mapping[str, Callable[[Bed], None]] = {
    "ADD COLUMN at the front, order": lambda bed: _execute(
        bed, f"ALTER TABLE oc_order ADD chaos {NOTE} FIRST"
    ),
    "DROP COLUMN, order": lambda bed: _execute(bed, "ALTER TABLE oc_order DROP chaos"),
    "ADD COLUMN at the front, customer": lambda bed: _execute(
        bed, f"ALTER TABLE oc_customer ADD chaos {NOTE} FIRST"
    ),
    "DROP COLUMN, customer": lambda bed: _execute(bed, "ALTER TABLE oc_customer DROP chaos"),
    "columns in another order": _reorder,
    "a table of the same name in its place": lambda bed: _swap(bed, "oc_order"),
    "TRUNCATE": lambda bed: _execute(bed, "TRUNCATE oc_cart"),
    "DROP and CREATE": lambda bed: _drop_and_make(bed, "oc_cart"),
}


def alter_tables(bed: Bed, times: int, seed: int) -> Found:
    """Tables are altered, swapped, emptied and dropped under load: no column is mistaken."""
    found = Found()
    life = bed.leads("only the log")
    for number in range(times):
        for name, trouble in TROUBLES.items():
            with bed.load(seed + number, may_miss_tables=True) as load:
                clock.sleep(0.5)
                trouble(bed)
                clock.sleep(0.5)
            found.counts[name] += 1
            found.of_load(load)
            converging = Found()
            bed.converges(life, converging, within_s=AFTER_A_GAP_S)
            found.faults += [f"{name}: {line}" for line in converging.faults]
            if life.code is not None:
                life = bed.leads("only the log")
    bed.ends_well(found, life, within_s=AFTER_A_GAP_S)
    return found
