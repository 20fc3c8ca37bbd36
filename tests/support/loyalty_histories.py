"""
Random histories of a store with a loyalty program, many side by side, with crashes in between.

Each history is one of two customers whom nobody else has to do with: what happens to others
must change nothing. What an order should have earned, and what others wrote, is told by a naive
look at the store's rows, which shares nothing with the program.
"""

from __future__ import annotations

import contextlib
import datetime
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from sidecar.errors import UsageError
from sidecar.model import Scope
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping, projection
from sidecar.sync.loyalty.adjusting import Adjustment, adjust
from sidecar.sync.loyalty.forgetting import forget_gone
from sidecar.sync.loyalty.restoring import restore
from support.given import Line
from support.loyalty_truth import Truth
from support.points import COMPLETE, PENDING
from support.small_store import NOW, SmallStore

#: Of the store's own statuses, a third.
REFUNDED = 11

#: Two tiers would give more than ten points a unit, which another page looks at.
NO_TIERS = '\n[[tier]]\nname = "Everybody"\nthreshold = 0\n'

PROGRAMS = (
    "",
    'pending = "3 days"\n',
    'expiry = "5 days"\n',
    "most_debt = 50\n",
    'expiry = { inactivity = "4 days" }\npending = "2 days"\nmost_debt = 300\n',
)

#: What may happen to a history, and how often.
STEPS = {
    "order": 8,
    "status": 8,
    "owner": 2,
    "edit": 3,
    "refund": 2,
    "delete": 1,
    "guest": 2,
    "claim": 1,
    "credit_order": 1,
    "use": 5,
    "not_confirmed": 3,
    "by_hand": 3,
    "by_hand_gone": 1,
    "remove": 2,
    "merge": 0.3,
    "adjust": 0.7,
    "restore": 0.7,
}

#: Of these, what may happen between a crash and the next look: nothing about orders, as nobody
#: knows whether those were looked at.
MEANWHILE = {"use": 3, "not_confirmed": 2, "by_hand": 2, "by_hand_gone": 1}

#: How often somebody looks for customers who are gone though nobody is.
_TENTH = 0.1

_ALL = Scope.span(1, 2**31 - 1)

#: Tables of the store that histories write to.
_STORES = ("customer", "order", "order_product", "return", "customer_reward")


class CrashError(BaseException):
    """The process ends here."""


class Crashes:
    """Ends the process before a statement of *engine*; on MyISAM what was written stands."""

    def __init__(self, engine: Engine) -> None:
        self._left: int | None = None
        event.listen(engine, "before_cursor_execute", self._before)

    def _before(self, *_: object) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._left = None
                raise CrashError

    @contextlib.contextmanager
    def after(self, statements: int | None) -> Iterator[list[bool]]:
        """End the process after so many *statements*; told in the list, whether it did."""
        crashed: list[bool] = []
        self._left = statements
        try:
            yield crashed
        except CrashError:
            crashed.append(True)
        finally:
            self._left = None


@dataclass
class History:
    """
    Attributes:
        customers: Those who are left of the two.
        orders: That are in the store.
        removed: Order and customer, of rows of ours that an admin removed.
        told: What happened, for people.
    """

    customers: list[int]
    emails: list[str]
    orders: list[int] = field(default_factory=list)
    removed: set[tuple[int, int]] = field(default_factory=set)
    told: list[str] = field(default_factory=list)


