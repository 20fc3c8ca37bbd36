"""
Bit words: each tag, segment and rung has a slot for life; slot 70 is bit 6 of word 1.

What is said of a customer is a few words of 64 slots each, not a row a slot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import polars as pl

_BYTE = range(8)


def words_for(slots: Iterable[int]) -> int:
    """How many words hold *slots*."""
    return max((slot // 64 + 1 for slot in slots), default=0)


def bit(word: str, slot: int) -> pl.Expr:
    """Whether *slot* is set in the words whose names begin with *word*."""
    return (pl.col(f"{word}{slot // 64}") & _literal(1 << slot % 64)) != 0


def packed(columns: Mapping[int, str], word: int) -> pl.Expr:
    """The word number *word* of Boolean *columns* by slot."""
    # Byte by byte: of a hundred thousand customers, 64 columns of words are 50 MB to go through.
    parts: list[pl.Expr] = []
    for first in range(word * 64, word * 64 + 64, 8):
        bits = [
            pl.when(columns[first + place])
            .then(pl.lit(1 << place, dtype=pl.UInt8))
            .otherwise(pl.lit(0, dtype=pl.UInt8))
            for place in _BYTE
            if first + place in columns
        ]
        if bits:
            byte = pl.sum_horizontal(bits).cast(pl.UInt64)
            parts.append(byte * _literal(1 << first % 64))
    return pl.sum_horizontal(parts) if parts else _literal(0)


def standing(was: str, slots: Collection[int], word: int) -> pl.Expr:
    """What stands of *slots* in the word number *word*, of those whose names begin with *was*."""
    mask = sum(1 << slot % 64 for slot in slots if slot // 64 == word)
    return pl.col(f"{was}{word}") & _literal(mask) if mask else _literal(0)


def after_pins(verdict: pl.Expr, kind: str, slot: int) -> pl.Expr:
    """*verdict* of one slot with people's and others' word on it."""
    was = "was:segment_verdict" if kind else "was:verdict"
    turned = verdict & ~bit(was, slot)
    off = bit(f"{kind}off", slot) & ~(bit(f"{kind}req", slot) & turned)
    return (verdict | bit(f"{kind}on", slot)) & ~off


def word_after_pins(kind: str, verdict: str, word: int) -> pl.Expr:
    """The same of a whole word at once."""
    now = pl.col(f"{verdict}{word}")
    turned = now & ~pl.col(f"was:{verdict}{word}")
    off = pl.col(f"{kind}off{word}") & ~(pl.col(f"{kind}req{word}") & turned)
    return (now | pl.col(f"{kind}on{word}")) & ~off


def _literal(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)
