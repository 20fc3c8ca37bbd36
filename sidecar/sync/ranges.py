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

#: Keys in one statement: a table of MyISAM is locked while they are counted.
_A_STEP = 10_000

_LARGEST_ID = 2**31 - 1


def ranges(shop: Shop, size: int = RANGE, first_size: int | None = None) -> Iterator[Scope]:
    """
    Scopes that together hold every id there is, each with about *size* customers of the store.

    Also ids that only our tables know: their customers were deleted from the store.

    Args:
        first_size: Of the first one, where somebody waits for it.
    """
    wanted = first_size or size
    first = 1
    while True:
        begins = _after(shop, first, wanted)
        if begins is None:
            yield Scope.span(first, _LARGEST_ID)
            return
        yield Scope.span(first, begins - 1)
        first, wanted = begins, size


def _after(shop: Shop, first: int, customers: int) -> int | None:
    """The id that comes after so many *customers* from *first* on; None: there are no more."""
    column = shop.tables.customer.c.customer_id
    found: int | None = first
    while customers and found is not None:
        step = min(customers, _A_STEP)
        query = select(column).where(column >= found).order_by(column).offset(step).limit(1)
        with transaction(shop.engine) as tx:
            found = tx.scalar(query)
        customers -= step
    return found


def customers_in_store(shop: Shop) -> int:
    """How many customers the store has."""
    with transaction(shop.engine) as tx:
        return int(tx.scalar(select(func.count()).select_from(shop.tables.customer)) or 0)


def customers_in(shop: Shop, scope: Scope) -> int:
    """How many customers the store has in a range."""
    customer = shop.tables.customer.c.customer_id
    query = select(func.count()).where(customer.between(scope.first, scope.last))
    with transaction(shop.engine) as tx:
        return int(tx.scalar(query) or 0)
