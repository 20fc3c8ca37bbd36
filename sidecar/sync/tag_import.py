"""Read a CSV of tags: every bad row is told apart, with its line and what is wrong."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.errors import UsageError
from sidecar.model import Moment, fold
from sidecar.rules import calendar
from sidecar.shop.shop import Shop
from sidecar.sync import tags
from sidecar.sync.commands.checking import LARGEST, MOST_CUSTOMERS
from sidecar.sync.finding import find_customers

_COLUMNS = ("customer_id", "email", "tag", "until")

#: Under which a row keeps a cell that no column is named for.
_BEYOND = "beyond the columns"


#: By tag name: customers, each with the last day of its tag, or None for no end.
Rows = dict[str, dict[int, datetime.date | None]]

#: Bytes of a part, about; well below what a command may have.
_PART = LARGEST * 3 // 4


@dataclass(slots=True)
class ImportedTags:
    """
    Attributes:
        rows: By tag name: customers, each with the last day of its tag, or None.
        good: Rows that can be imported.
        problems: A line for each that cannot.
    """

    rows: Rows = field(default_factory=dict)
    good: int = 0
    problems: list[str] = field(default_factory=list)


def read_csv(shop: Shop, path: Path, moment: Moment) -> ImportedTags:
    """
    Read *path*, with the columns customer_id or email (or both), tag, and perhaps until.

    Commas, semicolons or tabs; UTF-8, with or without a byte order mark.

    Raises:
        UsageError: The file cannot be read, or its columns are others.
    """
    lines = _lines(path)
    imported = ImportedTags()
    names = [row.get("customer_id") or row.get("email") or "" for _, row in lines]
    ids, unknown = find_customers(shop, sorted({name for name in names if name}))
    spelled: dict[str, str] = {}
    for (line, row), name in zip(lines, names, strict=True):
        try:
            tag, until = _checked(row, moment)
            if not name:
                raise UsageError("neither customer_id nor email is filled in")
            if name in unknown:
                raise UsageError(unknown[name])
        except UsageError as error:
            imported.problems.append(f"{path.name}:{line}: {error}")
            continue
        # The first spelling of a tag is the one that a new tag gets.
        tag = spelled.setdefault(fold(tag), tag)
        imported.rows.setdefault(tag, {})[ids[name]] = until
        imported.good += 1
    return imported


def parts(rows: Rows) -> Iterator[list[dict[str, object]]]:
    """
    *rows* as commands take them, each part not too large for one; at least one.

    The first names every tag, so that a tag that cannot be used stops the import before
    anything is written. All tags of a customer are in one part.
    """
    pairs = sorted(
        ((customer, tag, day) for tag, of in rows.items() for customer, day in of.items()),
        key=lambda pair: pair[0],
    )
    part: dict[tuple[str, datetime.date | None], list[int]] = {(tag, None): [] for tag in rows}
    count = size = 0
    for customer, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
        theirs = list(group)
        if count and (count + len(theirs) > MOST_CUSTOMERS or size > _PART):
            yield _as_rows(part)
            part, count, size = {}, 0, 0
        for _, tag, day in theirs:
            if (tag, day) not in part:
                size += len(tag.encode()) + 60
            part.setdefault((tag, day), []).append(customer)
            size += 12
        count += len(theirs)
    yield _as_rows(part)


def _as_rows(
    part: Mapping[tuple[str, datetime.date | None], Sequence[int]],
) -> list[dict[str, object]]:
    return [
        {"tag": tag, "customers": customers, "until": day and day.isoformat()}
        for (tag, day), customers in part.items()
    ]


def _lines(path: Path) -> Sequence[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start} (save it as UTF-8)") from error
    if "\0" in text:
        raise UsageError(f"{path}: not a text file")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        _check_columns(path, columns)
        return [
            (reader.line_num, _named(columns, [cell.strip() for cell in row]))
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: {error}") from error


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    beyond = next((cell for cell in cells[len(columns) :] if cell), None)
    row = dict(zip(columns, cells, strict=False))
    return row if beyond is None else row | {_BEYOND: beyond}


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    wanted = "customer_id or email, tag, and perhaps until"
    if "tag" not in columns or not {"customer_id", "email"} & set(columns):
        raise UsageError(f"{path}:1: the first line must name the columns {wanted}")
    other = [name for name in columns if name not in _COLUMNS]
    if other:
        raise UsageError(f"{path}:1: {', '.join(map(repr, other))} is no column of ours ({wanted})")
    if len(set(columns)) < len(columns):
        raise UsageError(f"{path}:1: a column is named twice")


def _checked(row: dict[str, str], moment: Moment) -> tuple[str, datetime.date | None]:
    if _BEYOND in row:
        raise UsageError(f"{row[_BEYOND]!r} stands in no column (is a cell without its quotes?)")
    tag, until = row.get("tag", ""), row.get("until", "")
    tags.check_name(tag)
    if not until:
        return tag, None
    try:
        day = calendar.read_day(until)
    except ValueError as error:
        raise UsageError(f"until: {error}") from error
    if day < moment.today:
        raise UsageError(f"until: {until} is over")
    return tag, day
