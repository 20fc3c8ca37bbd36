"""
Hints: customers that the bridge says were changed, and by whom; each is consumed once.

A hint is written after what it tells of, which can be seen then; so it need not wait for the
log to tell the same, which finds nothing to do later. Where the log is first, the change is
taken for nobody's until the hint says whose it is: `HINT_WITHIN_S` of `sidecar.rules.authorship`.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.sources.source import Doorbell

#: Hints at a time; the rest follow at the next look.
_AT_ONCE = 5_000


class Hints:
    """Reads the hints of *shop*."""

    name = "hints"

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def ring(self, now_s: int) -> Doorbell:  # noqa: ARG002 as every source
        """The customers of the oldest hints, with the last actor of each."""
        hint = self._shop.own.hint
        query = select(hint.c.hint_id, hint.c.customer_id, hint.c.actor)
        with transaction(self._shop.engine) as tx:
            rows = tx.execute(query.order_by(hint.c.hint_id).limit(_AT_ONCE)).all()
        real = [row for row in rows if row.customer_id]
        ids = frozenset(int(row.customer_id) for row in real)
        return Doorbell(
            ids=ids,
            actors={int(row.customer_id): str(row.actor) for row in real if row.actor},
            sources={self.name: len(ids)} if ids else {},
            noted=[int(row.hint_id) for row in rows],
        )

    def note(self, tx: Connection, doorbell: Doorbell) -> None:
        """Delete the hints that *doorbell* came from, and no later ones."""
        hint = self._shop.own.hint
        if doorbell.noted:
            tx.execute(delete(hint).where(hint.c.hint_id.in_(doorbell.noted)))
