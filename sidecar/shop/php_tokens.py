"""The tokens of a PHP file, as far as files of definitions need them."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: In PHP mode. Bytes stand as characters of the same number (Latin-1): PHP knows only bytes.
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*?(?=\?>|\n|$)|\#(?!\[)[^\n]*?(?=\?>|\n|$)|/\*.*?\*/)
    |(?P<close>\?>\n?)
    |(?P<single>'(?:[^'\\]|\\.)*')
    |(?P<double>"(?:[^"\\]|\\.)*")
    |(?P<number>0[xX][0-9a-fA-F]+|\d+\.\d+|\d+)
    |(?P<name>\\?[A-Za-z_\x80-\xff][\w\\\x80-\xff]*)
    |(?P<variable>\$[A-Za-z_\x80-\xff][\w\x80-\xff]*)
    |(?P<sign>\?\?|\|\||&&|<<<|[=!]==?|\?:|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_OPEN = re.compile(r"<\?php(?=\s|$)|<\?=", re.IGNORECASE)

_ESCAPE = re.compile(
    r"""\\(?:(?P<letter>[nrtvef\\$"])|(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9A-Fa-f]{1,2})"""
    r"""|u\{(?P<point>[0-9A-Fa-f]+)\})|(?P<variable>\$[A-Za-z_\x80-\xff{]|\{\$)"""
)

_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}


class NotADefinitionError(Exception):
    """Something that only PHP itself can tell; its text says what."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    One word of PHP.

    Attributes:
        kind: ``text`` (a string, decoded), ``number``, ``name``, ``variable``, ``sign``, or
            ``riddle`` (a string with variables in it).
        value: The string's value, or the word itself, a name without a leading backslash.
        line: Counted from 1.
    """

    kind: str
    value: str
    line: int


def tokens(source: str) -> list[Token]:
    """The tokens of *source*, given as Latin-1; comments and what is outside PHP are left out."""
    found: list[Token] = []
    position = 0
    while opening := _OPEN.search(source, position):
        position = opening.end()
        while match := _TOKEN.match(source, position):
            position = match.end()
            if match.lastgroup == "close":
                found.append(Token("sign", ";", _line(source, match.start())))
                break
            if match.lastgroup != "blank":
                found.append(_token(str(match.lastgroup), match[0], _line(source, match.start())))
    return found


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _token(kind: str, text: str, line: int) -> Token:
    if kind == "single":
        return Token("text", re.sub(r"\\([\\'])", r"\1", text[1:-1]), line)
    if kind == "double":
        try:
            return Token("text", _ESCAPE.sub(_unescaped, text[1:-1]), line)
        except NotADefinitionError:
            return Token("riddle", text, line)
    return Token(kind, text.removeprefix("\\") if kind == "name" else text, line)


def _unescaped(match: re.Match[str]) -> str:
    if match["variable"]:
        raise NotADefinitionError("a text with variables in it")
    if match["letter"]:
        return _LETTERS.get(match["letter"], match["letter"])
    if match["point"]:
        return chr(int(match["point"], 16)).encode("utf-8").decode("latin-1")
    return chr((int(match["octal"], 8) if match["octal"] else int(match["hex"], 16)) & 0xFF)
