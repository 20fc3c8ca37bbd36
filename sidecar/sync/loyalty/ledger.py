"""
The ledger: accounts of some customers from our tables, and what became of them back.

Only who leads writes here, one batch of customers in a transaction; so numbers are given
before the rows are written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Table, func, select, update

from sidecar.errors import CustomerError
from sidecar.rules.loyalty.account import NEVER, Account, Cause, Entry, Lot, Move
from sidecar.sync.loyalty.holder import Holder, Key, KnownCause, Posted, Unit
from sidecar.sync.reading import TEXT, WHOLE, Reading
from sidecar.sync.values import insert

#: ``BIGINT`` holds no more, either side of 0.
_MOST = 2**63 - 1


class Ledger:
    """
    The accounts of a reading's customers in one unit.

    Args:
        reading: In whose transaction they are written too.

    Attributes:
        holders: By customer; also of those who have no account yet, as far as `holder` was
            asked for them.
    """

    def __init__(self, reading: Reading, unit: Unit) -> None:
        self._reading, self._tables, self.unit = reading, reading.shop.own.loyalty, unit
        self.holders: dict[int, Holder] = {}
        self._causes: dict[int, KnownCause] = {}
        self._lots: dict[int, Lot] = {}
        self._was: dict[Cause | Lot | int, tuple[object, ...]] = {}
        self._load()

    def holder(self, customer_id: int) -> Holder:
        """The account of *customer_id*; a new one when there is none."""
        found = self.holders.get(customer_id)
        if found is None:
            found = self.holders[customer_id] = Holder(customer_id, Account())
        return found

    def cause(self, cause_id: int) -> KnownCause:
        """The one with that number."""
        return self._causes[cause_id]

    # -- from our tables -------------------------------------------------------------------

    def _load(self) -> None:
        columns = ("customer_id", "orders_mark", "native_mark")
        for customer_id, orders_mark, native_mark in self._rows(self._tables.account, *columns):
            holder = self.holder(customer_id)
            holder.is_new = False
            holder.orders_mark, holder.native_mark = orders_mark, native_mark
        taken = self._load_causes()
        self._load_lots()
        for cause, lots in taken:
            cause.taken = [Move(self._lots[lot], amount) for lot, amount in lots]
        for holder in self.holders.values():
            owing = [
                cause
                for cause in self._causes_of(holder)
                if any(move.lot is holder.account.debt for move in cause.taken)
            ]
            holder.account = Account(holder.account.lots, holder.account.debt, owing)
        for cause in self._causes.values():
            self._was[cause] = _state_of_cause(cause)
        for lot in self._lots.values():
            self._was[lot] = _state_of_lot(lot)

    def _load_causes(self) -> list[tuple[KnownCause, list[tuple[int, int]]]]:
        columns = ("cause_id", "customer_id", "kind", "source_id", "earner_id", "posted")
        taken = []
        rows = self._rows(self._tables.cause, *columns, "overruled", "taken", "at", "order_id")
        for cause_id, customer_id, *key, posted, overruled, lots, at, order_id in rows:
            cause = self.holder(customer_id).cause(Key(*key), at)
            cause.cause_id = cause.age = cause_id
            cause.posted, cause.is_overruled = posted, bool(overruled)
            cause.order_id = order_id
            self._causes[cause_id] = cause
            taken.append((cause, json.loads(lots)))
        return taken

    def _load_lots(self) -> None:
        columns = ("lot_id", "customer_id", "cause_id", "remaining", "earned_at", "available_at")
        rows = self._rows(self._tables.lot, *columns, "expires_at", "is_released")
        for lot_id, customer_id, cause_id, remaining, earned, available, expires, released in rows:
            account = self.holder(customer_id).account
            if cause_id is None:
                lot = account.debt
            else:
                cause = self._causes[cause_id]
                lot = cause.own = Lot(cause)
                account.lots.append(lot)
            lot.lot_id, lot.remaining = lot_id, remaining
            lot.earned_at, lot.available_at = earned, available
            lot.expires_at = NEVER if expires is None else expires
            lot.is_released = bool(released)
            self._lots[lot_id] = lot

    def _rows(self, table: Table, *columns: str) -> Iterator[tuple[Any, ...]]:
        """*columns* of the customers' rows, in the order in which they were first written."""
        texts = ("kind", "taken")
        query = select(*(table.c[name] for name in columns)).where(
            table.c.unit == self.unit, self._reading.of(table.c.customer_id)
        )
        schema = {name: TEXT if name in texts else WHOLE for name in columns}
        return self._reading.rows(query, schema).sort(columns[0]).iter_rows()

    @staticmethod
    def _causes_of(holder: Holder) -> Iterator[KnownCause]:
        yield from holder.causes.values()
        yield from holder.others

    # -- and back --------------------------------------------------------------------------

    def posted(self) -> list[Posted]:
        """The entries that are about to be written, numbered."""
        first = self._next(self._tables.entry) if any(self._new_entries()) else 0
        return [
            Posted(holder, entry, first + number)
            for number, (holder, entry) in enumerate(self._new_entries())
        ]

    def _new_entries(self) -> Iterator[tuple[Holder, Entry]]:
        for holder in self.holders.values():
            for entry in holder.account.entries:
                yield holder, entry

    def require_room(self) -> None:
        """
        Make sure that what became of the accounts can be written.

        Raises:
            CustomerError: A number of a customer's does not fit our columns.
        """
        for holder in self.holders.values():
            account = holder.account
            numbers = [account.available, account.pending]
            numbers += [entry.amount for entry in account.entries]
            numbers += [lot.remaining for lot in _lots_of(holder)]
            numbers += [cause.posted for cause in self._causes_of(holder)]
            if max(map(abs, numbers)) > _MOST:
                raise CustomerError(
                    f"{max(numbers, key=abs)} {self.unit} of customer {holder.customer_id}"
                    " are more than 64 bits hold"
                )

    def save(self, posted: Sequence[Posted], at: int) -> None:
        """
        Write what became of the accounts, and *posted*.

        Args:
            at: When, in seconds since 1970.
        """
        self._number()
        insert(self._reading.tx, self._tables.entry, self._entries(posted, at), strict=True)
        insert(self._reading.tx, self._tables.move, _moves(posted), strict=True)
        self._save_causes()
        self._save_lots()
        self._save_accounts()
        for holder in self.holders.values():
            holder.account.entries.clear()

    def _number(self) -> None:
        tables = self._tables
        causes = [c for h in self.holders.values() for c in self._causes_of(h) if not c.cause_id]
        causes = [cause for cause in causes if cause.age]  # nothing was posted for the others
        for number, cause in enumerate(causes, self._next(tables.cause) if causes else 0):
            cause.cause_id = number
            self._causes[number] = cause
        lots = [lot for h in self.holders.values() for lot in _lots_of(h) if not lot.lot_id]
        for number, lot in enumerate(lots, self._next(tables.lot) if lots else 0):
            lot.lot_id = number
            self._lots[number] = lot

    def _next(self, table: Table) -> int:
        key = next(iter(table.primary_key.columns))
        return int(self._reading.tx.scalar(select(func.max(key))) or 0) + 1

    def _entries(self, posted: Sequence[Posted], at: int) -> pl.DataFrame:
        rows = [
            (
                one.entry_id, self.unit, one.holder.customer_id, one.cause.cause_id,
                one.entry.kind, one.entry.amount, one.entry.shown, one.written, one.native_id, at,
            )
            for one in posted
        ]  # fmt: skip
        return _frame(self._tables.entry, rows)

    def _save_causes(self) -> None:
        rows, said = [], []
        for holder in self.holders.values():
            for cause in self._causes_of(holder):
                if not cause.cause_id or self._was.get(cause) == _state_of_cause(cause):
                    continue
                taken = json.dumps([[move.lot.lot_id, move.amount] for move in cause.taken])
                rows.append((
                    cause.cause_id, self.unit, holder.customer_id, *cause.key,
                    cause.posted, int(cause.is_overruled), taken, cause.at, cause.order_id,
                ))  # fmt: skip
                if cause not in self._was and (cause.actor or cause.reason):
                    said.append(cause)
                self._was[cause] = _state_of_cause(cause)
        table = self._tables.cause
        frame = _frame(table, rows, without=("actor", "reason"))
        insert(self._reading.tx, table, frame, update=("posted", "overruled", "taken"))
        for cause in said:
            words = {"actor": cause.actor or None, "reason": cause.reason or None}
            here = table.c.cause_id == cause.cause_id
            self._reading.tx.execute(update(table).where(here).values(**words))

    def _save_lots(self) -> None:
        rows = []
        for holder in self.holders.values():
            for lot in _lots_of(holder):
                if self._was.get(lot) == _state_of_lot(lot):
                    continue
                is_debt = lot is holder.account.debt
                rows.append((
                    lot.lot_id, self.unit, holder.customer_id,
                    None if is_debt else lot.cause.cause_id, lot.remaining, lot.earned_at,
                    lot.available_at, None if lot.expires_at == NEVER else lot.expires_at,
                    int(lot.is_released),
                ))  # fmt: skip
                self._was[lot] = _state_of_lot(lot)
        changing = ("remaining", "expires_at", "is_released")
        insert(self._reading.tx, self._tables.lot, _frame(self._tables.lot, rows), update=changing)

    def _save_accounts(self) -> None:
        rows = [
            (
                self.unit, holder.customer_id, holder.account.available, holder.account.pending,
                holder.orders_mark, holder.native_mark,
                holder.account.next_at,
            )
            for holder in self.holders.values()
        ]  # fmt: skip
        table = self._tables.account
        frame = _frame(table, rows)
        names = [name for name in frame.columns if name not in ("unit", "customer_id")]
        insert(self._reading.tx, table, frame, update=names)


