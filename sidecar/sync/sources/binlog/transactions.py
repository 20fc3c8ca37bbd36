"""
Folds the events of the log into what they ring: whom changed rows lead to.

A row counts when its transaction ends, and a transaction of our own does not count. What
cannot be read is a gap with a reason, and the stream goes on: whoever takes the batch looks
at everybody anew. Nothing that a log can hold makes this raise.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources import watched as tables
from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.changed_rows import GARBLED, MOST_REFERENCES, ChangedRows, Rung
from sidecar.sync.sources.binlog.columns import Columns, read_columns
from sidecar.sync.sources.binlog.layouts import Texts
from sidecar.sync.sources.binlog.position import Kind, Position, gtid_state
from sidecar.sync.sources.binlog.statements import Statements
from sidecar.sync.sources.references import References
from sidecar.sync.sources.watched import Watched

_WRAP: Final = 2**32
_header = events.HEADER.unpack_from
_crc = struct.Struct("<I").unpack_from

#: A MariaDB transaction: domain, server, number; MySQL's as its server writes it.
_Gtid = tuple[int, int, int] | str


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What the transactions rang that ended since the last batch.

    Attributes:
        references: Whom changed rows lead to.
        texts: The same as e-mails: ``email`` accounts by any spelling, ``guest`` the account
            of a guest's.
        position: Behind the last of them; where the stream began until one ended.
        transactions: All that ended.
        events: All that came, of open transactions too.
        rows: Changed rows that count.
        own: Transactions of ours, which ring nobody.
        gaps: How often something could not be read, by reason; any means: look at everybody.
        newest_s: When the last transaction was written, seconds since 1970; 0: none.
    """

    references: References
    texts: Texts
    position: Position
    transactions: int
    events: int
    rows: int
    own: int
    gaps: Counter[str]
    newest_s: int


def open_transactions(shop: Shop, kind: Kind, start: Position) -> Transactions:
    """Those of *shop* from *start* on, in the log of a server of *kind*."""
    schema = shop.engine.url.database or ""
    watched = [*tables.changed(shop), *tables.appended(shop)]

    def columns() -> Columns:
        with transaction(shop.engine) as tx:
            return read_columns(tx, schema, shop.prefix, watched)

    return Transactions(
        watched,
        columns,
        schema,
        shop.prefix,
        start=start,
        kind=kind,
        guests=shop.guests_by_email,
    )


