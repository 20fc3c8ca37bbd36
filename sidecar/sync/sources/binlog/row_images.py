"""
Where columns are in the image of a row, without decoding it.

An image is a bitmap of what is NULL and then the values of the columns that are present, each
as long as its type says or with its length before it. A plan for each pattern of NULLs says
how far to go from one length to the next, so of a row of 63 columns only the lengths are
looked at, and the wanted columns are cut out as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

#: The raw value of a column that the image leaves out; known by identity.
ABSENT: Final = bytes(bytearray(b"absent"))

#: Patterns of NULLs whose plans are kept for a table.
_MOST_PLANS: Final = 500

_BIT, _DECIMAL, _STRING, _ENUM, _SET = 16, 246, 254, 247, 248

#: Bytes of types of one length. Times are those of before MySQL 5.6, which last in old tables.
_FIXED: Final = {
    1: 1,  # tinyint
    2: 2,
    3: 4,
    4: 4,  # float
    5: 8,
    6: 0,  # NULL
    7: 4,  # timestamp
    8: 8,  # bigint
    9: 3,  # mediumint
    10: 3,  # date
    11: 3,  # time
    12: 8,  # datetime
    13: 1,  # year
    14: 3,  # date again
}

#: Times with fractions of a second: bytes without.
_FRACTIONS: Final = {17: 4, 18: 5, 19: 3}

#: Their metadata is how many bytes their length has: geometry, JSON, vector and compressed too.
_BLOBS: Final = frozenset({140, 242, 245, 249, 250, 251, 252, 255})

#: Their metadata is how long they may become; 141 is compressed.
_VARIABLE: Final = frozenset({15, 141, 253})

#: Bytes of the digits of a DECIMAL that do not fill a group of nine.
_DIGITS: Final = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


class Shape(NamedTuple):
    """
    How a column's value lies in an image.

    Attributes:
        kind: Its real type: CHAR, ENUM and SET are apart.
        size: Bytes; of its length where *prefixed*.
        prefixed: Its length is before it.
    """

    kind: int
    size: int
    prefixed: bool


def shapes_of(types: bytes, metadata: bytes) -> tuple[Shape, ...]:
    """
    The shapes of a table map's columns.

    Raises:
        ValueError: A type is not known, or *metadata* is not of these *types*.
        IndexError: *metadata* is too short.
    """
    shapes = []
    at = 0
    for kind in types:
        shape, used = _shape(kind, metadata, at)
        shapes.append(shape)
        at += used
    if at != len(metadata):
        raise ValueError("metadata of other columns")
    return tuple(shapes)


def _shape(kind: int, metadata: bytes, at: int) -> tuple[Shape, int]:
    if kind in _FIXED:
        # FLOAT and DOUBLE have their own length for metadata.
        return Shape(kind, _FIXED[kind], prefixed=False), int(kind in (4, 5))
    first = metadata[at]
    if kind in _FRACTIONS:
        return Shape(kind, _FRACTIONS[kind] + (first + 1) // 2, prefixed=False), 1
    if kind in _BLOBS:
        if not 1 <= first <= 4:
            raise ValueError("no length of a length")
        return Shape(kind, first, prefixed=True), 1
    second = metadata[at + 1]
    if kind in _VARIABLE:
        return Shape(kind, 1 if first | second << 8 < 256 else 2, prefixed=True), 2
    if kind == _BIT:
        return Shape(kind, second + (first > 0), prefixed=False), 2
    if kind == _DECIMAL:
        return Shape(kind, _decimal_size(first, second), prefixed=False), 2
    if kind in (_STRING, _ENUM, _SET):
        # Long CHARs keep two bits of their length where the real type has ones.
        real, length = first | 0x30, second | (~first & 0x30) << 4
        if real in (_ENUM, _SET):
            return Shape(real, second, prefixed=False), 2
        return Shape(_STRING, 1 if length < 256 else 2, prefixed=True), 2
    raise ValueError(f"unknown type of column: {kind}")


def _decimal_size(precision: int, scale: int) -> int:
    if scale > precision:
        raise ValueError("more decimals than digits")
    whole, part = precision - scale, scale
    return sum(digits // 9 * 4 + _DIGITS[digits % 9] for digits in (whole, part))


#: Between the ends of which lengths a value lies, and how far behind them.
_Cut = tuple[int, int, int, int]


class _Plan(NamedTuple):
    """
    How to go through an image whose NULLs are known.

    Attributes:
        steps: Bytes to the next length, and bytes of that length.
        rest: Bytes behind the last one.
        cuts: Of the wanted columns; None: NULL or absent.
        complete: None of them is NULL or absent.
        missing: For those that are.
    """

    steps: tuple[tuple[int, int], ...]
    rest: int
    cuts: tuple[_Cut | None, ...]
    complete: bool
    missing: tuple[bytes | None, ...]


class Image:
    """
    Images of rows of which the same columns are present.

    Args:
        shapes: Of all columns of the table.
        wanted: Positions of the columns to cut out.
        present: Bitmap of the columns that images have.
    """

    def __init__(self, shapes: Sequence[Shape], wanted: Sequence[int], present: bytes) -> None:
        self._shapes = shapes
        self._wanted = wanted
        self._columns = [i for i in range(len(shapes)) if present[i >> 3] >> (i & 7) & 1]
        self._bitmap = (len(self._columns) + 7) // 8
        self._plans: dict[bytes, _Plan] = {}
        if not self._columns:
            raise ValueError("an image of no column")

    @property
    def is_full(self) -> bool:
        """Whether every column is present."""
        return len(self._columns) == len(self._shapes)

    def read(self, data: bytes, at: int, end: int) -> tuple[list[bytes | None], int]:
        """
        The raw wanted values of the image at *at*, and where it ends, at most at *end*.

        A raw value has its length before it where its type has; None is NULL.
        """
        first = at + self._bitmap
        nulls = data[at:first]
        plan = self._plans.get(nulls)
        if plan is None:
            plan = self._make(nulls)
        at = first
        ends = [at]
        mark = ends.append
        for skip, size in plan.steps:
            at += skip
            if size == 1:
                at += data[at] + 1
            elif size == 2:
                at += (data[at] | data[at + 1] << 8) + 2
            else:
                at += int.from_bytes(data[at : at + size], "little") + size
            mark(at)
        at += plan.rest
        if at > end:
            raise ValueError("an image goes on behind its event")
        if plan.complete:
            return [data[ends[i] + a : ends[j] + b] for i, a, j, b in plan.cuts], at  # type: ignore[misc]
        return [
            data[ends[cut[0]] + cut[1] : ends[cut[2]] + cut[3]] if cut else nothing
            for cut, nothing in zip(plan.cuts, plan.missing, strict=True)
        ], at

    def _make(self, nulls: bytes) -> _Plan:
        if len(nulls) != self._bitmap:
            raise ValueError("cut off")
        steps: list[tuple[int, int]] = []
        cuts: dict[int, _Cut] = {}
        skip = 0
        for index, column in enumerate(self._columns):
            if nulls[index >> 3] >> (index & 7) & 1:
                continue
            shape, step = self._shapes[column], len(steps)
            if shape.prefixed:
                cuts[column] = (step, skip, step + 1, 0)
                steps.append((skip, shape.size))
                skip = 0
            else:
                cuts[column] = (step, skip, step, skip + shape.size)
                skip += shape.size
        present = set(self._columns)
        found = tuple(cuts.get(column) for column in self._wanted)
        missing = tuple(None if column in present else ABSENT for column in self._wanted)
        plan = _Plan(tuple(steps), skip, found, None not in found, missing)
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[nulls] = plan
        return plan


class Images:
    """The images of a table's rows, whatever columns they have."""

    def __init__(self, shapes: Sequence[Shape], wanted: Sequence[int]) -> None:
        self.columns = len(shapes)
        self._shapes = shapes
        self._wanted = wanted
        self._by_bitmap: dict[bytes, Image] = {}

    def of(self, present: bytes) -> Image:
        """Those of which the columns of the bitmap *present* are there."""
        image = self._by_bitmap.get(present)
        if image is None:
            if len(self._by_bitmap) >= _MOST_PLANS:
                self._by_bitmap.clear()
            image = self._by_bitmap[present] = Image(self._shapes, self._wanted, present)
        return image
