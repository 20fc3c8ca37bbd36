"""What we take up in the store's database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, text

from sidecar.shop.database import database_errors
from sidecar.shop.indexes import present_indexes


@dataclass(frozen=True, slots=True)
class OwnSize:
    """
    What we take up, as the server estimates it.

    Attributes:
        tables: Rows and bytes, indexes included, of our own tables by name without the prefix.
        indexes: Our indexes on the store's tables.
        index_bytes: Of these; each counts as large as the other indexes of its table.
    """

    tables: Mapping[str, tuple[int, int]]
    indexes: int
    index_bytes: int

    @property
    def rows(self) -> int:
        """Of all of our tables."""
        return sum(rows for rows, _ in self.tables.values())

    @property
    def table_bytes(self) -> int:
        """Of all of our tables."""
        return sum(size for _, size in self.tables.values())


def own_size(engine: Engine, prefix: str) -> OwnSize:
    """What the tables of the store at *prefix* and our indexes on it take up; reads no row."""
    beginning = f"{prefix}sidecar_"
    ours = {f"{prefix}{index.table}" for index in present_indexes(engine, prefix)}
    with database_errors(engine), engine.connect() as connection:
        sizes = connection.execute(
            text(
                "SELECT table_name AS name, engine AS kind, table_rows AS number,"
                " data_length AS data, index_length AS indexes FROM information_schema.tables"
                " WHERE table_schema = DATABASE()"
            )
        ).all()
        keys = connection.execute(
            text(
                "SELECT table_name AS name, index_name AS key_name"
                " FROM information_schema.statistics"
                " WHERE table_schema = DATABASE() AND seq_in_index = 1"
            )
        ).all()
    tables: dict[str, tuple[int, int]] = {}
    count, index_bytes = 0, 0.0
    for size in sizes:
        if size.name.startswith(beginning):
            total = int(size.data or 0) + int(size.indexes or 0)
            tables[size.name.removeprefix(prefix)] = int(size.number or 0), total
        elif size.name in ours:
            of_table = [key.key_name for key in keys if key.name == size.name]
            if str(size.kind).lower() == "innodb":  # where the primary key is the data itself
                of_table = [name for name in of_table if name != "PRIMARY"]
            number = sum(name.startswith("sidecar_") for name in of_table)
            count += number
            index_bytes += int(size.indexes or 0) * number / max(1, len(of_table))
    return OwnSize(tables, count, round(index_bytes))