class Transactions:
    """
    Reads the packets of one connection, in their order.

    Args:
        watched: The tables that ring; those of one name are one.
        columns: Says what their columns are now; asked again when they were altered.
        schema: The store's database.
        prefix: Of its tables.
        start: Where the stream begins.
        kind: Whose log it is.
        guests: Orders without a customer belong to the account of their e-mail.

    Raises:
        ValueError: *start* is no position of *kind*.
    """

    def __init__(
        self,
        watched: Iterable[Watched],
        columns: Callable[[], Columns],
        schema: str,
        prefix: str,
        *,
        start: Position,
        kind: Kind,
        guests: bool,
    ) -> None:
        by_name = {(prefix + table.name).lower(): table for table in watched}
        self._rows = ChangedRows(by_name, columns, schema, prefix, guests=guests)
        self._statements = Statements(schema, [(whole, t.name) for whole, t in by_name.items()])
        self._server = start.server
        self._gtids = gtid_state(kind, start.gtid)
        self._domains: dict[int, tuple[int, int]] = {}
        self._sids: dict[bytes, str] = {}
        self._file, self._at, self._born = start.file, start.offset, start.born
        self._end_place = (start.file, start.offset, start.born)
        self._checksum: bool | None = None
        self._is_open = False
        self._is_standalone = False
        self._gtid: _Gtid | None = None
        self._rung = Rung()
        self._transactions = self._events = self._own = self._newest_s = 0
        self._gaps: Counter[str] = Counter()
        self._readers: dict[int, Callable[[bytes, int, int], bool]] = {
            events.QUERY: self._query,
            events.ROTATE: self._rotate,
            events.FORMAT_DESCRIPTION: self._format,
            events.XID: self._xid,
            events.TABLE_MAP: self._table_map,
            events.GTID: self._mysql_gtid,
            events.ANONYMOUS_GTID: self._mysql_gtid,
            events.GTID_TAGGED: self._mysql_gtid,
            events.MARIADB_GTID: self._mariadb_gtid,
            events.EXECUTE_LOAD_QUERY: self._unread("statement"),
            events.INCIDENT: self._unread("incident"),
            events.XA_PREPARE: self._unread("xa"),
            events.TRANSACTION_PAYLOAD: self._unread("compressed"),
            events.QUERY_COMPRESSED: self._unread("compressed"),
            **dict.fromkeys(events.ROWS, self._changed_rows),
            **dict.fromkeys(events.COMPRESSED_ROWS, self._changed_rows),
            events.PARTIAL_UPDATE_ROWS: self._changed_rows,
            **dict.fromkeys(events.HARMLESS, self._nothing),
        }

    @property
    def waiting(self) -> int:
        """About how much the next batch has to tell: references, e-mails and gaps."""
        if self._rung.is_too_many:
            return MOST_REFERENCES
        return self._rung.held() + len(self._gaps)

    def feed(self, packet: bytes) -> bool:
        """
        Take the next event.

        Returns:
            Whether the position has moved on: a transaction has ended, or a file.
        """
        self._events += 1
        kind = -1
        try:
            _, kind, _, size, _, _ = _header(packet)
            end = len(packet)
            if size != end:
                raise ValueError("another size")
            self._at += size
            if kind not in (events.FORMAT_DESCRIPTION, events.ROTATE) and self._checksum:
                end -= events.CHECKSUM_SIZE
                if _crc(packet, end)[0] != zlib.crc32(memoryview(packet)[:end]):
                    self._gap("checksum")
                    return False
            reader = self._readers.get(kind)
            if reader is None:
                self._gap(f"unknown_event:{kind}")
                return False
            return reader(packet, kind, end)
        except GARBLED:
            self._gap(f"garbled:{kind}" if kind >= 0 else "garbled")
            return False

    def take(self) -> Batch:
        """
        What ended since the last call; what is open stays.

        Raises:
            DatabaseError: Tables were altered, and cannot be asked for their columns.
        """
        self._rows.read_columns()
        for domain, (server, number) in self._domains.items():
            self._gtids.add(f"{domain}-{server}-{number}")
        self._domains.clear()
        rung = self._rung
        if rung.is_too_many:
            self._gap("too_many")
        file, offset, born = self._end_place
        batch = Batch(
            references=rung.references,
            texts=rung.texts,
            position=Position(str(self._gtids), file, offset, self._server, born),
            transactions=self._transactions,
            events=self._events,
            rows=rung.rows,
            own=self._own,
            gaps=self._gaps,
            newest_s=self._newest_s,
        )
        self._rung, self._gaps = Rung(), Counter()
        self._transactions = self._events = self._own = self._newest_s = 0
        return batch

    # -- files -----------------------------------------------------------------------------

    def _format(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        """A file begins, or the server did: whatever is open was never committed."""
        self._checksum = events.has_checksum(packet)
        self._born = _header(packet)[0]
        self._rows.new_file()
        self._rows.new_transaction()
        self._is_open, self._gtid = False, None
        return False

    def _rotate(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        time_s, _, _, _, _, flags = _header(packet)
        # The first one of all comes before we are told whether there are checksums.
        if self._checksum is not False:
            body = end - events.CHECKSUM_SIZE
            if _crc(packet, body)[0] == zlib.crc32(memoryview(packet)[:body]):
                end = body
            elif self._checksum:
                self._gap("checksum")
                return False
        file, self._at = events.read_rotate(packet, end)
        if file != self._file:
            self._file, self._born = file, 0
        self._rows.new_file()
        if flags & events.ARTIFICIAL or not time_s or self._is_open:
            # Says where the stream is, not that it got there.
            return False
        self._end_place = (self._file, self._at, self._born)
        return True

    # -- transactions ----------------------------------------------------------------------

    def _mariadb_gtid(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        _, _, server, _, _, _ = _header(packet)
        domain, number, is_standalone = events.read_mariadb_gtid(packet)
        self._begin(packet, (domain, server, number))
        self._is_open, self._is_standalone = True, is_standalone
        return False

    def _mysql_gtid(self, packet: bytes, kind: int, end: int) -> bool:
        if kind == events.GTID:
            sid, number = events.read_gtid(packet)
            gtid = f"{self._uuid(sid)}:{number}"
        elif kind == events.GTID_TAGGED:
            sid, tag, number = events.read_tagged_gtid(packet, end)
            gtid = f"{self._uuid(sid)}:{tag}:{number}" if tag else f"{self._uuid(sid)}:{number}"
        else:
            gtid = ""
        self._begin(packet, gtid or None)
        return False

    def _uuid(self, sid: bytes) -> str:
        text = self._sids.get(sid)
        if text is None:
            digits = sid.hex()
            cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
            text = self._sids[sid] = "-".join(digits[start:end] for start, end in cuts)
        return text

    def _begin(self, packet: bytes, gtid: _Gtid | None) -> None:
        if self._is_open:
            self._gap("unfinished")
        self._count()
        self._is_open = self._is_standalone = False
        self._gtid = gtid
        self._locate(packet)

    def _xid(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        return self._end(packet)

    def _query(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        statement = self._statements.read(*events.read_query(packet, end))
        for gap in statement.gaps:
            self._gap(gap)
        if statement.tables:
            self._rows.altered(statement.tables)
        if statement.deed == "begin":
            self._is_open = True
            return False
        if statement.deed in ("end", "xa") or self._is_standalone or not self._is_open:
            return self._end(packet)
        return False

    def _unread(self, gap: str) -> Callable[[bytes, int, int], bool]:
        def read(packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG001 as every reader
            self._gap(gap)
            whole = kind in (events.XA_PREPARE, events.TRANSACTION_PAYLOAD)
            if whole or self._is_standalone or not self._is_open:
                return self._end(packet)
            return False

        return read

    def _end(self, packet: bytes) -> bool:
        """A transaction has ended, or a statement that is one."""
        self._locate(packet)
        self._count()
        gtid, self._gtid = self._gtid, None
        if isinstance(gtid, tuple):
            self._domains[gtid[0]] = gtid[1], gtid[2]
        elif gtid is not None:
            self._gtids.add(gtid)
        self._is_open = self._is_standalone = False
        self._end_place = (self._file, self._at, self._born)
        self._transactions += 1
        self._newest_s = _header(packet)[0] or self._newest_s
        return True

    def _count(self) -> None:
        """Add what an ended transaction rang."""
        rung = self._rows.rung
        if rung.is_own:
            self._own += 1
        elif rung.rows:
            self._rung.add(rung)
        self._rows.new_transaction()

    def _locate(self, packet: bytes) -> None:
        """Where the event ends in its file, of which its header says the last 32 bits."""
        low = _header(packet)[4]
        if not low:
            return  # MariaDB 11.4 and later inside a transaction: as far as was counted
        at = self._at // _WRAP * _WRAP + low
        self._at = at + _WRAP if at < self._at - _WRAP // 2 else at

    # -- rows ------------------------------------------------------------------------------

    def _table_map(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        self._rows.table_map(packet, end)
        return False

    def _changed_rows(self, packet: bytes, kind: int, end: int) -> bool:
        gap = self._rows.rows(packet, kind, end)
        if gap is not None:
            self._gap(gap)
        return False

    def _nothing(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        return False

    def _gap(self, reason: str) -> None:
        self._gaps[reason] += 1
