"""
Rows of store credit that the store removes by a fault of its own, and that are written again.

It removes rows by their order, never one by one, and more than it should:

* Before 4.1, an order that is not confirmed any more takes along what was given to its buyer,
  such as a refund; so do an affiliate's commission that is removed, and an edit of the order.
* With an affiliate's order, the buyer's own spend is removed with the commission, in 4.1
  already when the order is complete no more, though it stays confirmed and paid with it.

Such a row has a cause of its own in the place of what is gone: `Key("restore", row)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from sidecar.rules.loyalty.account import Terms
from sidecar.sync.loyalty.holder import Holder, Key, KnownCause
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.native_rows import NativeRow
from sidecar.sync.reading import WHOLE, Reading

#: Like a spend that the store let happen, it takes what had not expired then.
_BEFORE_ANY_EXPIRY = 0


@dataclass(frozen=True, slots=True)
class _Order:
    """
    What an order says of its rows.

    Attributes:
        is_confirmed: It counts as placed, and was paid with what its rows took.
        is_of_affiliate: A commission is paid for it.
    """

    customer_id: int
    is_confirmed: bool
    is_of_affiliate: bool


def counted(ledger: Ledger) -> dict[KnownCause, int]:
    """What rows of the store's orders give and take, before the store's rows are looked at."""
    return {
        cause: cause.posted
        for holder in ledger.holders.values()
        for key, cause in holder.causes.items()
        if key.kind == "native" and cause.order_id and cause.posted
    }


def restore(
    reading: Reading,
    ledger: Ledger,
    rows: Mapping[int, Sequence[NativeRow]],
    before: Mapping[KnownCause, int],
    terms: Terms,
) -> None:
    """
    Give and take again what the store should not have removed.

    Args:
        rows: The store's, by customer, that were just looked at.
        before: As of `counted`.
        terms: Of what is given.
    """
    holders = [ledger.holder(customer_id) for customer_id in rows]
    orders = _orders(reading, holders, before)
    for holder in holders:
        theirs = rows[holder.customer_id]
        there = {row.native_id for row in theirs}
        for key, cause in list(holder.causes.items()):
            order = orders.get(cause.order_id)
            if key.kind == "restore":
                amount = cause.posted
                if amount and not _holds(reading, holder, cause, amount, order, theirs):
                    _post(holder, cause, 0, terms)
            elif key.kind == "native" and key.source_id not in there and cause in before:
                amount = before[cause]
                if _holds(reading, holder, cause, amount, order, theirs):
                    again = holder.cause(Key("restore", key.source_id), terms.earned_at)
                    again.order_id = cause.order_id
                    _post(holder, again, amount, terms)


def _post(holder: Holder, cause: KnownCause, target: int, terms: Terms) -> None:
    at = _BEFORE_ANY_EXPIRY if target < cause.posted else terms.earned_at
    holder.post(cause, target, at, terms)


def _holds(
    reading: Reading,
    holder: Holder,
    cause: KnownCause,
    amount: int,
    order: _Order | None,
    rows: Iterable[NativeRow],
) -> bool:
    """Whether a row over *amount* that is gone is one that the store should have kept."""
    if order is None or order.customer_id != holder.customer_id:
        return False  # a commission of somebody else's order is
    same = [row.amount for row in rows if row.order_id == cause.order_id and not row.entry_id]
    if amount < 0:  # confirmed anew, it is taken by a row of its own
        is_again = any(other < 0 for other in same)
        return order.is_of_affiliate and order.is_confirmed and not is_again
    by_order = order.is_of_affiliate or reading.shop.capabilities.generation != "4.1"
    return by_order and amount not in same


def _orders(
    reading: Reading, holders: Iterable[Holder], before: Mapping[KnownCause, int]
) -> dict[int, _Order]:
    """The orders that causes name of which it matters, by number."""
    ids = {
        cause.order_id
        for holder in holders
        for key, cause in holder.causes.items()
        if cause.order_id and (key.kind == "restore" or (cause in before and not cause.posted))
    }
    if not ids:
        return {}
    shop, order = reading.shop, reading.shop.tables.order
    names = ("order_id", "customer_id", "order_status_id", "affiliate_id")
    query = select(*(order.c[name] for name in names)).where(order.c.order_id.in_(sorted(ids)))
    confirmed = shop.settings.complete | shop.settings.processing
    found = reading.rows_here(query, dict.fromkeys(names, WHOLE)).fill_null(0)
    return {
        order_id: _Order(customer_id, status in confirmed, bool(affiliate_id))
        for order_id, customer_id, status, affiliate_id in found.iter_rows()
    }
