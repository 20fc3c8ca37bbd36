"""Our rows of redemptions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from sidecar.rules.loyalty.coupon_life import Life, State, Use
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.loyalty.coupons import Coupon
from sidecar.sync.reading import Reading

#: Ids in one statement.
_CHUNK = 1_000

#: Those that something may still become of, whatever others do.
_LIVE = ("making", "open", "closing", "used")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """
    Points that became a coupon.

    Attributes:
        points: How many are spent by it.
        value: What they became, in ten-thousandths of a currency unit.
        least_order: What goods must cost for the coupon to be used, in ten-thousandths.
        code: Of the coupon; whoever knows it can use it. Empty: there is none.
        coupon_id: The store's; None: not written yet.
        ends_at: From when on the coupon cannot be used; None: never.
        order_id: The order it was used for; 0: none.
        history_id: The store's row that says so; 0: none.
        used_by: The customer of that order; 0: nobody, or a guest.
        at: When it was made.
        next_at: When time alone changes it next; None: never.
    """

    redemption_id: int
    customer_id: int
    points: int
    value: int
    least_order: int
    becomes: Literal["coupon", "credit"]
    state: State
    code: str
    coupon_id: int | None
    ends_at: int | None
    order_id: int
    history_id: int
    used_by: int
    actor: str
    reason: str | None
    at: int
    next_at: int | None

    @property
    def life(self) -> Life:
        """Where its coupon stands."""
        return Life(self.state, self.ends_at, self.next_at)

    @property
    def coupon(self) -> Coupon:
        """Its coupon as it is to be written."""
        return Coupon(self.redemption_id, self.code, self.value, self.least_order, self.ends_at)

    @property
    def ours(self) -> tuple[int, str]:
        """What its coupon bears, beside its number."""
        return self.redemption_id, self.code


class RedemptionRows:
    """The rows of one installation."""

    def __init__(self, own: OwnTables) -> None:
        self._table = own.loyalty.redemption
        self._columns = [self._table.c[name] for name in Redemption.__dataclass_fields__]

    def are_there(self, tx: Connection) -> bool:
        """Whether there is one at all."""
        return tx.scalar(select(self._table.c.redemption_id).limit(1)) is not None

    def add(self, tx: Connection, command_id: int | None, **values: Any) -> int:
        """A new one; its number."""
        written = tx.execute(insert(self._table).values(command_id=command_id, **values))
        return int(written.lastrowid)

    def of_command(self, tx: Connection, command_id: int | None) -> Redemption | None:
        """What a command asked for, when it was done already."""
        if command_id is None:
            return None
        return next(self._read(tx, self._table.c.command_id == command_id), None)

    def one(self, tx: Connection, redemption_id: int) -> Redemption | None:
        """The one with that number."""
        return next(self._read(tx, self._table.c.redemption_id == redemption_id), None)

    def making(self, tx: Connection) -> list[Redemption]:
        """Those whose coupon is still to be written."""
        return list(self._read(tx, self._table.c.state == "making"))

    def live(self, reading: Reading) -> list[Redemption]:
        """Coupons of the reading's customers of which something may still become."""
        c = self._table.c
        here = reading.of(c.customer_id) & c.state.in_(_LIVE) & (c.becomes == "coupon")
        return list(self._read(reading.tx, here))

    def used_since(self, tx: Connection, shop: Shop, after: int) -> list[Redemption]:
        """Whose coupons were used in rows of the store beyond *after*, but the known uses."""
        c, history = self._table.c, shop.tables.coupon_history.c
        query = (
            select(c.redemption_id)
            .join_from(shop.tables.coupon_history, self._table, c.coupon_id == history.coupon_id)
            .where(history.coupon_history_id > after, c.history_id != history.coupon_history_id)
            .distinct()
        )
        ids = list(tx.scalars(query))
        found: list[Redemption] = []
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            found += self._read(tx, c.redemption_id.in_(part))
        return found

    def of_customer(self, tx: Connection, customer_id: int, limit: int) -> list[Redemption]:
        """All that are not over, and the last *limit* others; the newest first."""
        c = self._table.c
        newest = select(c.redemption_id).where(c.customer_id == customer_id)
        newest = newest.order_by(c.redemption_id.desc()).limit(limit)
        last = list(tx.scalars(newest))
        is_open = c.state.in_(("making", "open", "closing"))
        here = (c.customer_id == customer_id) & or_(is_open, c.redemption_id.in_(last))
        return list(self._read(tx, here))[::-1]

    def became(
        self, tx: Connection, was: Redemption, life: Life, use: Use | None, **more: Any
    ) -> bool:
        """
        Note what became of it; whether it still was as it *was*.

        Args:
            use: Of its coupon.
        """
        c = self._table.c
        here = (c.redemption_id == was.redemption_id) & (c.state == was.state)
        values = {
            "state": life.state,
            "ends_at": life.ends_at,
            "next_at": life.next_at,
            "order_id": 0 if use is None else use.order_id,
            "history_id": 0 if use is None else use.history_id,
            "used_by": 0 if use is None else use.customer_id,
        }
        return tx.execute(update(self._table).where(here).values(**values, **more)).rowcount > 0

    def quiet(self, tx: Connection, redemption_ids: Collection[int]) -> None:
        """Let time change nothing of these."""
        here = self._table.c.redemption_id.in_(redemption_ids)
        tx.execute(update(self._table).where(here).values(next_at=None))

    def _read(self, tx: Connection, where: ColumnElement[bool]) -> Iterator[Redemption]:
        query = select(*self._columns).where(where).order_by(self._table.c.redemption_id)
        for row in tx.execute(query).mappings():
            yield Redemption(**{**row, "code": row["code"] or ""})
