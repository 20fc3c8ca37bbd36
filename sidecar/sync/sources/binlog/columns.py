"""
The columns of watched tables as `information_schema` has them, and what events call them.

Events name a column's type by a number, and never its character set in a way that lasts:
the numbers of newer collations are in no list. So both come from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, text

from sidecar.sync.sources.watched import Watched

#: The types of events that a type of `information_schema` can be.
_TYPES: Final[Mapping[str, frozenset[int]]] = {
    "tinyint": frozenset({1}),
    "smallint": frozenset({2}),
    "mediumint": frozenset({9}),
    "int": frozenset({3}),
    "bigint": frozenset({8}),
    "float": frozenset({4}),
    "double": frozenset({5}),
    "decimal": frozenset({246}),
    "bit": frozenset({16}),
    "year": frozenset({13}),
    "date": frozenset({10, 14}),
    "time": frozenset({11, 19}),
    "datetime": frozenset({12, 18}),
    "timestamp": frozenset({7, 17}),
    "enum": frozenset({247}),
    "set": frozenset({248}),
    "json": frozenset({245}),
    "vector": frozenset({15, 242}),
    **dict.fromkeys(("char", "binary", "uuid", "inet4", "inet6"), frozenset({254})),
    **dict.fromkeys(("varchar", "varbinary"), frozenset({15, 141, 253})),
    **dict.fromkeys(
        (size + kind for kind in ("blob", "text") for size in ("", "tiny", "medium", "long")),
        frozenset({140, 249, 250, 251, 252}),
    ),
    **dict.fromkeys(
        (multi + kind for multi in ("", "multi") for kind in ("point", "linestring", "polygon")),
        frozenset({255}),
    ),
    **dict.fromkeys(("geometry", "geometrycollection", "geomcollection"), frozenset({255})),
}

#: Numbers in events that are whole numbers here.
WHOLE_NUMBERS: Final = frozenset({1, 2, 3, 8, 9})

#: MariaDB's times with a fraction in the format of before MySQL 5.6: events do not say of
#: how many bytes.
_UNTOLD_FRACTION: Final = re.compile(r"\([1-6]\).*mariadb-5\.3")

#: Those that are texts or plain bytes; the compressed ones are not.
TEXTS: Final = frozenset({15, 252, 253, 254})

#: Python's names of the character sets; those that are not here are not read.
_CODECS: Final[Mapping[str, str]] = {
    "utf8": "utf-8",
    "utf8mb3": "utf-8",
    "utf8mb4": "utf-8",
    "binary": "utf-8",
    "ascii": "ascii",
    "latin1": "cp1252",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "tis620": "tis-620",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
    "euckr": "euc-kr",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
}


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column as `information_schema` has it.

    Attributes:
        name: In small letters.
        kind: Its type without length.
        whole_type: With length, and whether it is unsigned.
        charset: None: no text.
    """

    name: str
    kind: str
    whole_type: str
    charset: str | None

    @property
    def types(self) -> frozenset[int]:
        """What events may call its type; none where events of it cannot be read."""
        if _UNTOLD_FRACTION.search(self.whole_type):
            return frozenset()
        return _TYPES.get(self.kind, frozenset())

    @property
    def codec(self) -> str | None:
        """Python's name of its character set; None: no text, or none that can be read."""
        return _CODECS.get(self.charset or "binary") if self.types & TEXTS else None


#: The columns of tables in their order, by the table's whole name in small letters.
Columns = Mapping[str, tuple[Column, ...]]


def read_columns(
    tx: Connection, schema: str, prefix: str, watched: Iterable[Watched]
) -> dict[str, tuple[Column, ...]]:
    """The columns of the *watched* tables in the database *schema*, as they are now."""
    query = text(
        "SELECT table_name AS name, column_name AS field, data_type AS kind,"
        " column_type AS whole_type, character_set_name AS charset"
        " FROM information_schema.columns"
        " WHERE table_schema = :schema AND table_name IN :names"
        " ORDER BY table_name, ordinal_position"
    ).bindparams(bindparam("names", expanding=True))
    names = sorted({prefix + table.name for table in watched})
    found: dict[str, list[Column]] = {}
    for row in tx.execute(query, {"schema": schema, "names": names}):
        kind, whole_type = (
            # MySQL gives them as bytes.
            value.decode() if isinstance(value, bytes) else str(value)
            for value in (row.kind, row.whole_type)
        )
        column = Column(row.field.lower(), kind.lower(), whole_type.lower(), row.charset)
        found.setdefault(row.name.lower(), []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}
