"""
Where in a TOML file each table, key and value stands.

``tomllib`` says what a file holds and not where. This walks over a text that
``tomllib`` has accepted, so it need not notice mistakes, only keep its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE = re.compile(r"[^,\]}#\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTINUED = re.compile(r"\\[ \t]*\n[ \t\n]*")
#: Characters in the file for one character of the text, by the letter after a backslash.
_ESCAPE_LENGTH: Final = {"x": 4, "u": 6, "U": 10}


@dataclass(frozen=True, slots=True)
class Place:
    """
    Offsets into the text.

    Attributes:
        key: Where the key begins, or the bracket of the table's header.
        value: Where the value begins; as *key* for a table with a header.
    """

    key: int
    value: int


def find_places(text: str) -> Mapping[Path, Place]:
    """
    The place of everything in *text*, by the keys and indexes that lead to it.

    Args:
        text: A TOML document that ``tomllib`` accepts, its lines ended by newlines only.
    """
    return _Walk(text).document()


def string_offsets(text: str, start: int) -> list[int]:
    """
    Where in *text* each character of the TOML string that begins at *start* comes from.

    Returns:
        One offset a character of the string's value, and one more for its end.
    """
    mark, begin, end = _string_bounds(text, start)
    literal, at = mark[0] == "'", begin
    offsets: list[int] = []
    while at < end:
        if not literal and text[at] == "\\":
            if len(mark) == 3 and (continued := _CONTINUED.match(text, at)):
                at = continued.end()
                continue
            offsets.append(at)
            at += _ESCAPE_LENGTH.get(text[at + 1], 2)
        else:
            offsets.append(at)
            at += 1
    return [*offsets, end]


def _string_bounds(text: str, start: int) -> tuple[str, int, int]:
    """The quotes of the string at *start*, and where what they hold begins and ends."""
    quote = text[start]
    mark = quote * 3 if text.startswith(quote * 3, start) else quote
    begin = at = start + len(mark)
    if len(mark) == 3 and text.startswith("\n", begin):
        begin = at = begin + 1  # a line break right after the quotes is not part of it
    while not text.startswith(mark, at):
        at += 2 if text[at] == "\\" and quote == '"' else 1
    if len(mark) == 3:
        # Up to two quotes may stand right before the three that close.
        while text.startswith(mark, at + 1):
            at += 1
    return mark, begin, at


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[Path, Place] = {}
        #: How many tables each [[array]] has so far.
        self._tables: dict[Path, int] = {}

    def document(self) -> Mapping[Path, Place]:
        table: Path = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)
        return self._places

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._at = cast("re.Match[str]", pattern.match(self._text, self._at)).end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _header(self) -> Path:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        *parents, last = self._keys()
        self._at += 2 if array else 1
        path: Path = ()
        for key in parents:
            path = self._latest((*path, key))
        path = (*path, last)
        if array:
            self._tables[path] = self._tables.get(path, 0) + 1
            self._places.setdefault(path, Place(start, start))
        path = self._latest(path)
        self._places[path] = Place(start, start)
        return path

    def _latest(self, path: Path) -> Path:
        """*path*, and the last table so far when it is an array of tables."""
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _keys(self) -> list[str]:
        """A dotted key and the blanks around it."""
        found: list[str] = []
        while True:
            self._skip(_BLANK)
            start = self._at
            if self._peek() in ("'", '"'):
                self._string()
                # Escapes in keys are so rare that tomllib may as well read them.
                found.append(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
            else:
                self._skip(_BARE_KEY)
                found.append(self._text[start : self._at])
            self._skip(_BLANK)
            if self._peek() != ".":
                return found
            self._at += 1

    def _pair(self, table: Path) -> None:
        self._skip(_BLANK)
        key = self._at
        keys = self._keys()
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        for count in range(1, len(keys)):
            self._places.setdefault((*table, *keys[:count]), Place(key, key))
        path = (*table, *keys)
        self._places[path] = Place(key, self._at)
        self._value(path)

    def _value(self, path: Path) -> None:
        match self._peek():
            case '"' | "'":
                self._string()
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(_BARE)

    def _string(self) -> None:
        mark, _, end = _string_bounds(self._text, self._at)
        self._at = end + len(mark)

    def _array(self, path: Path) -> None:
        index = 0
        self._at += 1
        self._skip(_GAP)
        while self._peek() != "]":
            item = (*path, index)
            self._places[item] = Place(self._at, self._at)
            self._value(item)
            self._skip(_GAP)
            if self._peek() == ",":
                self._at += 1
                self._skip(_GAP)
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_GAP)
        while self._peek() != "}":
            self._pair(path)
            self._skip(_GAP)
            if self._peek() == ",":
                self._at += 1
                self._skip(_GAP)
        self._at += 1
