"""The files that a person uploaded, as an export holds them: by the names that they gave them."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sidecar.privacy.export_contents import Contents, ExportTable
from sidecar.privacy.short_reads import in_parts
from sidecar.privacy.uploads import uploaded_file
from sidecar.shop.text import unescape

#: Characters of a name; file systems take 255 bytes.
_LONGEST = 60

#: What no file system, no shell and no ZIP program stumbles over.
_ODD = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]'
)
#: Names of devices on Windows.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)

_CHUNK = 65_536

NO_FOLDER = "the shop's folder of files is not known ([shop] directory)"
NOT_THERE = "it is not in the store's folder of uploads"


@dataclass(frozen=True, slots=True)
class Upload:
    """
    Attributes:
        name: As the person called it.
        place: Its path in the export; empty: it is not in it.
        file: Where it is; None: nowhere.
        size: Bytes.
        why_not: Why it is not in the export; empty: it is.
    """

    name: str
    place: str
    file: Path | None
    size: int = 0
    why_not: str = ""

    def content(self) -> Iterator[bytes]:
        """
        What stands in it, in pieces.

        Raises:
            OSError: It is gone, or cannot be read.
        """
        assert self.file is not None  # noqa: S101 - it is in the export
        with os.fdopen(os.open(self.file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
            while piece := opened.read(_CHUNK):
                yield piece


def find_uploads(contents: Contents, folder: Path | None) -> list[Upload]:
    """
    The person's files, of every table that names some.

    Args:
        folder: Where the store keeps them; None: not known.
    """
    found: list[Upload] = []
    taken: set[str] = set()
    for table in contents.tables:
        for name, stored in _named(contents, table):
            found.append(_upload(name or stored, stored, folder, taken))
    return found


def _named(contents: Contents, table: ExportTable) -> Iterator[tuple[str, str]]:
    """The name that the person gave a file, and its name in the store."""
    one, rows = table.register, contents.rows
    live = rows.live[one.name].columns
    if one.file_column is None or one.file_column not in live:
        return
    names = [one.file_column, *(["name"] if "name" in live else [])]
    width = len(rows.key_of(one))
    for part in in_parts(table.keys):
        for row in rows.values(one, names, part):
            stored, *given = (str(value or "") for value in row[width:])
            yield unescape(given[0]) if given else "", stored


def _upload(name: str, stored: str, folder: Path | None, taken: set[str]) -> Upload:
    if folder is None:
        return Upload(name, "", None, why_not=NO_FOLDER)
    file = uploaded_file(folder, stored)
    try:
        found = None if file is None else file.lstat()
    except (OSError, ValueError):
        found = None
    if file is None or found is None or not stat.S_ISREG(found.st_mode):
        return Upload(name, "", None, why_not=NOT_THERE)
    if not os.access(file, os.R_OK):
        return Upload(name, "", None, why_not="the sidecar may not read it")
    return Upload(name, f"files/{place_of(name, taken)}", file, found.st_size)


def place_of(name: str, taken: set[str]) -> str:
    """A name of its own for a file that was called *name*."""
    plain = unicodedata.normalize("NFC", _ODD.sub("_", name))
    stem, dot, ending = plain.strip(" .").rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = f"{stem}{dot}{ending}", ""
    stem = stem[:_LONGEST].strip(" .") or "file"
    if _DEVICE.fullmatch(stem):
        stem = f"_{stem}"
    ending = f".{ending}" if ending else ""
    number, found = 1, f"{stem}{ending}"
    while found.casefold() in taken:
        number += 1
        found = f"{stem} ({number}){ending}"
    taken.add(found.casefold())
    return found
