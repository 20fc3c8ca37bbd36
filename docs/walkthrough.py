"""
Follow a page as its reader would: write the files it shows, run its commands, compare.

    .venv/bin/python docs/walkthrough.py STORE PAGE.md …

follows the pages with the shop in STORE (see ``tutorial_shop.py``) and writes what the
commands answered into them. ``tests/docs/test_walkthroughs.py`` does the same and compares.

A page's ``console`` blocks hold commands after ``$`` and what a terminal of 130 columns
shows; a block with a file's name after its language is that file.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Where the reader of a page is said to be.
READER = "/home/you/try"

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)

_PORT = re.compile(r"127\.0\.0\.1:\d{4,5}")

#: What differs from one time to the next, and stands for nothing.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"), "2026-01-31T12:00:00+01:00"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:\d)"), "2026-01-31 12:00"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "2026-01-31 12:00:00"),
    (
        re.compile(
            r"(?:\d\d:\d\d on )?\b\d{1,2} (?:January|February|March|April|May|June|July|August"
            r"|September|October|November|December) \d{4}"
        ),
        "31 January 2026",
    ),
    (re.compile(r"answers \([^)]*\)"), "answers (10.11.6-MariaDB)"),
    (re.compile(r"\([\d,]+ rows, [\d,]+ MB\)"), "(1,000 rows, 1 MB)"),
    (_PORT, "127.0.0.1:3306"),
    (re.compile(r"connection id \d+"), "connection id 42"),
)


def follow(
    text: str, place: Path, programs: Path = Path(sys.executable).parent
) -> Iterator[tuple[str, str, str]]:
    """
    Do in the folder *place* what a page says, in its order.

    Args:
        programs: The folder of ``sidecar``.

    Yields:
        Each command, what the page says that it answers, and what it answered.
    """
    for kind, file, body in _BLOCK.findall(text):
        if file:
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(body, "utf-8")
        elif kind == "console":
            for command, said in _COMMAND.findall(body):
                yield command, said, answer(command, place, programs)


def answer(command: str, place: Path, programs: Path) -> str:
    """What a terminal shows when *command* runs in the folder *place*."""
    ours, theirs = pty.openpty()
    path = f"{programs}:{os.environ.get('PATH', os.defpath)}"
    # A dumb terminal gets the same text without colours and movements.
    terminal = {"TERM": "dumb", "COLUMNS": "130", "LINES": "40", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - what our own pages say
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=place,
        # Beside the settings, not where that of a real installation is.
        env={
            "PATH": path,
            "HOME": str(place),
            "USER": "you",
            "SIDECAR_PRIVACY_JOURNAL": "erasures.jsonl",
            **terminal,
        },
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65_536):
            shown += part
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    process.wait()
    text = shown.decode().replace("\r\n", "\n").replace(str(place), READER)
    # The line that a progress bar leaves on a dumb terminal.
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line) + "\n" if any(lines) else ""


def same_always(text: str) -> str:
    """*text* without what differs from one time to the next."""
    for pattern, constant in _VARYING:
        text = pattern.sub(constant, text)
    return text


def rewritten(text: str, answers: Iterator[str]) -> str:
    """*text* with each command's answer replaced by the next of *answers*."""

    def block(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        body = _COMMAND.sub(lambda found: f"$ {found[1]}\n{next(answers)}", match[3])
        return f"```console\n{body}```"

    return _BLOCK.sub(block, text)


def main(store: Path, pages: list[Path]) -> None:
    """Follow *pages* with the shop in *store* and write the answers into them."""
    for page in pages:
        text = page.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            shutil.copytree(store, place / "store")
            found = [answered for _, _, answered in follow(text, place)]
        answers = (_PORT.sub("127.0.0.1:3306", answered) for answered in found)
        page.write_text(rewritten(text, answers), "utf-8")
        sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
