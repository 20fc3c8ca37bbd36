"""
Frames of whole numbers as the text of multi-row INSERTs, three to four times faster than rows.

Only integers, and text that we made of ASCII, pass here as they are; text of others comes as
binary columns, and is written as hexadecimal digits, so nothing needs escaping.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
from sqlalchemy import Connection, Table

#: Rows a statement: well below any server's max_allowed_packet.
_ROWS = 10_000


def insert(
    tx: Connection,
    table: Table,
    frame: pl.DataFrame,
    *,
    update: Sequence[str] = (),
    strict: bool = False,
) -> None:
    """
    Insert the rows of *frame*, whose columns are named as those of *table*.

    Args:
        update: Columns to overwrite where the key is there already; none: such a
            row is left as it is.
        strict: A key that is there already is an error instead.
    """
    if frame.is_empty():
        return
    names = ", ".join(f"`{name}`" for name in frame.columns)
    key = table.primary_key.columns.keys()[0]
    # A key that is there already and has nothing to overwrite is set to itself.
    assignments = (
        ", ".join(f"`{name}` = VALUES(`{name}`)" for name in update) or f"`{key}` = `{key}`"
    )
    head = f"INSERT INTO `{table.name}` ({names}) VALUES "  # noqa: S608 names of our own tables
    tail = "" if strict else f" ON DUPLICATE KEY UPDATE {assignments}"
    for rows in _rows(frame):
        tx.exec_driver_sql(head + rows + tail)


def _rows(frame: pl.DataFrame) -> Iterator[str]:
    parts: list[pl.Expr] = []
    for name, kind in frame.schema.items():
        if kind == pl.Binary:
            text = pl.lit("_utf8mb4 X'") + pl.col(name).bin.encode("hex") + pl.lit("'")
        elif kind == pl.String:
            text = pl.lit("'") + pl.col(name) + pl.lit("'")
        else:
            text = pl.col(name).cast(pl.String)
        parts.append(text.fill_null("NULL"))
    row = pl.format("({})", pl.concat_str(parts, separator=","))
    for start in range(0, frame.height, _ROWS):
        yield ",".join(frame.slice(start, _ROWS).select(row).to_series())
