"""How a made-up store came to be: how large, over how long, and who buys how often."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import polars as pl

from sidecar.service.demo_store.draw import Draw

#: How long the store has been taking orders.
OPEN_FOR = datetime.timedelta(days=4 * 365)

#: Customers brought along from an older shop, as a share of all; the others registered since.
BROUGHT_ALONG = 0.15

#: Of a thousand customers so many ever mean to buy; of them a few have not come to it yet.
MEAN_TO_BUY = 740


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What the rows of one store follow from.

    Customers and orders are numbered in the order in which they came. The store grows:
    what came ``share`` of the way through the numbers came ``sqrt(share)`` of the way
    through the time.

    Attributes:
        draw: Every choice comes from it.
        customers: How many there are; at least 1.
        orders: How many there are, by customers and guests.
        start_s: When the store opened, seconds since 1970.
        now_s: Nothing is later.
    """

    draw: Draw
    customers: int
    orders: int
    start_s: int
    now_s: int

    def weights(self) -> pl.Series:
        """
        How eager each customer is to buy, summed up from the first customer on (UInt64).

        Eagerness falls off exponentially, so that the numbers of orders are spread
        geometrically; a quarter of the customers have none.
        """
        number = pl.int_range(1, self.customers + 1, dtype=pl.Int64)
        eager = -(1 - self.draw.unit("eagerness", number)).log() * 1_000_000 + 1
        buys = self.draw.chance("buys", number, MEAN_TO_BUY) | (number == 1)
        weight = pl.when(buys).then(eager).otherwise(0.0).cast(pl.UInt64)
        return pl.select(weight=weight.cum_sum())["weight"]

    def registered_s(self, customer_id: pl.Expr) -> pl.Expr:
        """When a customer registered: before any of the customer's orders."""
        share = (customer_id.cast(pl.Float64) - 1) / self.customers
        since = ((share - BROUGHT_ALONG) / (1 - BROUGHT_ALONG)).clip(0.0)
        earlier = self.draw.below("brought along", customer_id, 2 * 365 * 86_400)
        return (
            pl.when(since > 0).then(self._instant_s(since)).otherwise(self.start_s - 60 - earlier)
        )

    def ordered_s(self, order_id: pl.Expr) -> pl.Expr:
        """When an order came in."""
        place = order_id.cast(pl.Float64) - 1 + self.draw.unit("moment", order_id)
        return self._instant_s(place / self.orders)

    def buyer(self, order_id: pl.Series, weights: pl.Series) -> pl.Series:
        """
        Who placed an order (Int64): somebody registered by then.

        Args:
            weights: What ``weights`` returned.
        """
        share = (order_id.cast(pl.Float64) - 1) / self.orders
        among = ((BROUGHT_ALONG + (1 - BROUGHT_ALONG) * share) * self.customers).cast(pl.Int64)
        limit = weights.gather(among.clip(0, self.customers - 1))
        drawn = order_id.to_frame("order_id").select(
            self.draw.whole("buyer", pl.col("order_id")) % limit
        )
        return weights.search_sorted(drawn.to_series(), side="right").cast(pl.Int64) + 1

    def between(self, purpose: str, number: pl.Expr, first_s: pl.Expr) -> pl.Expr:
        """An instant between *first_s* and now."""
        span = (self.now_s - first_s).cast(pl.Float64)
        return first_s + (span * self.draw.unit(purpose, number)).cast(pl.Int64)

    def _instant_s(self, share: pl.Expr) -> pl.Expr:
        return self.start_s + ((self.now_s - self.start_s) * share.sqrt()).cast(pl.Int64)
