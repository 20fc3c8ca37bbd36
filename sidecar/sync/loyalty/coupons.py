"""
The store's own coupons that points became: ``coupon``, and in which orders they were used.

A coupon of ours bears its redemption's number in its name, and its code is known to whoever was
told it only. The store asks a coupon's dates when it is put on an order, and only whether it is
switched on and unused when that order is paid. So a coupon that ended can still be paid with by
who had it on an order already, and one that is switched off cannot be used at all.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from sidecar.model import MONEY_SCALE, Moment
from sidecar.rules.loyalty.coupon_life import Use
from sidecar.shop.fence import prove
from sidecar.shop.shop import Shop
from sidecar.sync.reading import in_utf8

#: Letters and digits that nobody takes for one another; there are 31.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

#: Of them in a code, four times four: 79 bits, and with dashes 19 of the column's 20 characters.
_PARTS, _LETTERS = 4, 4

#: The store means by it that there is none.
_NO_DAY = "0000-00-00"

#: Ids in one statement.
_CHUNK = 1_000

#: ``another``: the store gave the number to a coupon of somebody else.
Standing = Literal["on", "off", "another"]


@dataclass(frozen=True, slots=True)
class Coupon:
    """
    A coupon as it is to be written.

    Attributes:
        redemption_id: Whose it is.
        value: In ten-thousandths of a currency unit.
        least_order: What goods must cost, in ten-thousandths.
        ends_at: From when on it cannot be used; the first instant of a day of the store's. None:
            never.
    """

    redemption_id: int
    code: str
    value: int
    least_order: int
    ends_at: int | None


def new_code() -> str:
    """A code that nobody guesses."""
    parts = ("".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_PARTS))
    return "-".join(parts)


class Coupons:
    """The coupons of one store."""

    def __init__(self, shop: Shop) -> None:
        self._shop, tables = shop, shop.tables
        self._coupon, self._history = tables.coupon, tables.coupon_history

    def is_taken(self, tx: Connection, code: str) -> bool:
        """Whether the store has a coupon with that *code*."""
        here = self._coupon.c.code == code
        return tx.scalar(select(self._coupon.c.coupon_id).where(here).limit(1)) is not None

    def last_use(self, tx: Connection) -> int:
        """The number of the newest row that says that a coupon was used; 0: there is none."""
        return int(tx.scalar(select(func.max(self._history.c.coupon_history_id))) or 0)

    # -- writing ---------------------------------------------------------------------------

    def find(self, tx: Connection, coupon: Coupon) -> int | None:
        """The id of *coupon*; None: it is not written."""
        c = self._coupon.c
        here = (c.code == coupon.code) & (c.name == _name(coupon.redemption_id))
        return tx.scalar(select(c.coupon_id).where(here).order_by(c.coupon_id).limit(1))

    def write(self, tx: Connection, coupon: Coupon, moment: Moment) -> int:
        """
        Write *coupon*; its id.

        Raises:
            FencedError: Another sidecar leads, and nothing was written.
        """
        zone = self._shop.settings.zone
        now = moment.now.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        ends = coupon.ends_at
        day = None if ends is None else datetime.datetime.fromtimestamp(ends, zone).date()
        row = {
            "name": _name(coupon.redemption_id),
            "code": coupon.code,
            "type": "F",
            "discount": _money(coupon.value),
            "logged": 1,
            "shipping": 0,
            "total": _money(coupon.least_order),
            "date_start": _NO_DAY,
            # The store's coupon is over when this day begins.
            "date_end": _NO_DAY if day is None else day.isoformat(),
            "uses_total": 1,
            "uses_customer": 1,
            "status": 1,
            "date_added": now,
        }
        prove(tx)  # on MyISAM nothing takes it back
        written = tx.execute(insert(self._coupon).values(row))
        return int(written.lastrowid)

    def end(self, tx: Connection, coupon_id: int, ours: tuple[int, str], moment: Moment) -> None:
        """Let the coupon be put on no new order; who has it on one already can pay with it."""
        prove(tx)
        here, day = self._is_ours(coupon_id, ours), moment.today.isoformat()
        tx.execute(update(self._coupon).where(here).values(date_end=day))

    def switch(self, tx: Connection, coupon_id: int, ours: tuple[int, str], *, on: bool) -> None:
        """
        Switch the coupon *on* or off, where it is still ours.

        Args:
            ours: The redemption and the code that it bears.
        """
        prove(tx)
        here = self._is_ours(coupon_id, ours)
        tx.execute(update(self._coupon).where(here).values(status=int(on)))

    def _is_ours(self, coupon_id: int, ours: tuple[int, str]) -> ColumnElement[bool]:
        # The store gives a number anew when it was the last one: then the rest is another.
        c, (redemption_id, code) = self._coupon.c, ours
        return (c.coupon_id == coupon_id) & ((c.code == code) | (c.name == _name(redemption_id)))

    # -- what became of them ---------------------------------------------------------------

    def standing(self, tx: Connection, ours: Mapping[int, tuple[int, str]]) -> dict[int, Standing]:
        """
        Where coupons stand that are in the store, by id.

        Args:
            ours: By id, the redemption and the code that our coupon bears.
        """
        c = self._coupon.c
        found: dict[int, Standing] = {}
        for ids in _chunks(ours):
            query = select(c.coupon_id, c.name, c.code, c.status).where(c.coupon_id.in_(ids))
            for coupon_id, name, code, status in tx.execute(query):
                redemption_id, ours_code = ours[coupon_id]
                if ours_code != code and name != _name(redemption_id):
                    found[coupon_id] = "another"
                else:
                    found[coupon_id] = "on" if status else "off"
        return found

    def uses(self, tx: Connection, owners: Mapping[int, int]) -> dict[int, list[Use]]:
        """
        The orders that coupons were used for, the earliest first.

        Args:
            owners: By the coupon's id, the customer whose it is.
        """
        history, order = self._history.c, self._shop.tables.order
        email = func.lower(func.trim(in_utf8(order.c.email))).label("email")
        found: dict[int, list[Use]] = {}
        rows: list[tuple[Any, ...]] = []
        for ids in _chunks(owners):
            query = (
                select(
                    history.coupon_history_id,
                    history.coupon_id,
                    func.coalesce(history.order_id, 0),
                    func.coalesce(history.customer_id, 0),
                    email,
                )
                .select_from(self._history.outerjoin(order, order.c.order_id == history.order_id))
                .where(history.coupon_id.in_(ids))
                .order_by(history.coupon_history_id)
            )
            rows += (tuple(row) for row in tx.execute(query))
        emails = self._emails(tx, {owners[row[1]] for row in rows if not row[3]})
        for history_id, coupon_id, order_id, customer_id, guest in rows:
            owner = owners[coupon_id]
            is_owners = customer_id == owner or (
                not customer_id and bool(guest) and guest == emails.get(owner)
            )
            use = Use(history_id, order_id, customer_id, is_owners)
            found.setdefault(coupon_id, []).append(use)
        return found

    def _emails(self, tx: Connection, customers: Collection[int]) -> dict[int, str]:
        customer = self._shop.tables.customer.c
        email = func.lower(func.trim(in_utf8(customer.email)))
        found: dict[int, str] = {}
        for ids in _chunks(customers):
            query = select(customer.customer_id, email).where(customer.customer_id.in_(ids))
            found |= {number: text or "" for number, text in tx.execute(query)}
        return found

    def paid_with(self, tx: Connection, codes: Mapping[str, int]) -> dict[str, Use]:
        """
        Orders in work or complete of the customers whose the *codes* are, that say in their
        totals that they were paid with one of them; by code.

        What no row of ``coupon_history`` says: somebody deleted it, or the store let the order
        pass though the coupon was switched off.
        """
        order, total = self._shop.tables.order.c, self._shop.tables.order_total.c
        settings = self._shop.settings
        counts = sorted(settings.processing | settings.complete)
        found: dict[str, Use] = {}
        for ids in _chunks(set(codes.values())) if counts else ():
            query = (
                select(order.order_id, order.customer_id, in_utf8(total.title))
                .join_from(
                    self._shop.tables.order,
                    self._shop.tables.order_total,
                    order.order_id == total.order_id,
                )
                .where(
                    order.customer_id.in_(ids),
                    order.order_status_id.in_(counts),
                    total.code == "coupon",
                )
                .order_by(order.order_id)
            )
            for order_id, customer_id, title in tx.execute(query):
                code = _code_in(title or "")
                if codes.get(code) == customer_id and code not in found:
                    found[code] = Use(0, order_id, customer_id, is_owners=True)
        return found


def _name(redemption_id: int) -> str:
    """What the admin sees; it tells ours from others."""
    return f"Redeemed points [sidecar:{redemption_id}]"


def _code_in(title: str) -> str:
    """The code in an order's total, as the store itself finds it; empty: there is none."""
    begin, end = title.find("("), title.rfind(")")
    return title[begin + 1 : end].strip().upper() if 0 <= begin < end else ""


def _money(amount: int) -> str:
    return f"{amount // MONEY_SCALE}.{amount % MONEY_SCALE:04}"


def _chunks(ids: Collection[int]) -> list[Sequence[int]]:
    numbers = sorted(ids)
    return [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
