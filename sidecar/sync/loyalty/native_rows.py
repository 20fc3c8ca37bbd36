"""
The store's own rows of points and credit: ``customer_reward`` and ``customer_transaction``.

A row of ours bears the number of its entry at the end of its description, which the customer
sees too. Everything else was written by the store or by a person.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    case,
    cast,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.mysql import INTEGER

from sidecar.errors import CustomerError
from sidecar.model import MONEY_SCALE, Moment
from sidecar.shop.shop import Shop
from sidecar.sync.loyalty.holder import Unit
from sidecar.sync.reading import WHOLE, Reading
from sidecar.sync.values import insert

#: Around the number of an entry, at the end of a description.
_BEGINS, _ENDS = "[sidecar:", "]"

#: ``customer_reward.points`` holds no more, either side of 0.
MOST_POINTS = 2**31 - 1

#: ``DECIMAL(15,4)``.
_MOST_CREDIT = 10**15 - 1


@dataclass(frozen=True, slots=True)
class NativeRow:
    """
    Attributes:
        native_id: Its number.
        order_id: The order it names; 0: none.
        amount: In the unit of the account.
        entry_id: Which entry of ours it says it shows; 0: none.
    """

    native_id: int
    order_id: int
    amount: int
    entry_id: int


@dataclass(frozen=True, slots=True)
class NewRow:
    """
    A row to be written for an entry of ours.

    Attributes:
        order_id: The order it names; 0: none.
        amount: In the unit of the account.
        text: What the customer reads; ASCII without quotes and backslashes.
    """

    customer_id: int
    entry_id: int
    order_id: int
    amount: int
    text: str


def mark(native_id: int, amount: int) -> int:
    """A fingerprint of a row; those of a customer's rows are added up."""
    return zlib.crc32(f"{native_id}:{amount}".encode("ascii"))


