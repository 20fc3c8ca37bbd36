"""
New rows of the tables that are only added to, by their auto-increment.

Transactions commit out of order: number 2 can be there before number 1. So the last
`WINDOW` numbers are looked at again each time, and what was seen of them is remembered;
a store where nothing happens rings nobody. After a restart the window rings once more.
Changed and deleted rows are the checksum's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from sidecar.shop.shop import Shop
from sidecar.sync.sources.references import References
from sidecar.sync.sources.watched import Watched, appended

#: Numbers below the highest that are looked at again.
WINDOW = 500

#: Rows of a table at a time; after a long time away the rest follows at the next look.
ROWS_A_LOOK = 5_000

#: E-mails have no index before OpenCart 4.1, so whose login failed is looked up this rarely.
EMAILS_EVERY_S = 30


@dataclass(frozen=True, slots=True)
class Window:
    """
    The last numbers of a table.

    Attributes:
        top: The highest number read.
        seen: Those above ``top - WINDOW`` that were there; None: not known since a restart.
        looked_s: When.
    """

    top: int
    seen: frozenset[int] | None = None
    looked_s: int = 0

    @property
    def low(self) -> int:
        """Numbers above this are in the window."""
        return max(0, self.top - WINDOW)

    @property
    def summary(self) -> tuple[int, int, int] | None:
        """How many numbers there are, their highest and their sum; None: not known."""
        if self.seen is None:
            return None
        return len(self.seen), max(self.seen, default=0), sum(self.seen)


#: A window for each table that was looked at before.
Windows = Mapping[str, Window]


class TrailingWindows:
    """Looks for new rows in the tables of *shop*."""

    def __init__(self, shop: Shop) -> None:
        self._tables = appended(shop)
        # Built once: putting it together costs more than running it.
        self._summaries: CompoundSelect[Any] = union_all(
            *(
                select(
                    literal_column(str(index)),
                    func.count(),
                    func.coalesce(func.max(table.key), 0),
                    func.coalesce(func.sum(table.key), 0),
                ).where(table.key > bindparam(f"low{index}"))
                for index, table in enumerate(self._tables)
            )
        )

    def look(self, tx: Connection, windows: Windows, now_s: int) -> tuple[References, Windows]:
        """References of rows that are new since *windows*, and the windows from then on."""
        known = {table.name: windows.get(table.name) for table in self._tables}
        lows = {
            table.name: window.low if (window := known[table.name]) else _highest(tx, table)
            for table in self._tables
        }
        parameters = {f"low{i}": lows[table.name] for i, table in enumerate(self._tables)}
        summaries = {
            self._tables[int(row[0])].name: (int(row[1]), int(row[2]), int(row[3]))
            for row in tx.execute(self._summaries, parameters)
        }
        found: References = {}
        after: dict[str, Window] = {}
        for table in self._tables:
            window, summary = known[table.name], summaries[table.name]
            if window is not None and (
                window.summary == summary or _is_early(table, window, now_s)
            ):
                after[table.name] = window
                continue
            if window is None:
                window = Window(lows[table.name])
            elif not summary[0]:
                window = _reset(window, _highest(tx, table))
            after[table.name] = _read(tx, table, window, now_s, found)
        return found, after


def _is_early(table: Watched, window: Window, now_s: int) -> bool:
    return table.lead == "email" and 0 <= now_s - window.looked_s < EMAILS_EVERY_S


def _highest(tx: Connection, table: Watched) -> int:
    return int(tx.scalar(select(func.max(table.key))) or 0)


def _reset(window: Window, highest: int) -> Window:
    """
    *window* where nothing is left of it, and the highest number is *highest* now.

    A backup was restored, or the table was emptied: what there is may not be what it was.
    """
    return Window(highest) if highest < window.top else window


def _read(tx: Connection, table: Watched, window: Window, now_s: int, found: References) -> Window:
    query = select(table.key, table.reference).where(table.key > window.low)
    rows = tx.execute(query.order_by(table.key).limit(ROWS_A_LOOK)).all()
    seen = window.seen or frozenset()
    new = {int(reference) for number, reference in rows if number not in seen and reference}
    if new:
        found.setdefault(table.lead, set()).update(new)
    top = max([window.top, *(int(row[0]) for row in rows)])
    still = frozenset(int(row[0]) for row in rows if row[0] > top - WINDOW)
    return Window(top, still, now_s)
