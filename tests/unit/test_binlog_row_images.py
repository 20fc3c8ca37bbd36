"""Cutting columns out of row images, by types and metadata as the manuals describe them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sync.sources.binlog.row_images import ABSENT, Images, Shape, shapes_of

#: Type, metadata, and how its values lie: bytes, of the length where it is before them.
TYPES = [
    (1, b"", (1, False)),  # tinyint
    (2, b"", (2, False)),
    (3, b"", (4, False)),
    (9, b"", (3, False)),
    (8, b"", (8, False)),
    (4, b"\x04", (4, False)),  # float
    (5, b"\x08", (8, False)),
    (13, b"", (1, False)),  # year
    (10, b"", (3, False)),  # date
    (7, b"", (4, False)),  # times of before MySQL 5.6
    (11, b"", (3, False)),
    (12, b"", (8, False)),
    (17, b"\x00", (4, False)),  # times since, with fractions of 0, 3 and 6 digits
    (17, b"\x03", (6, False)),
    (18, b"\x00", (5, False)),
    (18, b"\x06", (8, False)),
    (19, b"\x05", (6, False)),
    (16, b"\x00\x01", (1, False)),  # bit(8), bit(9)
    (16, b"\x01\x01", (2, False)),
    (246, b"\x0f\x04", (7, False)),  # decimal(15,4), (15,8), (10,0), (65,30)
    (246, b"\x0f\x08", (8, False)),
    (246, b"\x0a\x00", (5, False)),
    (246, b"\x41\x1e", (30, False)),
    (15, struct.pack("<H", 255), (1, True)),  # varchar
    (15, struct.pack("<H", 256), (2, True)),
    (253, struct.pack("<H", 255), (1, True)),
    (141, struct.pack("<H", 256), (2, True)),
    (140, b"\x02", (2, True)),
    (252, b"\x01", (1, True)),  # tinytext, text, mediumtext, longtext
    (252, b"\x02", (2, True)),
    (252, b"\x03", (3, True)),
    (252, b"\x04", (4, True)),
    (245, b"\x04", (4, True)),  # JSON
    (242, b"\x04", (4, True)),  # vector
    (255, b"\x04", (4, True)),  # geometry
    (254, b"\xfe\xff", (1, True)),  # char of 255 and of 256 bytes and more
    (254, b"\xee\x00", (2, True)),
    (254, b"\xce\xfc", (2, True)),
    (254, b"\xf7\x01", (1, False)),  # enum of one and of two bytes, set of eight
    (254, b"\xf7\x02", (2, False)),
    (254, b"\xf8\x08", (8, False)),
]


@pytest.mark.parametrize(("kind", "metadata", "shape"), TYPES)
def test_type_and_metadata_say_how_a_value_lies(
    kind: int, metadata: bytes, shape: tuple[int, bool]
) -> None:
    (found,) = shapes_of(bytes([kind]), metadata)
    assert (found.size, found.prefixed) == shape


@pytest.mark.parametrize(
    ("kind", "metadata"), [(200, b"\x00\x00"), (3, b"\x00"), (252, b"\x05"), (246, b"\x02\x03")]
)
def test_an_unknown_type_or_metadata_of_others_is_refused(kind: int, metadata: bytes) -> None:
    with pytest.raises(ValueError, match=r"type|metadata|length|decimals"):
        shapes_of(bytes([kind]), metadata)


def test_missing_metadata_is_refused() -> None:
    with pytest.raises(IndexError):
        shapes_of(b"\x0f", b"\xff")


shapes = st.sampled_from(TYPES).map(lambda t: Shape(t[0], *t[2]))
columns = st.tuples(shapes, st.sampled_from(["there", "null", "absent"]), st.binary(max_size=300))


@given(st.lists(columns, min_size=1, max_size=40), st.data())
def test_wanted_columns_are_cut_out_whatever_lies_between(
    drawn: list[tuple[Shape, str, bytes]], data: st.DataObject
) -> None:
    wanted = data.draw(st.lists(st.integers(0, len(drawn) - 1), unique=True))
    values = [raw(shape, content) for shape, _, content in drawn]
    there = [index for index, column in enumerate(drawn) if column[1] != "absent"]
    present = bits(len(drawn), there)
    nulls = [n for n, index in enumerate(there) if drawn[index][1] == "null"]
    image = bits(len(there), nulls)
    image += b"".join(values[index] for index in there if drawn[index][1] == "there")
    images = Images([column[0] for column in drawn], wanted)
    if not there:
        with pytest.raises(ValueError, match="no column"):
            images.of(present)
        return
    before, after = b"before", b"after"
    packet = before + image + image + after
    end = len(packet) - len(after)
    found, at = images.of(present).read(packet, len(before), end)
    assert at == len(before) + len(image)
    expected = {"null": None, "absent": ABSENT}
    for value, index in zip(found, wanted, strict=True):
        state = drawn[index][1]
        if state == "there":
            assert value == values[index]
        else:
            assert value is expected[state]
    assert images.of(present).read(packet, at, end) == (found, end)


def test_an_image_that_goes_on_behind_its_event_is_refused() -> None:
    image = Images([Shape(3, 4, prefixed=False)], [0]).of(b"\x01")
    assert image.read(b"\x00\x07\x00\x00\x00", 0, 5) == ([b"\x07\x00\x00\x00"], 5)
    with pytest.raises(ValueError, match="behind"):
        image.read(b"\x00\x07\x00\x00\x00", 0, 4)


def test_a_table_of_many_patterns_of_nulls_is_still_read() -> None:
    images = Images([Shape(1, 1, prefixed=False)] * 12, range(12))
    image = images.of(b"\xff\x0f")
    for pattern in range(4096):
        nulls = [index for index in range(12) if pattern >> index & 1]
        data = bits(12, nulls) + bytes(12 - len(nulls))
        found, at = image.read(data, 0, len(data))
        assert at == len(data)
        assert [index for index, value in enumerate(found) if value is None] == nulls


def raw(shape: Shape, content: bytes) -> bytes:
    """A value of *shape*."""
    if not shape.prefixed:
        return (content * shape.size + bytes(shape.size))[: shape.size]
    content = content[:255] if shape.size == 1 else content
    return len(content).to_bytes(shape.size, "little") + content


def bits(count: int, those: list[int]) -> bytes:
    return sum(1 << index for index in those).to_bytes((count + 7) // 8, "little")
