"""What stands at a place of MySQL's log, from the answers of a MySQL 9.7."""

from __future__ import annotations

from typing import Any

import pymysql
import pytest
from sqlalchemy.exc import OperationalError

from sidecar.sync.sources.binlog import server_log
from sidecar.sync.sources.binlog.position import Position

UUID = "d0ab01a5-e627-11f1-b018-02fc00000001"


def gtid_event(offset: int, number: int) -> tuple[Any, ...]:
    text = f"SET @@SESSION.GTID_NEXT= '{UUID}:{number}'"
    return ("binlog.000002", offset, "Gtid", 71, offset + 79, text)


def begin(file: str, gtids: str = "") -> list[tuple[Any, ...]]:
    return [
        (file, 4, "Format_desc", 71, 127, "Server ver: 9.7.4-2, Binlog ver: 4"),
        (file, 127, "Previous_gtids", 71, 158, gtids),
    ]


class Log:
    """Files by name, each with its events; a place inside an event gives the next one."""

    def __init__(self, files: dict[str, list[tuple[Any, ...]]], executed: str) -> None:
        self.files, self.executed = files, executed

    def events(self, connection: object, file: str = "", offset: int = 4) -> Any:
        file = file or min(self.files)
        if file not in self.files:
            original = pymysql.err.OperationalError(server_log.NOT_THERE, "could not find it")
            raise OperationalError("SHOW BINLOG EVENTS", None, original)
        return [event for event in self.files[file] if event[1] >= offset][:2]

    def lost(self, monkeypatch: pytest.MonkeyPatch, position: Position) -> str | None:
        monkeypatch.setattr(server_log, "_events", self.events)
        monkeypatch.setattr(server_log, "_executed", lambda _: self.executed)
        nothing: Any = None  # it is not asked
        return server_log._lost_from_file(nothing, position, position.gtid)


def at(numbers: str, file: str = "binlog.000002", offset: int = 500) -> Position:
    return Position(f"{UUID}:{numbers}" if numbers else "", file, offset, UUID)


FILE = "binlog.000002"
TWO = [*begin(FILE), gtid_event(500, 6), gtid_event(900, 7)]


@pytest.mark.parametrize(
    ("files", "executed", "position", "lost"),
    [
        # The next transaction stands there, or one that we have, or the inside of another.
        ({FILE: TWO}, "1-7", at("1-5"), None),
        ({FILE: TWO}, "1-7", at("1-6"), "reset"),
        ({FILE: TWO}, "1-7", at("1-5", offset=499), "reset"),
        ({FILE: TWO}, "1-7", at("", offset=499), "reset"),
        # Nothing does: all is read, or the server crashed, or the file is too short.
        ({FILE: TWO}, "1-7", at("1-7", offset=1300), None),
        (
            {FILE: TWO, "binlog.000003": begin("binlog.000003", f"{UUID}:1-7")},
            "1-9",
            at("1-7", offset=1300),
            None,
        ),
        (
            {FILE: TWO, "binlog.000003": begin("binlog.000003", f"{UUID}:1-8")},
            "1-9",
            at("1-7", offset=1300),
            "reset",
        ),
        ({FILE: TWO}, "1-20", at("1-7", offset=1300), "reset"),
        # The file is not there: deleted, which only matters without GTID, or not yet again.
        ({FILE: TWO}, "1-7", at("1-5", file="binlog.000001"), None),
        ({FILE: TWO}, "1-7", at("", file="binlog.000001"), "purged"),
        ({FILE: TWO}, "1-7", at("1-5", file="binlog.000009"), "reset"),
        ({FILE: TWO}, "1-7", at("1-5", file="other.000001"), "renamed"),
        ({FILE: TWO}, "1-7", at("1-5", file=""), None),
    ],
)
def test_what_stands_at_a_position_tells_whether_it_is_still_good(
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, list[tuple[Any, ...]]],
    executed: str,
    position: Position,
    lost: str | None,
) -> None:
    assert Log(files, f"{UUID}:{executed}").lost(monkeypatch, position) == lost
