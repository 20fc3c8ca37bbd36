"""
What is the same for the accounts of every unit: what others did to the store's own rows comes
in, and who cannot be kept is set apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl
from sqlalchemy import update

from sidecar.errors import CustomerError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import Terms
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import findings, state
from sidecar.sync.loyalty import projection
from sidecar.sync.loyalty.holder import Unit
from sidecar.sync.loyalty.ingest import ingest
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.native_findings import REFUSED, whose
from sidecar.sync.loyalty.native_rows import NativeRow, NativeRows, mark
from sidecar.sync.reading import Reading

#: Customers in one transaction.
BATCH = 1_000

#: What cannot be kept, for people.
_REFUSED: Mapping[Unit, tuple[str, str]] = {
    "points": ("the points", "are left as they are"),
    "credit": ("the store credit", "is left as it is"),
}


class Accounts:
    """
    The accounts of one *unit* in one store.

    Args:
        moment: When they were opened first, unless they are already.
        trial: That they are opened is not noted.

    Attributes:
        native: The store's own rows of it.
        opened_to: Up to which of them everything was there before.
    """

    def __init__(self, shop: Shop, unit: Unit, moment: Moment, *, trial: bool = False) -> None:
        self.unit, self.native, self._shop = unit, NativeRows(shop, unit), shop
        self.opened_to = self._open(moment, trial=trial)

    def _open(self, moment: Moment, *, trial: bool) -> int:
        name = projection.OPENED[self.unit]
        with transaction(self._shop.engine) as tx:
            opened = state.read(tx, self._shop.own, name)
            if opened is None:
                opened = self.native.last(tx)
                if not trial:
                    state.write(tx, self._shop.own, name, opened, moment)
        assert isinstance(opened, int)  # noqa: S101 - as it was written
        return opened

    def bring_each(
        self, due: pl.DataFrame, moment: Moment, bring: Callable[[pl.DataFrame, Moment], int]
    ) -> int:
        """
        *bring* the customers who are *due*, a batch at a time; the number of their entries.

        A customer whose account cannot be kept is left as it is, and said.
        """
        return sum(self._brought(part, moment, bring) for part in due.iter_slices(BATCH))

    def _brought(
        self, due: pl.DataFrame, moment: Moment, bring: Callable[[pl.DataFrame, Moment], int]
    ) -> int:
        try:
            return bring(due, moment)
        except CustomerError as error:
            half = due.height // 2
            if half:
                parts = due.head(half), due.tail(-half)
                return sum(self._brought(part, moment, bring) for part in parts)
            self._refuse(due["customer_id"].item(), error, moment)
            return 0

    def _refuse(self, customer_id: int, error: CustomerError, moment: Moment) -> None:
        account, what = self._shop.own.loyalty.account, _REFUSED[self.unit]
        theirs = (account.c.unit == self.unit) & (account.c.customer_id == customer_id)
        with transaction(self._shop.engine) as tx:
            # Time alone does not help.
            tx.execute(update(account).where(theirs).values(next_at=None))
            if self.unit == "points":
                tier = self._shop.own.loyalty.tier
                here = tier.c.customer_id == customer_id
                tx.execute(update(tier).where(here).values(next_at=None))
            findings.raise_finding(
                tx,
                self._shop.own,
                REFUSED,
                whose(self.unit, customer_id),
                f"{what[0]} of customer {customer_id} {what[1]}: {error}",
                moment,
            )

    def ingest(
        self, reading: Reading, ledger: Ledger, ids: Sequence[int], terms: Terms
    ) -> Mapping[int, Sequence[NativeRow]]:
        """
        Bring what others did to the store's rows of the customers *ids* into *ledger*.

        Args:
            terms: Of what others give.

        Returns:
            These rows, by customer.
        """
        if not ids:
            return {}
        at = reading.moment.epoch_s
        few = Reading(self._shop, reading.tx, Scope.of(ids), reading.moment)
        rows = self.native.read(few)
        shown = projection.shown(few, ledger)
        for customer_id in ids:
            holder = ledger.holder(customer_id)
            theirs = rows.get(customer_id, [])
            found = ingest(holder, theirs, shown.get(customer_id, []), self.opened_to, at, terms)
            projection.note(reading, found)
            holder.is_altered, holder.is_beside = bool(found.altered), bool(found.beside)
            holder.rewritten = len(found.again)
            holder.native_mark = sum(mark(row.native_id, row.amount) for row in theirs)
        return rows
