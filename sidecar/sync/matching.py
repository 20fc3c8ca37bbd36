"""Who matches a condition, from the store as it is now; needs no pass before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import polars as pl

from sidecar.model import Moment, Names, Scope, fold
from sidecar.rules.columns import Column
from sidecar.rules.compile import Compiler
from sidecar.rules.compile_ruleset import Compiled, TagSlot
from sidecar.rules.evaluate import prepared
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import BULK_FROM, Shop
from sidecar.sync import set_aside
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.ranges import ranges
from sidecar.sync.reading import Limits, Reading
from sidecar.sync.segments import Segment
from sidecar.sync.slots import Slots
from sidecar.sync.standing import load_standing

#: Customers whose every fact is loaded at once.
_CHUNK = 2_000

#: The same before anybody has been shown: so few that nothing of the whole store is read.
_FIRST_CHUNK = BULK_FROM

#: Customers of the first range, for the same reason.
_FIRST_RANGE = 5_000


class Matcher:
    """
    One condition over one store.

    Args:
        condition: Checked.
        words: Lists and segments that the condition may name.
        tags: Every tag by id; none while our tables do not exist.
        segments: Those that stand: who is in one is not asked of its condition.
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
        segments: Collection[Segment],
        tag_names: Mapping[int, str],
        limits: Limits | None,
    ) -> None:
        self._shop = shop
        self._dictionary = dictionary
        self._names = names
        self._tags = tags
        self._tag_names = tag_names
        self._limits = limits
        slots = {fold(tag_names[tag_id]): slot for tag_id, slot in (tags or {}).items()}

        def tag(name: str) -> pl.Expr:
            slot = slots.get(fold(name))
            if slot is None or slot.archived:
                return pl.lit(False)
            return _bit("tags", slot.slot)

        conditions = {fold(found.name): found.when for found in words.segments}
        empty = {fold(r.name) for r in words.off if r.kind == "segment" and r.made_in != "admin"}
        standing = {
            fold(found.name): found.slot
            for found in segments
            if found.has_baseline and fold(found.name) not in empty
        }

        def segment(name: str) -> pl.Expr:
            if fold(name) in standing:
                return _bit("segments", standing[fold(name)])
            condition = conditions.get(fold(name))
            # Without one its rule is off; else no full pass has seen it yet.
            return pl.lit(False) if condition is None else compiler.condition(condition)

        compiler = Compiler(
            dictionary.catalogue, names, words.lists, tag, segment, tag_names.values()
        )
        self._condition = compiler.condition(condition)
        self._words = max((slot.slot // 64 + 1 for slot in (tags or {}).values()), default=0)
        self._segment_words = max((slot // 64 + 1 for slot in standing.values()), default=0)
        self._compiled = Compiled(
            columns=tuple(compiler.columns.values()),
            boundaries=tuple(compiler.boundaries.values()),
            folded=tuple(sorted(compiler.folded)),
        )

    def rows(self, moment: Moment, limit: int | None = None) -> Iterator[dict[str, as_json.Json]]:
        """As `matches`, one by one, each with its facts as JSON."""
        catalogue, zone = self._dictionary.catalogue, self._shop.settings.zone
        for frame in self.matches(moment, limit):
            yield from as_json.rows(frame, catalogue, self._names, zone)

    def matches(self, moment: Moment, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """
        Frames of the customers that match, ascending, with every fact of the catalogue.

        Those whose data cannot be processed are left out.

        Args:
            limit: At most so many customers.
        """
        whole_store: dict[str, pl.DataFrame] = {}
        size = _FIRST_CHUNK
        for scope in ranges(self._shop, first_size=_FIRST_RANGE):
            ids = self._ids(scope, moment, whole_store)
            if limit is not None:
                ids = ids[:limit]
                limit -= len(ids)
            while ids:
                part, ids = Scope.of(ids[:size]), ids[size:]
                size = _CHUNK
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
                slots = Slots(tags=self._tags, words=self._words, segment_words=self._segment_words)
                standing = load_standing(reading, slots)
            frame = load(reading, columns, self._dictionary, standing).frame
        if standing is None:
            return frame
        words = [f"tags{word}" for word in range(self._words)]
        words += [f"segments{word}" for word in range(self._segment_words)]
        stands = standing.select("customer_id", *words)
        return frame.join(stands, on="customer_id", how="left", maintain_order="left").with_columns(
            pl.col(words).fill_null(0)
        )


def _bit(word: str, slot: int) -> pl.Expr:
    return (pl.col(f"{word}{slot // 64}") & pl.lit(1 << slot % 64, dtype=pl.UInt64)) != 0
