"""
Numbers of cards: 16 digits, drawn by chance, of which the last checks the others.

The check digit is Damm's: it shows every single wrong digit and every swap of two neighbours,
which is what people get wrong. The first digit is always 9: so no number is taken for one of a
payment card, and none loses a zero in a spreadsheet.
"""

from __future__ import annotations

import secrets
from typing import Literal

DIGITS = 16

_FIRST = "9"

#: How many digits are drawn.
_DRAWN = DIGITS - 2

#: The quasigroup of H. M. Damm: 0 in its diagonal, and never x∘y∘z = x∘z∘y.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

#: What people and scanners put between the digits.
_BETWEEN = str.maketrans("", "", " -\u00a0\u2009\u202f\t")

#: What is wrong with a number.
Mistake = Literal["length", "digit"]


def draw() -> str:
    """A number that nobody can guess; whether a card has it already, the caller knows."""
    body = _FIRST + f"{secrets.randbelow(10**_DRAWN):0{_DRAWN}d}"
    return body + str(_check(body))


def digits(text: str) -> str | None:
    """The digits of *text* without what stands between them; None where it has anything else."""
    found = text.strip().translate(_BETWEEN)
    return found if found.isascii() and found.isdecimal() else None


def mistake(number: str) -> Mistake | None:
    """
    What is wrong with *number*, which is digits only; None: it can be one of a card.

    ``length``: there are not as many digits; ``digit``: one is wrong, or two are swapped.
    """
    if len(number) != DIGITS:
        return "length"
    return "digit" if number[0] != _FIRST or _check(number) else None


def _check(body: str) -> int:
    """The digit that follows *body*; 0 of a whole number."""
    found = 0
    for digit in body:
        found = _DAMM[found][int(digit)]
    return found
