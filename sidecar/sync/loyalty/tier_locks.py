"""A tier by hand: what a person locks one customer in, whatever was earned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.mysql import insert

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope, fold
from sidecar.rules.language.suggest import did_you_mean, listing
from sidecar.rules.loyalty.program import Tier
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.beginning import require_kept
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.tier_definition import Definition
from sidecar.sync.reading import Reading
from sidecar.sync.state import Json

#: As long as the columns.
_ACTOR, _REASON = 64, 255

#: Done with what became of it, in its transaction.
Also = Callable[[Connection, Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """
    Attributes:
        tier: Its name, in any case of letters.
        until: From when on it holds no more, in seconds since 1970; None: until it is unlocked.
        actor: Who locks; at most 64 characters are kept.
        reason: In their words; at most 255 characters are kept.
    """

    tier: str
    until: int | None
    actor: str
    reason: str


def set_lock(
    shop: Shop, book: Rulebook, customer_id: int, lock: Lock | None, moment: Moment, also: Also
) -> None:
    """
    Lock a customer in a tier, in the place of any lock before, or unlock them with None.

    Who is unlocked keeps the tier until its next review, unless a higher one is reached.

    Args:
        also: Done in the same transaction, with the customer's tier as it is then.

    Raises:
        ConfigError: There is no loyalty program.
        NotNowError: It waits to begin, or the sidecar is paused.
        UsageError: There is no such tier.
    """
    program = require_kept(shop, book)
    keeping.bring(shop, book, Scope.of([customer_id]), moment)
    posting = Posting(shop, book, program, moment)

    def write(reading: Reading, definition: Definition) -> None:
        tier = None if lock is None else _required(definition, lock.tier)
        values = {
            "lock_tier": None if tier is None else tier.name,
            "lock_until": None if lock is None else lock.until,
            "lock_actor": None if lock is None else lock.actor[:_ACTOR],
            "lock_reason": None if lock is None else lock.reason[:_REASON],
        }
        table = shop.own.loyalty.tier
        base = definition.base
        # Who has earned nothing has no row, and is in the lowest.
        first = {
            "customer_id": customer_id,
            "tier": None if base is None else base.name,
            "since": moment.epoch_s,
            "led_by": 0,
            "metric": 0,
        }
        statement = insert(table).values(**first, **values)
        if lock is None:
            here = table.c.customer_id == customer_id
            reading.tx.execute(table.update().where(here).values(**values))
        else:
            reading.tx.execute(statement.on_duplicate_key_update(**values))

    def done(tx: Connection) -> None:
        also(tx, _told(tx, shop, customer_id))

    posting.change_tier(customer_id, moment, write, done)


def _required(definition: Definition, name: str) -> Tier:
    known = {fold(tier.name): tier for tier in definition.program.tiers}
    found = known.get(fold(name))
    if found is None:
        names = [tier.name for tier in known.values()]
        hint = did_you_mean(name, names, f"there are {listing(names, 'and')}")
        raise UsageError(f"there is no tier '{name}' ({hint})")
    return found


def _told(tx: Connection, shop: Shop, customer_id: int) -> dict[str, Json]:
    table = shop.own.loyalty.tier
    query = select(table.c.tier, table.c.since, table.c.lock_tier, table.c.lock_until)
    row = tx.execute(query.where(table.c.customer_id == customer_id)).one_or_none()
    return {} if row is None else dict(row._mapping)
