"""How far the events of the log have come, and behind which transaction they may go on."""

from __future__ import annotations

from typing import Final

from sidecar.sync.sources.binlog.position import Kind, Position, gtid_state

#: A MariaDB transaction: domain, server, number; MySQL's as its server writes it.
Gtid = tuple[int, int, int] | str

#: Headers say the last 32 bits of a place in a file, which a large transaction goes beyond.
_WRAP: Final = 2**32


class Progress:
    """
    The place of the last event and that of the last transaction that ended.

    Args:
        start: Where the stream begins.
        kind: Whose log it is.

    Raises:
        ValueError: *start* is no position of *kind*.

    Attributes:
        offset: Bytes into the file, behind the last event.
        born: When the file was begun, in Unix seconds; 0: not known.
    """

    def __init__(self, start: Position, kind: Kind) -> None:
        self.offset, self.born = start.offset, start.born
        self._file = start.file
        self._server = start.server
        self._gtids = gtid_state(kind, start.gtid)
        self._domains: dict[int, tuple[int, int]] = {}
        self._sids: dict[bytes, str] = {}
        self._end = (start.file, start.offset, start.born)

    def go_on_in(self, file: str, offset: int) -> None:
        """The next event is at *offset* of *file*."""
        if file != self._file:
            self._file, self.born = file, 0
        self.offset = offset

    def locate(self, low: int) -> None:
        """The last event ends where the last 32 bits are *low*; 0: it does not say."""
        # MariaDB 11.4 and later says nothing inside a transaction: as far as was counted.
        if low:
            offset = self.offset // _WRAP * _WRAP + low
            self.offset = offset + _WRAP if offset < self.offset - _WRAP // 2 else offset

    def end(self, gtid: Gtid | None) -> None:
        """The transaction *gtid* has ended with the last event; None: it has no name."""
        if isinstance(gtid, tuple):
            self._domains[gtid[0]] = gtid[1], gtid[2]
        elif gtid is not None:
            self._gtids.add(gtid)
        self._end = (self._file, self.offset, self.born)

    def position(self) -> Position:
        """Behind the last transaction that ended."""
        for domain, (server, number) in self._domains.items():
            self._gtids.add(f"{domain}-{server}-{number}")
        self._domains.clear()
        file, offset, born = self._end
        return Position(str(self._gtids), file, offset, self._server, born)

    def name(self, sid: bytes, tag: str, number: int) -> str:
        """The name of a transaction of MySQL: of a server, with a tag or none."""
        uuid = self._sids.get(sid)
        if uuid is None:
            digits = sid.hex()
            cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
            uuid = self._sids[sid] = "-".join(digits[start:end] for start, end in cuts)
        return f"{uuid}:{tag}:{number}" if tag else f"{uuid}:{number}"
