"""
Folds the events of the log into what they ring: whom changed rows lead to.

A row counts when its transaction ends, and a transaction of our own does not count. What
cannot be read is a gap with a reason, and the stream goes on: whoever takes the batch looks
at everybody anew. Nothing that a log can hold makes this raise.

Where the server writes checksums they are compared, which costs a twentieth of the whole; a
packet that is not what was sent is a gap and never a wrong reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources import watched as tables
from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.batch import MOST_REFERENCES, Batch, Rung
from sidecar.sync.sources.binlog.changed_rows import GARBLED, ChangedRows
from sidecar.sync.sources.binlog.columns import Columns, read_columns
from sidecar.sync.sources.binlog.position import Kind, Position
from sidecar.sync.sources.binlog.progress import Gtid, Progress
from sidecar.sync.sources.binlog.statements import Statements
from sidecar.sync.sources.watched import Watched

__all__ = ["Batch", "Transactions", "open_transactions"]

_header = events.HEADER.unpack_from


def open_transactions(
    shop: Shop, kind: Kind, start: Position, *, checksum: bool = False
) -> Transactions:
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
        checksum=checksum,
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
        checksum: The server is known to write checksums, before an event says so.

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
        checksum: bool = False,
    ) -> None:
        by_name = {(prefix + table.name).lower(): table for table in watched}
        self._rows = ChangedRows(by_name, columns, schema, prefix, guests=guests)
        self._statements = Statements(schema, [(whole, t.name) for whole, t in by_name.items()])
        self._progress = Progress(start, kind)
        self._checksum: bool | None = checksum or None
        self._is_open = False
        self._is_standalone = False
        self._gtid: Gtid | None = None
        self._rung = Rung()
        self._transactions = self._events = self._own = 0
        self._own_customers: set[int] = set()
        self._gaps: Counter[str] = Counter()
        self._open_gaps: Counter[str] = Counter()
        self._readers: dict[int, Callable[[bytes, int, int], bool]] = {
            events.QUERY: self._query,
            events.ROTATE: self._rotate,
            events.FORMAT_DESCRIPTION: self._format,
            events.XID: lambda packet, *_: self._end(packet),
            events.TABLE_MAP: self._table_map,
            events.GTID: self._mysql_gtid,
            events.ANONYMOUS_GTID: self._mysql_gtid,
            events.GTID_TAGGED: self._mysql_gtid,
            events.MARIADB_GTID: self._mariadb_gtid,
            events.EXECUTE_LOAD_QUERY: self._unread("statement"),
            events.INCIDENT: self._unread("incident"),
            events.HEARTBEAT: self._heartbeat,
            events.HEARTBEAT_OF_LARGE_FILES: self._heartbeat,
            events.XA_PREPARE: self._unread("xa"),
            events.TRANSACTION_PAYLOAD: self._unread("compressed"),
            events.QUERY_COMPRESSED: self._unread("compressed"),
            **dict.fromkeys(events.ROWS, self._changed_rows),
            **dict.fromkeys(events.COMPRESSED_ROWS, self._changed_rows),
            events.PARTIAL_UPDATE_ROWS: self._changed_rows,
            **dict.fromkeys(events.HARMLESS, lambda *_: False),
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

        Raises:
            DatabaseError: A table was altered, and its columns cannot be read.
        """
        self._events += 1
        kind = -1
        try:
            _, kind, _, size, _, _ = _header(packet)
            end = len(packet)
            if size != end:
                raise ValueError("another size")
            self._progress.offset += size
            if kind not in (events.FORMAT_DESCRIPTION, events.ROTATE) and self._checksum:
                if not events.is_whole(packet):
                    self._gap("checksum")
                    return False
                end -= events.CHECKSUM_SIZE
            reader = self._readers.get(kind)
            if reader is None:
                self._gap(f"unknown_event:{kind}")
                return False
            return reader(packet, kind, end)
        except GARBLED:
            self._gap(f"garbled:{kind}" if kind >= 0 else "garbled")
            return False

    def take(self) -> Batch:
        """What ended since the last call; what is open stays."""
        rung = self._rung
        if rung.is_too_many:
            self._gap("too_many")
        batch = Batch(
            references=rung.references,
            texts=rung.texts,
            position=self._progress.position(),
            transactions=self._transactions,
            events=self._events,
            rows=rung.rows,
            own=self._own,
            own_customers=frozenset(self._own_customers),
            gaps=self._gaps,
        )
        self._rung, self._gaps = Rung(), Counter()
        self._own_customers = set()
        self._transactions = self._events = self._own = 0
        return batch

    # -- files -----------------------------------------------------------------------------

    def _format(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        """A file begins, or the server did, and then what is open was never committed."""
        self._checksum = events.has_checksum(packet)
        if self._checksum and not events.is_whole(packet):
            self._gap("checksum")
        self._progress.born = _header(packet)[0]
        self._rows.new_file()
        self._is_open, self._is_standalone, self._gtid = False, False, None
        self._count()
        return False

    def _rotate(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002 as every reader
        time_s, _, _, _, _, flags = _header(packet)
        # The first one of all comes before we are told whether there are checksums.
        if self._checksum is not False and events.is_whole(packet):
            end -= events.CHECKSUM_SIZE
        elif self._checksum:
            self._gap("checksum")
            return False
        self._progress.go_on_in(*events.read_rotate(packet, end))
        self._rows.new_file()
        if flags & events.ARTIFICIAL or not time_s:
            # Says where the stream is, not that it got there.
            return False
        if self._is_open:
            self._give_up()
            return False
        self._progress.end(None)
        return True

    def _heartbeat(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        if self._open_gaps:
            # Nothing follows for now, so the end of the transaction is what was not read.
            self._give_up()
        return False

    # -- transactions ----------------------------------------------------------------------

    def _mariadb_gtid(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        _, _, server, _, _, _ = _header(packet)
        domain, number, is_standalone = events.read_mariadb_gtid(packet)
        self._begin(packet, (domain, server, number))
        self._is_open, self._is_standalone = True, is_standalone
        return False

    def _mysql_gtid(self, packet: bytes, kind: int, end: int) -> bool:
        named = events.read_mysql_gtid(packet, kind, end)
        self._begin(packet, self._progress.name(*named) if named else None)
        return False

    def _begin(self, packet: bytes, gtid: Gtid | None) -> None:
        if self._is_open:
            self._give_up()
        self._count()
        self._gtid = gtid
        self._progress.locate(_header(packet)[4])

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
        self._progress.locate(_header(packet)[4])
        self._count()
        self._progress.end(self._gtid)
        self._is_open, self._is_standalone, self._gtid = False, False, None
        self._transactions += 1
        return True

    def _give_up(self) -> None:
        """The end of the open transaction does not come any more."""
        self._gap("unfinished")
        self._is_open, self._is_standalone, self._gtid = False, False, None
        self._count()

    def _count(self) -> None:
        """Add what an ended transaction rang."""
        rung = self._rows.rung
        if rung.is_own:
            self._own += 1
            self._own_customers |= rung.references.get("customer", set())
        elif rung.rows:
            self._rung.add(rung)
        self._rows.new_transaction()
        if self._open_gaps:
            self._gaps.update(self._open_gaps)
            self._open_gaps.clear()

    # -- rows ------------------------------------------------------------------------------

    def _table_map(self, packet: bytes, kind: int, end: int) -> bool:  # noqa: ARG002
        self._rows.table_map(packet, end)
        return False

    def _changed_rows(self, packet: bytes, kind: int, end: int) -> bool:
        gap = self._rows.rows(packet, kind, end)
        if gap is not None:
            self._gap(gap)
        return False

    def _gap(self, reason: str) -> None:
        # Of an open transaction only with its end: before, nobody can see what it changed.
        (self._open_gaps if self._is_open else self._gaps)[reason] += 1
