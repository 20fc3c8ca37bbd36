"""The clock as a source: customers for whom time alone can have changed something."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Select, select

from sidecar.shop.database import transaction
from sidecar.shop.own_loyalty_tables import UNITS
from sidecar.shop.shop import Shop
from sidecar.sync.sources.source import Doorbell

#: Customers at a time; the rest follow at the next look.
AT_ONCE = 5_000


class Due:
    """
    Reads whose ``next_at`` has come.

    Args:
        keeps: Also accounts of which a lot is released or expires, tiers that are reviewed,
            coupons that end; only while they are kept, or nothing would move their instant.
    """

    name = "due"

    def __init__(self, shop: Shop, at_once: int = AT_ONCE, *, keeps: bool = False) -> None:
        self._shop = shop
        self._at_once = at_once
        self._keeps = keeps

    def ring(self, now_s: int) -> Doorbell:
        """
        The customers who are due longest.

        Not those set aside, whose instant no cycle can move: full passes try them again.
        """
        customer, aside = self._shop.own.customer, self._shop.own.set_aside
        query = (
            select(customer.c.customer_id)
            .outerjoin(aside, aside.c.customer_id == customer.c.customer_id)
            .where(customer.c.next_at <= now_s, aside.c.customer_id.is_(None))
            .order_by(customer.c.next_at)
            .limit(self._at_once)
        )
        with transaction(self._shop.engine) as tx:
            ids = frozenset(tx.scalars(query))
            for kept in self._kept(now_s) if self._keeps else ():
                ids |= frozenset(tx.scalars(kept))
        return Doorbell(ids=ids, sources={self.name: len(ids)} if ids else {})

    def _kept(self, now_s: int) -> Iterator[Select[tuple[int]]]:
        own = self._shop.own
        account = own.loyalty.account
        of_units = [(account, [account.c.unit == unit]) for unit in UNITS]
        for table, where in (*of_units, (own.loyalty.tier, []), (own.loyalty.redemption, [])):
            query = select(table.c.customer_id).where(*where, table.c.next_at <= now_s)
            yield query.order_by(table.c.next_at).limit(self._at_once)

    def note(self, tx: Connection, doorbell: Doorbell) -> None:
        """Nothing to write: the cycle moves ``next_at``."""
