"""Seeded draws: a number, a choice or a chance that follows from a seed, a purpose and an id."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


def _mixed(x: pl.Expr) -> pl.Expr:
    """Scramble 64 bits, as the generator SplitMix64 does; Polars multiplies modulo 2**64."""
    x = (x ^ (x // (1 << 30))) * pl.lit(_FIRST, dtype=pl.UInt64)
    x = (x ^ (x // (1 << 27))) * pl.lit(_SECOND, dtype=pl.UInt64)
    return x ^ (x // (1 << 31))


@dataclass(frozen=True, slots=True)
class Draw:
    """
    Draws that follow from *seed*; two purposes never share a draw.

    Polars' own ``hash`` is not used: it may change from version to version.
    """

    seed: int

    def whole(self, purpose: str, ids: pl.Expr) -> pl.Expr:
        """A number of 64 bits (UInt64)."""
        start = (zlib.crc32(purpose.encode()) << 32 ^ self.seed * _STEP) & _MASK
        return _mixed(
            ids.cast(pl.UInt64) * pl.lit(_STEP, dtype=pl.UInt64) + pl.lit(start, dtype=pl.UInt64)
        )

    def below(self, purpose: str, ids: pl.Expr, count: int) -> pl.Expr:
        """A number from 0 to *count* - 1 (Int64)."""
        return (self.whole(purpose, ids) % count).cast(pl.Int64)

    def unit(self, purpose: str, ids: pl.Expr) -> pl.Expr:
        """A number from 0, included, to 1, excluded (Float64)."""
        return (self.whole(purpose, ids) // (1 << 11)).cast(pl.Float64) / float(1 << 53)

    def chance(self, purpose: str, ids: pl.Expr, per_thousand: int) -> pl.Expr:
        """True for so many of a thousand."""
        return self.below(purpose, ids, 1000) < per_thousand

    def pick(self, purpose: str, ids: pl.Expr, values: Sequence[str]) -> pl.Expr:
        """One of *values*, each as likely as the next."""
        return choose(self.below(purpose, ids, len(values)), values)

    def weighted(self, purpose: str, ids: pl.Expr, weights: Mapping[int, int]) -> pl.Expr:
        """One of the keys of *weights* (Int64), as likely as its weight."""
        drawn = self.below(purpose, ids, sum(weights.values()))
        *others, last = weights.items()
        result, limit = pl.lit(last[0], dtype=pl.Int64), sum(weights.values()) - last[1]
        for value, weight in reversed(others):
            result = pl.when(drawn < limit).then(pl.lit(value, dtype=pl.Int64)).otherwise(result)
            limit -= weight
        return result


def choose(position: pl.Expr, values: Sequence[str]) -> pl.Expr:
    """The text at *position*, counted from 0, of *values*."""
    return position.replace_strict(range(len(values)), list(values), return_dtype=pl.String)
