"""The file of the journal of erasures: added to and forced to the disk, mended after a crash."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from sidecar.errors import FatalError
from sidecar.privacy.journal import Entry, append, read_file

ONE = Entry(entry="1" * 32, kind="erasure", customer="a" * 64, address="b" * 64, at=5)
TWO = Entry(
    entry="2" * 32, kind="suppression", address="c" * 64, channel="sms", reason="erased", at=6
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


def test_what_is_added_is_read_again_and_nobody_else_may_read_it(file: Path) -> None:
    append(file, [ONE])
    append(file, [TWO])

    found = read_file(file)

    assert list(found.entries.values()) == [ONE, TWO]
    assert (found.unreadable, found.is_torn, found.is_there) == (0, False, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_where_there_is_no_file_there_is_no_entry(file: Path) -> None:
    assert not read_file(file).is_there


@pytest.mark.parametrize("torn", [b'{"entry":"2222', b"\xff", b"{}", b"x" * 200_000])
def test_a_line_that_a_crash_left_without_its_end_is_cut_off(file: Path, torn: bytes) -> None:
    append(file, [ONE])
    whole = file.read_bytes()
    with file.open("ab") as out:
        out.write(torn)
    assert read_file(file).is_torn
    assert list(read_file(file).entries) == [ONE.entry]

    append(file, [TWO])

    assert file.read_bytes().startswith(whole)
    assert list(read_file(file).entries) == [ONE.entry, TWO.entry]
    assert not read_file(file).is_torn


def test_a_file_that_is_one_torn_line_begins_anew(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"entr')

    append(file, [ONE])

    assert list(read_file(file).entries) == [ONE.entry]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON", "[]", "5", "{}", '{"entry": 5}', "[" * 5_000,
        '{"entry":"%s","kind":"erasure","at":"5"}' % ("1" * 32),
        '{"entry":"%s","kind":"other","at":5}' % ("1" * 32),
        '{"entry":"%s","kind":"erasure","at":5,"customer":"x"}' % ("1" * 32),
        '{"entry":"%s","kind":"erasure","at":5,"more":"x"}' % ("1" * 32),
        '{"entry":"1","kind":"erasure","at":5}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_entry_is_counted_and_left(file: Path, line: str) -> None:
    append(file, [ONE])
    with file.open("a") as out:
        out.write(line + "\n")

    append(file, [TWO])

    found = read_file(file)
    assert (list(found.entries), found.unreadable) == ([ONE.entry, TWO.entry], 1)
    assert line in file.read_text()


def test_where_the_disk_is_full_nothing_half_is_left_and_the_error_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(file, [ONE])
    before, write = file.read_bytes(), os.write

    def little(number: int, data: bytes) -> int:
        if len(data) > 40:
            return write(number, bytes(data)[:40])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", little)

    with pytest.raises(FatalError, match=r"No space left.*make room.*nothing is erased before"):
        append(file, [TWO])
    assert file.read_bytes() == before


def test_a_folder_that_may_not_be_written_is_told_with_the_way_out(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)

    with pytest.raises(FatalError, match=r"Permission denied \(let the sidecar's user write"):
        append(file, [ONE])


def test_it_is_forced_to_the_disk_before_it_counts(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[str] = []
    sync = os.fsync

    def noted(number: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(number).st_mode)
        forced.append("folder" if is_folder else file.read_text())
        sync(number)

    monkeypatch.setattr(os, "fsync", noted)

    append(file, [ONE])

    assert forced == [file.read_text(), "folder"]
    assert json.loads(forced[0])["customer"] == "a" * 64
