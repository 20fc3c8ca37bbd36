"""
The admin's bell: each finding and each run that waits is told there, once.

What was mended and is back is told again. That it was told is kept in the transaction that
tells it, so nothing is told twice or lost.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, or_, select, update

from sidecar.errors import DatabaseRefusedError
from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.shop.notifications import add_notifications, has_notifications
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import runs, state

#: In ``sidecar_state``: the runs that wait and were told.
TOLD = "bell"

#: So many are told by themselves; of more at a time, the last says how many.
MOST = 10

_WHERE = "Customers > Sidecar > "


def tell(shop: Shop, moment: Moment) -> int:
    """
    Tell what is not told yet; returns the number of findings and runs.

    Where the store has no bell, or we may not write it (`doctor` says so), nothing is told.

    Raises:
        DatabaseUnavailableError: The same work may succeed later.
    """
    generation = shop.capabilities.generation
    if not has_notifications(generation):
        return 0
    try:
        with transaction(shop.engine) as tx:
            told = [*_findings(tx, shop.own, moment), *_runs(tx, shop.own, moment)]
            add_notifications(tx, shop.prefix, generation, _shortened(told), moment)
            return len(told)
    except DatabaseRefusedError:
        return 0


def _findings(tx: Connection, own: OwnTables, moment: Moment) -> list[tuple[str, str]]:
    """Title and text of the findings that were not told since they are open."""
    table = own.finding
    # Whoever finds again what was mended says by `first_at` that it is another time.
    untold = or_(table.c.told_at.is_(None), table.c.told_at < table.c.first_at)
    query = select(table.c.finding_id, table.c.message).where(table.c.mended_at.is_(None), untold)
    found = tx.execute(query.order_by(table.c.first_at, table.c.finding_id)).all()
    if found:
        ids = [row.finding_id for row in found]
        row = update(table).where(table.c.finding_id.in_(ids))
        tx.execute(row.values(told_at=moment.epoch_s))
    return [(f"Sidecar: {row.message}", f"{row.message} ({_WHERE}Status)") for row in found]


def _runs(tx: Connection, own: OwnTables, moment: Moment) -> list[tuple[str, str]]:
    """Title and text of the runs that wait and were not told while they do."""
    before = state.read(tx, own, TOLD)
    told = set(before) if isinstance(before, list) else set()
    waiting = {run.run_id: run.customers for run in runs.waiting(tx, own)}
    if told != waiting.keys():
        state.write(tx, own, TOLD, sorted(waiting), moment)
    return [
        (f"Sidecar: run {run_id} waits for approval", _planned(run_id, customers))
        for run_id, customers in waiting.items()
        if run_id not in told
    ]


def _planned(run_id: int, customers: int) -> str:
    whom = "1 customer" if customers == 1 else f"{customers:,} customers"
    waits = f"Run {run_id} would change {whom}, and waits to be approved or discarded."
    return f"{waits} ({_WHERE}Activity)"


def _shortened(told: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(told) <= MOST:
        return list(told)
    more = f"Sidecar: {len(told) - MOST + 1} more findings and runs"
    return [*list(told)[: MOST - 1], (more, f"{_WHERE}Status, Activity")]
