"""
Text at the border: the store keeps it HTML-escaped, we compare and show it plain.

OpenCart stores what ``htmlspecialchars(…, ENT_COMPAT)`` makes of every input, so
one unescape gives back what the customer typed.
"""

from __future__ import annotations

import html
import re

import polars as pl

# Python refuses to read longer numbers; no character has one.
_ENDLESS = re.compile(r"&#[0-9]{4301,};?")


def unescape(text: str) -> str:
    """*text* of the store as it was typed."""
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(_ENDLESS.sub("\N{REPLACEMENT CHARACTER}", text))


def escape(text: str) -> str:
    """*text* as OpenCart would store it: ``&``, ``<``, ``>`` and ``"`` escaped, ``'`` not."""
    return html.escape(text, quote=False).replace('"', "&quot;")


def plain(column: pl.Expr) -> pl.Expr:
    """The text of *column* unescaped; empty becomes null."""
    escaped = column.str.contains("&", literal=True)
    unescaped = pl.when(escaped).then(column).map_elements(unescape, return_dtype=pl.String)
    text = pl.when(escaped).then(unescaped).otherwise(column)
    return pl.when(text == "").then(None).otherwise(text)
