"""A crash anywhere while points become a coupon, or come back: afterwards all is as it must be."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from sidecar import clock
from sidecar.model import Scope
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.loyalty import keeping
from support.checkout import Checkout
from support.either_store import either_store
from support.ledger_audit import hold
from support.points import PROGRAM, order
from support.redeeming import available, hold_spent, row, see
from support.small_store import NOW, SmallStore


class CrashError(BaseException):
    """The process ends here, in this test."""


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def either(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[SmallStore]:
    """A store with a program, on tables of OpenCart 4.1, or of 3.0 where nothing is rolled back."""
    yield from either_store(request.param, mariadb, database, tmp_path, PROGRAM + "[credit]\n")


@pytest.fixture(autouse=True)
def _now(either: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # Commands look at the clock themselves.
    monkeypatch.setattr(clock, "now", lambda: either.now)


@pytest.fixture
def ann(either: SmallStore) -> int:
    """Who has 600 points."""
    customer = either.given.customer()
    order(either, customer)
    see(either, customer)
    return customer


class Statements:
    """Ends the process before the n-th statement that writes, or COMMIT."""

    def __init__(self, store: SmallStore, at: int) -> None:
        self._engine, self._left = store.sidecar.engine, at
        self.has_ended = False

    def __enter__(self) -> Statements:
        sqlalchemy.event.listen(self._engine, "before_cursor_execute", self._statement)
        sqlalchemy.event.listen(self._engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        sqlalchemy.event.remove(self._engine, "before_cursor_execute", self._statement)
        sqlalchemy.event.remove(self._engine, "commit", self._commit)

    def _statement(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().split()[0] in ("INSERT", "UPDATE", "DELETE"):
            connection.info["wrote"] = True
            self._count()

    def _commit(self, connection: Any) -> None:
        if connection.info.pop("wrote", False):
            self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0 and not self.has_ended:
            self.has_ended = True
            raise CrashError


def crashing_everywhere(
    store: SmallStore,
    before: Callable[[], None],
    do: Callable[[], None],
    afterwards: Callable[[], None],
) -> int:
    """
    What is *before*, then *do*, ending the process at each statement of it in turn, then what is
    *afterwards*.

    Returns:
        How often it ended.
    """
    times = 0
    while True:
        before()
        with Statements(store, times) as crash, contextlib.suppress(CrashError):
            do()
        store.sidecar.engine.dispose()
        afterwards()
        if not crash.has_ended:
            return times
        times += 1


def ask(store: SmallStore, name: str, /, **parameters: object) -> int:
    """Ask for a command; its number."""
    with transaction(store.sidecar.engine) as tx:
        return queue.ask(tx, store.sidecar.shop.own, name, parameters, "cli:eve", store.now)


def carry_out(store: SmallStore, command: int) -> None:
    dispatcher(store).dispatch(command)


def dispatcher(store: SmallStore) -> Dispatcher:
    own, handlers = store.sidecar.shop.own, store.sidecar.handlers()
    return Dispatcher(store.sidecar.engine, own, handlers, now=lambda: store.now)


def restart(store: SmallStore) -> None:
    """What whoever leads next does first, and then with every command that is left."""
    with store.sidecar.leading(10):
        found = dispatcher(store)
        found.recover()
        while found.dispatch_next():
            pass


@pytest.mark.parametrize("becomes", ["coupon", "credit"])
def test_points_become_one_coupon_whenever_the_process_ended(
    either: SmallStore, ann: int, becomes: str
) -> None:
    commands: list[int] = []

    def wish() -> None:
        commands.append(ask(either, "points.redeem", customer=ann, points=200, becomes=becomes))

    def redeem() -> None:
        carry_out(either, commands[-1])

    def afterwards() -> None:
        restart(either)
        look(either, ann)
        hold(either)
        hold_spent(either)
        (found,) = either.rows("SELECT * FROM {own}redemption")
        assert found["command_id"] == commands[-1]
        with transaction(either.sidecar.engine) as tx:
            asked = queue.read(tx, either.sidecar.shop.own, commands[-1])
        assert (asked.state, asked.answer["points"]) == ("done", 200)
        prefix = either.given.prefix
        coupons = either.rows(f"SELECT code FROM `{prefix}coupon`")
        if becomes == "coupon":
            assert coupons == [{"code": asked.answer["code"]}]
            assert found["state"] == "open"
        else:
            assert coupons == []
            credit = either.rows(f"SELECT amount FROM `{prefix}customer_transaction`")
            assert [str(one["amount"]) for one in credit] == ["2.0000"]
        assert available(either, ann) == 400
        anew(either, ann)

    assert crashing_everywhere(either, wish, redeem, afterwards) > 12


def anew(store: SmallStore, customer: int) -> None:
    """As before anything was redeemed."""
    prefix = store.given.prefix
    store.forget_everything()
    for table in ("sidecar_command", "coupon", "coupon_history", "customer_reward"):
        store.given.execute(f"DELETE FROM `{prefix}{table}`")
    store.given.execute(f"DELETE FROM `{prefix}customer_transaction`")
    store.now = NOW
    look(store, customer)


def look(store: SmallStore, *customers: int) -> None:
    """What is kept of them is brought up to date; no rule is asked."""
    keeping.bring(store.sidecar.shop, store.book(), Scope.of(customers), store.moment)


@pytest.mark.parametrize("how", ["cancelled", "foreign"])
def test_points_come_back_once_whenever_the_process_ended(
    either: SmallStore, ann: int, how: str
) -> None:
    checkout = Checkout(either)
    eve = either.given.customer()

    def redeem() -> None:
        carry_out(either, ask(either, "points.redeem", customer=ann, points=600))

    def over() -> None:
        made = row(either)
        if how == "cancelled":
            carry_out(
                either, ask(either, "points.cancel", redemption=made["redemption_id"], reason="x")
            )
        else:
            order_id = either.given.order(eve, "1", status=0)
            row_ = {"title": f"Coupon ({made['code']})"}
            either.given.insert("order_total", row_, order_id=order_id, code="coupon", value="0")
            assert checkout.become(order_id, 5) == 5
        look(either, ann, eve)
        either.now += datetime.timedelta(days=1)
        look(either, ann, eve)

    def afterwards() -> None:
        restart(either)
        for days in (0, 31, 1):
            either.now += datetime.timedelta(days=days)
            look(either, ann, eve)
        hold(either)
        wanted = "returned" if how == "cancelled" else how
        assert row(either)["state"] == wanted
        (coupon,) = either.rows(f"SELECT status FROM `{either.given.prefix}coupon`")
        assert coupon["status"] == 0
        hold_spent(either)
        anew(either, ann)

    assert crashing_everywhere(either, redeem, over, afterwards) >= 12
