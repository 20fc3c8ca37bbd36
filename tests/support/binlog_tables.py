"""Random tables of all types of columns, and random changes of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.events import TableMap
from sidecar.sync.sources.binlog.row_images import Images, Shape, shapes_of

#: Bits of whole numbers.
_WHOLE = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

_TEXT = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")

_LETTERS = "ab zä€😀'\\\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A type of column.

    Attributes:
        sql: As in CREATE TABLE.
        values: What it may hold besides NULL; as parameters, or with `expression`.
        expression: How a value is written.
    """

    sql: str
    values: st.SearchStrategy[Any]
    expression: str = "%s"

    @property
    def name(self) -> str:
        """Without length."""
        return self.sql.split("(")[0].split(" ")[0]

    @property
    def is_number(self) -> bool:
        """A whole number."""
        return self.name in _WHOLE

    @property
    def is_text(self) -> bool:
        """Letters, with their length before them."""
        return self.name in _TEXT and "compressed" not in self.sql

    def value(self, raw: bytes, shape: Shape) -> object:
        """What *raw* is; the bytes themselves where nobody but the server can say."""
        if self.is_number:
            return int.from_bytes(raw, "little", signed="unsigned" not in self.sql)
        if self.is_text:
            return raw[shape.size :].decode("utf-8")
        return raw


