"""What a character that no word of the language begins with means to a person."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sidecar.rules.language import limits
from sidecar.rules.language.literals import RefusedError
from sidecar.rules.language.words import ESCAPES
from sidecar.rules.syntax import Position

_ARITHMETIC = ("a condition does no arithmetic", "compare a fact with a value")
_BRACKETS = ("only round brackets are used", "write '(' and ')'")

#: Message and hint for single characters people are known to try.
_KNOWN: Final = {
    "&": ("'&' is not an operator", "did you mean 'and'?"),
    "|": ("'|' is not an operator", "did you mean 'or'?"),
    "!": ("'!' is not an operator", "did you mean 'not', or '!='?"),
    "≠": ("'≠' is not an operator", "did you mean '!='?"),
    "≥": ("'≥' is not an operator", "did you mean '>='?"),
    "≤": ("'≤' is not an operator", "did you mean '<='?"),
    "−": ("this is a typographic minus", "write '-'"),
    "\u2013": ("this is a dash", "write '-'"),
    "\u2014": ("this is a dash", "write '-'"),
    ".": ("a number has digits on both sides of its point", "e.g. 0.5"),
    "%": ("'%' is not part of a number", "write the number alone"),
    "@": ("the name of a list follows '@' at once", "e.g. @free_mail"),
    "#": ("a comment cannot stand in a condition", "put it into the rules file, above the rule"),
    "\\": ("a backslash stands only within a text", "to write a quote inside quotes"),
    ";": ("';' cannot stand here", "conditions are joined by 'and' and 'or'"),
    **dict.fromkeys("+-*/^", _ARITHMETIC),
    **dict.fromkeys("[]{}", _BRACKETS),
}
_DAYLIKE = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")
_LONG: Final = {"&&": 2, "||": 2}
_CURLY: Final = frozenset(
    "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2039\u203a`\u00b4"
)


def unexpected_character(text: str, offset: int) -> RefusedError:
    """The error for the character at *offset* of *text*, which begins no word."""
    character = text[offset]
    if character in "\"'":
        return _open_text(text, offset)
    if character in "./" and (refused := day_like(text, _number_start(text, offset))):
        return refused
    if character in _CURLY:
        return _refused(
            text, offset, f"'{character}' is not a quote here", "use straight quotes: \"…\" or '…'"
        )
    if character in _KNOWN:
        message, hint = _KNOWN[character]
        length = _LONG.get(text[offset : offset + 2], 1)
        if length > 1:
            message = message.replace(character, text[offset : offset + length], 1)
        return _refused(text, offset, message, hint, length)
    category = unicodedata.category(character)
    if category == "Sc":
        return _refused(
            text,
            offset,
            f"'{character}' is not part of a number",
            "amounts are in the store's base currency and have no sign",
        )
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"):
        return _refused(
            text, offset, f"there is an invisible character, U+{ord(character):04X}", "delete it"
        )
    return _refused(text, offset, f"'{character}' cannot stand here")


def _open_text(text: str, offset: int) -> RefusedError:
    """The error for a text that begins at *offset* and does not end as it should."""
    quote, at = text[offset], offset + 1
    while at < len(text) and text[at] not in (quote, "\n"):
        if text[at] == "\\":
            escape = text[at : at + 2]
            if escape not in ESCAPES:
                return _refused(
                    text,
                    at,
                    "a backslash goes before a quote or another backslash only",
                    "write two for one: \\\\",
                    len(escape.rstrip("\n")),
                )
            at += 2
            continue
        if limits.bad_character(text[at]):
            return _refused(text, at, limits.text_problem(text[at]) or "")
        at += 1
    return _refused(text, offset, "this text is not closed", f"add {quote} where it ends")


def day_like(text: str, offset: int) -> RefusedError | None:
    """The error for a day written in another way at *offset*, e.g. ``31.12.2026``, or None."""
    match = _DAYLIKE.match(text, offset)
    if match is None:
        return None
    at = place(text, offset, len(match[0]))
    return RefusedError(at, f"'{match[0]}' is not a day", "days are written 2026-01-31")


def _number_start(text: str, offset: int) -> int:
    while offset > 0 and text[offset - 1] in "0123456789.":
        offset -= 1
    return offset


def place(text: str, offset: int, length: int = 1) -> Position:
    """The line and column of *offset* in *text*."""
    line = text.count("\n", 0, offset) + 1
    return Position(line, offset - (text.rfind("\n", 0, offset) + 1) + 1, max(1, length))


def _refused(text: str, offset: int, message: str, hint: str = "", length: int = 1) -> RefusedError:
    return RefusedError(place(text, offset, length), message, hint)
