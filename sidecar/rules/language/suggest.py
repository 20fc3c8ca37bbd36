"""Hints that name the word a person most likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from sidecar.model import fold


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* most like *word*, compared folded, or None when none is near."""
    by_key = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word), by_key, n=1)
    return by_key[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """``did you mean 'x'?``, or *otherwise* when nothing known is like *word*."""
    near = closest(word, known)
    return f"did you mean '{near}'?" if near else otherwise


def listing(words: Iterable[str], last: str = "or") -> str:
    """The *words* as people list them: ``a, b or c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
