"""What a page of the guides tells its readers to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```sh(?P<ways>[ \w]*)\n(?P<body>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """
    One block of commands.

    Attributes:
        heading: Under which it stands.
        ways: The ways of installing that it belongs to; empty: one to choose, not to follow.
        body: The commands.
    """

    heading: str
    ways: tuple[str, ...]
    body: str


def blocks(page: Path, way: str) -> list[Block]:
    """The blocks of shell commands of *page* for those who install by *way*, in its order."""
    found, heading = [], ""
    # The body of a block may hold lines that look like headings, so blocks are taken whole.
    for part in _PART.finditer(page.read_text("utf-8")):
        if part["heading"] is not None:
            heading = part["heading"]
        elif way in part["ways"].split():
            found.append(Block(heading, tuple(part["ways"].split()), part["body"]))
    return found
