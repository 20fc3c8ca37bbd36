"""Made-up customers at work: they register, order, cancel, return, and leave, as in a real shop."""

from __future__ import annotations

import datetime
import heapq
import itertools
import random
import threading
from collections.abc import Callable, Generator
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from sidecar import clock
from sidecar.service.demo.events import Event
from sidecar.service.demo_store.reference import ZONE
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.tables import StoreTables

_FIRST_NAMES = ("Wren", "Tamsin", "Juno", "Ivo", "Odile", "Caspar")
_LAST_NAMES = ("Halloway", "Orme", "Castell", "Marsh", "Quill", "Thornby")

#: Seconds between two customers who come in, at first.
ARRIVAL_S = 0.22

#: Order statuses of the made-up store.
UNFINISHED, PENDING, COMPLETE, CANCELED = 0, 1, 5, 7

#: One customer's visit: does something, yields who and what, is asked again after so many seconds.
Visit = Generator[tuple[int, str, float], None, None]


class Shoppers:
    """
    Customers who act in the store, each in transactions of their own.

    Args:
        engine: Of the store, apart from the sidecar's.
        own: Where hints are left.
        choices: Decides who does what.
    """

    def __init__(
        self, engine: Engine, tables: StoreTables, own: OwnTables, choices: random.Random
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._own = own
        self._choices = choices
        self._zone = ZoneInfo(ZONE)
        self._goods: list[tuple[int, Decimal, Decimal]] = []
        self._names: dict[int, str] = {}

    def act(self, seconds: float, tell: Callable[[Event], None], stop: threading.Event) -> None:
        """Let customers come and act for so many *seconds*; *tell* hears of each commit."""
        visits = self._visits()
        started = clock.monotonic()
        number = itertools.count()
        due: list[tuple[float, int, Visit]] = []
        arrival = started
        while (now := clock.monotonic()) < started + seconds and not stop.is_set():
            if arrival <= now:
                heapq.heappush(due, (now, next(number), next(visits)))
                arrival += ARRIVAL_S
            if due and due[0][0] <= now:
                _, _, visit = heapq.heappop(due)
                if (done := next(visit, None)) is not None:
                    customer_id, what, wait_s = done
                    committed_s = clock.monotonic()
                    tell(Event(customer_id, self._names[customer_id], what, committed_s))
                    heapq.heappush(due, (committed_s + wait_s, next(number), visit))
                continue
            soon = min(arrival, due[0][0] if due else arrival)
            stop.wait(max(0.0, min(soon, started + seconds) - now))

    def _visits(self) -> Generator[Visit, None, None]:
        """One visit after the other, mostly by customers for whom something is about to change."""
        pools = self._pools()
        kinds: list[tuple[Callable[[int], Visit], str]] = [
            (self._buy, "nobody yet"),
            (self._buy, "nearly regular"),
            (self._buy, "nearly vip"),
            (self._buy, "long gone"),
            (self._buy, "anybody"),
            (self._cancel, "one order"),
            (self._return, "returned once"),
            (self._unsubscribe, "long gone"),
        ]
        weights = [4, 4, 4, 4, 2, 2, 3, 1]
        while True:
            kind, pool = self._choices.choices(kinds, weights)[0]
            customers = pools[pool] or pools["anybody"]
            if not customers or self._choices.random() < 0.08:
                yield self._register()
            else:  # nobody twice from the same pool: two visits at once would be confusing
                yield kind(customers.pop(self._choices.randrange(len(customers))))

    def _pools(self) -> dict[str, list[int]]:
        customer, order, line = (
            self._tables.customer,
            self._tables.order,
            self._tables.order_product,
        )
        returned = self._tables.return_
        with self._engine.connect() as tx:
            for row in tx.execute(
                select(customer.c.customer_id, customer.c.firstname, customer.c.lastname)
            ):
                self._names[row.customer_id] = f"{row.firstname} {row.lastname}"
            goods = select(line.c.product_id, line.c.price, line.c.tax).distinct()
            self._goods = [tuple(row) for row in tx.execute(goods.order_by(line.c.product_id))]
            paid = order.c.order_status_id.in_((1, 2, 3, 5)) & (order.c.total > 0)
            theirs = select(
                order.c.customer_id,
                func.count().label("orders"),
                func.sum(order.c.total).label("spent"),
                func.max(order.c.date_added).label("last"),
            )
            theirs = theirs.where(paid, order.c.customer_id > 0).group_by(order.c.customer_id)
            rows = tx.execute(theirs.order_by(order.c.customer_id)).all()
            year = self._now() - datetime.timedelta(days=300)
            once = select(returned.c.customer_id).where(returned.c.date_added > year)
            once = once.group_by(returned.c.customer_id).having(func.count() == 1)
            returned_once = list(tx.scalars(once.order_by(returned.c.customer_id)))
        gone = self._now() - datetime.timedelta(days=200)
        buyers = {row.customer_id for row in rows}
        return {
            "nobody yet": [known for known in self._names if known not in buyers],
            "nearly regular": [row.customer_id for row in rows if row.orders == 4],
            "nearly vip": [row.customer_id for row in rows if 1850 <= row.spent < 2000],
            "long gone": [row.customer_id for row in rows if row.orders > 2 and row.last < gone],
            "one order": [row.customer_id for row in rows if row.orders == 1],
            "returned once": returned_once,
            "anybody": list(self._names),
        }

    def _buy(self, customer_id: int) -> Visit:
        order_id, total = yield from self._order(customer_id)
        self._set_status(order_id, COMPLETE)
        yield customer_id, f"gets goods for {total:.2f}", self._choices.uniform(0.5, 2)
        chance = self._choices.random()
        if chance < 0.25:
            self._review(customer_id)
            yield customer_id, "writes a review", 0
        elif chance < 0.35:
            self._send_back(customer_id, order_id)
            yield customer_id, "returns a part of it", 0

    def _order(
        self, customer_id: int
    ) -> Generator[tuple[int, str, float], None, tuple[int, Decimal]]:
        """A checkout: OpenCart writes the order with status 0, and again when it is confirmed."""
        order_id, total = self._check_out(customer_id)
        yield customer_id, f"at the checkout: {total:.2f}", self._choices.uniform(0.4, 1.5)
        self._set_status(order_id, PENDING)
        yield customer_id, f"orders for {total:.2f}", self._choices.uniform(0.8, 2.5)
        return order_id, total

    def _cancel(self, customer_id: int) -> Visit:
        order_id, total = yield from self._order(customer_id)
        self._set_status(order_id, CANCELED)
        yield customer_id, f"cancels {total:.2f}", 0

    def _return(self, customer_id: int) -> Visit:
        order = self._tables.order
        with self._engine.begin() as tx:
            order_id = tx.scalar(
                select(func.max(order.c.order_id)).where(order.c.customer_id == customer_id)
            )
        self._send_back(customer_id, int(order_id or 0))
        yield customer_id, "returns something", 0

    def _unsubscribe(self, customer_id: int) -> Visit:
        """A module of the store leaves a hint; without, the change would be found later."""
        customer = self._tables.customer
        hint = {"customer_id": customer_id, "reason": "newsletter"}
        with self._engine.begin() as tx:
            mine = customer.c.customer_id == customer_id
            tx.execute(update(customer).where(mine).values(newsletter=0))
            at = int(clock.now().timestamp())
            tx.execute(insert(self._own.hint).values(**hint, at=at))
        yield customer_id, "leaves the newsletter", 0

    def _register(self) -> Visit:
        first, last = self._choices.choice(_FIRST_NAMES), self._choices.choice(_LAST_NAMES)
        values = {
            "firstname": first,
            "lastname": last,
            "email": f"{first}.{last}{len(self._names)}@mail.example".lower(),
            "customer_group_id": 1,
            "language_id": 1,
            "custom_field": "[]",
            "status": 1,
            "date_added": self._now(),
        }
        with self._engine.begin() as tx:
            customer_id = _insert(tx, self._tables.customer, values)
        self._names[customer_id] = f"{first} {last}"
        yield customer_id, "registers", self._choices.uniform(0.3, 1)
        yield from self._buy(customer_id)

    def _check_out(self, customer_id: int) -> tuple[int, Decimal]:
        customer = self._tables.customer
        basket = self._choices.choices(self._goods, k=self._choices.randint(1, 4))
        total = sum((price + tax for _, price, tax in basket), Decimal("4.90"))
        with self._engine.begin() as tx:
            email = tx.scalar(select(customer.c.email).where(customer.c.customer_id == customer_id))
            now = self._now()
            values = {
                "customer_id": customer_id,
                "email": email,
                "payment_country_id": 81,
                "total": total,
                "order_status_id": UNFINISHED,
                "date_added": now,
                "date_modified": now,
            }
            order_id = _insert(tx, self._tables.order, values)
            row = {"order_id": order_id, "code": "total", "value": total}
            _insert(tx, self._tables.order_total, row)
            for product_id, price, tax in basket:
                goods = {"product_id": product_id, "price": price, "total": price, "tax": tax}
                _insert(
                    tx, self._tables.order_product, {"order_id": order_id, "quantity": 1, **goods}
                )
        return order_id, total

    def _set_status(self, order_id: int, status: int) -> None:
        """As OpenCart changes the status of an order: with an entry in its history."""
        order, history = self._tables.order, self._tables.order_history
        with self._engine.begin() as tx:
            mine = order.c.order_id == order_id
            changed = {"order_status_id": status, "date_modified": self._now()}
            tx.execute(update(order).where(mine).values(changed))
            _insert(tx, history, {"order_id": order_id})

    def _send_back(self, customer_id: int, order_id: int) -> None:
        line = self._tables.order_product
        with self._engine.begin() as tx:
            product_id = tx.scalar(
                select(func.min(line.c.product_id)).where(line.c.order_id == order_id)
            )
            values = {
                "order_id": order_id,
                "product_id": product_id or 1,
                "customer_id": customer_id,
                "quantity": 1,
                "return_status_id": 1,
                "date_added": self._now(),
            }
            _insert(tx, self._tables.return_, values)

    def _review(self, customer_id: int) -> None:
        values = {"product_id": 1, "customer_id": customer_id, "rating": 5}
        with self._engine.begin() as tx:
            _insert(tx, self._tables.review, values | {"date_added": self._now()})

    def _now(self) -> datetime.datetime:
        """The present as the store writes it: local, without a zone, in whole seconds."""
        return clock.now().astimezone(self._zone).replace(tzinfo=None, microsecond=0)


def _insert(tx: Connection, table: Table, values: dict[str, object]) -> int:
    key = tx.execute(insert(table).values(values)).inserted_primary_key
    return int(key[0]) if key else 0
