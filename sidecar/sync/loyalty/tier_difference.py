"""
Other tiers than those that hold: what they would change, and letting them hold.

What they would change is computed beside what stands, for everybody, and nothing is written.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection, select

from sidecar.model import Moment
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.sentences import tier_sentence
from sidecar.shop.database import rolled_back
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import tier_definition
from sidecar.sync.loyalty.beginning import require_kept
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.tier_definition import Definition, How
from sidecar.sync.ranges import Progress, customers_in_store, ranges
from sidecar.sync.reading import Reading
from sidecar.sync.state import Json

#: Customers at a time.
_RANGE = 20_000

#: Customers who are named.
_NAMED = 20


@dataclass(slots=True)
class Difference:
    """
    What other tiers would change.

    Attributes:
        moves: Customers by the tier that they are in and the one they would be in.
        named: The first of them, with both tiers.
    """

    moves: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    named: list[tuple[int, str | None, str | None]] = field(default_factory=list)

    def count(self, judged: pl.DataFrame) -> None:
        """Count in customers as of `Tiers.judged`."""
        moved = judged.filter(pl.col("row:tier").ne_missing(pl.col("tier")))
        for customer_id, was, tier in moved.select("customer_id", "row:tier", "tier").iter_rows():
            self.moves[was, tier] += 1
            if len(self.named) < _NAMED:
                self.named.append((customer_id, was, tier))


def waiting(shop: Shop, book: Rulebook, moment: Moment) -> tuple[Definition, Definition] | None:
    """
    The tiers that hold, and those of the files that wait to; None: none wait.

    Raises:
        ConfigError: There is no loyalty program.
        NotNowError: It waits to begin, or the sidecar is paused.
    """
    program = require_kept(shop, book)
    with rolled_back(shop.engine) as tx:
        return Posting(shop, book, program, moment, trial=True).waiting_tiers(tx, moment)


def difference(
    shop: Shop,
    book: Rulebook,
    both: tuple[Definition, Definition],
    how: How,
    moment: Moment,
    progress: Progress | None = None,
) -> Difference:
    """What letting the second of *both* hold would change *moment*; writes nothing."""
    program = require_kept(shop, book)
    posting = Posting(shop, book, program, moment, trial=True)
    after = dataclasses.replace(both[1], unfinished=how)
    found, done, total = Difference(), 0, customers_in_store(shop)
    table = shop.own.loyalty.tier
    for scope in ranges(shop, _RANGE):
        with rolled_back(shop.engine) as tx:
            reading = Reading(shop, tx, scope, moment)
            ids = sorted(
                tx.scalars(select(table.c.customer_id).where(reading.of(table.c.customer_id)))
            )
            held = posting.tiers(tx, moment, after)
            found.count(held.judged(reading, ids))
        done = min(done + _RANGE, total)
        if progress:
            progress(done, total)
    return found


def apply(
    tx: Connection, shop: Shop, book: Rulebook, how: How, moment: Moment
) -> Definition | None:
    """
    Let the tiers of the files hold; the next full pass brings everybody in line.

    Returns:
        The tiers that held before; None: none wait.

    Raises:
        ConfigError: There is no loyalty program.
        NotNowError: It waits to begin, or the sidecar is paused.
    """
    posting = Posting(shop, book, require_kept(shop, book), moment)
    both = posting.waiting_tiers(tx, moment)
    if both is None:
        return None
    tier_definition.keep(tx, shop.own, dataclasses.replace(both[1], unfinished=how), moment)
    return both[0]


def sentences(before: Program, after: Program) -> list[dict[str, Json]]:
    """Each tier's sentence as it is and as it would be, the lowest first; None: there is none."""
    was = {tier.name: tier_sentence(tier, before) for tier in before.tiers}
    will = {tier.name: tier_sentence(tier, after) for tier in after.tiers}
    return [
        {"tier": name, "was": was.get(name), "will_be": will.get(name)}
        for name in dict.fromkeys([*was, *will])
    ]