class Histories:
    """
    Some histories in one store.

    Args:
        store: Empty; its `[shop]` has guests by their e-mail, and refunded returns.
        seed: What happens.
        size: How many histories.
    """

    def __init__(self, store: SmallStore, seed: int, size: int, crashes: Crashes) -> None:
        self._store, self._crashes = store, crashes
        self._random = random.Random(seed)
        self._program = PROGRAMS[seed % len(PROGRAMS)]
        self.crashed = 0
        self._asked = 0
        self._merged = False
        _empty(store)
        store.now = NOW
        text = f'[loyalty]\nstart = "2026-01-01"\ncards = false\n{self._program}{NO_TIERS}'
        store.named_rules({}, text)
        limit = self._program.partition("most_debt = ")[2].split()[:1]
        self._truth = Truth(store, int(limit[0]) if limit else None)
        self._book: Rulebook = store.book()
        self.histories = [self._history(seed, number) for number in range(size)]

    def _history(self, seed: int, number: int) -> History:
        emails = [f"{name}{seed}-{number}@example.com" for name in ("ann", "bob")]
        return History([self._store.given.customer(email) for email in emails], emails)

    # -- the course of it --------------------------------------------------------------------

    def run(self, rounds: int = 6) -> None:
        """Let everything happen, and hold everything that must be true after each look."""
        self.look()
        for _ in range(rounds):
            for history in self.histories:
                for _ in range(self._random.randint(0, 4)):
                    self._step(history, STEPS)
            self._store.now += datetime.timedelta(days=self._random.choice((0, 0, 1, 2, 4)))
            self.look()
        for days in (0, 400):
            self._store.now += datetime.timedelta(days=days)
            self.look()

    def look(self) -> None:
        """Somebody looks at everybody, perhaps after a crash or two."""
        while self._random.random() < 0.5:
            if not self._crash():
                break
            for history in self.histories:
                if self._random.random() < 0.2:
                    self._step(history, MEANWHILE)
        projection.recover(self._store.sidecar.shop)
        self._bring()
        self._truth.note_qualified()
        self._hold()
        before = self._written()
        self._bring()
        assert self._written() == before, "looking again wrote something"

    def _crash(self) -> bool:
        with self._crashes.after(self._random.randint(1, 70)) as crashed:
            projection.recover(self._store.sidecar.shop)
            self._bring()
        self.crashed += bool(crashed)
        return bool(crashed)

    def _bring(self) -> None:
        shop, moment = self._store.sidecar.shop, self._store.moment
        if self._merged or self._random.random() < _TENTH:
            forget_gone(shop, _ALL, moment)
        keeping.bring(shop, self._book, Scope.of(self._customers()), moment)
        self._merged = False  # also where it was a crash or two before

    def _customers(self) -> list[int]:
        return [one for history in self.histories for one in history.customers]

    def _written(self) -> Sequence[object]:
        table = f"{self._store.given.prefix}customer_reward"
        return self._store.rows(
            "SELECT (SELECT MAX(entry_id) FROM {own}entry) AS entries,"
            f" (SELECT MAX(customer_reward_id) FROM `{table}`) AS written"
        )

    # -- what may happen ---------------------------------------------------------------------

    def _step(self, history: History, steps: dict[str, float] | dict[str, int]) -> None:
        (name,) = self._random.choices(list(steps), list(steps.values()))
        history.told.append(f"{self._store.now:%d %H:%M} {name}")
        getattr(self, f"_{name}")(history)

    def _order(self, history: History) -> None:
        self._bought(history, self._customer(history))

    def _guest(self, history: History) -> None:
        self._bought(history, 0)

    def _credit_order(self, history: History) -> None:
        self._bought(history, self._customer(history), sign=-1)

    def _bought(self, history: History, customer: int, sign: int = 1) -> None:
        cents, quantity = sign * self._random.randint(1, 9_999), self._random.randint(1, 3)
        status = self._random.choice((COMPLETE, COMPLETE, PENDING))
        line = Line(product=40, quantity=quantity, price=_money(cents))
        order_id = self._store.given.order(
            customer,
            _money(cents * quantity),
            lines=[line],
            status=status,
            at=self._store.now,
            email=self._random.choice(history.emails),
        )
        history.orders.append(order_id)

    def _status(self, history: History) -> None:
        if order_id := self._which(history):
            status = self._random.choice((COMPLETE, PENDING, REFUNDED))
            self._update(order_id, order_status_id=status)

    def _owner(self, history: History) -> None:
        if order_id := self._which(history):
            self._update(order_id, customer_id=self._customer(history))

    def _claim(self, history: History) -> None:
        """Guests' orders become those of the account with their e-mail."""
        for order_id, row in self._truth.orders().items():
            if order_id in history.orders and not row["customer_id"]:
                self._update(order_id, customer_id=self._customer(history))

    def _edit(self, history: History) -> None:
        if order_id := self._which(history):
            price = _money(self._random.randint(1, 9_999))
            self._execute(f"DELETE FROM `{{p}}order_product` WHERE order_id = {order_id}")
            self._store.given.line(order_id, 40, 1, price=price)
            self._update(order_id, total=price)

    def _refund(self, history: History) -> None:
        if order_id := self._which(history):
            units = self._random.randint(1, 2)
            self._store.given.goods_return(history.customers[0], order_id, 40, units, status=3)
            self._update(order_id)

    def _delete(self, history: History) -> None:
        if order_id := self._which(history):
            for table in ("order", "order_product"):
                self._execute(f"DELETE FROM `{{p}}{table}` WHERE order_id = {order_id}")
            history.orders.remove(order_id)

    def _use(self, history: History) -> None:
        """The checkout takes points, perhaps more than there are."""
        self._reward(history, -self._random.randint(1, 1_500), 10_000_000 + len(history.told) % 3)

    def _not_confirmed(self, history: History) -> None:
        """What the store does with all that an order took."""
        order_id = 10_000_000 + self._random.randint(0, 2)
        self._execute(
            "DELETE FROM `{p}customer_reward` WHERE points < 0"
            f" AND customer_id = {self._customer(history)} AND order_id = {order_id}"
        )

    def _by_hand(self, history: History) -> None:
        self._reward(history, self._random.choice((-1, 1)) * self._random.randint(1, 500), 0)

    def _by_hand_gone(self, history: History) -> None:
        self._execute(
            "DELETE FROM `{p}customer_reward` WHERE description = 'Somebody'"
            f" AND customer_id = {self._customer(history)} AND order_id = 0 LIMIT 1"
        )

    def _remove(self, history: History) -> None:
        """The button in the store's order form."""
        if order_id := self._which(history):
            table = f"`{self._store.given.prefix}customer_reward`"
            here = f"order_id = {order_id} AND points > 0"
            for row in self._store.rows(f"SELECT customer_id FROM {table} WHERE {here}"):
                history.removed.add((order_id, row["customer_id"]))
            self._execute(f"DELETE FROM {table} WHERE {here}")

    def _merge(self, history: History) -> None:
        """One customer's orders become the other's, and the account is deleted."""
        if len(history.customers) < 2:
            return
        kept, gone = history.customers
        for order_id, row in self._truth.orders().items():
            if row["customer_id"] == gone:
                self._update(order_id, customer_id=kept)
        for table in ("customer", "customer_reward"):
            self._execute(f"DELETE FROM `{{p}}{table}` WHERE customer_id = {gone}")
        history.customers.remove(gone)
        self._merged = True

    def _adjust(self, history: History) -> None:
        customer = self._customer(history)
        self._asked += 1
        points = self._random.choice((-1, 1)) * self._random.randint(1, 500)
        adjustment = Adjustment(
            points=points, actor="cli:ann", reason="why not", source_id=self._asked
        )
        with contextlib.suppress(UsageError):
            self._until_done(
                lambda: adjust(
                    self._store.sidecar.shop,
                    self._book,
                    customer,
                    adjustment,
                    self._store.moment,
                    lambda *_: None,
                )
            )
        self._truth.note_qualified({customer})
        query = "SELECT posted FROM {own}cause WHERE kind = 'adjust' AND source_id = %s"
        assert [row["posted"] for row in self._store.rows(query, self._asked)] in ([], [points])

    def _restore(self, history: History) -> None:
        order_id, customer = self._which(history), self._customer(history)
        self._asked += 1
        try:
            self._until_done(
                lambda: restore(
                    self._store.sidecar.shop,
                    self._book,
                    customer,
                    order_id,
                    self._store.moment,
                    actor="cli:ann",
                    reason="why not",
                    source_id=self._asked,
                )
            )
        except UsageError:
            pass
        else:
            history.removed.discard((order_id, customer))
        self._truth.note_qualified({customer})

    def _until_done(self, action: Any) -> None:
        """As whoever leads does: a command that a crash left is done again from its beginning."""
        while self._random.random() < 0.5:
            with self._crashes.after(self._random.randint(1, 90)) as crashed:
                action()
            self.crashed += bool(crashed)
            if not crashed:
                break
            projection.recover(self._store.sidecar.shop)
        action()

    def _hold(self) -> None:
        try:
            self._truth.hold({pair for history in self.histories for pair in history.removed})
        except AssertionError as error:
            stories = [
                f"{history.customers} {history.orders}: {'; '.join(history.told)}"
                for history in self.histories
                if any(re.search(rf"\b{one}\b", str(error)) for one in history.customers)
            ]
            error.add_note(f"program: {self._program!r}\n" + "\n".join(stories[:3]))
            raise

    # -- rows --------------------------------------------------------------------------------

    def _customer(self, history: History) -> int:
        return self._random.choice(history.customers)

    def _which(self, history: History) -> int:
        return self._random.choice(history.orders) if history.orders else 0

    def _reward(self, history: History, points: int, order_id: int) -> None:
        row = {"customer_id": self._customer(history), "order_id": order_id, "points": points}
        self._store.given.insert("customer_reward", {"description": "Somebody"}, **row)

    def _update(self, order_id: int, **columns: Any) -> None:
        # As OpenCart does with everything that it does to an order.
        self._store.now += datetime.timedelta(seconds=1)
        self._store.given.update(
            "order", {"order_id": order_id}, date_modified=self._store.now, **columns
        )

    def _execute(self, statement: str) -> None:
        self._store.given.execute(statement.replace("{p}", self._store.given.prefix))


def _empty(store: SmallStore) -> None:
    store.forget_everything()
    for table in _STORES:
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
