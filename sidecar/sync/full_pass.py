"""The full pass: every customer of the store, range by range, each in bounded transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from sidecar import clock
from sidecar.model import Outcome, Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import audit
from sidecar.sync.cycle import Pass, run

#: Customers a range: about 2 MB of memory a thousand.
RANGE = 100_000

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


def run_full_pass(
    work: Pass, *, actor: str | None, progress: Progress | None = None, size: int = RANGE
) -> Outcome:
    """
    Bring every customer in line with the rules, as one audited run.

    Killed at any moment it has lost nothing: what was committed stands, and the
    next pass finds only the rest to change.
    """
    own = work.shop.own
    with transaction(work.shop.engine) as tx:
        work.run_id = audit.start_run(tx, own, "full", work.moment, actor=actor, what="full pass")
    total = customers_in_store(work.shop) if progress else 0
    outcome = Outcome()
    state = "failed"
    try:
        for scope in ranges(work.shop, size):
            outcome.add(run(work, scope))
            if progress:
                progress(min(outcome.customers, total), total)
        state = "applied"
    finally:
        with transaction(work.shop.engine) as tx:
            audit.finish_run(tx, own, work.run_id, clock.now(), state=state, outcome=outcome)
    return outcome
