"""
Events of a binary log, as the packets of the replication stream carry them.

A packet here is one event: 19 bytes of header, its body, and 4 bytes of checksum where the
server writes them; the byte that says OK in front of each is already off. Every reader takes
the whole packet and where its body ends, and raises `struct.error`, `IndexError` or
`ValueError` where the bytes are not such an event.

Written from the servers' manuals; types are those of MySQL 8.0 to 9.x and of MariaDB 10.6
to 11.8.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

#: Seconds since 1970, type, server id, bytes of the event, where the next one begins, flags.
HEADER: Final = struct.Struct("<IBIIIH")
HEADER_SIZE: Final = 19
CHECKSUM_SIZE: Final = 4

#: The server made the event up for us; it is not in the file.
ARTIFICIAL: Final = 0x20

QUERY: Final = 2
ROTATE: Final = 4
FORMAT_DESCRIPTION: Final = 15
XID: Final = 16
EXECUTE_LOAD_QUERY: Final = 18
TABLE_MAP: Final = 19
INCIDENT: Final = 26
HEARTBEAT: Final = 27
GTID: Final = 33
ANONYMOUS_GTID: Final = 34
XA_PREPARE: Final = 38
PARTIAL_UPDATE_ROWS: Final = 39
TRANSACTION_PAYLOAD: Final = 40
HEARTBEAT_OF_LARGE_FILES: Final = 41
GTID_TAGGED: Final = 42
MARIADB_GTID: Final = 162
QUERY_COMPRESSED: Final = 165

#: Of one statement or part of one; the first is MariaDB's, the second MySQL's.
WRITE_ROWS: Final = frozenset({23, 30})
UPDATE_ROWS: Final = frozenset({24, 31})
DELETE_ROWS: Final = frozenset({25, 32})
ROWS: Final = WRITE_ROWS | UPDATE_ROWS | DELETE_ROWS
COMPRESSED_ROWS: Final = frozenset(range(166, 172))

#: Types whose rows event has a length of extra data behind its flags.
_EXTRA_DATA: Final = frozenset({30, 31, 32, PARTIAL_UPDATE_ROWS, 169, 170, 171})

#: Say nothing of any row.
HARMLESS: Final = frozenset(
    {
        3,  # stop
        5,  # the numbers, random numbers and variables of a statement, which follows
        13,
        14,
        9,  # files of LOAD DATA; the statement follows
        11,
        17,
        29,  # the statement behind the rows that follow
        35,  # GTIDs of earlier files
        36,  # group replication: what certifies a transaction, who takes part
        37,
        160,  # the statement behind the rows that follow
        161,  # checkpoint
        163,  # GTIDs of earlier files
        164,  # encryption begins; what is sent is plain
    }
)

#: MariaDB: the one event that follows is all.
STANDALONE: Final = 0x01

#: A rows event without a table, at the end of a statement.
DUMMY_TABLE: Final = 0xFFFFFF

_MARIADB_GTID: Final = struct.Struct("<QIB")
_MYSQL_GTID: Final = struct.Struct("<B16sq")
_QUERY: Final = struct.Struct("<IIBHH")
_CHECKSUM: Final = struct.Struct("<I")
_CHECKSUM_CRC32: Final = 1
_NAMES: Final = 4


def is_whole(packet: bytes) -> bool:
    """Whether the CRC32 at the end of *packet* is that of what is before it."""
    end = len(packet) - CHECKSUM_SIZE
    checksum: int = _CHECKSUM.unpack_from(packet, end)[0]
    return checksum == zlib.crc32(memoryview(packet)[:end])


def has_checksum(packet: bytes) -> bool:
    """Whether the events after this format description end with a CRC32."""
    if packet[HEADER_SIZE : HEADER_SIZE + 2] != b"\x04\x00":
        raise ValueError("the binary log has a format from before MySQL 5")
    kind = packet[-CHECKSUM_SIZE - 1]
    if kind > _CHECKSUM_CRC32:
        raise ValueError("unknown kind of checksum")
    return kind == _CHECKSUM_CRC32


def read_rotate(packet: bytes, end: int) -> tuple[str, int]:
    """The file that follows, and where reading goes on in it."""
    (offset,) = struct.unpack_from("<Q", packet, HEADER_SIZE)
    name = packet[HEADER_SIZE + 8 : end].decode("utf-8")
    if not name or not name.isprintable():
        raise ValueError("no name of a file")
    return name, offset


def read_mariadb_gtid(packet: bytes) -> tuple[int, int, bool]:
    """Domain, number, and whether the one event that follows is all."""
    number, domain, flags = _MARIADB_GTID.unpack_from(packet, HEADER_SIZE)
    return domain, number, bool(flags & STANDALONE)


def read_mysql_gtid(packet: bytes, kind: int, end: int) -> tuple[bytes, str, int] | None:
    """UUID, tag and number of MySQL's; None where transactions have no names."""
    if kind == GTID:
        _, sid, number = _MYSQL_GTID.unpack_from(packet, HEADER_SIZE)
        return sid, "", number
    return _read_tagged_gtid(packet, end) if kind == GTID_TAGGED else None


