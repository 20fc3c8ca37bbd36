"""A store that several connections write to at once, as a shop, its staff and its modules would."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

from sidecar import clock
from support.given import Given, Line

#: Order statuses of the made-up store.
UNFINISHED, PENDING, COMPLETE, CANCELED = 0, 1, 5, 7

#: Customer groups of the made-up store.
DEFAULT, WHOLESALE, STAFF = 1, 2, 3

#: Changes of what a customer has bought. The ladder moves a customer once for each at most,
#: and stops at four moves within ten minutes, as it should.
BOUGHT_AT_MOST = 2

#: Customers with the lowest ids stay, for people to tag.
STAY = 60


class BusyStore:
    """
    What the writers of one store know of each other.

    Attributes:
        left_alone: The customer group of everybody whose group a person or a module chose.
        moved_by_hand: Customers whom a person moves by a command.
        done: How often each thing was done.
        stop: Set when it is enough.
    """

    def __init__(self, customers: int, products: int) -> None:
        self.left_alone: dict[int, int] = {}
        self.moved_by_hand: list[int] = []
        self.done: Counter[str] = Counter()
        self.stop = threading.Event()
        self.products = products
        self._lock = threading.Lock()
        self._alive = list(range(1, customers + 1))
        self._bought: Counter[int] = Counter()

    def anybody(self, choices: random.Random) -> int:
        """Some customer."""
        with self._lock:
            return choices.choice(self._alive)

    def buyer(self, choices: random.Random, times: int = 1) -> int | None:
        """Somebody whose orders may change so many *times* more, noted; None: not found."""
        for _ in range(20):
            customer = self.anybody(choices)
            if self.may_buy(customer, times):
                return customer
        return None

    def may_buy(self, customer: int, times: int = 1) -> bool:
        """Whether the orders of *customer* may change so many times more; noted."""
        with self._lock:
            allowed = customer not in self.left_alone
            allowed = allowed and self._bought[customer] + times <= BOUGHT_AT_MOST
            if allowed:
                self._bought[customer] += times
            return allowed

    def move_by_hand(self, customers: Iterable[int], group: int) -> None:
        """From now on only a command of a person moves *customers*, to *group*."""
        self.moved_by_hand = [one for one in customers if one not in self.left_alone]
        self.left_alone.update(dict.fromkeys(self.moved_by_hand, group))

    def leave_alone(self, choices: random.Random, group: int) -> int | None:
        """Somebody who bought nothing since the start, and will not; None: not found."""
        for _ in range(20):
            customer = self.anybody(choices)
            with self._lock:
                if not self._bought[customer] and customer not in self.left_alone:
                    self.left_alone[customer] = group
                    return customer
        return None

    def registered(self, customer: int, group: int) -> None:
        """Somebody is new; a customer found outside the default group is left there."""
        with self._lock:
            self._alive.append(customer)
            if group != DEFAULT:
                self.left_alone[customer] = group

    def leaver(self, choices: random.Random) -> int:
        """Somebody who is about to be deleted."""
        with self._lock:
            return self._alive.pop(choices.randrange(STAY, len(self._alive)))


class Writer:
    """
    One connection that writes until it is told to stop.

    Args:
        given: On a connection of its own that does not commit by itself.
    """

    def __init__(self, store: BusyStore, given: Given, seed: int) -> None:
        self._store, self._given = store, given
        self._choices = random.Random(seed)
        self._unpaid: list[tuple[int, int]] = []
        self._paid: list[tuple[int, int]] = []
        self._things: dict[Callable[[], object], int] = {
            self._check_out: 6,
            self._pay: 6,
            self._complete: 3,
            self._cancel: 2,
            self._void_by_sql: 1,
            self._delete_order: 1,
            self._credit_order: 2,
            self._edit: 3,
            self._edit_by_a_person: 2,
            self._group_by_a_module: 1,
            self._group_by_a_person: 1,
            self._register: 2,
            self._delete_customer: 1,
            self._cart: 3,
            self._empty_cart: 2,
            self._review: 1,
            self._wish: 1,
            self._return: 2,
            self._hint: 1,
        }

    def run(self, pause_s: float) -> None:
        """Do one thing after the other, each in its transaction, until the store's `stop`."""
        while not self._store.stop.wait(self._choices.uniform(0, 2 * pause_s)):
            (thing,) = self._choices.choices(list(self._things), list(self._things.values()))
            self._given.now = clock.now()
            with self._transaction():
                thing()
            self._store.done[thing.__name__] += 1

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._given.connection.begin()
        yield
        if self._choices.random() < 0.2:  # others commit in between, with higher numbers
            clock.sleep(self._choices.uniform(0, 0.2))
        self._given.connection.commit()

    # -- orders --------------------------------------------------------------------------

    def _check_out(self) -> None:
        if (customer := self._store.buyer(self._choices)) is None:
            return
        products = range(1, self._store.products + 1)
        lines = [Line(self._choices.choice(products)) for _ in range(self._choices.randint(1, 3))]
        total = str(self._choices.choice((40, 90, 250, 700, 1500)))
        order = self._given.order(customer, total, status=UNFINISHED, lines=lines)
        self._unpaid.append((customer, order))

    def _pay(self) -> None:
        if self._unpaid:
            customer, order = self._unpaid.pop(0)
            self._status(order, PENDING)
            self._paid.append((customer, order))

    def _complete(self) -> None:
        if self._paid:
            self._status(self._choices.choice(self._paid)[1], COMPLETE)

    def _cancel(self) -> None:
        if order := self._paid_order():
            self._status(order, CANCELED)

    def _void_by_sql(self) -> None:
        if order := self._paid_order():
            self._given.update("order", {"order_id": order}, order_status_id=CANCELED)

    def _delete_order(self) -> None:
        if order := self._paid_order():
            for table in ("order", "order_product", "order_history"):
                self._given.delete(table, order_id=order)

    def _credit_order(self) -> None:
        if (customer := self._store.buyer(self._choices)) is not None:
            order = self._given.order(customer, "-300", status=COMPLETE)
            self._given.insert("order_history", {}, order_id=order)

    def _paid_order(self) -> int | None:
        """A paid order of a customer whose orders may change once more, taken off the list."""
        for place, (customer, order) in enumerate(self._paid):
            if self._store.may_buy(customer):
                del self._paid[place]
                return order
        return None

    def _status(self, order: int, status: int) -> None:
        when = self._given.wall()
        self._given.update("order", {"order_id": order}, order_status_id=status, date_modified=when)
        self._given.insert("order_history", {"order_status_id": status}, order_id=order)

    # -- people --------------------------------------------------------------------------

    def _edit(self) -> int:
        customer = self._store.anybody(self._choices)
        column = self._choices.choice(("newsletter", "status"))
        values = {column: self._choices.randint(0, 1)}
        self._given.update("customer", {"customer_id": customer}, **values)
        return customer

    def _edit_by_a_person(self) -> None:
        self._hint(self._edit(), "admin:7")

    def _group_by_a_module(self) -> None:
        if customer := self._store.leave_alone(self._choices, STAFF):
            self._given.update("customer", {"customer_id": customer}, customer_group_id=STAFF)

    def _group_by_a_person(self) -> None:
        if customer := self._store.leave_alone(self._choices, WHOLESALE):
            self._given.update("customer", {"customer_id": customer}, customer_group_id=WHOLESALE)
            self._hint(customer, "admin:7")

    def _register(self) -> None:
        group = WHOLESALE if self._choices.random() < 0.2 else DEFAULT
        customer = self._given.customer(group=group, newsletter=self._choices.random() < 0.5)
        self._given.address(customer, country=81)
        self._store.registered(customer, group)

    def _delete_customer(self) -> None:
        customer = self._store.leaver(self._choices)
        for part in ("", "_affiliate", "_approval", "_history", "_ip", "_reward", "_wishlist"):
            self._given.delete(f"customer{part}", customer_id=customer)
        self._given.delete("address", customer_id=customer)

    # -- all else ------------------------------------------------------------------------

    def _cart(self) -> None:
        self._given.cart(self._store.anybody(self._choices), self._choices.randint(1, 20))

    def _empty_cart(self) -> None:
        self._given.delete("cart", customer_id=self._store.anybody(self._choices))

    def _review(self) -> None:
        self._given.review(self._store.anybody(self._choices), 1)

    def _wish(self) -> None:
        customer = self._store.anybody(self._choices)
        self._given.delete("customer_wishlist", customer_id=customer)
        self._given.wish(customer, self._choices.randint(1, 20))

    def _return(self) -> None:
        returned = self._given.goods_return(self._store.anybody(self._choices), product=1)
        self._given.insert("return_history", {}, return_id=returned)

    def _hint(self, customer: int | None = None, actor: str | None = None) -> None:
        self._given.insert(
            "sidecar_hint",
            {},
            customer_id=customer or self._store.anybody(self._choices),
            reason="customer.edit",
            actor=actor,
            at=int(self._given.now.timestamp()),
        )


@contextlib.contextmanager
def writers(
    store: BusyStore, open_given: Callable[[], Given], number: int, pause_s: float
) -> Iterator[None]:
    """So many writers at work within; an error of one is raised at the end."""
    errors: list[BaseException] = []

    def work(writer: Writer) -> None:
        try:
            writer.run(pause_s)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [
        threading.Thread(target=work, args=(Writer(store, open_given(), seed),))
        for seed in range(number)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        store.stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


#: The zone in which the made-up store keeps its dates.
STORE_ZONE = ZoneInfo("Europe/Berlin")
