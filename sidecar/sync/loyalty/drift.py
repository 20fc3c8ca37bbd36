"""
Drift: where the store's own rows, the ledger and the account do not agree, and why.

Every customer's sums are compared; only of those who stand out are the rows read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl
from sqlalchemy import case, cast, func, select
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import Terms
from sidecar.shop.database import transaction
from sidecar.shop.fence import prove
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts import as_json
from sidecar.sync.loyalty import keeping, projection
from sidecar.sync.loyalty.holder import Holder, KnownCause, Unit
from sidecar.sync.loyalty.ingest import Shown, ingest
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.native_rows import NativeRow, NativeRows
from sidecar.sync.reading import WHOLE, Reading

#: ``altered``, ``beside``, ``missing``: one row · ``sum``: the store's, which no row explains ·
#: ``ledger``: our own tables · ``negative``, ``removed``: others did it, and the ledger follows ·
#: ``restored``: the store removed it by a fault of its own, and it is written again.
Kind = Literal["altered", "beside", "missing", "sum", "ledger", "negative", "removed", "restored"]

#: What can be mended, and what is no drift: it only should be seen.
MENDABLE: Final = frozenset[Kind]({"altered", "beside", "missing"})
NOTED: Final = frozenset[Kind]({"negative", "removed", "restored"})

#: Customers whose rows are read at once.
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """
    One thing that is not as it should be.

    Attributes:
        amount: As it is, in the unit of the account; of a sum, the store's.
        wanted: As it should be; of a sum, the ledger's.
        entry_id: Of the ledger; 0: it is about none.
        row: Of the store; None: it is about none, or it is not there.
        order_id: Of what is restored: the order; else 0.
    """

    unit: Unit
    kind: Kind
    customer_id: int
    amount: int
    wanted: int
    entry_id: int = 0
    row: NativeRow | None = None
    order_id: int = 0

    @property
    def text(self) -> str:
        """What is the matter, for people."""
        number = self.row.native_id if self.row is not None else 0
        amount, wanted = self.told(self.amount), self.told(self.wanted)
        match self.kind:
            case "altered":
                return f"row {number} of ours was changed from {wanted} to {amount}"
            case "beside" if self.row is not None and self.row.entry_id:
                return f"row {number} of ours, over {amount}, belongs to no entry here"
            case "beside":
                order_id = self.row.order_id if self.row is not None else 0
                return (
                    f"row {number}: others gave {amount} for order {order_id},"
                    " which the program rewards"
                )
            case "missing":
                return f"the row of {wanted} is not written yet (entry {self.entry_id})"
            case "sum":
                return f"the store's rows add up to {amount}, the ledger to {wanted}"
            case "ledger":
                return f"the ledger itself adds up to {amount}, not {wanted}"
            case "negative" if number:
                return f"{amount}: row {number} of the store spent more than there was"
            case "negative":
                return f"{amount}: more was taken back, or deducted, than there was"
            case "removed":
                return f"a row of {wanted} of ours was removed, and is revoked since"
            case "restored":
                return (
                    f"a row of {wanted} for order {self.order_id} is written again:"
                    " the store should not have removed it"
                )

    def told(self, amount: int) -> str:
        """*amount* of the unit, for people."""
        return f"{amount:,}" if self.unit == "points" else as_json.money(amount).removesuffix("00")


class DriftFinder:
    """
    Finds drift, and mends what can be.

    Args:
        book: Accounts are brought up to date by it before they are compared.

    Attributes:
        unit: Of which accounts.
    """

    def __init__(self, shop: Shop, book: Rulebook, moment: Moment, unit: Unit = "points") -> None:
        self._shop, self._book, self._moment, self.unit = shop, book, moment, unit
        self._native = NativeRows(shop, unit)

    def find(self, scope: Scope) -> list[Drift]:
        """What is not as it should be with the customers of *scope*."""
        keeping.bring(self._shop, self._book, scope, self._moment)
        with transaction(self._shop.engine) as tx:
            sums = self._sums(Reading(self._shop, tx, scope, self._moment))
        return [
            drift
            for part in sums.filter(_stands_out()).iter_slices(_BATCH)
            for drift in self._told(part)
        ]

    # -- who stands out --------------------------------------------------------------------

    def _sums(self, reading: Reading) -> pl.DataFrame:
        """Of each account what it says, and what lots, entries and the store's rows add up to."""
        own = self._shop.own
        account, lot, entry = own.loyalty.account, own.loyalty.lot, own.loyalty.entry
        names = ("customer_id", "available", "pending")
        accounts = select(*(account.c[name] for name in names)).where(
            account.c.unit == self.unit, reading.of(account.c.customer_id)
        )
        is_released, remaining = lot.c.is_released == 1, lot.c.remaining
        lots = {
            "of_lots": case((is_released, remaining), else_=0),
            "not_yet": case((is_released, 0), else_=remaining),
        }
        is_missing = entry.c.native_id.is_(None)
        is_removed = (entry.c.native_id == 0) & (entry.c.written != 0)
        entries = {
            "of_entries": entry.c.shown,
            "in_all": entry.c.amount,
            "missing": case((is_missing, 1), else_=0),
            "removed": case((is_removed, 1), else_=0),
        }
        cause = own.loyalty.cause
        restored = {
            "restored": case(((cause.c.kind == "restore") & (cause.c.posted != 0), 1), else_=0)
        }
        altered = self._native.altered(reading).with_columns(altered=pl.lit(1, dtype=WHOLE))
        found = reading.rows(accounts, dict.fromkeys(names, WHOLE))
        for frame in (
            self._added_up(reading, lot, lots),
            self._added_up(reading, entry, entries),
            self._added_up(reading, cause, restored),
            self._native.sums(reading),
            altered,
        ):
            found = found.join(frame, on="customer_id", how="left")
        return found.fill_null(0).sort("customer_id")

    def _added_up(self, reading: Reading, table: Any, columns: Mapping[str, Any]) -> pl.DataFrame:
        sums = (cast(func.sum(value), INTEGER).label(name) for name, value in columns.items())
        query = (
            select(table.c.customer_id, *sums)
            .where(table.c.unit == self.unit, reading.of(table.c.customer_id))
            .group_by(table.c.customer_id)
        )
        return reading.rows(query, dict.fromkeys(("customer_id", *columns), WHOLE))

    # -- and why ---------------------------------------------------------------------------

    def _told(self, sums: pl.DataFrame) -> Iterator[Drift]:
        ids = sums["customer_id"].to_list()
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, Scope.of(ids), self._moment)
            ledger = Ledger(reading, self.unit)
            opened = state.read(tx, self._shop.own, projection.OPENED[self.unit])
            rows = self._native.read(reading)
            shown = projection.shown(reading, ledger)
            removed = self._removed(reading, ledger)
        opened_to = opened if isinstance(opened, int) else 0
        for sum_ in sums.iter_rows(named=True):
            customer_id = sum_["customer_id"]
            yield from _of_ledger(self.unit, sum_)
            holder, theirs = ledger.holder(customer_id), rows.get(customer_id, [])
            yield from self._of_rows(holder, theirs, shown.get(customer_id, []), opened_to)
            for cause in holder.causes.values():
                if cause.key.kind == "restore" and cause.posted:
                    yield self._restored(customer_id, cause)
            for entry_id, written in removed.get(customer_id, []):
                yield Drift(
                    unit=self.unit,
                    kind="removed",
                    customer_id=customer_id,
                    amount=0,
                    wanted=written,
                    entry_id=entry_id,
                )

    def _restored(self, customer_id: int, cause: KnownCause) -> Drift:
        return Drift(
            unit=self.unit,
            kind="restored",
            customer_id=customer_id,
            amount=0,
            wanted=cause.posted,
            order_id=cause.order_id,
        )

    def _of_rows(
        self, holder: Holder, rows: Sequence[NativeRow], shown: Sequence[Shown], opened_to: int
    ) -> Iterator[Drift]:
        customer_id, at = holder.customer_id, self._moment.epoch_s
        available = holder.account.available
        spender = _overspender(holder, rows)
        found = ingest(holder, rows, shown, opened_to, at, Terms(earned_at=at))
        if holder.account.entries:
            return  # somebody was just there: what they did is no drift
        written = {one.native_id: one for one in shown if one.native_id}
        due = available
        for row in found.altered:
            ours = written[row.native_id]
            due += row.amount - ours.written
            yield Drift(
                unit=self.unit,
                kind="altered",
                customer_id=customer_id,
                amount=row.amount,
                wanted=ours.written,
                entry_id=ours.entry_id,
                row=row,
            )
        for row in found.beside:
            due += row.amount
            yield Drift(
                unit=self.unit,
                kind="beside",
                customer_id=customer_id,
                amount=row.amount,
                wanted=0,
                row=row,
            )
        missing = [one for one in shown if one.native_id is None]
        for one in missing:
            if one.entry_id not in found.written:
                due -= one.written
                yield Drift(
                    unit=self.unit,
                    kind="missing",
                    customer_id=customer_id,
                    amount=0,
                    wanted=one.written,
                    entry_id=one.entry_id,
                )
        native = sum(row.amount for row in rows)
        if native != due:
            yield Drift(
                unit=self.unit, kind="sum", customer_id=customer_id, amount=native, wanted=due
            )
        if native < 0:
            yield Drift(
                unit=self.unit,
                kind="negative",
                customer_id=customer_id,
                amount=native,
                wanted=0,
                row=spender,
            )

    def _removed(self, reading: Reading, ledger: Ledger) -> dict[int, list[tuple[int, int]]]:
        """Entries whose row somebody removed, and what it gave, while that stays revoked."""
        entry, cause = self._shop.own.loyalty.entry, self._shop.own.loyalty.cause
        names = ("customer_id", "entry_id", "written")
        query = (
            select(*(entry.c[name] for name in names))
            .join(cause, cause.c.cause_id == entry.c.cause_id)
            .where(
                entry.c.unit == ledger.unit,
                reading.of(entry.c.customer_id),
                entry.c.native_id == 0,
                entry.c.written > 0,
                cause.c.overruled == 1,
            )
        )
        found: dict[int, list[tuple[int, int]]] = {}
        rows = reading.rows(query, dict.fromkeys(names, WHOLE)).sort("entry_id")
        for customer_id, entry_id, written in rows.iter_rows():
            found.setdefault(customer_id, []).append((entry_id, written))
        return found

    # -- mending ---------------------------------------------------------------------------

    def mend(self, found: Sequence[Drift]) -> list[Drift]:
        """
        Mend what can be of what was *found*; what is left is returned.

        Altered rows get their amount back, rows beside rewarded orders are deleted, missing
        ones are written.
        """
        ids = sorted({drift.customer_id for drift in found if drift.kind in MENDABLE})
        if not ids:
            return list(found)
        with transaction(self._shop.engine) as tx:
            prove(tx)  # on MyISAM each row stands at once
            for drift in found:
                if drift.row is not None and drift.kind == "altered":
                    self._native.put_back(tx, drift.row, drift.wanted)
                elif drift.row is not None and drift.kind == "beside":
                    self._native.delete(tx, drift.row)
        projection.write_pending(self._shop, self._native, ids, self._moment)
        others = [drift for drift in found if drift.customer_id not in set(ids)]
        return [*others, *self.find(Scope.of(ids))]


