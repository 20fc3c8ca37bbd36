"""
Random histories of store credit: whatever happens in whatever order, and wherever the process
ends, each bucket holds what a naive model says that moves every unit by itself.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from sidecar import clock
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.tables import store_tables
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.loyalty import projection
from support import ledger_audit, small_store
from support.credit import PROGRAM, UNIT, remove, row
from support.credit_model import Name, Purse
from support.database import engine_for
from support.given import Given
from support.small_store import NOW, SmallStore


class CrashError(BaseException):
    """The process ends here, in this test."""


@pytest.fixture(
    scope="module",
    params=["4.1", pytest.param("3.0", marks=pytest.mark.both_kinds)],
    ids=["InnoDB", "MyISAM"],
)
def lasting(
    request: pytest.FixtureRequest,
    mariadb: PrivateServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SmallStore]:
    """A store on tables of either kind, for all the histories."""
    generation: Any = request.param
    name = f"credit_{'old' if generation == '3.0' else 'new'}"
    mariadb.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    database = mariadb.settings(name)
    with engine_for(database) as engine, contextlib.closing(mariadb.connect(name)) as writes:
        store_tables(database.prefix, generation).metadata.create_all(engine)
        given = Given(writes, NOW)
        given.basics()
        yield from small_store.open_on(database, tmp_path_factory.mktemp("credit"), given)
    mariadb.execute(f"DROP DATABASE {name}")


@dataclass
class History:
    """
    What happened to a customer, in the store's rows and in the model.

    Attributes:
        fresh: Rows that were written since somebody looked, with their amount.
        spends: Numbers of rows that took something, and are there.
        gifts: The same of those that gave.
        issues: Numbers of what was issued and is not revoked.
        waiting: Numbers of issues that wait, with what they are to give.
        gone: What was removed since somebody looked.
        crash_at: The statement of the next change before which the process ends; 0: none.
    """

    store: SmallStore
    customer: int
    purse: Purse = field(default_factory=Purse)
    fresh: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    issues: list[int] = field(default_factory=list)
    waiting: dict[int, tuple[int, int | None, bool]] = field(default_factory=dict)
    gone: list[Name] = field(default_factory=list)
    crash_at: int = 0

    # -- what may happen -------------------------------------------------------------------

    def issue(self, units: int, days: int, kind: str) -> None:
        valid = "never" if not days else f"{days} days"
        answer = self._asked(
            "credit.issue",
            customer=self.customer,
            amount=f"{units}",
            kind=kind,
            reason="x",
            valid=valid,
        )
        until = None if not days else self._midnight_after(days)
        number, is_paid = answer["issue"], kind == "refund"
        if answer["state"] == "waiting":
            self.waiting[number] = units, until, is_paid
            self._brought()
        else:
            self._issued(number, units, until, is_paid)
        self._hold()

    def decide(self, which: int, approved: bool) -> None:
        if not self.waiting:
            return
        number = sorted(self.waiting)[which % len(self.waiting)]
        units, until, is_paid = self.waiting[number]
        if not approved or (until is not None and until <= self._now):
            self._asked("credit.refuse", "admin:bob", issue=number, reason="x")
        else:
            self._asked("credit.approve", "admin:bob", issue=number)
            self._issued(number, units, until, is_paid)
            self._hold()
        del self.waiting[number]

    def end(self, which: int) -> None:
        there = [n for n in self.issues if self.purse.left().get(("issue", n))]
        fresh = bool(self.fresh or self.gone)
        if there and not fresh:
            number = there[which % len(there)]
            if self.purse.buckets["issue", number].until > self._now:
                self._asked("credit.expire", issue=number, reason="x")
                self._brought()
                self.purse.end(("issue", number), self._now)
                self._hold()

    def native(self, units: int, order_id: int) -> None:
        number = row(self.store, self.customer, str(units), order_id)
        self.fresh[number] = units

    def remove(self, which: int) -> None:
        there = [*self.fresh, *self.rows]
        if there:
            number = there[which % len(there)]
            remove(self.store, number)
            if self.fresh.pop(number, None) is None:
                self.gone.append(("native", number))

    def revoke(self, which: int) -> None:
        """Somebody removed the row of an issue."""
        if self.issues:
            number = self.issues.pop(which % len(self.issues))
            query = (
                "SELECT e.native_id FROM {own}entry e JOIN {own}cause c USING (cause_id)"
                " WHERE c.kind = 'issue' AND c.source_id = %s AND e.written > 0 AND e.native_id > 0"
            )
            for found in self.store.rows(query, number):
                remove(self.store, found["native_id"])
                self.gone.append(("issue", number))

    def days(self, days: int) -> None:
        self.store.now += datetime.timedelta(days=days)

    def crash(self, statement: int) -> None:
        self.crash_at = statement

    def look(self) -> None:
        self._until_done(lambda: self.store.process(self.customer))
        self._brought()
        self._hold()

    # -- the program, which may end anywhere -----------------------------------------------

    def _asked(self, name: str, actor: str = "admin:eve", **asked: object) -> Any:
        sidecar = self.store.sidecar
        own, engine = sidecar.shop.own, sidecar.engine
        with transaction(engine) as tx:
            number = queue.ask(tx, own, name, asked, actor, clock.now())
        dispatcher = Dispatcher(engine, own, sidecar.handlers(), lambda: self.store.now)

        def dispatch() -> None:
            dispatcher.recover()
            dispatcher.dispatch(number)

        self._until_done(dispatch)
        with transaction(engine) as tx:
            done = queue.read(tx, own, number)
        assert done.error is None, done.error
        return done.answer

    def _until_done(self, act: Any) -> None:
        """*act*, and once more where the process ends within."""
        statement, self.crash_at = self.crash_at, 0
        count = 0

        def before(*_: object) -> None:
            nonlocal count
            count += 1
            if count == statement:
                raise CrashError

        engine = self.store.sidecar.engine
        event.listen(engine, "before_cursor_execute", before)
        try:
            act()
        except CrashError:
            event.remove(engine, "before_cursor_execute", before)
            projection.recover(self.store.sidecar.shop)
            act()
        else:
            event.remove(engine, "before_cursor_execute", before)

    # -- the model -------------------------------------------------------------------------

    @property
    def _now(self) -> int:
        return int(self.store.now.timestamp())

    def _midnight_after(self, days: int) -> int:
        zone = self.store.sidecar.shop.settings.zone
        day = self.store.now.astimezone(zone).date() + datetime.timedelta(days=days + 1)
        return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp())

    def _issued(self, number: int, units: int, until: int | None, is_paid: bool) -> None:
        self._brought()
        self.purse.give(("issue", number), units, self._now, until, paid=is_paid)
        self.issues.append(number)

    def _brought(self) -> None:
        """What the store's rows say, as whoever looks finds it."""
        for name in self.gone:
            if name[0] == "issue":
                self.purse.revoke(name, newest=True)
        for number, units in sorted(self.fresh.items()):
            if units > 0:
                self.purse.give(("native", number), units, self._now)
            else:
                self.purse.take(("native", number), -units)
        for name in sorted(self.gone, key=lambda name: self.purse.ages[name]):
            if name[0] == "native" and self.rows.pop(name[1]) > 0:
                self.purse.revoke(name, newest=False)
            elif name[0] == "native":
                self.purse.take_back(name, self._now, self._midnight_after(14))
        self.rows |= self.fresh
        self.fresh, self.gone = {}, []
        self.purse.expire(self._now)

    def _hold(self) -> None:
        ledger_audit.hold(self.store)
        query = (
            "SELECT c.kind, c.source_id, l.remaining FROM {own}lot l JOIN {own}cause c"
            " USING (cause_id) WHERE l.unit = 'credit' AND l.remaining <> 0"
        )
        found = {
            (row["kind"], row["source_id"]): row["remaining"] / UNIT
            for row in self.store.rows(query)
        }
        assert found == self.purse.left()
        table = f"{self.store.given.prefix}customer_transaction"
        (native,) = self.store.rows(f"SELECT COALESCE(SUM(amount), 0) AS n FROM {table}")
        assert native["n"] == self.purse.available


