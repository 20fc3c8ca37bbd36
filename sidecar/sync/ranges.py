"""The whole store in ranges of customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop

#: Customers a range: about 2 MB of memory a thousand.
RANGE = 50_000

#: Told how many customers were looked at, and of how many.
Progress = Callable[[int, int], None]

_LARGEST_ID = 2**31 - 1


def ranges(shop: Shop, size: int = RANGE, first_size: int | None = None) -> Iterator[Scope]:
    """
    Scopes that together hold every id there is, each with about *size* customers of the store.

    Also ids that only our tables know: their customers were deleted from the store.

    Args:
        first_size: Of the first one, where somebody waits for it.
    """
    wanted = first_size or size
    column = shop.tables.customer.c.customer_id
    first = 1
    while True:
        # One more than wanted: with whom the next range begins, if there is one.
        part = select(column).where(column >= first).order_by(column).limit(wanted + 1).subquery()
        with transaction(shop.engine) as tx:
            row = tx.execute(select(func.count(), func.max(part.c.customer_id))).one()
        if row[0] <= wanted:
            yield Scope.span(first, _LARGEST_ID)
            return
        yield Scope.span(first, int(row[1]) - 1)
        first, wanted = int(row[1]), size


def customers_in_store(shop: Shop) -> int:
    """How many customers the store has."""
    with transaction(shop.engine) as tx:
        return int(tx.scalar(select(func.count()).select_from(shop.tables.customer)) or 0)
