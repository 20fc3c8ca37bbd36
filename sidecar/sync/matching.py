"""Who matches a condition, from the store as it is now; needs no pass before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import polars as pl
from sqlalchemy import Connection

from sidecar.model import Moment, Names, Scope
from sidecar.rules.bit_words import words_for
from sidecar.rules.columns import Column
from sidecar.rules.compile_ruleset import TagSlot
from sidecar.rules.ruleset import RuleSet
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import BULK_FROM, Shop
from sidecar.sync import restrictions, set_aside
from sidecar.sync.facts import as_json
from sidecar.sync.facts.load import Dictionary
from sidecar.sync.ranges import ranges
from sidecar.sync.reading import Limits, Reading
from sidecar.sync.segments import Segment
from sidecar.sync.standing_conditions import StandingConditions, load_with_words

#: Customers whose every fact is loaded at once.
_CHUNK = 2_000

#: The same before anybody has been shown: so few that nothing of the whole store is read.
_FIRST_CHUNK = BULK_FROM

#: Customers of the first range, for the same reason.
_FIRST_RANGE = 5_000


class Matcher:
    """
    One condition over one store.

    Attributes:
        parts: Conditions that `told` also asks.

    Args:
        condition: Checked.
        vocabulary: Lists and segments that the condition may name.
        tags: Every tag by id; none while our tables do not exist.
        segments: Those that stand: who is in one is not asked of its condition.
        limits: The stored RFM limits.
        has_restrictions: Whether our tables can say who is restricted.
    """

    def __init__(
        self,
        shop: Shop,
        dictionary: Dictionary,
        names: Names,
        condition: Expr,
        vocabulary: RuleSet,
        tags: Mapping[int, TagSlot] | None,
        segments: Collection[Segment],
        tag_names: Mapping[int, str],
        limits: Limits | None,
        *,
        has_restrictions: bool,
        parts: Sequence[Expr] = (),
    ) -> None:
        self.parts = tuple(parts)
        self._shop = shop
        self._has_restrictions = has_restrictions
        self._dictionary = dictionary
        self._names = names
        self._tags = tags
        self._tag_names = tag_names
        self._limits = limits
        by_name = {tag_names[tag_id]: slot for tag_id, slot in (tags or {}).items()}
        self._asked = StandingConditions(
            [condition, *parts],
            dictionary,
            names,
            vocabulary,
            None if tags is None else by_name,
            segments,
        )
        self._words = words_for(slot.slot for slot in by_name.values())

    def rows(self, moment: Moment, limit: int | None = None) -> Iterator[dict[str, as_json.Json]]:
        """As `matches`, one by one, each with its facts as JSON."""
        catalogue, zone = self._dictionary.catalogue, self._shop.settings.zone
        for frame in self.matches(moment, limit):
            yield from as_json.rows(frame, catalogue, self._names, zone)

    def of(self, customer_id: int, moment: Moment) -> dict[str, as_json.Json]:
        """
        Every fact of one customer as JSON, whether they match or not.

        Empty where the store has no such customer, or their data cannot be processed.
        """
        catalogue, zone = self._dictionary.catalogue, self._shop.settings.zone
        scope = Scope.of([customer_id])
        for frame in set_aside.readable(
            self._shop, scope, lambda few: self._facts(few, moment, {})
        ):
            for row in as_json.rows(frame, catalogue, self._names, zone):
                del row["customer_id"]
                return row
        return {}

    def matches(self, moment: Moment, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """
        Frames of the customers that match, ascending, with every fact of the catalogue.

        Those whose data cannot be processed are left out, and those who are restricted.

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

    def ids(self, moment: Moment) -> Iterator[tuple[Scope, list[int]]]:
        """
        Range by range the ids that match, ascending; of the same customers as `matches`.

        The first range is small, as somebody waits for it.
        """
        whole_store: dict[str, pl.DataFrame] = {}
        for scope in ranges(self._shop, first_size=_FIRST_RANGE):
            yield scope, self._ids(scope, moment, whole_store)

    def told(
        self, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]
    ) -> Iterator[pl.DataFrame]:
        """
        What is so of the customers of *scope*, in frames, but for those whom `matches` leaves out.

        Columns: ``customer_id``, ascending; ``0``: the condition; ``1`` and so on: the *parts*.

        Args:
            whole_store: What is read once for several scopes; empty at first.
        """

        def read(part: Scope) -> pl.DataFrame:
            with transaction(self._shop.engine) as tx:
                found = self._asked.told(self._reading(tx, part, moment, whole_store))
                left_out = self._left_out(tx, part) if self._has_restrictions else []
            return found.filter(~pl.col("customer_id").is_in(left_out)) if left_out else found

        return set_aside.readable(self._shop, scope, read)

    def _ids(self, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]) -> list[int]:
        parts = self.told(scope, moment, whole_store)
        return [customer_id for part in parts for customer_id in part.filter("0")["customer_id"]]

    def _left_out(self, tx: Connection, scope: Scope) -> list[int]:
        """Who is restricted, and who objects to being judged by their facts."""
        return restrictions.read(tx, self._shop.own, scope).everyone

    def _facts(
        self, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]
    ) -> pl.DataFrame:
        catalogue = self._dictionary.catalogue
        columns = [Column(fact.name) for fact in catalogue if fact.name != "tags"]
        words = [f"tags{word}" for word in range(self._words)]
        with transaction(self._shop.engine) as tx:
            reading = self._reading(tx, scope, moment, whole_store)
            frame = load_with_words(
                reading, columns, None if self._tags is None else words, self._dictionary
            )
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

    def _reading(
        self, tx: Connection, scope: Scope, moment: Moment, whole_store: dict[str, pl.DataFrame]
    ) -> Reading:
        return Reading(self._shop, tx, scope, moment, self._limits, whole_store)
