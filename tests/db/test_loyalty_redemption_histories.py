"""
Random histories of redemptions: redeemed, used, used by others, taken back, over, cancelled, in
any order, with ends of the process in between.

What must be true is told from the store's own rows alone: points are spent once where a coupon
can be used, or was by its owner, and not at all where it cannot any more.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.errors import UsageError
from sidecar.model import Scope
from sidecar.service.private_server import PrivateServer
from sidecar.sync.loyalty import coupon_writing, keeping, projection
from support import ledger_audit, redeeming
from support.checkout import CANCELLED, COMPLETE, Checkout
from support.either_store import either_store
from support.points import order
from support.small_store import NOW, SmallStore

PROGRAM = """[loyalty]
start = "2026-01-01"
expiry = "20 days"
redeem_valid = "7 days"
points_worth_one = 70
tier_metric = "net spend"
"""

#: Before this many statements that write the process ends, if at all.
MANY = 30


class CrashError(BaseException):
    """The process ends here, in this test."""


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def either(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[SmallStore]:
    """A store with a program, on tables of OpenCart 4.1, or of 3.0 where nothing is rolled back."""
    yield from either_store(request.param, mariadb, database, tmp_path, PROGRAM)


@dataclass
class History:
    """
    What happened to a store.

    Attributes:
        orders: With a coupon, in whatever status.
        switched: Redemptions whose coupon an admin switched on or off.
    """

    store: SmallStore
    ann: int
    eve: int
    orders: list[int] = field(default_factory=list)
    switched: set[int] = field(default_factory=set)

    # -- what may happen -------------------------------------------------------------------

    def redeem(self, points: int, ends: int) -> None:
        with self._ending(ends), contextlib.suppress(UsageError):
            redeeming.redeem(self.store, self.ann, points)

    def cancel(self, which: int, ends: int) -> None:
        if found := self._redemptions():
            number = found[which % len(found)]["redemption_id"]
            with self._ending(ends), contextlib.suppress(UsageError):
                self._bring()
                redeeming.cancel(self.store, number)

    def put_on_order(self, which: int, is_mine: bool) -> None:
        coupons = self.store.rows(f"SELECT code FROM `{self._prefix}coupon` ORDER BY coupon_id")
        if coupons:
            code = coupons[which % len(coupons)]["code"]
            checkout = Checkout(self.store)
            if checkout.accepts(code):
                who = self.ann if is_mine else self.eve
                self.orders.append(checkout.order(who, code, total="3"))

    def paid(self, which: int, is_mine: bool) -> None:
        before = len(self.orders)
        self.put_on_order(which, is_mine)
        if len(self.orders) > before:
            self.become(-1, COMPLETE)

    def become(self, which: int, status: int) -> None:
        if self.orders:
            Checkout(self.store).become(self.orders[which % len(self.orders)], status)

    def switch(self, which: int, status: int) -> None:
        if found := self._redemptions():
            one = found[which % len(found)]
            self.switched.add(one["redemption_id"])
            coupon_id = one["coupon_id"] or 0
            self.store.given.update("coupon", {"coupon_id": coupon_id}, status=status)

    def spend(self, points: int) -> None:
        self.store.given.reward(self.ann, -points)

    def earn(self) -> None:
        order(self.store, self.ann, "40", at=self.store.now)

    def days(self, days: int) -> None:
        self.store.now += datetime.timedelta(days=days)

    def look(self, ends: int) -> None:
        with self._ending(ends):
            self._bring()
        self._restart()
        self._bring()
        self.hold()

    # -- what must be true -----------------------------------------------------------------

    def hold(self) -> None:
        ledger_audit.hold(self.store)
        redeeming.hold_spent(self.store)
        spent = {
            row["source_id"]: -int(row["posted"])
            for row in self.store.rows("SELECT * FROM {own}cause WHERE kind = 'redeem'")
        }
        for one in self._redemptions():
            assert spent[one["redemption_id"]] in (0, one["points"])
            is_spent = spent[one["redemption_id"]] == one["points"]
            coupons = self.store.rows(
                f"SELECT * FROM `{self._prefix}coupon` WHERE code = %s", one["code"]
            )
            assert len(coupons) <= 1
            if not coupons:
                assert not is_spent
                continue
            mine, others = self._uses(coupons[0]["coupon_id"])
            can_be_used = coupons[0]["status"] and Checkout(self.store).accepts(one["code"])
            if mine or (can_be_used and not others and not self._was_over(one)):
                assert is_spent, one
            elif others or not coupons[0]["status"]:
                # A day after its end, and until then only what is in flight may use it.
                assert not is_spent or one["state"] == "closing", one

    def _was_over(self, one: dict[str, Any]) -> bool:
        """Somebody switched it on again that was given back."""
        is_over = one["state"] in ("returned", "foreign")
        return is_over and one["redemption_id"] in self.switched

    def _uses(self, coupon_id: int) -> tuple[int, int]:
        """In how many orders of hers it was used, and in how many of others."""
        query = f"SELECT customer_id FROM `{self._prefix}coupon_history` WHERE coupon_id = %s"
        users = [row["customer_id"] for row in self.store.rows(query, coupon_id)]
        mine = users.count(self.ann)
        return mine, len(users) - mine

    def end(self) -> None:
        """When all is over and nobody used it, she has all that did not expire."""
        for _ in range(3):
            self.days(9)
            self.look(MANY)
        for one in self._redemptions():
            assert one["state"] in ("used", "foreign", "returned"), one

    # -- rows ------------------------------------------------------------------------------

    @property
    def _prefix(self) -> str:
        return self.store.given.prefix

    def _redemptions(self) -> list[dict[str, Any]]:
        return self.store.rows("SELECT * FROM {own}redemption ORDER BY redemption_id")

    def _bring(self) -> None:
        shop, book = self.store.sidecar.shop, self.store.book()
        keeping.bring(shop, book, Scope.of([self.ann, self.eve]), self.store.moment)

    def _restart(self) -> None:
        projection.recover(self.store.sidecar.shop)
        coupon_writing.recover(self.store.sidecar.shop)

    @contextlib.contextmanager
    def _ending(self, left: int) -> Iterator[None]:
        """The process ends before so many statements that write; then it is started again."""
        engine = self.store.sidecar.engine
        counted = [left]

        def count(*arguments: Any) -> None:
            if arguments[2].lstrip().split()[0] in ("INSERT", "UPDATE", "DELETE"):
                counted[0] -= 1
                if counted[0] < 0:
                    raise CrashError

        sqlalchemy.event.listen(engine, "before_cursor_execute", count)
        try:
            with contextlib.suppress(CrashError):
                yield
        finally:
            sqlalchemy.event.remove(engine, "before_cursor_execute", count)
        if counted[0] < 0:
            engine.dispose()
            self._restart()


some = st.integers(0, 5)
ends = st.one_of(st.just(MANY), st.integers(0, MANY))
STEPS = st.one_of(
    st.tuples(st.just("redeem"), st.integers(70, 500), ends),
    st.tuples(st.just("redeem"), st.integers(70, 500), ends),
    st.tuples(st.just("cancel"), some, ends),
    st.tuples(st.just("put_on_order"), some, st.booleans()),
    st.tuples(st.just("paid"), some, st.booleans()),
    st.tuples(st.just("paid"), some, st.booleans()),
    st.tuples(st.just("become"), some, st.sampled_from([COMPLETE, CANCELLED])),
    st.tuples(st.just("become"), some, st.just(COMPLETE)),
    st.tuples(st.just("switch"), some, st.integers(0, 1)),
    st.tuples(st.just("spend"), st.integers(1, 300)),
    st.tuples(st.just("earn")),
    st.tuples(st.just("days"), st.integers(1, 8)),
    st.tuples(st.just("look"), ends),
    st.tuples(st.just("look"), ends),
)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(STEPS, min_size=4, max_size=25))
@example([("redeem", 300, MANY), ("paid", 0, False), ("look", MANY), ("become", 0, CANCELLED)])
@example(
    [
        ("redeem", 300, MANY),
        ("paid", 0, True),
        ("look", MANY),
        ("become", 0, CANCELLED),
        ("look", MANY),
        ("become", 0, COMPLETE),
    ]
)
@example([("redeem", 300, 3), ("put_on_order", 0, True), ("days", 8), ("become", 0, COMPLETE)])
def test_whatever_happens_points_are_spent_once_or_not_at_all(
    either: SmallStore, steps: list[tuple[Any, ...]]
) -> None:
    _anew(either)
    ann, eve = either.given.customer(), either.given.customer()
    history = History(either, ann, eve)
    order(either, ann, "100")
    history.look(MANY)
    for step, *arguments in steps:
        getattr(history, step)(*arguments)
    history.look(MANY)
    history.end()


def _anew(store: SmallStore) -> None:
    """No customers, no orders, no coupons, nothing of ours."""
    store.sidecar.engine.dispose()
    store.forget_everything()
    store.now = NOW
    for table in (
        "customer", "order", "order_product", "order_total", "customer_reward", "coupon",
        "coupon_history",
    ):  # fmt: skip
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")
