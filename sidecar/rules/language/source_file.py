"""A rules file as text: what it holds, and problems that point into it."""

from __future__ import annotations

import bisect
import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sidecar.errors import Problem
from sidecar.rules.language.report import showable, source_line
from sidecar.rules.language.toml_places import Path, Place, find_places, string_offsets
from sidecar.rules.syntax import Position

#: Bytes; a file of rules is a hundredth of this, and tomllib is not made for hostile input.
MAX_FILE_BYTES: Final = 1_000_000

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NESTED_QUOTES = re.compile(r'\s*(when|keep_when)\s*=\s*"(?!"")')


class UnreadableError(Exception):
    """
    A file that is not TOML in UTF-8.

    Attributes:
        problem: Why, and where.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class SourceFile:
    """
    A rules file that was read.

    Attributes:
        name: For problems, e.g. ``10-tags.toml``.
        text: Without byte order mark, lines ended by newlines.
        tables: What it holds; numbers are int or Decimal.
        places: Where everything in *tables* stands.
        lines: Where each line of *text* begins.
    """

    name: str
    text: str
    tables: Mapping[str, Any]
    places: Mapping[Path, Place]
    lines: Sequence[int]

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where what *path* leads to stands, or the nearest that encloses it."""
        while path and path not in self.places:
            path = path[:-1]
        place = self.places.get(path, Place(0, 0))
        return self._position(place.key if key else place.value)

    def problem(
        self,
        path: Path,
        message: str,
        hint: str = "",
        *,
        key: bool = False,
        severity: str = "error",
    ) -> Problem:
        """A problem with the value at *path*; *key*: with the key itself."""
        at = self.position(path, key=key)
        return self._problem(at, message, hint, severity)

    def within_string(self, problem: Problem, path: Path) -> Problem:
        """
        *problem*, found in the text that the string at *path* holds, as one of this file.

        Escapes, the trimmed first line of a multi-line string and continued lines make
        the text differ from the file, so each character is traced to where it stands.
        """
        start = self.places[path].value
        offsets = string_offsets(self.text, start)
        value = str(self.value(path))
        first = _index(value, problem.line, problem.column)
        last = min(first + problem.length, len(value)) - 1
        begin = offsets[min(first, len(value))]
        end = offsets[last] + 1 if last >= first else begin + 1
        line_end = self.text.find("\n", begin)
        end = end if line_end < 0 else min(end, line_end)
        at = dataclasses.replace(self._position(begin), length=max(1, end - begin))
        return self._problem(at, problem.message, problem.hint, problem.severity)

    def value(self, path: Path) -> object:
        """What *path* leads to, or None when it leads nowhere."""
        value: Any = self.tables
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def _position(self, offset: int) -> Position:
        line = bisect.bisect_right(self.lines, offset)
        return Position(line, offset - self.lines[line - 1] + 1)

    def _problem(self, at: Position, message: str, hint: str, severity: str) -> Problem:
        start = self.lines[at.line - 1]
        end = self.text.find("\n", start)
        shown = showable(self.text[start : end if end >= 0 else None])
        return Problem(self.name, at.line, at.column, message, hint, shown, at.length, severity)


def _index(text: str, line: int, column: int) -> int:
    """The offset of *line* and *column* in *text*."""
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
    return offset + max(column, 1) - 1


def read_source(name: str, content: bytes) -> SourceFile:
    """
    The rules file *name* with *content*.

    Raises:
        UnreadableError: It is too large, not UTF-8, or not TOML.
    """
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableError(
            Problem(name, 0, 0, "is larger than 1 MB", "split it into several files")
        )
    text = _decoded(name, content).replace("\r\n", "\n")
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
        lines = [0, *(match.end() for match in re.finditer("\n", text))]
        return SourceFile(name, text, tables, find_places(text), lines)
    except RecursionError:
        raise UnreadableError(
            Problem(name, 0, 0, "is nested too deep to be read", "use fewer brackets")
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UnreadableError(_toml_problem(name, text, str(error))) from None
    except ValueError:
        # Python does not read whole numbers of thousands of digits.
        raise UnreadableError(
            Problem(name, 0, 0, "holds a number that is too long", "shorten it")
        ) from None


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise UnreadableError(
            Problem(
                name,
                0 if wide else line,
                0 if wide else column,
                "is not encoded in UTF-8",
                "save it as UTF-8" + (", not as UTF-16" if wide else ""),
            )
        ) from None


def _toml_problem(name: str, text: str, said: str) -> Problem:
    match = _TOML_PLACE.search(said)
    message = said[: match.start()] if match else said
    if match and match[1]:
        line, column = int(match[1]), int(match[2])
    else:
        line = text.rstrip("\n").count("\n") + 1
        column = len(text.rstrip("\n").rpartition("\n")[2]) + 1
    source = source_line(text, line)
    hint = ""
    if _NESTED_QUOTES.match(source):
        hint = "put a condition that holds double quotes into single ones: when = '…'"
    return Problem(
        name, line, column, f"not TOML: {message[:1].lower()}{message[1:]}", hint, source
    )
