"""
Blocks of rows: their checksums, and which rows of a block are others than before.

Beside the checksums of the whole block stands what each row was: the customer (or
whatever leads to one) and the row's own checksum. So a block that differs names the
rows that were written, changed, moved or deleted, and nobody else is looked at again.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

#: A row: whom it leads to, and its checksum.
Row = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sums:
    """
    Of a block.

    Attributes:
        numbers: Rows.
        crc_xor: Their checksums, exclusive or.
        crc_sum: The same, added up.
    """

    numbers: int
    crc_xor: int
    crc_sum: int


def sums_of(rows: Iterable[Row]) -> Sums:
    """What the server computes of the same rows."""
    numbers = crc_xor = crc_sum = 0
    for _, crc in rows:
        numbers += 1
        crc_xor ^= crc
        crc_sum += crc
    return Sums(numbers, crc_xor, crc_sum)


def packed(rows: Iterable[Row]) -> bytes:
    """*rows* as they are stored, in whatever order they come."""
    ordered = sorted(rows)
    count = len(ordered)
    columns = [*(row[0] for row in ordered), *(row[1] for row in ordered)]
    return zlib.compress(struct.pack(f"<{count}q{count}I", *columns), 1)


def unpacked(stored: bytes) -> list[Row]:
    """The rows of `packed`; none where they cannot be read."""
    try:
        data = zlib.decompress(stored)
    except zlib.error:
        return []
    count, rest = divmod(len(data), 12)
    if rest:
        return []
    columns = struct.unpack(f"<{count}q{count}I", data)
    return list(zip(columns[:count], columns[count:], strict=True))


def changed_references(old: Iterable[Row], new: Iterable[Row]) -> set[int]:
    """Whom the rows lead to that are not the same in *old* and *new*."""
    before, after = Counter(old), Counter(new)
    return {reference for reference, _ in (before - after) + (after - before)}
