"""Packets of events, put together as the manuals of MySQL and MariaDB describe them."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Iterable, Sequence

from sidecar.sync.sources.binlog import events

#: When they were written, as Unix seconds.
WRITTEN_S = 1_775_000_000

SCHEMA, PREFIX = "shop", "oc_"

#: The UUID of MySQL's server here.
SERVER = uuid.UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")

INT, VARCHAR = 3, 15


def event(
    kind: int,
    body: bytes,
    *,
    log_pos: int = 0,
    server: int = 1,
    flags: int = 0,
    written_s: int = WRITTEN_S,
    checksum: bool = True,
) -> bytes:
    """One event with its header and, as servers write it unless told not to, its CRC32."""
    size = events.HEADER_SIZE + len(body) + 4 * checksum
    plain = events.HEADER.pack(written_s, kind, server, size, log_pos, flags) + body
    return plain + struct.pack("<I", zlib.crc32(plain)) if checksum else plain


def format_description(*, checksum: bool = True) -> bytes:
    """The first event of a file, which says whether the others have checksums."""
    body = struct.pack("<H50sIB", 4, b"10.11.6-MariaDB-log", 0, 19) + bytes(40)
    return event(events.FORMAT_DESCRIPTION, body + bytes([checksum]))


def rotate(file: str, offset: int = 4, *, is_real: bool = False, checksum: bool = True) -> bytes:
    """What the server sends first; with *is_real*, what ends a file."""
    return event(
        events.ROTATE,
        struct.pack("<Q", offset) + file.encode(),
        flags=0 if is_real else events.ARTIFICIAL,
        written_s=WRITTEN_S if is_real else 0,
        log_pos=900 if is_real else 0,
        checksum=checksum,
    )


def mariadb_gtid(
    number: int, *, domain: int = 0, standalone: bool = False, log_pos: int = 0
) -> bytes:
    """The beginning of a transaction of MariaDB."""
    body = struct.pack("<QIB", number, domain, int(standalone)) + bytes(6)
    return event(events.MARIADB_GTID, body, log_pos=log_pos)


def mysql_gtid(number: int) -> bytes:
    """The beginning of a transaction of MySQL."""
    body = struct.pack("<B16sq", 1, SERVER.bytes, number) + bytes(17)
    return event(events.GTID, body)


def tagged_gtid(number: int, tag: str) -> bytes:
    """The same with a tag, from MySQL 9.0 on."""
    octets = b"".join(_varlen(octet) for octet in SERVER.bytes)
    name = _varlen(len(tag)) + tag.encode()
    fields = [_varlen(1), octets, _varlen(number << 1), name, _varlen(9), _varlen(10 << 1)]
    body = b"".join(_varlen(index) + field for index, field in enumerate(fields))
    return event(events.GTID_TAGGED, _varlen(1) + _varlen(len(body)) + _varlen(6) + body)


def _varlen(number: int) -> bytes:
    size = 1
    while number >= 1 << 7 * size:
        size += 1
    return ((number << size) | ((1 << (size - 1)) - 1)).to_bytes(size, "little")


def query(text: str, schema: str = SCHEMA, *, log_pos: int = 0) -> bytes:
    """A statement."""
    variables = b"\x00\x00\x00\x00\x00"
    head = struct.pack("<IIBHH", 7, 0, len(schema), 0, len(variables))
    body = head + variables + schema.encode() + b"\x00" + text.encode()
    return event(events.QUERY, body, log_pos=log_pos)


def xid(*, log_pos: int = 0) -> bytes:
    """The end of a transaction."""
    return event(events.XID, struct.pack("<Q", 5), log_pos=log_pos)


def table_map(
    number: int,
    table: str,
    columns: Sequence[tuple[str, int]],
    *,
    schema: str = SCHEMA,
    named: bool = True,
) -> bytes:
    """The *columns* of a table: their names and types, whole numbers and texts of 255 bytes."""
    types = bytes(kind for _, kind in columns)
    metadata = b"".join(struct.pack("<H", 255) for kind in types if kind == VARCHAR)
    body = struct.pack("<IHH", number, 0, 1)
    body += _short(schema) + _short(table) + bytes([len(types)]) + types
    body += bytes([len(metadata)]) + metadata + bytes((len(types) + 7) // 8)
    if named:
        names = b"".join(bytes([len(name)]) + name.encode() for name, _ in columns)
        body += b"\x04" + bytes([len(names)]) + names
    return event(events.TABLE_MAP, body)


def _short(name: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x00"


#: A row: a value a column; None is NULL, ``...`` is left out.
Values = Sequence[object]


def rows(kind: int, number: int, images: Sequence[Values], *, shown: int | None = None) -> bytes:
    """
    A rows event of the type *kind*.

    Args:
        images: Of its rows; for updates before and after in turn.
        shown: Columns as they are counted; as many as in *images*.
    """
    count = len(images[0]) if shown is None else shown
    body = struct.pack("<IHH", number, 0, 1)
    if kind >= 30:
        body += struct.pack("<H", 2)
    body += bytes([count])
    for image in images[: 2 if kind in events.UPDATE_ROWS else 1]:
        body += _bits(value is not ... for value in image)
    return event(kind, body + b"".join(map(_image, images)))


def _image(values: Values) -> bytes:
    there = [value for value in values if value is not ...]
    data = b"".join(_value(value) for value in there if value is not None)
    return _bits(value is None for value in there) + data


def _value(value: object) -> bytes:
    if isinstance(value, int):
        return struct.pack("<i", value)
    encoded = value if isinstance(value, bytes) else str(value).encode()
    return bytes([len(encoded)]) + encoded


def _bits(flags: Iterable[bool]) -> bytes:
    listed = list(flags)
    number = sum(1 << index for index, flag in enumerate(listed) if flag)
    return number.to_bytes((len(listed) + 7) // 8, "little")
