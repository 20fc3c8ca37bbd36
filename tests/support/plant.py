"""What the modules that plant share: the store's clock and its edges, hostile text, dates."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from support.given import Given

_HOUR = datetime.timedelta(hours=1)

#: Text that has broken programs, as a person could type it or an import leave it.
HOSTILE: dict[str, str] = {
    "sql": "Robert'); DROP TABLE x;-- ",
    "quotes": "\\' \" ` \\\\ %s {0} $1",
    "html": '<b>"x"</b>',
    "escaped twice": "A &amp;amp; B",
    "entities": "&copy &notit; &#x1F600; &#128;",
    "entity of nothing": "&#1;",
    "cut entity": "a &am",
    "control": "\x00\x01\x07\x1b[31m\r\n\t\x7f",
    "separators": "\x85\u2028\u2029\u00a0",
    "emoji": "👩‍👩‍👧‍👦 🇺🇦",
    "rtl": "\u202eabc\u202c مرحبا",
    "zero width": "e\u0301\u200b\ufeff",
    "wide": "ＶＩＰ Ⅷ ﬁ",
    "case": "İstanbul ΟΔΟΣ straße",
    "mojibake": "JosÃ© GarcÃ­a",
    "not a character": "\uffff\U0010ffff",
    "spaces": "   ",
    "padded": "  x  ",
    "formula": "=cmd|' /C calc'!A0",
    "null": "NULL",
    "number": "1e999",
    "long": "ї" * 32,
}

#: Dates as they stand in stores: the first five are of no calendar.
DATES: dict[str, str] = {
    "zero date": "0000-00-00 00:00:00",
    "31 February": "2024-02-31 10:00:00",
    "no month": "2024-00-10 00:00:00",
    "no day": "2024-05-00 00:00:00",
    "year 0": "0000-05-05 00:00:00",
    "31 April": "2024-04-31 23:59:59",
    "29 February": "2024-02-29 23:59:59",
    "year 1": "0001-01-02 00:00:00",
    "before zones": "1850-06-01 12:00:00",
    "far summer": "2045-07-01 12:00:00",
    "year 9999": "9999-12-31 00:00:00",
}


@dataclass(frozen=True, slots=True)
class Clock:
    """The store's zone seen from one moment."""

    zone: ZoneInfo
    now: datetime.datetime

    def edges(self) -> dict[str, str]:
        """Wall times around the last changes of the clock: skipped, repeated, and beside."""
        found: dict[str, str] = {}
        for at, before, after in self._changes():
            kind = "skipped" if after > before else "repeated"
            if f"{kind} hour" in found:
                continue
            low, high = sorted((at + before, at + after))
            found[f"last before the {kind} hour"] = _wall(low - datetime.timedelta(seconds=1))
            found[f"first of the {kind} hour"] = _wall(low)
            found[f"{kind} hour"] = _wall(low + (high - low) / 2)
            found[f"first after the {kind} hour"] = _wall(high)
        return found

    def _changes(self) -> list[tuple[datetime.datetime, datetime.timedelta, datetime.timedelta]]:
        # Latest first: the naive UTC instant, and the offsets before and after it.
        found = []
        hour = self.now.astimezone(datetime.UTC).replace(minute=0, second=0, microsecond=0)
        for _ in range(24 * 800):
            before, after = self._offset(hour - _HOUR), self._offset(hour)
            if before != after:
                low = next(
                    hour - _HOUR + datetime.timedelta(minutes=minute)
                    for minute in range(61)
                    if self._offset(hour - _HOUR + datetime.timedelta(minutes=minute)) == after
                )
                found.append((low.replace(tzinfo=None), before, after))
            hour -= _HOUR
        return found

    def _offset(self, at: datetime.datetime) -> datetime.timedelta:
        offset = at.astimezone(self.zone).utcoffset()
        assert offset is not None
        return offset


@dataclass(frozen=True, slots=True)
class Plot:
    """
    Where something is planted.

    Attributes:
        given: Writes the rows.
        clock: Of the store.
        second: A language beside the default one.
        who: Ids of customers by the name of their case.
    """

    given: Given
    clock: Clock
    second: int
    who: dict[str, int]

    def customer(self, case: str, /, **columns: object) -> int:
        """One more customer, of *case*; arguments as of `Given.customer`."""
        assert case not in self.who, case
        number = len(self.who) + 1
        columns.setdefault("email", f"planted{number}@planted.example.com")
        make: Callable[..., int] = self.given.customer
        self.who[case] = make(**columns)
        return self.who[case]


def _wall(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
