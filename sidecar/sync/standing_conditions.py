"""
Conditions asked beside the rules: of facts as they are now, tags and segments as they stand.

A cycle asks every rule anew; who asks in between is told the tags and segments that the last
cycle found, with people's pins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import polars as pl
from sqlalchemy import select

from sidecar.model import Names, fold
from sidecar.rules.bit_words import bit
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.compile_ruleset import Compiled, TagSlot
from sidecar.rules.evaluate import prepared
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.reading import WHOLE, Reading
from sidecar.sync.segments import Segment


class StandingConditions:
    """
    Some conditions over one store, compiled together.

    Args:
        conditions: Checked.
        vocabulary: Lists and segments that they may name.
        tags: Every tag by its name; None while our tables do not exist.
        segments: Those that stand: who is in one is not asked of its condition.
    """

    def __init__(
        self,
        conditions: Sequence[Expr],
        dictionary: Dictionary,
        names: Names,
        vocabulary: RuleSet,
        tags: Mapping[str, TagSlot] | None,
        segments: Iterable[Segment],
    ) -> None:
        self._dictionary = dictionary
        self._tags = {fold(name): slot for name, slot in (tags or {}).items()}
        off = vocabulary.off
        empty = {fold(r.name) for r in off if r.kind == "segment" and r.made_in != "admin"}
        self._standing = {
            fold(found.name): found.slot
            for found in segments
            if found.has_baseline and fold(found.name) not in empty
        }
        self._segments = {fold(found.name): found.when for found in vocabulary.segments}
        self._words: set[str] = set()
        self._compiler = Compiler(
            dictionary.catalogue, names, vocabulary.lists, self._tag, self._segment, tags or ()
        )
        self._holds = [
            self._compiler.condition(condition).alias(str(number))
            for number, condition in enumerate(conditions)
        ]
        self._has_own = tags is not None
        self._compiled = Compiled(
            columns=tuple(self._compiler.columns.values()),
            boundaries=tuple(self._compiler.boundaries.values()),
            folded=tuple(sorted(self._compiler.folded)),
        )

    def told(self, reading: Reading) -> pl.DataFrame:
        """
        Whether each condition holds, of every customer of *reading* that exists.

        Columns: ``customer_id``, ascending, and one for each condition, named by its place.

        Raises:
            CustomerError: A customer's numbers do not fit; others may.
        """
        words = sorted(self._words) if self._has_own else None
        frame = load_with_words(reading, self._compiled.columns, words, self._dictionary)
        frame = prepared(frame, self._compiled, reading.moment)
        return frame.select("customer_id", *self._holds)

    # -- what conditions ask of tags and segments ------------------------------------------

    def _tag(self, name: str) -> pl.Expr:
        tag = self._tags.get(fold(name))
        return pl.lit(False) if tag is None or tag.archived else self._bit("tags", tag.slot)

    def _segment(self, name: str) -> pl.Expr:
        if fold(name) in self._standing:
            return self._bit("segments", self._standing[fold(name)])
        condition = self._segments.get(fold(name))
        # Without one its rule is off; else no full pass has seen it yet.
        return pl.lit(False) if condition is None else self._compiler.condition(condition)

    def _bit(self, word: str, slot: int) -> pl.Expr:
        self._words.add(f"{word}{slot // 64}")
        return bit(word, slot)


def load_with_words(
    reading: Reading,
    columns: Collection[Column],
    words: Sequence[str] | None,
    dictionary: Dictionary,
) -> pl.DataFrame:
    """
    As `sidecar.sync.facts.load.load`, with *words* of our customer table beside the facts.

    Args:
        words: ``tags0``, ``segments1`` …; None while our tables do not exist.
    """
    if words is None:
        return load(reading, columns, dictionary).frame
    customer = reading.shop.own.customer
    query = select(
        customer.c.customer_id, customer.c.purchases_mark, *(customer.c[name] for name in words)
    ).where(reading.of(customer.c.customer_id))
    schema: dict[str, pl.DataType] = {
        "customer_id": WHOLE,
        **dict.fromkeys(("purchases_mark", *words), pl.UInt64()),
    }
    standing = reading.rows(query, schema)
    frame = load(reading, columns, dictionary, standing).frame
    return frame.join(
        standing.drop("purchases_mark"), on="customer_id", how="left", maintain_order="left"
    ).with_columns(pl.col(name).fill_null(0) for name in words)