def _stands_out() -> pl.Expr:
    agrees = [
        pl.col("available") == pl.col("of_lots"),
        pl.col("pending") == pl.col("not_yet"),
        pl.col("available") == pl.col("of_entries"),
        pl.col("available") + pl.col("pending") == pl.col("in_all"),
        pl.col("available") == pl.col("native"),
    ]
    is_noted = [pl.col(name) > 0 for name in ("missing", "removed", "altered", "restored")]
    return ~pl.all_horizontal(agrees) | pl.any_horizontal(is_noted) | (pl.col("native") < 0)


def _of_ledger(unit: Unit, sums: Mapping[str, int]) -> Iterator[Drift]:
    """Where the account does not say what its lots, or its entries, add up to."""
    whole = sums["available"] + sums["pending"]
    for found, wanted in (
        (sums["of_lots"], sums["available"]),
        (sums["not_yet"], sums["pending"]),
        (sums["of_entries"], sums["available"]),
        (sums["in_all"], whole),
    ):
        if found != wanted:
            customer_id = sums["customer_id"]
            yield Drift(
                unit=unit, kind="ledger", customer_id=customer_id, amount=found, wanted=wanted
            )
            return


def _overspender(holder: Holder, rows: Sequence[NativeRow]) -> NativeRow | None:
    """The last row of the store's own that took what was not there; None: no such row did."""
    debt = holder.account.debt
    owing = {
        key.source_id
        for key, cause in holder.causes.items()
        if key.kind == "native" and any(move.lot is debt for move in cause.taken)
    }
    return next((row for row in reversed(rows) if row.native_id in owing), None)
