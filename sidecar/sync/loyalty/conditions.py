"""Which conditions of earn rules customers fulfil, as they stand in a transaction."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.program import Program
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty.revisions import earner_key
from sidecar.sync.reading import Reading
from sidecar.sync.standing_conditions import StandingConditions


class Conditions:
    """
    The conditions of a program's earn rules, compiled together.

    Args:
        program: Its conditions are checked.
    """

    def __init__(self, shop: Shop, book: Rulebook, program: Program) -> None:
        # The customers were perhaps just written in the same transaction, which the bulk
        # reader's own connections do not see.
        self._shop = dataclasses.replace(shop, bulk=None)
        self._limits = book.limits
        named = [(rule.name, rule.when) for rule in program.earn if rule.when is not None]
        self._rules = [earner_key(name) for name, _ in named]
        self._asked = StandingConditions(
            [when for _, when in named],
            book.dictionary,
            book.checked.names,
            book.checked.rules,
            {tag.name: tag.as_slot for tag in book.tags.values()},
            book.segments.values(),
        )
        self._moment: Moment | None = None
        self._whole_store: dict[str, pl.DataFrame] = {}

    def holding(
        self, tx: Connection, customers: Sequence[int], moment: Moment
    ) -> dict[int, frozenset[str]]:
        """
        By customer the rules whose condition holds now, by their `earner_key`.

        Rules without a condition are not among them.

        Raises:
            CustomerError: A customer's numbers do not fit; others may.
        """
        none: frozenset[str] = frozenset()
        found = dict.fromkeys(customers, none)
        if not self._rules or not found:
            return found
        if moment != self._moment:
            # A pass has one moment, and reads but once what holds for the whole store.
            self._moment, self._whole_store = moment, {}
        scope = Scope.of(customers)
        reading = Reading(self._shop, tx, scope, moment, self._limits, self._whole_store)
        for customer_id, *holds in self._asked.told(reading).iter_rows():
            found[customer_id] = frozenset(itertools.compress(self._rules, holds))
        return found
