"""What commands show: tables on stdout, progress and notes on stderr, nothing a store can forge."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from sidecar.sync.ranges import Progress as Told


#: What each kind of change is called.
_CHANGES = {
    "tag_added": ("tag", "added"),
    "tag_removed": ("tag", "removed"),
    "segment_entered": ("segment", "entered"),
    "segment_left": ("segment", "left"),
    "group_changed": ("group", "changed"),
    "tier_changed": ("tier", "changed"),
}


def plain(value: object) -> str:
    """*value* as text that cannot move the cursor or colour the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def counted(number: int, noun: str) -> str:
    """*number* of what *noun* names one of, e.g. ``1 tag``, ``1,200 tags``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def card(number: str) -> str:
    """The *number* of a card, in groups of four."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def money(text: str) -> str:
    """Money of an answer with two places, unless it has more."""
    return text.removesuffix("00")


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first *names*, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def changes(numbers: Mapping[str, int]) -> str:
    """The *numbers* of changes by kind that are not 0, e.g. ``14 tags added, 1 group changed``."""
    told = [
        f"{counted(numbers[kind], noun)} {what}"
        for kind, (noun, what) in _CHANGES.items()
        if numbers.get(kind)
    ]
    return ", ".join(told)


def note(message: str) -> None:
    """Say *message* on stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def out(message: str) -> None:
    """Print *message* on stdout."""
    print(message)  # noqa: T201


def as_json(value: object) -> None:
    """Print *value* as the one JSON document of stdout."""
    out(json.dumps(value, ensure_ascii=False))


def table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
) -> None:
    """
    Print a table on stdout; in a pipe with tabs, for other programs.

    Args:
        right: Columns of numbers, counted from 0.
    """
    if not sys.stdout.isatty():
        for row in [headings, *rows]:
            out("\t".join(plain(cell) for cell in row))
        return
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for index, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(shown)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Told | None]:
    """A progress bar on stderr while the work goes on; none where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
