"""
The rolling checksum: finds what nothing announced, deleted and moved rows included.

It goes round all watched tables, block after block of `BLOCK` keys, and holds each
against what `sidecar_block` says of it. The server adds up a checksum a block; only the
rows of a block that differs are read. A table's first round is its baseline and rings
nobody by name; at the end of it everybody is rung, because a change between an earlier
pass and the baseline shows in neither. So nothing is missed in whatever order the daemon
starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, delete, func, literal_column, select
from sqlalchemy.dialects.mysql import INTEGER, insert

from sidecar import clock
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.sources import blocks
from sidecar.sync.sources.blocks import Sums
from sidecar.sync.sources.references import References
from sidecar.sync.sources.watched import Watched, changed

#: Rows in one statement: about 5 to 10 ms of the server; fewer where a table is locked as a
#: whole and that takes longer.
ROWS_A_READ = 5_000

#: A round begins at the earliest so long after the last one did, so that a small store's
#: server rests; a change that nothing announced is found this late there.
ROUND_S = 30

#: On larger stores so long that rounds take this share of the time, on the whole; but
#: never longer than the longest.
IDLE_SHARE = 0.01
LONGEST_ROUND_S = 600

#: Share of the time that a round takes; for five parts of eight of it the server works. 1
#: million customers with 5 million orders are 18 million rows, 48 s of work: 10 minutes.
SHARE = 0.08

#: The same while a baseline is made: every row crosses the wire then, which takes four
#: times as long, and happens once.
BASELINE_SHARE = 0.2

#: A slice ends after so many references, so that what it holds stays small.
MOST_REFERENCES = 20_000

#: Blocks in one INSERT; one is about 8 kB.
_BLOCKS_A_WRITE = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """
    Where a round stands.

    Attributes:
        table: Index in the list of watched tables.
        next_key: First key that was not read yet.
        began_s: When the round began; 0: never.
        baselines: Fingerprint of what is read, by table whose baseline is complete.
        is_first: Whether a baseline was completed in this round.
        worked_s: What the round, or the last one that ended, has taken.
    """

    table: int = 0
    next_key: int = 0
    began_s: int = 0
    baselines: Mapping[str, str] = field(default_factory=dict)
    is_first: bool = False
    worked_s: float = 0.0

    def rest_s(self) -> float:
        """How long after this round began the next one may begin."""
        return max(ROUND_S, min(LONGEST_ROUND_S, self.worked_s / IDLE_SHARE))

    def as_json(self) -> dict[str, Any]:
        """For the position."""
        return asdict(self)


@dataclass(slots=True)
class Slice:
    """
    What a part of a round found.

    Attributes:
        progress: Where it goes on.
        references: Of changed rows.
        written: Rows for sidecar_block.
        gone: Blocks that have no row any more: table and number.
        everyone: A baseline is complete.
        began: It is the first part of its round.
        ended: It is the last.
    """

    progress: Progress
    references: References = field(default_factory=dict)
    written: list[dict[str, Any]] = field(default_factory=list)
    gone: list[tuple[str, int]] = field(default_factory=list)
    everyone: bool = False
    began: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    """Keys from *first* to *last*, which ends a block; None: to the end of the table."""

    first: int
    last: int | None


class RollingChecksum:
    """Reads the watched tables of *shop* in rounds."""

    def __init__(self, shop: Shop) -> None:
        self._own = shop.own
        self._key_blocks = shop.key_blocks
        self._tables = changed(shop)
        self._paces = {
            table.name: shop.key_blocks.pace("checksum", table.name)
            for table in self._tables
            if shop.key_blocks.are_locked(select(table.key))
        }
        self._fingerprints = {table.name: table.fingerprint for table in self._tables}

    def share(self, progress: Progress) -> float:
        """Of the time between two looks, what the next one may take."""
        return SHARE if self._fingerprints == progress.baselines else BASELINE_SHARE

    def look(self, tx: Connection, progress: Progress, now_s: int, budget_s: float) -> Slice:
        """Go on from *progress* for about *budget_s*, at most to the end of the round."""
        found = Slice(progress)
        if progress.table >= len(self._tables):
            found.progress = progress = replace(progress, table=0, next_key=0)
        if progress.table == 0 and progress.next_key == 0:
            if now_s - progress.began_s < progress.rest_s() and progress.began_s <= now_s:
                return found
            found.progress = replace(progress, began_s=now_s, is_first=False, worked_s=0.0)
            found.began = True
        started_s = clock.monotonic()
        self._go_on(tx, found, now_s, started_s + budget_s)
        worked_s = found.progress.worked_s + clock.monotonic() - started_s
        # A baseline takes many times what a round does.
        found.progress = replace(found.progress, worked_s=0.0 if found.everyone else worked_s)
        return found

    def _go_on(self, tx: Connection, found: Slice, now_s: int, until: float) -> None:
        while True:
            self._next(tx, found, now_s)
            at = found.progress
            if at.table == len(self._tables):
                found.everyone = at.is_first
                found.ended = True
                found.progress = replace(at, table=0, next_key=0, is_first=False)
                return
            held = sum(len(references) for references in found.references.values())
            if clock.monotonic() >= until or held >= MOST_REFERENCES:
                return

    def _next(self, tx: Connection, found: Slice, now_s: int) -> None:
        """Compare the next blocks: of one table, about `ROWS_A_READ` rows."""
        at = found.progress
        table = self._tables[at.table]
        is_baseline = at.baselines.get(table.name) != self._fingerprints[table.name]
        pace = self._paces.get(table.name)
        span = _span(tx, table, at.next_key, min(ROWS_A_READ, pace.rows) if pace else ROWS_A_READ)
        is_whole = span.last is not None
        now = self._key_blocks.timed(pace, lambda: _sums(tx, table, span), is_whole=is_whole)
        before = _stored(tx, self._own, table, span)
        differing = {number for number, sums in now.items() if before.get(number) != sums}
        vanished = before.keys() - now.keys()
        if differing or vanished:
            self._compare(tx, found, table, span, differing | vanished, is_baseline, now_s)
        if span.last is not None:
            found.progress = replace(at, next_key=span.last + 1)
            return
        baselines = at.baselines
        if is_baseline:
            baselines = {**baselines, table.name: self._fingerprints[table.name]}
        found.progress = replace(
            at,
            table=at.table + 1,
            next_key=0,
            baselines=baselines,
            is_first=at.is_first or is_baseline,
        )

    def _compare(
        self,
        tx: Connection,
        found: Slice,
        table: Watched,
        span: _Span,
        numbers: set[int],
        is_baseline: bool,
        now_s: int,
    ) -> None:
        rows = self._key_blocks.timed(
            self._paces.get(table.name),
            lambda: _rows(tx, table, span, numbers),
            is_whole=span.last is not None,
        )
        old = {} if is_baseline else _stored_rows(tx, self._own, table, numbers)
        for number in sorted(numbers):
            new = rows.get(number, [])
            if not is_baseline:
                references = blocks.changed_references(old.get(number, ()), new)
                found.references.setdefault(table.lead, set()).update(references)
            if not new:
                found.gone.append((table.name, number))
                continue
            # Of the rows that were read, not of the sums: on MyISAM a write may lie between.
            sums = blocks.sums_of(new)
            found.written.append(
                {
                    "source": table.name,
                    "block": number,
                    "numbers": sums.numbers,
                    "crc_xor": sums.crc_xor,
                    "crc_sum": sums.crc_sum,
                    "rows_read": blocks.packed(new),
                    "changed_at": now_s,
                }
            )


def note(tx: Connection, own: OwnTables, found: Slice) -> None:
    """Write the blocks that *found* read."""
    block = own.block
    for start in range(0, len(found.written), _BLOCKS_A_WRITE):
        statement = insert(block)
        changes = {name: statement.inserted[name] for name in _REPLACED}
        tx.execute(
            statement.on_duplicate_key_update(changes),
            found.written[start : start + _BLOCKS_A_WRITE],
        )
    by_table: dict[str, list[int]] = {}
    for name, number in found.gone:
        by_table.setdefault(name, []).append(number)
    for name, numbers in by_table.items():
        for start in range(0, len(numbers), 1_000):
            some = block.c.block.in_(numbers[start : start + 1_000])
            tx.execute(delete(block).where(block.c.source == name, some))


_REPLACED = ("numbers", "crc_xor", "crc_sum", "rows_read", "changed_at")


def progress_from(position: object) -> Progress:
    """The progress that `Progress.as_json` gave; from the start where it is none."""
    if not isinstance(position, dict):
        return Progress()
    try:
        return Progress(
            table=int(position["table"]),
            next_key=int(position["next_key"]),
            began_s=int(position["began_s"]),
            worked_s=float(position.get("worked_s", 0.0)),
            baselines={str(k): str(v) for k, v in dict(position["baselines"]).items()},
            is_first=bool(position["is_first"]),
        )
    except (KeyError, TypeError, ValueError):
        return Progress()


def _span(tx: Connection, table: Watched, first: int, wanted: int) -> _Span:
    """Whole blocks from *first* on with about *wanted* rows; gaps of keys cost nothing."""
    part = select(table.key.label("key")).where(table.key >= first)
    if table.only is not None:
        part = part.where(table.only)
    rows = part.order_by(table.key).limit(wanted).subquery()
    read, largest = tx.execute(select(func.count(), func.max(rows.c.key))).one()
    if read < wanted:
        return _Span(first, None)
    block = largest // table.size
    # The last block may go on behind the last row; a block of so many rows is read whole.
    last = block * table.size - 1
    return _Span(first, last if last >= first else last + table.size)


def _within(query: Select[Any], table: Watched, span: _Span) -> Select[Any]:
    query = query.where(table.key >= span.first)
    if span.last is not None:
        query = query.where(table.key <= span.last)
    return query if table.only is None else query.where(table.only)


def _number(table: Watched) -> Any:
    return table.key.op("DIV", return_type=INTEGER())(literal_column(str(table.size)))


def _sums(tx: Connection, table: Watched, span: _Span) -> dict[int, Sums]:
    number, crc = _number(table).label("number"), table.checksum
    query = select(number, func.count(), func.bit_xor(crc), func.sum(crc))
    rows = tx.execute(_within(query, table, span).group_by(number))
    return {int(row[0]): Sums(int(row[1]), int(row[2]), int(row[3])) for row in rows}


def _rows(
    tx: Connection, table: Watched, span: _Span, numbers: set[int]
) -> dict[int, list[blocks.Row]]:
    number = _number(table)
    query = select(number, table.reference, table.checksum).where(number.in_(sorted(numbers)))
    found: dict[int, list[blocks.Row]] = {}
    for row in tx.execute(_within(query, table, span)):
        found.setdefault(int(row[0]), []).append((int(row[1]), int(row[2])))
    return found


def _stored(tx: Connection, own: OwnTables, table: Watched, span: _Span) -> dict[int, Sums]:
    block = own.block
    query = select(block.c.block, block.c.numbers, block.c.crc_xor, block.c.crc_sum).where(
        block.c.source == table.name, block.c.block >= span.first // table.size
    )
    if span.last is not None:
        query = query.where(block.c.block <= span.last // table.size)
    return {
        int(row.block): Sums(int(row.numbers), int(row.crc_xor), int(row.crc_sum))
        for row in tx.execute(query)
    }


def _stored_rows(
    tx: Connection, own: OwnTables, table: Watched, numbers: set[int]
) -> dict[int, list[blocks.Row]]:
    block = own.block
    query = select(block.c.block, block.c.rows_read).where(
        block.c.source == table.name, block.c.block.in_(sorted(numbers))
    )
    return {int(row.block): blocks.unpacked(row.rows_read) for row in tx.execute(query)}