class NativeRows:
    """
    The rows of one *unit* in one store.

    Attributes:
        is_transactional: What is written can be rolled back.
    """

    def __init__(self, shop: Shop, unit: Unit) -> None:
        tables = shop.tables
        self.unit, self._shop = unit, shop
        self._table: Table = tables.customer_reward
        self._amount: ColumnElement[Any] = self._table.c.points
        if unit == "credit":
            self._table = tables.customer_transaction
            self._amount = cast(self._table.c.amount * MONEY_SCALE, INTEGER)
        self.is_transactional = self._table.name.lower() not in shop.key_blocks.locked
        # Upgraded stores may lack one.
        self._amount = func.coalesce(self._amount, 0)
        self._id: Column[int] = next(iter(self._table.primary_key.columns))
        # What a person typed there may be anything.
        description = self._table.c.description
        is_ours = description.regexp_match(r"\[sidecar:[0-9]{1,18}\]$")
        number = func.substring_index(func.substring_index(description, _BEGINS, -1), _ENDS, 1)
        self._entry_id = case((is_ours, cast(number, INTEGER)), else_=0)

    def last(self, tx: Connection) -> int:
        """The number of the newest row; 0: there is none."""
        return int(tx.scalar(select(func.max(self._id))) or 0)

    def marks(self, reading: Reading) -> pl.DataFrame:
        """``customer_id`` and ``native_mark``, as of `mark`, of the reading's customers."""
        c = self._table.c
        # Only what our index has.
        said = func.concat_ws(":", self._id, self._amount)
        total = cast(func.sum(func.crc32(said)), INTEGER).label("native_mark")
        query = select(c.customer_id, total).group_by(c.customer_id)
        schema = {"customer_id": WHOLE, "native_mark": WHOLE}
        found = reading.rows_of(query, schema, c.customer_id)
        return found.group_by("customer_id").agg(pl.col("native_mark").sum())

    def sums(self, reading: Reading) -> pl.DataFrame:
        """``customer_id`` and ``native``, what the rows of each of the reading's add up to."""
        c = self._table.c
        total = cast(func.sum(self._amount), INTEGER).label("native")
        query = select(c.customer_id, total).group_by(c.customer_id)
        schema = {"customer_id": WHOLE, "native": WHOLE}
        found = reading.rows_of(query, schema, c.customer_id)
        return found.group_by("customer_id").agg(pl.col("native").sum())

    def altered(self, reading: Reading) -> pl.DataFrame:
        """``customer_id`` of those with a row of ours that has another amount than we wrote."""
        entry = self._shop.own.loyalty.entry
        query = (
            select(self._table.c.customer_id)
            .join(entry, entry.c.native_id == self._id)
            .where(entry.c.unit == self.unit, self._amount != entry.c.written)
        )
        return reading.rows_of(query, {"customer_id": WHOLE}, self._table.c.customer_id).unique()

    def read(self, reading: Reading) -> dict[int, list[NativeRow]]:
        """The rows of each of the reading's customers, in the order in which they were written."""
        c = self._table.c
        query = select(
            self._id.label("native_id"),
            c.customer_id,
            c.order_id,
            self._amount.label("amount"),
            self._entry_id.label("entry_id"),
        )
        schema = dict.fromkeys(
            ("native_id", "customer_id", "order_id", "amount", "entry_id"), WHOLE
        )
        frame = reading.rows_of(query, schema, c.customer_id).sort("native_id")
        found: dict[int, list[NativeRow]] = {}
        for native_id, customer_id, order_id, amount, entry_id in frame.iter_rows():
            row = NativeRow(native_id, order_id, amount, entry_id)
            found.setdefault(customer_id, []).append(row)
        return found

    def require_room(self, rows: Sequence[NewRow]) -> None:
        """
        Make sure that *rows* can be written.

        Raises:
            CustomerError: An amount does not fit the column.
        """
        most = MOST_POINTS if self.unit == "points" else _MOST_CREDIT
        for row in rows:
            if abs(row.amount) > most:
                raise CustomerError(
                    f"{row.amount} {self.unit} of customer {row.customer_id} do not fit a row"
                )

    def write(self, tx: Connection, rows: Sequence[NewRow], moment: Moment) -> Mapping[int, int]:
        """
        Write *rows*, for which there is room.

        Returns:
            The number of each row by its entry's.
        """
        if not rows:
            return {}
        last = self.last(tx)
        insert(tx, self._table, self._frame(rows, moment), strict=True)
        found = tx.execute(select(self._entry_id, self._id).where(self._id > last)).all()
        wanted = {row.entry_id for row in rows}
        return {entry_id: native_id for entry_id, native_id in found if entry_id in wanted}

    def put_back(self, tx: Connection, row: NativeRow, amount: int) -> bool:
        """Give *row* the *amount* again, unless it is another by now; whether it has it."""
        here = (self._id == row.native_id) & (self._amount == row.amount)
        column = "amount" if self.unit == "credit" else "points"
        value = _money(amount) if self.unit == "credit" else amount
        return tx.execute(update(self._table).where(here).values({column: value})).rowcount > 0

    def delete(self, tx: Connection, row: NativeRow) -> bool:
        """Delete *row*, unless it is another by now; whether it is gone."""
        here = (self._id == row.native_id) & (self._amount == row.amount)
        return tx.execute(delete(self._table).where(here)).rowcount > 0

    def _frame(self, rows: Sequence[NewRow], moment: Moment) -> pl.DataFrame:
        local = moment.now.astimezone(self._shop.settings.zone)
        at = local.strftime("%Y-%m-%d %H:%M:%S")
        is_credit = self.unit == "credit"
        values = [
            (
                row.customer_id,
                row.order_id,
                f"{row.text} {_BEGINS}{row.entry_id}{_ENDS}",
                _money(row.amount) if is_credit else str(row.amount),
                at,
            )
            for row in rows
        ]
        names = ("customer_id", "order_id", "description", "amount" if is_credit else "points")
        return pl.DataFrame(values, schema=[*names, "date_added"], orient="row")


def _money(amount: int) -> str:
    sign, whole = "-" if amount < 0 else "", abs(amount)
    return f"{sign}{whole // MONEY_SCALE}.{whole % MONEY_SCALE:04}"