def _number(name: str, unsigned: bool) -> Kind:
    bits = _WHOLE[name]
    least, most = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    values = st.sampled_from([least, most, 0, 1, most // 2 + 1]) | st.integers(least, most)
    return Kind(name + " unsigned" * unsigned, values)


def _text(sql: str, most: int) -> Kind:
    sizes = st.sampled_from(sorted({0, 1, min(most, 63), min(most, 255), min(most, 256)}))
    # Spaces at the end of a CHAR are gone when it is read.
    values = st.builds(
        lambda size, text: (text * size)[:size].rstrip(" ") if text else "",
        sizes,
        st.text(_LETTERS, max_size=5),
    )
    return Kind(sql, values)


def _bytes(sql: str, most: int) -> Kind:
    return Kind(sql, st.binary(max_size=min(most, 300)))


def _decimal(precision: int, scale: int) -> Kind:
    most = 10**precision - 1
    shown = st.integers(-most, most).map(lambda n: f"{n}e-{scale}")
    return Kind(f"decimal({precision},{scale})", shown)


def _enum(members: int) -> Kind:
    names = [f"m{i}" for i in range(members)]
    listed = ",".join(f"'{name}'" for name in names)
    return Kind(f"enum({listed})", st.sampled_from(names))


def _set(members: int) -> Kind:
    names = [f"m{i}" for i in range(members)]
    listed = ",".join(f"'{name}'" for name in names)
    some = st.lists(st.sampled_from(names), unique=True, max_size=5)
    return Kind(f"set({listed})", some.map(",".join))


_FRACTIONS = st.integers(0, 6)

#: Types that every decoder knows.
COMMON: st.SearchStrategy[Kind] = st.one_of(
    st.builds(_number, st.sampled_from(sorted(_WHOLE)), st.booleans()),
    st.builds(lambda n: _text(f"varchar({n})", n), st.sampled_from([1, 32, 63, 64, 96, 255, 600])),
    st.builds(lambda n: _text(f"char({n})", n), st.sampled_from([1, 5, 63, 64, 100, 255])),
    st.sampled_from(_TEXT[2:]).map(lambda name: _text(name, 60)),
    st.sampled_from([("tinyblob", 255), ("blob", 300), ("mediumblob", 300), ("longblob", 300)]).map(
        lambda kind: _bytes(*kind)
    ),
    st.sampled_from([1, 20, 255]).map(lambda n: _bytes(f"varbinary({n})", n)),
    st.integers(1, 38).flatmap(
        lambda p: st.builds(_decimal, st.just(p), st.integers(0, min(p, 20)))
    ),
    st.sampled_from(["float", "double"]).map(lambda name: Kind(name, st.integers(-999, 999))),
    st.integers(1, 64).map(lambda n: Kind(f"bit({n})", st.integers(0, 2**n - 1))),
    st.just(Kind("year", st.integers(1901, 2155))),
    st.just(Kind("date", st.dates().map(lambda d: d.isoformat()))),
    _FRACTIONS.map(
        lambda n: Kind(f"time({n})", st.sampled_from(["-838:59:59", "00:00:00.5", "12:01:02.123"]))
    ),
    _FRACTIONS.map(
        lambda n: Kind(f"datetime({n})", st.sampled_from(["1999-12-31 23:59:59.25", "2026-01-01"]))
    ),
    _FRACTIONS.map(
        lambda n: Kind(f"timestamp({n}) null", st.sampled_from(["2026-01-01 00:00:00.125"]))
    ),
    st.sampled_from([2, 255, 300]).map(_enum),
    st.sampled_from([1, 9, 17, 33, 64]).map(_set),
    st.just(Kind("point", st.integers(0, 9), "ST_GeomFromText(CONCAT('POINT(', %s, ' 1)'))")),
)

#: Types that only MariaDB has; no other decoder reads the compressed ones.
MARIADB: st.SearchStrategy[Kind] = st.one_of(
    COMMON,
    st.just(Kind("json", st.sampled_from(["{}", '{"a": [1, "ä"]}']))),
    st.just(Kind("uuid", st.uuids().map(str))),
    st.just(Kind("inet6", st.sampled_from(["::1", "fe80::1", "ffff::"]))),
    st.just(Kind("inet4", st.sampled_from(["127.0.0.1", "10.0.0.0"]))),
    st.sampled_from([4, 20]).map(lambda n: Kind(f"binary({n})", st.binary(max_size=4))),
    st.sampled_from([100, 1000]).map(
        lambda n: Kind(f"varchar({n}) compressed", _text("", n).values)
    ),
    st.just(Kind("text compressed", _text("", 60).values)),
)

#: Types of MySQL.
MYSQL: st.SearchStrategy[Kind] = st.one_of(
    COMMON,
    st.just(Kind("json", st.sampled_from(["{}", '{"a": [1, "ä"]}']))),
    st.sampled_from([4, 20]).map(lambda n: Kind(f"binary({n})", st.binary(max_size=4))),
)


@dataclass(frozen=True, slots=True)
class Change:
    """
    One statement: rows inserted, updated or deleted.

    Attributes:
        kind: ``insert``, ``update`` or ``delete``.
        keys: Of its rows.
        values: A row for each of *keys*.
    """

    kind: str
    keys: tuple[int, ...]
    values: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class RandomTable:
    """A table with the key ``id`` and columns ``c0``, ``c1`` …, and what is done with it."""

    kinds: tuple[Kind, ...]
    changes: tuple[Change, ...]

    def create(self, name: str) -> str:
        """CREATE TABLE."""
        columns = [f"c{index} {kind.sql}" for index, kind in enumerate(self.kinds)]
        listed = ", ".join([*columns[:2], "id int unsigned primary key", *columns[2:]])
        return f"CREATE TABLE {name} ({listed}) CHARACTER SET utf8mb4"

    def by_name(self) -> dict[str, Kind]:
        """Its columns."""
        kinds = {f"c{index}": kind for index, kind in enumerate(self.kinds)}
        return {**kinds, "id": Kind("int unsigned", st.none())}

    def statement(self, name: str, change: Change) -> tuple[str, list[object]]:
        """*change* as SQL with its parameters."""
        marks = [kind.expression for kind in self.kinds]
        if change.kind == "delete":
            return f"DELETE FROM {name} WHERE id IN ({_marks(change.keys)})", list(change.keys)
        if change.kind == "insert":
            names = ", ".join(["id", *(f"c{index}" for index in range(len(self.kinds)))])
            row = f"({', '.join(['%s', *marks])})"
            rows = ", ".join([row] * len(change.keys))
            given = zip(change.keys, change.values, strict=True)
            parameters = [part for key, values in given for part in (key, *values)]
            return f"INSERT INTO {name} ({names}) VALUES {rows}", parameters
        written = ", ".join(f"c{index} = {mark}" for index, mark in enumerate(marks))
        where = f"WHERE id IN ({_marks(change.keys)})"
        return f"UPDATE {name} SET {written} {where}", [*change.values[0], *change.keys]


def _marks(keys: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(keys))


@st.composite
def random_tables(draw: st.DrawFn, kinds: st.SearchStrategy[Kind]) -> RandomTable:
    """A table with some changes of its rows."""
    columns = tuple(draw(st.lists(kinds, min_size=8, max_size=20)))
    row = st.tuples(*(st.none() | kind.values for kind in columns))
    changes, there = [], 0
    for _ in range(draw(st.integers(2, 5))):
        kind = (
            draw(st.sampled_from(["insert", "update", "update", "delete"])) if there else "insert"
        )
        if kind == "insert":
            count = draw(st.integers(1, 3))
            keys = tuple(range(there + 1, there + count + 1))
            there += count
        else:
            keys = tuple(draw(st.lists(st.integers(1, there), min_size=1, max_size=3, unique=True)))
        values = tuple(draw(row) for _ in keys)
        changes.append(Change(kind, tuple(sorted(keys)), values))
    return RandomTable(columns, tuple(changes))


#: Changed rows: before and after, each by the names of columns; None: it was not, is not.
Changed = tuple[dict[str, object] | None, dict[str, object] | None]


def decoded(packets: Sequence[bytes], tables: dict[str, RandomTable]) -> list[tuple[str, Changed]]:
    """Every changed row of *tables* as our decoder cuts it out: its table, before and after."""
    maps: dict[int, TableMap] = {}
    found: list[tuple[str, Changed]] = []
    for packet in packets:
        kind, end = packet[4], len(packet) - events.CHECKSUM_SIZE
        if kind == events.TABLE_MAP:
            maps[events.read_table_id(packet)] = events.read_table_map(packet, end)
        if kind not in events.ROWS:
            continue
        table_map = maps[events.read_table_id(packet)]
        table = tables.get(table_map.table)
        if table is not None:
            found += [(table_map.table, row) for row in _rows(packet, end, table, table_map)]
    return found


def _rows(packet: bytes, end: int, table: RandomTable, table_map: TableMap) -> list[Changed]:
    kinds = table.by_name()
    names = list(kinds)[:-1]
    names = [*names[:2], "id", *names[2:]]
    assert table_map.names in (None, tuple(names))
    shapes = shapes_of(table_map.types, table_map.metadata)
    images = Images(shapes, range(len(shapes)))
    kind = packet[4]
    at, count, size = events.read_rows_head(packet, kind)
    assert count == len(names)
    shown = 2 if kind in events.UPDATE_ROWS else 1
    bitmaps = [packet[at + size * i : at + size * (i + 1)] for i in range(shown)]
    at += size * shown
    rows: list[Changed] = []
    while at < end:
        both: list[dict[str, object] | None] = []
        for bitmap in bitmaps:
            raw, at = images.of(bitmap).read(packet, at, end)
            both.append(
                {
                    name: None if value is None else kinds[name].value(value, shape)
                    for name, value, shape in zip(names, raw, shapes, strict=True)
                }
            )
        if kind in events.WRITE_ROWS:
            both = [None, *both]
        rows.append((both[0], both[1] if len(both) > 1 else None))
    assert at == end
    return rows