def _read_tagged_gtid(packet: bytes, end: int) -> tuple[bytes, str, int]:
    """
    UUID, tag and number of MySQL's from 9.0 on, in its own way to write things down.

    A message is its version, size and last needed field, then its fields, each with its id
    before it: 0 flags, 1 the UUID byte by byte, 2 the number, 3 the tag.
    """
    at = HEADER_SIZE
    for _ in range(3):
        _, at = _varlen(packet, at)
    sid, number = b"", 0
    while at < end:
        field, at = _varlen(packet, at)
        if field == 1:
            octets = []
            for _ in range(16):
                octet, at = _varlen(packet, at)
                octets.append(octet)
            sid = bytes(octets)
        elif field == 2:
            value, at = _varlen(packet, at)
            number = value >> 1  # the last bit is the sign
        elif field == 3:
            size, at = _varlen(packet, at)
            tag = packet[at : at + size].decode("ascii")
            if sid and number > 0 and at + size <= end:
                return sid, tag, number
            break
        else:
            _, at = _varlen(packet, at)
    raise ValueError("no UUID, number and tag")


def _varlen(packet: bytes, at: int) -> tuple[int, int]:
    """A number with as many ones at the end of its first byte as bytes follow."""
    first = packet[at]
    more = 0
    while more < 8 and first >> more & 1:
        more += 1
    if len(packet) < at + more + 1:
        raise ValueError("cut off")
    if more == 8:
        return int.from_bytes(packet[at + 1 : at + 9], "little"), at + 9
    value = int.from_bytes(packet[at : at + more + 1], "little") >> (more + 1)
    return value, at + more + 1


def read_query(packet: bytes, end: int) -> tuple[bytes, bytes]:
    """The database it ran in, and its text, in whatever character set the client had."""
    _, _, schema_size, _, variables = _QUERY.unpack_from(packet, HEADER_SIZE)
    at = HEADER_SIZE + _QUERY.size + variables
    text = at + schema_size + 1
    if text > end:
        raise ValueError("cut off")
    return packet[at : text - 1], packet[text:end]


class TableMap(NamedTuple):
    """
    What the rows events that follow say of their table.

    Attributes:
        schema: The database.
        table: With the store's prefix.
        types: A byte a column.
        metadata: Of the columns that have some, one after the other.
        names: Of the columns; None unless the server writes FULL metadata.
    """

    schema: str
    table: str
    types: bytes
    metadata: bytes
    names: tuple[str, ...] | None


def read_table_id(packet: bytes) -> int:
    """Of a table map or a rows event."""
    if len(packet) < HEADER_SIZE + 8:
        raise ValueError("cut off")
    return int.from_bytes(packet[HEADER_SIZE : HEADER_SIZE + 6], "little")


def read_table_map(packet: bytes, end: int) -> TableMap:
    """The whole table map."""
    schema, at = _short_text(packet, HEADER_SIZE + 8)
    table, at = _short_text(packet, at)
    count, at = _length(packet, at)
    types = packet[at : at + count]
    size, at = _length(packet, at + count)
    metadata = packet[at : at + size]
    at += size + (count + 7) // 8
    if at > end:
        raise ValueError("cut off")
    names: tuple[str, ...] | None = None
    while at < end:
        kind = packet[at]
        size, at = _length(packet, at + 1)
        if at + size > end:
            raise ValueError("cut off")
        if kind == _NAMES:
            names = tuple(_names(packet, at, at + size))
            if len(names) != count:
                raise ValueError("not a name for every column")
        at += size
    return TableMap(schema, table, types, metadata, names)


def read_rows_head(packet: bytes, kind: int) -> tuple[int, int, int]:
    """Of a rows event: where its bitmaps begin, its number of columns, bytes of a bitmap."""
    at = HEADER_SIZE + 8
    if kind in _EXTRA_DATA:
        extra = packet[at] | packet[at + 1] << 8
        if extra < 2:
            raise ValueError("extra data shorter than its length")
        at += extra
    count, at = _length(packet, at)
    return at, count, (count + 7) // 8


def _short_text(packet: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + packet[at]
    return packet[at + 1 : end].decode("utf-8"), end + 1


def _names(packet: bytes, at: int, end: int) -> list[str]:
    names = []
    while at < end:
        size, at = _length(packet, at)
        names.append(packet[at : at + size].decode("utf-8"))
        at += size
    return names


def _length(packet: bytes, at: int) -> tuple[int, int]:
    """A number in as many bytes as it needs, and where it ends."""
    first = packet[at]
    if first < 251:
        return first, at + 1
    if first < 252 or first == 255:
        raise ValueError("no length")
    size = {252: 2, 253: 3, 254: 8}[first]
    if len(packet) < at + 1 + size:
        raise ValueError("cut off")
    return int.from_bytes(packet[at + 1 : at + 1 + size], "little"), at + 1 + size
