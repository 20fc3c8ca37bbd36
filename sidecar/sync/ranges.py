"""The whole store in ranges of customers, and what is found in each, read ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import func, select

from sidecar.model import Scope
from sidecar.rules.plan import Changes
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.cycle import Pass, look

#: Customers a range: about 2 MB of memory a thousand.
RANGE = 50_000

#: Ranges in memory at a time: one is read while another is computed.
_AHEAD = 2

#: Told how many customers were looked at, and of how many.
Progress = Callable[[int, int], None]

_LARGEST_ID = 2**31 - 1


def ranges(shop: Shop, size: int = RANGE) -> Iterator[Scope]:
    """
    Scopes that together hold every id there is, each with about *size* customers of the store.

    Also ids that only our tables know: their customers were deleted from the store.
    """
    column = shop.tables.customer.c.customer_id
    first = 1
    while True:
        part = select(column).where(column >= first).order_by(column).limit(size).subquery()
        with transaction(shop.engine) as tx:
            row = tx.execute(select(func.count(), func.max(part.c.customer_id))).one()
        if row[0] < size:
            yield Scope.span(first, _LARGEST_ID)
            return
        yield Scope.span(first, int(row[1]))
        first = int(row[1]) + 1


def customers_in_store(shop: Shop) -> int:
    """How many customers the store has."""
    with transaction(shop.engine) as tx:
        return int(tx.scalar(select(func.count()).select_from(shop.tables.customer)) or 0)


def looked_ahead(
    work: Pass, scopes: Iterable[Scope]
) -> Iterator[tuple[Scope, Future[tuple[int, Changes]]]]:
    """
    Each of *scopes* with what is found there; the next is read while one is computed and written.

    The bulk reader lets one statement run at a time, so the store's server notices
    no difference.
    """

    def look_alone(scope: Scope) -> tuple[int, Changes]:
        with transaction(work.shop.engine) as tx:
            return look(work, tx, scope)

    waiting: deque[tuple[Scope, Future[tuple[int, Changes]]]] = deque()
    with ThreadPoolExecutor(_AHEAD, "look") as pool:
        for scope in scopes:
            waiting.append((scope, pool.submit(look_alone, scope)))
            if len(waiting) == _AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
