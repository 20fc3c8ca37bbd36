"""
The journal of erasures: keyed hashes of who was erased, in a table and in a file.

The file is written first of all, and forced to the disk, so that a backup that comes back
later finds there what has to be erased again. It is JSON lines, to which is only added.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select

from sidecar.errors import FatalError
from sidecar.privacy.means import Means
from sidecar.privacy.short_reads import in_parts
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import state

#: In ``sidecar_state``: how many entries of the table are known to be in the file.
_WRITTEN = "privacy.journal"

_HASH = re.compile(r"[0-9a-f]{64}")
_ENTRY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    What has to be done again after a restore.

    Attributes:
        entry: Random, the same in the table and in the file.
        customer: Keyed hash of an account, as of `sidecar.privacy.person`; None: a guest.
        address: Keyed hash of an e-mail address or telephone number; None: none was known.
        channel: Of a suppression; None: of an erasure.
        purpose: Of a suppression; empty: all.
        reason: Of a suppression.
        at: UTC epoch seconds.
    """

    entry: str = field(default_factory=lambda: secrets.token_hex(16))
    kind: Literal["erasure", "suppression"]
    customer: str | None = None
    address: str | None = None
    channel: str | None = None
    purpose: str = ""
    reason: str = ""
    at: int

    def values(self) -> dict[str, Any]:
        """By name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(slots=True)
class File:
    """
    What the file holds.

    Attributes:
        entries: By their name.
        unreadable: How many whole lines are no entries.
        is_there: Whether there is a file.
        is_torn: Whether its last line ends in the middle.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    unreadable: int = 0
    is_there: bool = True
    is_torn: bool = False


# -- the table -----------------------------------------------------------------------------


def add(tx: Connection, own: OwnTables, entries: Sequence[Entry]) -> None:
    """Write *entries* into the table."""
    for part in in_parts(entries):
        tx.execute(insert(own.privacy.journal), [one.values() for one in part])


def read_table(tx: Connection, own: OwnTables) -> Iterator[Entry]:
    """Everything in the table, in no order."""
    table = own.privacy.journal
    columns = [table.c[name] for name in Entry.__dataclass_fields__]
    for row in tx.execute(select(*columns)).mappings():
        yield Entry(**dict(row))


# -- the file ------------------------------------------------------------------------------


def read_file(path: Path) -> File:
    """
    What the file at *path* holds.

    Raises:
        FatalError: It cannot be read.
    """
    found = File()
    try:
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    found.is_torn = True
                elif (entry := _entry(line)) is not None:
                    found.entries[entry.entry] = entry
                elif line.strip():
                    found.unreadable += 1
    except FileNotFoundError:
        found.is_there = False
    except OSError as error:
        raise _error(path, "cannot be read", error) from error
    return found


def append(path: Path, entries: Iterable[Entry]) -> None:
    """
    Add *entries* to the file at *path*, made when missing, and force them to the disk.

    A line that a crash left without its end is cut off: its entry is in the table, and comes
    again.

    Raises:
        FatalError: The disk is full, or the file cannot be written.
    """
    lines = b"".join(_line(entry) for entry in entries)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(number, "r+b", buffering=0) as file:
            fcntl.flock(number, fcntl.LOCK_EX)
            end = _whole_lines(number)
            try:
                os.ftruncate(number, end)
                _write_all(number, lines)
                os.fsync(number)
            except OSError:
                _cut(number, end)  # else half of it would stand before what is added later
                raise
            del file
        _sync_folder(path.parent)
    except OSError as error:
        raise _error(path, "cannot be written", error) from error


def _whole_lines(number: int) -> int:
    """Where the last whole line of the open file ends."""
    end = size = os.fstat(number).st_size
    while end:
        start = max(0, end - 65_536)
        part = os.pread(number, end - start, start)
        if (place := part.rfind(b"\n")) >= 0:
            return start + place + 1
        end = start
    return 0 if size else size


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(number, view)
        view = view[written:]


def _cut(number: int, end: int) -> None:
    try:
        os.ftruncate(number, end)
    except OSError:
        return  # a torn line is mended by whoever adds next


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _line(entry: Entry) -> bytes:
    said = {name: value for name, value in entry.values().items() if value not in (None, "")}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    """What *line* says; None when it is no entry."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known: Mapping[str, Any] = Entry.__dataclass_fields__
    if not isinstance(said, dict) or not said.keys() <= known.keys():
        return None
    texts = all(isinstance(said.get(name, ""), str) for name in known if name != "at")
    is_hash = all(_HASH.fullmatch(said[name]) for name in ("customer", "address") if name in said)
    if (
        not texts
        or not is_hash
        or said.get("kind") not in ("erasure", "suppression")
        or not _ENTRY.fullmatch(said.get("entry", ""))
        or not isinstance(said.get("at"), int)
    ):
        return None
    return Entry(**said)


def _error(path: Path, problem: str, error: OSError) -> FatalError:
    way = "see [privacy] journal"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        way = f"make room on the disk of {path.parent}; nothing is erased before"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        way = "let the sidecar's user write there; nothing is erased before"
    return FatalError(f"the journal of erasures {path} {problem}: {error.strerror} ({way})")


# -- both ----------------------------------------------------------------------------------


def copy_to_file(means: Means) -> int:
    """
    Add to the file what only the table has; returns how many entries.

    Quick when nothing was added to the table since.

    Raises:
        FatalError: The file cannot be written; nothing may be erased then.
    """
    own, path = means.shop.own, means.config.privacy.journal
    with transaction(means.shop.engine) as tx:
        number = int(tx.scalar(select(func.count()).select_from(own.privacy.journal)) or 0)
        known = state.read(tx, own, _WRITTEN)
    if known == {"entries": number} and (not number or path.exists()):
        return 0
    missing: list[Entry] = []
    if number:
        there = read_file(path).entries
        with transaction(means.shop.engine) as tx:
            missing = [entry for entry in read_table(tx, own) if entry.entry not in there]
        if missing or not path.exists():
            append(path, sorted(missing, key=lambda entry: (entry.at, entry.entry)))
    with transaction(means.shop.engine) as tx:
        state.write(tx, own, _WRITTEN, {"entries": number}, means.moment)
    return len(missing)


def copy(means: Means) -> None:
    """As `copy_to_file`, as a duty: suppressions are written into the table only."""
    copy_to_file(means)
