"""
The difference between what should be and what is, as the steps to write.

Comparing is one XOR of words; only customers that differ are taken apart into
single tags.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What a scope's cycle has to write; every frame is ascending by ``customer_id``.

    Attributes:
        customers: New stored facts and words of each customer that differs in any.
        asserted: ``customer_id``, ``slot`` of tags whose rule turned true.
        retracted: The same of tags whose rule turned false.
        added: ``customer_id``, ``slot`` of tags that come into effect.
        removed: The same of tags that go out of effect.
        gone: ``customer_id`` of customers that the store has deleted.
        bought: ``customer_id``, ``product_id`` that our purchase table lacks.
        unbought: The same that it has too many.
    """

    customers: pl.DataFrame
    asserted: pl.DataFrame
    retracted: pl.DataFrame
    added: pl.DataFrame
    removed: pl.DataFrame
    gone: pl.DataFrame
    bought: pl.DataFrame
    unbought: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to be written."""
        return all(
            frame.is_empty() for frame in (self.customers, self.gone, self.bought, self.unbought)
        )

    def with_tags(self, added: pl.DataFrame, removed: pl.DataFrame) -> Changes:
        """These changes with other tags coming into and going out of effect."""
        return dataclasses.replace(self, added=added, removed=removed)

    def with_purchases(self, bought: pl.DataFrame, unbought: pl.DataFrame) -> Changes:
        """These changes, and what the purchase table lacks and has too many."""
        return dataclasses.replace(
            self,
            bought=bought.sort("customer_id", "product_id"),
            unbought=unbought.sort("customer_id", "product_id"),
        )

    @property
    def changed(self) -> pl.Series:
        """The customers whose tags change, ascending."""
        both = pl.concat([self.added, self.removed])
        return both["customer_id"].unique().sort()

    def batches(self, size: int) -> Iterator[Changes]:
        """These changes in parts of at most *size* customers each; all of a customer in one."""
        frames = {name: getattr(self, name) for name in self.__dataclass_fields__}
        ids = pl.concat([frame["customer_id"] for frame in frames.values()]).unique().sort()
        for start in range(0, len(ids), size):
            part = ids.slice(start, size)
            inside = pl.col("customer_id").is_between(part[0], part[-1])
            yield Changes(**{name: frame.filter(inside) for name, frame in frames.items()})


def difference(
    wanted: pl.DataFrame, standing: pl.DataFrame, facts: Sequence[str], words: int
) -> Changes:
    """
    What to write so that *standing* becomes *wanted*.

    Args:
        wanted: ``customer_id``, *facts*, ``verdict`` and ``tags`` words of every
            customer of the scope that the store has.
        standing: The same columns as they stand, for customers that our tables know.
        facts: Stored facts, by column; may be null.
        words: How many words there are.
    """
    names = [f"{kind}{word}" for kind in ("verdict", "tags") for word in range(words)]
    columns = [*facts, *names]
    both = wanted.select("customer_id", *columns).join(
        standing.select("customer_id", *columns, known=pl.lit(True)),
        on="customer_id",
        how="left",
        suffix=" now",
        maintain_order="left",
    )
    zero = pl.col([f"{name} now" for name in names]).fill_null(0)
    both = both.with_columns(zero, pl.col("known").fill_null(False))
    differs = [pl.col(name).ne_missing(pl.col(f"{name} now")) for name in columns]
    customers = both.filter(pl.any_horizontal(~pl.col("known"), *differs))
    gone = standing.join(wanted, on="customer_id", how="anti").select("customer_id", *names)
    nothing = pl.DataFrame(schema={"customer_id": pl.Int64, "product_id": pl.Int64})
    return Changes(
        customers=customers.select("customer_id", *columns),
        asserted=_turned(customers, "verdict", words, on=True),
        retracted=_turned(customers, "verdict", words, on=False),
        added=_turned(customers, "tags", words, on=True),
        removed=pl.concat(
            [_turned(customers, "tags", words, on=False), _bits(gone, "tags", words)]
        ).sort("customer_id", "slot"),
        gone=gone.select("customer_id"),
        bought=nothing,
        unbought=nothing,
    )


def _turned(frame: pl.DataFrame, kind: str, words: int, *, on: bool) -> pl.DataFrame:
    """``customer_id``, ``slot`` of the bits of *kind* that are new (*on*) or no longer there."""
    turned = frame.select(
        "customer_id",
        *(
            (
                pl.col(f"{kind}{word}") & ~pl.col(f"{kind}{word} now")
                if on
                else pl.col(f"{kind}{word} now") & ~pl.col(f"{kind}{word}")
            ).alias(f"{kind}{word}")
            for word in range(words)
        ),
    )
    return _bits(turned, kind, words)


def _bits(frame: pl.DataFrame, kind: str, words: int) -> pl.DataFrame:
    """``customer_id``, ``slot`` of every bit that is set, ascending."""
    found = [pl.DataFrame(schema={"customer_id": pl.Int64, "slot": pl.Int64})]
    for word in range(words):
        any_set = frame.select(pl.col(f"{kind}{word}").bitwise_or()).item() or 0
        for bit in range(64):
            if any_set >> bit & 1:
                has = (pl.col(f"{kind}{word}") & pl.lit(1 << bit, dtype=pl.UInt64)) != 0
                slot = pl.lit(word * 64 + bit, dtype=pl.Int64).alias("slot")
                found.append(frame.filter(has).select("customer_id", slot))
    return pl.concat(found).sort("customer_id", "slot")
