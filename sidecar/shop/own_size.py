"""How much room our tables take in the store's database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class TableSize:
    """
    Attributes:
        name: With the prefix.
        rows: About so many, as the server estimates.
        size_bytes: Of data and indexes.
    """

    name: str
    rows: int
    size_bytes: int


def own_sizes(tx: Connection, prefix: str) -> list[TableSize]:
    """The size of each of our tables, by name; the server's numbers may be minutes old."""
    rows = tx.execute(
        text(
            "SELECT table_name AS name, COALESCE(table_rows, 0) AS numbers,"
            " COALESCE(data_length + index_length, 0) AS size FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(:ours)) = :ours"
            " ORDER BY table_name"
        ),
        {"ours": f"{prefix}sidecar_"},
    )
    return [TableSize(row.name, int(row.numbers), int(row.size)) for row in rows]
