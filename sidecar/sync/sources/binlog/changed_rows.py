"""
Changed rows of the watched tables, as rows events say them, and whom they lead to.

Table maps and rows events of one transaction come in pairs; a table map is the same in every
transaction until the table is altered, so what it says is looked up by its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.batch import Rung
from sidecar.sync.sources.binlog.columns import Columns
from sidecar.sync.sources.binlog.layouts import Layout, LayoutError, Row, RowImageError
from sidecar.sync.sources.binlog.row_images import ABSENT, Image
from sidecar.sync.sources.watched import Watched

#: What reading bytes can raise that are not what they should be.
GARBLED: Final = (struct.error, IndexError, ValueError, OverflowError)

#: Ours that others write too, to ring.
_RINGING: Final = ("command", "hint")

#: After so many rows it is seen whether they are too many.
_LIMIT_ROWS: Final = 1_000

#: Table maps that are remembered; each ALTER TABLE makes a new one.
_MOST_MAPS: Final = 2_000


class ChangedRows:
    """
    Reads the rows events of a log.

    Args:
        watched: The tables that ring, by their whole names in small letters.
        columns: What `information_schema` says of them, whenever it is called.
        schema: The store's database.
        prefix: Of its tables.
        guests: Orders without a customer belong to the account of their e-mail.

    Attributes:
        rung: Whom the rows of this transaction lead to.
    """

    def __init__(
        self,
        watched: Mapping[str, Watched],
        columns: Callable[[], Columns],
        schema: str,
        prefix: str,
        *,
        guests: bool,
    ) -> None:
        self._watched = watched
        self._read_columns = columns
        self._columns: Columns = columns()
        self._altered: set[str] = set()
        self._schema = schema.lower()
        self._own = f"{prefix}sidecar_".lower()
        self._guests = guests
        # A text: why it cannot be read, empty for a table of ours; None: it does not matter.
        self._maps: dict[bytes, Layout | str | None] = {}
        self._tables: dict[int, Layout | str | None] = {}
        self.rung = Rung()

    def new_transaction(self) -> None:
        """Every statement says its tables anew."""
        self._tables.clear()
        rung = self.rung
        if rung.rows or rung.is_own:
            self.rung = Rung()

    def new_file(self) -> None:
        """The server may have started: table numbers begin anew."""
        self._maps.clear()
        self._tables.clear()

    def altered(self, tables: Iterable[str]) -> None:
        """What is known of *tables*, by their whole names in small letters, is of before."""
        self._altered.update(tables)
        self.new_file()

    def table_map(self, packet: bytes, end: int) -> None:
        """
        Remember which table the rows events that follow are of.

        Raises:
            DatabaseError: It was altered, and its columns cannot be read.
        """
        body = packet[events.HEADER_SIZE : end]
        try:
            found = self._maps[body]
        except KeyError:
            if len(self._maps) >= _MOST_MAPS:
                self._maps.clear()
            found = self._maps[body] = self._layout(events.read_table_map(packet, end))
        if found == "":
            self.rung.is_own = True
        self._tables[events.read_table_id(packet)] = found

    def _layout(self, table_map: events.TableMap) -> Layout | str | None:
        if table_map.schema.lower() != self._schema:
            return None
        name = table_map.table.lower()
        if name.startswith(self._own):
            return None if name[len(self._own) :] in _RINGING else ""
        watched = self._watched.get(name)
        if watched is None:
            return None
        if name not in self._altered:
            try:
                return self._layout_by(self._columns, table_map, watched)
            except LayoutError:
                pass  # perhaps altered by somebody who kept it out of the log
        # Not read when it was altered: only a write that came after it shows that this is over.
        self._columns = self._read_columns()
        self._altered.clear()
        try:
            return self._layout_by(self._columns, table_map, watched)
        except LayoutError:
            return f"layout:{watched.name}"

    def _layout_by(self, columns: Columns, table_map: events.TableMap, watched: Watched) -> Layout:
        name = table_map.table.lower()
        return Layout(table_map, watched, columns.get(name), guests=self._guests)

    def rows(self, packet: bytes, kind: int, end: int) -> str | None:
        """Add whom the rows of an event lead to; why that cannot be said, or None."""
        number = events.read_table_id(packet)
        try:
            layout = self._tables[number]
        except KeyError:
            return None if number == events.DUMMY_TABLE else "no_table_map"
        if not layout:
            return None
        if isinstance(layout, str):
            return layout
        if kind in events.COMPRESSED_ROWS:
            return "compressed"
        if kind == events.PARTIAL_UPDATE_ROWS:
            return "partial_json"
        try:
            self._read_rows(layout, packet, kind, end)
        except RowImageError:
            return f"row_image:{layout.table}"
        except GARBLED:
            return f"decode:{layout.table}"
        return None

    def _read_rows(self, layout: Layout, packet: bytes, kind: int, end: int) -> None:
        at, columns, size = events.read_rows_head(packet, kind)
        if columns != layout.images.columns:
            raise ValueError("another number of columns than its table")
        first = layout.images.of(packet[at : at + size])
        at += size
        if kind in events.UPDATE_ROWS:
            second = layout.images.of(packet[at : at + size])
            self._read_updates(layout, first, second, packet, at + size, end)
            return
        rung, is_write = self.rung, kind in events.WRITE_ROWS
        while at < end:
            row, at = first.read(packet, at, end)
            before, after = (None, row) if is_write else (row, None)
            if layout.ring(before, after, rung.references, rung.texts):
                rung.rows += 1
                if rung.rows % _LIMIT_ROWS == 0:
                    rung.limit()

    def _read_updates(
        self, layout: Layout, first: Image, second: Image, packet: bytes, at: int, end: int
    ) -> None:
        rung, is_whole = self.rung, first.is_full and second.is_full
        while at < end:
            before, at = first.read(packet, at, end)
            after, at = second.read(packet, at, end)
            if before == after if is_whole else not _differ(before, after):
                continue
            if layout.ring(before, after, rung.references, rung.texts):
                rung.rows += 1
                if rung.rows % _LIMIT_ROWS == 0:
                    rung.limit()


def _differ(before: Row, after: Row) -> bool:
    """Whether a column changed; one that only the image after it has was changed too."""
    return any(
        new is not ABSENT and (old is ABSENT or old != new)
        for old, new in zip(before, after, strict=True)
    )
