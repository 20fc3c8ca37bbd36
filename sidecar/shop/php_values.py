"""Values of PHP and the functions of them that files of definitions use."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from pathlib import Path

#: A text is bytes, each as the character of the same number (Latin-1).
Value = str | int | bool | None

_BLANKS = " \t\n\r\0\x0b"


def text(value: Value) -> str:
    """*value* as PHP makes text of it."""
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def holds(value: Value) -> bool:
    """Whether an ``if`` of PHP takes *value* for true."""
    return value not in (None, False, "", "0", 0)


def from_system(word: str) -> str:
    """A path or variable of the system as a text of PHP."""
    return os.fsencode(word).decode("latin-1")


def to_system(value: str) -> str:
    """A text of PHP as Python has it; bytes that are not UTF-8 become lone surrogates."""
    return value.encode("latin-1").decode("utf-8", "surrogateescape")


def dirname(path: Value, levels: Value = 1) -> Value:
    """The folder of *path*, *levels* up."""
    result = text(path)
    for _ in range(int(levels or 0)):
        result = posixpath.dirname(result.rstrip("/") or "/") or "."
    return result


def realpath(path: Value) -> Value:
    """The path without links and dots, or False where nothing is."""
    place = Path(to_system(text(path)))
    return from_system(str(place.resolve())) if place.exists() else False


def str_replace(search: Value, replace: Value, subject: Value) -> Value:
    """*subject* with every *search* replaced."""
    return text(subject).replace(text(search), text(replace)) if search else text(subject)


def rtrim(value: Value, characters: Value = _BLANKS) -> Value:
    """Without *characters* at the end."""
    return text(value).rstrip(text(characters))


def trim(value: Value, characters: Value = _BLANKS) -> Value:
    """Without *characters* at both ends."""
    return text(value).strip(text(characters))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "dirname": dirname,
    "realpath": realpath,
    "rtrim": rtrim,
    "str_replace": str_replace,
    "trim": trim,
}
