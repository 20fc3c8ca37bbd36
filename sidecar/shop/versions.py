"""Which OpenCart a database holds, told from its columns; the database names no version."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from sidecar.errors import SchemaChangedError
from sidecar.shop.tables import Generation, store_tables


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    Attributes:
        generation: Whose schema the tables follow.
        transactional: False where its customers or orders are MyISAM.
    """

    generation: Generation
    transactional: bool


def detect(tx: Connection, database: str, prefix: str) -> Capabilities:
    """
    Tell the generation by the columns that only it has.

    Raises:
        SchemaChangedError: Tables or columns that we read are not there; all are named.
    """
    columns: dict[str, set[str]] = {}
    rows = tx.execute(
        text(
            "SELECT table_name AS name, column_name AS field FROM information_schema.columns"
            " WHERE table_schema = :database AND LEFT(table_name, CHAR_LENGTH(:prefix)) = :prefix"
            " AND LEFT(table_name, CHAR_LENGTH(:own)) <> :own"
        ),
        {"database": database, "prefix": prefix, "own": f"{prefix}sidecar_"},
    )
    for row in rows:
        columns.setdefault(row.name[len(prefix) :], set()).add(row.field)
    if "commenter" in columns.get("customer", ()):
        generation: Generation = "4.1"
    elif "default" in columns.get("address", ()):
        generation = "4.0"
    else:
        generation = "3.0"
    _require(columns, prefix, generation)
    engines = tx.scalars(
        text(
            "SELECT engine FROM information_schema.tables"
            " WHERE table_schema = :database AND table_name IN (:customers, :orders)"
        ),
        {"database": database, "customers": f"{prefix}customer", "orders": f"{prefix}order"},
    )
    transactional = all(str(engine).lower() == "innodb" for engine in engines)
    return Capabilities(generation, transactional)


def _require(columns: dict[str, set[str]], prefix: str, generation: Generation) -> None:
    missing: list[str] = []
    for table in store_tables("", generation).metadata.sorted_tables:
        have = columns.get(table.name)
        if have is None:
            missing.append(f"table {prefix}{table.name}")
            continue
        missing.extend(
            f"column {prefix}{table.name}.{column.name}"
            for column in table.columns
            if column.name not in have
        )
    if not missing:
        return
    shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
    raise SchemaChangedError(
        f"this is not an OpenCart {generation} that can be read: missing {shown}"
        " (is the prefix right, may the user SELECT these tables, or is an upgrade under way?)"
    )
