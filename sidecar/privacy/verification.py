"""
After an erasure the whole database is looked through once for what was erased.

Tables are read in blocks of their primary keys, so short that the store waits for none of
them; many blocks are then searched together for all values of all persons at once. What is
found is told by table, column and kind of value, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus

import polars as pl
from sqlalchemy import Row

from sidecar.privacy import keeping
from sidecar.privacy.eraser import Progress
from sidecar.privacy.live_schema import TEXT_TYPES, LiveTable
from sidecar.privacy.means import Means
from sidecar.privacy.short_reads import Key, ShortReads
from sidecar.privacy.traces import FEWEST_DIGITS, Traces
from sidecar.rules.privacy.addresses import telephone_key
from sidecar.rules.privacy.register import OWN, Register
from sidecar.shop.database import transaction
from sidecar.shop.text import unescape
from sidecar.sync.planning import StoppedError

Kind = Literal["email", "telephone", "name with street"]

#: Characters that are searched together: the more, the less often the values are prepared.
_TOGETHER = 16_000_000

#: Rows of these stay, and say no more who it was.
_EMPTIED = frozenset({"sidecar_consent"})

#: So many are enough to be told; then the rest is not looked through.
MOST = 10_000

#: Between the columns of a row: no value has it.
_BETWEEN = "\x1f"

#: What may stand for something else: escapes of HTML and of JSON, and an encoded URL.
_ENCODED = r"&[#0-9A-Za-z]+;|\\|%[0-9A-Fa-f]{2}|\w\+\w"
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_JSON_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

#: Digits of a number with what people write between them.
_SPACED_DIGITS = r"([0-9])[ ()/.\-]{1,3}"

_IN_ADDRESS = re.compile(r"[\w.%+-]")
_AFTER_ADDRESS = re.compile(r"\.?\w|-+\w")


@dataclass(frozen=True, slots=True)
class Residue:
    """
    Something of an erased person that still stands in the database.

    Attributes:
        place: Of the person among those looked for.
        table: Without prefix.
        column: Of the table.
        key: Of the row.
        kind: Of the value.
    """

    place: int
    table: str
    column: str
    key: Key
    kind: Kind

    def as_json(self) -> dict[str, Any]:
        """For an answer: of a key only numbers, as others may be the value itself."""
        key = [part if isinstance(part, int) else "*" for part in self.key]
        return {"table": self.table, "column": self.column, "key": key, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class _Pattern:
    place: int
    kind: Kind
    last: str = ""


@dataclass(slots=True)
class _Sought:
    """
    Attributes:
        patterns: By the text that is looked for, in small letters.
    """

    patterns: dict[str, list[_Pattern]] = field(default_factory=dict)
    has_numbers: bool = False

    def add(self, place: int, traces: Traces) -> None:
        for email in traces.emails:
            self._add(email, _Pattern(place, "email"))
        for number in traces.telephones:
            self.has_numbers = True
            digits = "".join(c for c in number if c.isdecimal())
            for text in {number, digits, telephone_key(number, None)}:
                if sum(c.isdecimal() for c in text) >= FEWEST_DIGITS:
                    self._add(text, _Pattern(place, "telephone"))
        for last, street in traces.homes:
            self._add(street, _Pattern(place, "name with street", last))

    def _add(self, text: str, pattern: _Pattern) -> None:
        self.patterns.setdefault(text, []).append(pattern)


def verify(
    means: Means,
    register: Register,
    live: Mapping[str, LiveTable],
    persons: Sequence[Traces],
    progress: Progress | None = None,
) -> list[Residue]:
    """
    What of *persons* stands in any text of the database, but for what was to be kept.

    Raises:
        StoppedError: We were asked to end.
    """
    sought = _Sought()
    for number, traces in enumerate(persons):
        sought.add(number, traces)
    if not sought.patterns:
        return []
    with transaction(means.shop.engine) as tx:
        kept = keeping.kept_keys(tx, means.shop.own)
    reads = ShortReads(means.shop)
    found: list[Residue] = []
    buffer = _Buffer(sought)
    for done, (name, table) in enumerate(sorted(live.items())):
        columns = _columns(register, name, table)
        if columns:
            place = _Place(name, len(table.key), columns, kept.get(name, frozenset()))
            for part in _read(means, reads, table, columns):
                found += buffer.add(place, part)
                if len(found) >= MOST:
                    return list(dict.fromkeys(found[:MOST]))
        if progress is not None:
            progress(done + 1, len(live))
    found += buffer.search()
    return list(dict.fromkeys(found[:MOST]))


def _columns(register: Register, name: str, table: LiveTable) -> list[str]:
    """The columns that may hold what was erased, but those that the register keeps."""
    kept: set[str] = set()
    known, own = register.tables.get(name), name.startswith(OWN)
    if known is not None and known.rows != "delete" and name not in _EMPTIED:
        every = known.rows == "keep"
        kept = {column.name for column in known.columns.values() if every or column.erase == "keep"}
    return [
        column.name
        for column in table.columns.values()
        if column.is_text
        and column.name not in kept
        and column.type not in ("enum", "set")
        and (not own or column.type in TEXT_TYPES)
    ]


def _read(
    means: Means, reads: ShortReads, table: LiveTable, columns: Sequence[str]
) -> Iterator[Sequence[Row[Any]]]:
    sql = reads.sql(table)
    wanted = [*(sql.c[name] for name in table.key), *(sql.c[name] for name in columns)]
    for block in reads.blocks(table, table.key, wanted):
        if means.stop():
            raise StoppedError
        yield block


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


@dataclass(frozen=True, slots=True)
class _Place:
    """
    Where rows come from.

    Attributes:
        table: Without prefix.
        width: How many columns of a row are its key; the others are searched.
        columns: Their names.
        kept: Rows that stay, as of `keeping.as_text`.
    """

    table: str
    width: int
    columns: Sequence[str]
    kept: frozenset[str]


@dataclass(slots=True)
class _Buffer:
    """Rows of several tables, until there are enough to be searched."""

    sought: _Sought
    _rows: list[tuple[_Place, Row[Any]]] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _size: int = 0

    def add(self, place: _Place, rows: Iterable[Row[Any]]) -> list[Residue]:
        width, kept = place.width, place.kept
        for row in rows:
            if kept and keeping.as_text(tuple(row[:width])) in kept:
                continue
            text = _BETWEEN.join(
                [cell if isinstance(cell, str) else _text(cell) for cell in row[width:]]
            )
            self._rows.append((place, row))
            self._texts.append(text)
            self._size += len(text)
        return self.search() if self._size >= _TOGETHER else []

    def search(self) -> list[Residue]:
        """What the rows hold; they are forgotten."""
        rows, self._rows = self._rows, []
        texts, self._texts, self._size = self._texts, [], 0
        if not rows:
            return []
        frame = pl.DataFrame({"text": texts})
        text = pl.col("text")
        # Few rows are encoded, so what they mean is found out one by one.
        meant = pl.when(text.str.contains(_ENCODED)).then(text)
        frame = frame.with_columns(
            text=pl.concat_str(
                text,
                meant.map_elements(_meant, return_dtype=pl.String).fill_null(""),
                separator=_BETWEEN,
            ).str.to_lowercase()
        )
        if self.sought.has_numbers:
            digits = text.str.replace_all(_SPACED_DIGITS, "$1")
            frame = frame.with_columns(text=pl.concat_str(text, digits, separator=_BETWEEN))
        patterns = list(self.sought.patterns)
        found = frame["text"].str.extract_many(patterns, overlapping=True)
        hits = frame.with_row_index("row").select("row", "text", hits=found)
        hits = hits.filter(pl.col("hits").list.len() > 0)
        return [
            residue
            for number, whole, said in hits.iter_rows()
            for residue in self._confirmed(rows[number], whole, sorted(set(said)))
        ]

    def _confirmed(
        self, found: tuple[_Place, Row[Any]], whole: str, texts: Sequence[str]
    ) -> Iterator[Residue]:
        place, row = found
        stands = [
            (text, pattern)
            for text in texts
            for pattern in self.sought.patterns[text]
            if _stands(whole, text, pattern)
        ]
        if not stands:
            return
        key = tuple(row[: place.width])
        cells = [_all_said(_text(cell)) for cell in row[place.width :]]
        for text, pattern in stands:
            column = _column_of(place.columns, cells, text)
            yield Residue(pattern.place, place.table, column, key, pattern.kind)


def _stands(whole: str, text: str, pattern: _Pattern) -> bool:
    """Whether *text* stands in *whole* by itself, not as part of something longer."""
    if pattern.last and not _stands_alone(whole, pattern.last, "name with street"):
        return False
    return _stands_alone(whole, text, pattern.kind)


def _stands_alone(whole: str, text: str, kind: Kind) -> bool:
    start = whole.find(text)
    while start >= 0:
        end = start + len(text)
        before, after = whole[start - 1 : start], whole[end : end + 2]
        if kind == "email":
            if not _IN_ADDRESS.match(before) and not _AFTER_ADDRESS.match(after):
                return True
        elif kind == "telephone":
            if not before.isdecimal() and not after[:1].isdecimal():
                return True
        elif not before.isalnum() and not after[:1].isalnum():
            return True
        start = whole.find(text, start + 1)
    return False


def _column_of(columns: Sequence[str], cells: Sequence[str], text: str) -> str:
    for column, said in zip(columns, cells, strict=True):
        if text in said:
            return column
    return columns[0]


def _all_said(cell: str) -> str:
    """What is searched for a cell."""
    said = f"{cell}{_BETWEEN}{_meant(cell)}" if re.search(_ENCODED, cell) else cell
    said = said.lower()
    return _BETWEEN.join((said, re.sub(_SPACED_DIGITS, r"\1", said)))


# -- what is meant -------------------------------------------------------------------------


def _meant(text: str) -> str:
    """*text* as people mean it: out of JSON, HTML and URLs, also one in the other."""
    found: list[str] = []
    for _ in range(2):
        text = unquote(unescape(_JSON_ESCAPE.sub(_character, text)))
        found += [text, unquote_plus(text)]
    return _BETWEEN.join(_without_surrogates(each) for each in dict.fromkeys(found))


def _character(match: re.Match[str]) -> str:
    if match[1] is not None:
        return chr(int(match[1], 16))
    return _JSON_SHORT.get(match[2], match[2])


def _without_surrogates(text: str) -> str:
    """Two halves of a character, as JSON writes them, become one; a half alone is nothing."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