def _lots_of(holder: Holder) -> Iterator[Lot]:
    yield from holder.account.lots
    debt = holder.account.debt
    moves = (move for entry in holder.account.entries for move in entry.moves)
    # Also one that was made and paid since.
    if debt.lot_id or debt.remaining or any(move.lot is debt for move in moves):
        yield debt


def _state_of_cause(cause: KnownCause) -> tuple[object, ...]:
    return (cause.posted, cause.is_overruled, *((m.lot, m.amount) for m in cause.taken))


def _state_of_lot(lot: Lot) -> tuple[object, ...]:
    return lot.remaining, lot.expires_at, lot.is_released


def _moves(posted: Sequence[Posted]) -> pl.DataFrame:
    rows = []
    for one in posted:
        amounts: dict[int, int] = {}
        for move in one.entry.moves:
            amounts[move.lot.lot_id] = amounts.get(move.lot.lot_id, 0) + move.amount
        rows += [(one.entry_id, lot_id, amount) for lot_id, amount in amounts.items() if amount]
    names = ("entry_id", "lot_id", "amount")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, WHOLE), orient="row")


def _frame(
    table: Table, rows: Sequence[tuple[Any, ...]], without: Collection[str] = ()
) -> pl.DataFrame:
    """*rows* with the columns of *table* but those *without*."""
    texts = ("unit", "kind", "taken")
    names = [column.name for column in table.columns if column.name not in without]
    schema = {name: TEXT if name in texts else WHOLE for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row")
