"""Who matches a condition, from the store as it is now; needs no pass before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from sidecar.model import Moment, Names, Scope, fold
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.evaluate import Compiled, TagSlot, prepared
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import set_aside
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.full_pass import ranges
from sidecar.sync.reading import Limits, Reading
from sidecar.sync.standing import load_standing

#: Customers whose every fact is loaded at once.
_CHUNK = 2_000


class Matcher:
    """
    One condition over one store.

    Args:
        condition: Checked.
        words: Lists and segments that the condition may name.
        tags: Every tag by id; none while our tables do not exist.
        limits: The stored RFM limits.
    """

    def __init__(
        self,
        shop: Shop,
        dictionary: Dictionary,
        names: Names,
        condition: Expr,
        words: RuleSet,
        tags: Mapping[int, TagSlot] | None,
        tag_names: Mapping[int, str],
        limits: Limits | None,
    ) -> None:
        self._shop = shop
        self._dictionary = dictionary
        self._tags = tags
        self._tag_names = tag_names
        self._limits = limits
        slots = {fold(tag_names[tag_id]): slot for tag_id, slot in (tags or {}).items()}

        def tag(name: str) -> pl.Expr:
            slot = slots.get(fold(name))
            if slot is None or slot.archived:
                return pl.lit(False)
            bit = pl.lit(1 << slot.slot % 64, dtype=pl.UInt64)
            return (pl.col(f"tags{slot.slot // 64}") & bit) != 0

        segments = {fold(found.name): found.when for found in words.segments}

        def segment(name: str) -> pl.Expr:
            # Until segments are kept, who is in one is told from its condition.
            return compiler.condition(segments[fold(name)])

        compiler = Compiler(
            dictionary.catalogue, names, words.lists, tag, segment, tag_names.values()
        )
        self._condition = compiler.condition(condition)
        self._words = max((slot.slot // 64 + 1 for slot in (tags or {}).values()), default=0)
        self._compiled = Compiled(
            columns=tuple(compiler.columns.values()),
            boundaries=tuple(compiler.boundaries.values()),
            folded=tuple(sorted(compiler.folded)),
        )

    def matches(self, moment: Moment, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """
        Frames of the customers that match, ascending, with every fact of the catalogue.

        Those whose data cannot be processed are left out.

        Args:
            limit: At most so many customers.
        """
        whole_store: dict[str, pl.DataFrame] = {}
        for scope in ranges(self._shop):
            ids = self._ids(scope, moment, whole_store)
            if limit is not None:
                ids = ids[:limit]
                limit -= len(ids)
            for start in range(0, len(ids), _CHUNK):
                part = Scope.of(ids[start : start + _CHUNK])
                yield from set_aside.readable(
                    self._shop, part, lambda few: self._facts(few, moment, whole_store)
                )
            if limit == 0:
                return

    def _ids(self, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]) -> list[int]:
        def matching(part: Scope) -> pl.DataFrame:
            frame = self._load(part, moment, self._compiled.columns, whole_store)
            found = prepared(frame, self._compiled, moment).filter(self._condition)
            return found.select("customer_id")

        parts = set_aside.readable(self._shop, scope, matching)
        return [customer_id for part in parts for customer_id in part["customer_id"]]

    def _facts(
        self, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]
    ) -> pl.DataFrame:
        catalogue = self._dictionary.catalogue
        columns = [Column(fact.name) for fact in catalogue if fact.name != "tags"]
        frame = self._load(scope, moment, columns, whole_store)
        names = [self._tag_list(row) for row in self._tag_words(frame)]
        tags = pl.Series("tags", names, dtype=pl.List(pl.String))
        ordered = [fact.name for fact in catalogue]
        return frame.with_columns(tags).select("customer_id", *ordered)

    def _tag_words(self, frame: pl.DataFrame) -> list[tuple[int, ...]]:
        if not self._words:
            return [()] * frame.height
        return frame.select(f"tags{word}" for word in range(self._words)).rows()

    def _tag_list(self, words: tuple[int, ...]) -> list[str]:
        return [
            self._tag_names[tag_id]
            for tag_id, slot in (self._tags or {}).items()
            if words and words[slot.slot // 64] >> slot.slot % 64 & 1
        ]

    def _load(
        self,
        scope: Scope,
        moment: Moment,
        columns: list[Column] | tuple[Column, ...],
        whole_store: dict[str, pl.DataFrame],
    ) -> pl.DataFrame:
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, scope, moment, self._limits, whole_store)
            standing = None
            if self._tags is not None:
                standing = load_standing(reading, self._words, self._tags)
            frame = load(reading, columns, self._dictionary, standing).frame
        if standing is None or not self._words:
            return frame
        words = standing.select("customer_id", *(f"tags{word}" for word in range(self._words)))
        return frame.join(words, on="customer_id", how="left", maintain_order="left").with_columns(
            pl.col(words.columns[1:]).fill_null(0)
        )