small = st.integers(0, 5)
units = st.integers(1, 9)
STEPS = st.one_of(
    st.tuples(
        st.just("issue"), units, st.integers(0, 6), st.sampled_from(["goodwill", "refund", "gift"])
    ),
    st.tuples(st.just("decide"), small, st.booleans()),
    st.tuples(st.just("end"), small),
    st.tuples(st.just("native"), st.integers(-12, -1), st.integers(900, 903)),
    st.tuples(st.just("native"), units, st.just(0)),
    st.tuples(st.just("remove"), small),
    st.tuples(st.just("revoke"), small),
    st.tuples(st.just("days"), st.integers(1, 4)),
    st.tuples(st.just("crash"), st.integers(1, 120)),
    st.tuples(st.just("look")),
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(STEPS, min_size=3, max_size=25), above=st.sampled_from([5, 100]))
def test_whatever_happens_each_bucket_holds_what_the_model_says(
    lasting: SmallStore,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[Any, ...]],
    above: int,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: lasting.now)
    _anew(lasting)
    text = f'refund_expiry = "1 year"\napprove_above = {above}\n'
    lasting.named_rules({}, PROGRAM + text)
    history = History(lasting, lasting.given.customer())
    history.look()
    for step, *arguments in steps:
        getattr(history, step)(*arguments)
    history.look()
    history.days(400)
    history.look()


def _anew(store: SmallStore) -> None:
    """No customers, nothing of ours."""
    store.forget_everything()
    store.now = NOW
    for table in ("customer", "customer_transaction", "sidecar_command"):
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")
