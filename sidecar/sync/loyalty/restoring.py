"""
An order's points given back that somebody removed in the store.

Who removes a row of ours there overrules the program for that order, until a person says here
that it counts after all.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.loyalty.adjusting import ACTOR, REASON
from sidecar.sync.loyalty.beginning import NO_MARK, require_account, require_kept
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.rewarding import Rewarding


def restore(
    shop: Shop,
    book: Rulebook,
    customer_id: int,
    order_id: int,
    moment: Moment,
    *,
    actor: str,
    reason: str,
    source_id: int,
) -> int:
    """
    Let an order of a customer earn again what its rules say, once.

    Its points expire when they always would.

    Args:
        source_id: The command, so that it is done once however often it is tried.

    Returns:
        What the order has earned now.

    Raises:
        ConfigError: There is no loyalty program.
        NotNowError: It waits to begin, the sidecar is paused, or the account cannot be kept.
        UsageError: Nobody removed anything of that order's points.
    """
    program = require_kept(shop, book)
    keeping.bring(shop, book, Scope.of([customer_id]), moment)
    require_account(shop, customer_id)

    def change(_: Connection, holder: Holder, __: Rewarding) -> None:
        key = Key("adjust", source_id)
        if key in holder.causes:
            return  # it was done before a crash
        removed = [one for one in holder.earned.get(order_id, ()) if one.is_overruled]
        if not removed:
            raise UsageError(
                f"nothing of what order {order_id} earned customer {customer_id} was removed in"
                f" the store (`sidecar points show {customer_id}` says what became of it)"
            )
        for cause in removed:
            cause.is_overruled = False
        said = holder.cause(key, moment.epoch_s)
        said.actor = actor[:ACTOR]
        said.reason = f"order {order_id} given back: {reason}"[:REASON]
        holder.account.note(said)
        # So that the order is looked at, now or after a crash.
        holder.orders_mark = NO_MARK

    Posting(shop, book, program, moment).change(customer_id, moment, change)
    keeping.bring(shop, book, Scope.of([customer_id]), moment)
    return _earned(shop, customer_id, order_id)


def _earned(shop: Shop, customer_id: int, order_id: int) -> int:
    cause = shop.own.loyalty.cause
    query = select(cause.c.posted).where(
        cause.c.unit == "points",
        cause.c.kind == "earn",
        cause.c.source_id == order_id,
        cause.c.customer_id == customer_id,
    )
    with transaction(shop.engine) as tx:
        return sum(tx.scalars(query))
