"""The store at work: a few connections that write all the time, and survive their server."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pymysql

from sidecar import clock
from support.given import Given

#: Order statuses of the made-up store.
UNFINISHED, COMPLETE, CANCELED = 0, 5, 7

#: What must never happen to the store because of us.
LOCKED = {1205: "lock waits too long (1205)", 1213: "deadlocks (1213)"}


#: A table or column that is not there, or was altered meanwhile.
ALTERED = (1054, 1146, 1412)

#: A connection that is gone.
LOST = (OSError, pymysql.err.OperationalError, pymysql.err.InterfaceError)


class Load:
    """
    Writers of one store; each has customers and orders of its own, so that none can be in
    another's way, and whatever is in theirs is ours.

    Attributes:
        done: How often each thing was done.
        locked: Errors 1205 and 1213 that writers got.
        lost: How often a connection or what was to be committed on it was lost.
        slowest_s: The longest that a transaction took that was not lost.
        broken: Any other error, which no scenario expects.
        may_miss_tables: Whether tables may be gone for a moment.
        enough: Set when they shall stop.
    """

    def __init__(self, customers: int, seed: int, pause_s: float) -> None:
        self.customers = customers
        self.done: Counter[str] = Counter()
        self.locked: Counter[str] = Counter()
        self.lost = 0
        self.slowest_s = 0.0
        self.broken: list[str] = []
        self.may_miss_tables = False
        self.enough = threading.Event()
        self._seed, self._pause_s = seed, pause_s

    def work(self, number: int, of: int, connect: Callable[[], Given]) -> None:
        """Be writer *number* of *of* until it is enough."""
        writer = _Writer(self, random.Random(f"{self._seed} {number}"), number, of)
        given: Given | None = None
        while not self.enough.wait(writer.chance.uniform(0, 2 * self._pause_s)):
            began_s = clock.monotonic()
            try:
                given = given or connect()
                self.done[writer.step(given)] += 1
                self.slowest_s = max(self.slowest_s, clock.monotonic() - began_s)
            except (pymysql.MySQLError, OSError) as error:
                number_ = error.args[0] if error.args else 0
                if number_ in LOCKED:
                    self.locked[LOCKED[number_]] += 1
                elif isinstance(error, LOST) or (self.may_miss_tables and number_ in ALTERED):
                    self.lost += 1
                else:
                    self.broken.append(repr(error))
                if given is not None:
                    with contextlib.suppress(Exception):
                        given.connection.close()
                given = None
                clock.sleep(0.05)
        if given is not None:
            given.connection.close()


class _Writer:
    def __init__(self, load: Load, chance: random.Random, number: int, of: int) -> None:
        self.chance = chance
        self._mine = [c for c in range(1, load.customers + 1) if c % of == number]
        self._orders: list[int] = []
        self._things: dict[Callable[[Given], None], int] = {
            self._order: 8,
            self._total: 5,
            self._status: 4,
            self._void: 2,
            self._letters: 4,
            self._reward: 2,
            self._cart: 2,
        }

    def step(self, given: Given) -> str:
        """One thing, in a transaction; what it was."""
        (thing,) = self.chance.choices(list(self._things), list(self._things.values()))
        given.now = clock.now()
        given.connection.begin()
        kept = list(self._orders)
        try:
            thing(given)
            given.connection.commit()
        except BaseException:
            self._orders = kept
            raise
        return thing.__name__.strip("_")

    def _somebody(self) -> int:
        return self.chance.choice(self._mine)

    def _order(self, given: Given) -> None:
        total = self.chance.choice(("40", "90", "250", "700"))
        status = self.chance.choice((COMPLETE, COMPLETE, UNFINISHED))
        order = given.order(self._somebody(), total, status=status)
        self._orders.append(order)

    def _total(self, given: Given) -> None:
        if self._orders:
            total = self.chance.choice(("10", "333.33", "1200", "-50"))
            given.update("order", {"order_id": self.chance.choice(self._orders)}, total=total)

    def _status(self, given: Given) -> None:
        if self._orders:
            status = self.chance.choice((COMPLETE, CANCELED))
            order = self.chance.choice(self._orders)
            given.update("order", {"order_id": order}, order_status_id=status)

    def _void(self, given: Given) -> None:
        if self._orders:
            order = self._orders.pop(self.chance.randrange(len(self._orders)))
            given.delete("order", order_id=order)

    def _letters(self, given: Given) -> None:
        for customer in sorted(self.chance.sample(self._mine, 3)):
            letters = self.chance.randint(0, 1)
            given.update("customer", {"customer_id": customer}, newsletter=letters)

    def _reward(self, given: Given) -> None:
        # Points only grow, so nobody is moved often enough for the breaker.
        given.reward(self._somebody(), 50)

    def _cart(self, given: Given) -> None:
        customer = self._somebody()
        if self.chance.random() < 0.5:
            given.cart(customer, self.chance.randint(1, 20))
        else:
            given.delete("cart", customer_id=customer)


@contextlib.contextmanager
def writing(
    connect: Callable[[], Given], customers: int, seed: int, *, writers: int, pause_s: float
) -> Iterator[Load]:
    """*writers* at work within, each with a pause of *pause_s* on average after each thing."""
    load = Load(customers, seed, pause_s)
    threads = [
        threading.Thread(target=load.work, args=(number, writers, connect), daemon=True)
        for number in range(writers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.enough.set()
        for thread in threads:
            thread.join(90)
