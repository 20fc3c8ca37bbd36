"""How far a binary log has been read, by GTID and by file, and how to go on counting."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

#: Whose log it is; the two count transactions in different ways.
Kind = Literal["mariadb", "mysql"]

_FILE = re.compile(r"(.*)\.([0-9]+)")
_DOMAIN_GTID = re.compile(r"[0-9]+-[0-9]+-[0-9]+")
_SID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_INTERVAL = re.compile(r"([0-9]+)(?:-([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Position:
    """
    The end of a transaction in a server's log.

    Attributes:
        gtid: MariaDB: the last transaction of each domain, ``0-1-5,7-1-3``. MySQL: the set of
            all transactions so far. Empty where there are none, or they have no names.
        file: The log's file, as the server calls it; empty when it is not known.
        offset: Bytes into *file*, where the next event begins.
        server: Which server it is, as it says itself; empty when it does not.
        born: When the server began *file*, in Unix seconds; 0 when it is not known. Tells it
            from a file of the same name after RESET MASTER.
    """

    gtid: str
    file: str
    offset: int
    server: str
    born: int = 0

    def as_json(self) -> dict[str, Any]:
        """What ``position_from`` reads."""
        return {
            "gtid": self.gtid,
            "file": self.file,
            "offset": self.offset,
            "server": self.server,
            "born": self.born,
        }


def position_from(stored: Mapping[str, Any]) -> Position | None:
    """The position that ``as_json`` wrote; None for anything else."""
    gtid, file, offset, server = (stored.get(k) for k in ("gtid", "file", "offset", "server"))
    born = stored.get("born", 0)
    if (
        isinstance(gtid, str)
        and isinstance(file, str)
        and isinstance(server, str)
        and isinstance(offset, int)
        and isinstance(born, int)
        and offset >= 0
    ):
        return Position(gtid, file, offset, server, born)
    return None


def at_or_behind(file: str, offset: int, other_file: str, other_offset: int) -> bool | None:
    """
    Whether one place in the log is at or before another.

    Returns:
        None when they cannot be compared: the log was given another name in between.
    """
    one, other = _FILE.fullmatch(file), _FILE.fullmatch(other_file)
    if one is None or other is None or one[1] != other[1]:
        return None
    # After binlog.999999 comes binlog.1000000.
    return (int(one[2]), offset) <= (int(other[2]), other_offset)


class GtidState(Protocol):
    """All transactions so far, counted on by one as each ends; its text is a position's."""

    def add(self, gtid: str) -> None:
        """Count the transaction *gtid*, as the server writes its name."""
        ...

    def covers(self, other: str) -> bool:
        """Whether nothing of the position *other* is missing."""
        ...


def gtid_state(kind: Kind, text: str) -> GtidState:
    """
    Where counting begins: the position *text* of a server of *kind*.

    Raises:
        ValueError: *text* is none.
    """
    return MariadbGtids(text) if kind == "mariadb" else MysqlGtids(text)


class MariadbGtids:
    """The last transaction of each domain: ``domain-server-number``."""

    def __init__(self, text: str = "") -> None:
        self._last: dict[str, tuple[str, str]] = {}
        for part in _parts(text):
            if not _DOMAIN_GTID.fullmatch(part):
                raise ValueError(f"no GTID of MariaDB: {part}")
            self.add(part)

    def add(self, gtid: str) -> None:
        """Count ``0-1-6``; of a domain, only the last counts."""
        domain, server, number = gtid.split("-")
        self._last[domain] = (server, number)

    def covers(self, other: str) -> bool:
        """By the numbers of each domain."""
        return all(
            domain in self._last and int(number) <= int(self._last[domain][1])
            for domain, (_, number) in MariadbGtids(other)._last.items()
        )

    def __str__(self) -> str:
        # Sorted, so that equal positions have equal texts.
        ordered = sorted(self._last.items(), key=lambda item: int(item[0]))
        return ",".join(f"{domain}-{server}-{number}" for domain, (server, number) in ordered)


class MysqlGtids:
    """Intervals of numbers for each server's UUID, or UUID and tag: ``uuid:1-7:9:tag:1-3``."""

    def __init__(self, text: str = "") -> None:
        # Sorted, apart from each other, both ends included.
        self._intervals: dict[str, list[list[int]]] = {}
        for part in _parts(text):
            uuid, *words = part.lower().split(":")
            if not _SID.fullmatch(uuid) or not words:
                raise ValueError(f"no GTID of MySQL: {part}")
            source = uuid
            for word in (word.strip() for word in words):
                if interval := _INTERVAL.fullmatch(word):
                    self._add(source, int(interval[1]), int(interval[2] or interval[1]))
                elif _TAG.fullmatch(word):
                    source = f"{uuid}:{word}"
                else:
                    raise ValueError(f"no GTID of MySQL: {part}")

    @property
    def tagged(self) -> bool:
        """Whether a transaction has a tag, which few programs can say to a server."""
        return any(":" in source for source in self._intervals)

    def add(self, gtid: str) -> None:
        """Count ``uuid:8`` or ``uuid:tag:8``, the UUID in small letters."""
        source, _, number_text = gtid.rpartition(":")
        number = int(number_text)
        intervals = self._intervals.get(source)
        if intervals and number == intervals[-1][1] + 1:  # as nearly always
            intervals[-1][1] = number
        else:
            self._add(source, number, number)

    def covers(self, other: str) -> bool:
        """By the numbers of each server and tag."""
        return all(
            any(low <= first and last <= high for low, high in self._intervals.get(source, ()))
            for source, intervals in MysqlGtids(other)._intervals.items()
            for first, last in intervals
        )

    def __str__(self) -> str:
        words: dict[str, list[str]] = {}
        for source in sorted(self._intervals):
            uuid, _, tag = source.partition(":")
            listed = words.setdefault(uuid, [])
            listed.extend([tag] if tag else [])
            for first, last in self._intervals[source]:
                listed.append(str(first) if first == last else f"{first}-{last}")
        return ",".join(":".join((uuid, *listed)) for uuid, listed in words.items())

    def _add(self, source: str, first: int, last: int) -> None:
        intervals = self._intervals.setdefault(source, [])
        start = bisect_right(intervals, first, key=lambda interval: interval[0])
        if start and intervals[start - 1][1] >= first - 1:
            start -= 1
        end = start
        while end < len(intervals) and intervals[end][0] <= last + 1:
            first, last = min(first, intervals[end][0]), max(last, intervals[end][1])
            end += 1
        intervals[start:end] = [[first, last]]


def _parts(text: str) -> list[str]:
    # MySQL breaks the line after each comma.
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
