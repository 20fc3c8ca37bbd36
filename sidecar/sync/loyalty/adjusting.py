"""Points by hand: what a person gives to one customer, or takes away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import Account
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.beginning import require_account, require_kept
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.native_rows import MOST_POINTS
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.rewarding import Rewarding

#: As long as the columns.
ACTOR, REASON = 64, 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """
    Attributes:
        points: Above 0 they are given, below 0 taken.
        actor: Who asks for it; at most 64 characters are kept.
        reason: In their words; at most 255 characters are kept.
        source_id: The command, so that it is done once however often it is tried; None: no
            command asked for it.
        into_debt: Whether more may be taken than is available.
    """

    points: int
    actor: str
    reason: str
    source_id: int | None = None
    into_debt: bool = False


def adjust(
    shop: Shop,
    book: Rulebook,
    customer_id: int,
    adjustment: Adjustment,
    moment: Moment,
    also: Callable[[Connection, Account], None],
) -> None:
    """
    Give points to a customer or take them, once, after bringing the account up to date.

    What is taken expires soonest; what is given expires as if it were earned now.

    Args:
        also: Done in the same transaction, with the account as it is then.

    Raises:
        ConfigError: There is no loyalty program.
        NotNowError: It waits to begin, the sidecar is paused, or the account cannot be kept.
        UsageError: There are not so many points, or they are more than the store can hold.
    """
    program = require_kept(shop, book)
    if abs(adjustment.points) > MOST_POINTS:
        raise UsageError(f"the store holds no more than {MOST_POINTS:,} points in a row")
    keeping.bring(shop, book, Scope.of([customer_id]), moment)
    require_account(shop, customer_id)

    def change(tx: Connection, holder: Holder, rewarding: Rewarding) -> None:
        key = Key("adjust", adjustment.source_id)
        # One that was done before a crash stays as it is: what it gave may be revoked since.
        if adjustment.source_id is None or key not in holder.causes:
            if adjustment.points < 0 and not adjustment.into_debt:
                _refuse_debt(holder, -adjustment.points)
            at = moment.epoch_s
            cause = holder.cause(key, at)
            cause.actor, cause.reason = adjustment.actor[:ACTOR], adjustment.reason[:REASON]
            terms = rewarding.terms(at, at, is_pending=False)
            holder.account.post(cause, adjustment.points, at, terms)
        also(tx, holder.account)

    Posting(shop, book, program, moment).change(customer_id, moment, change)


def _refuse_debt(holder: Holder, points: int) -> None:
    available = holder.account.available
    if points > available:
        has = f"has {available:,} points available" if available >= 0 else "owes points already"
        raise UsageError(
            f"customer {holder.customer_id} {has}, so {points:,} cannot be taken"
            " (--into-debt takes them all the same: what is missing is owed)"
        )
