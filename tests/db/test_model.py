"""
The whole engine against its definition: whatever happens, in whatever order.

A machine does to a real store what shops, people and time do to it, and lets the sidecar
look at whom it would look at; `support.model_passes` says what must stand then.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from sidecar.config import Database
from sidecar.errors import NotNowError
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import changed, decisions, runs, undo
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook, open_rulebook
from sidecar.sync.pass_runs import Approval
from sidecar.sync.pinning import Pinning, Word
from support import model_audit, model_undo, small_store
from support.given import Given
from support.model import GROUPS, Order, Person, Pinned, Rules, RungRule, Said, Stood
from support.model_passes import Model
from support.model_undo import Change
from support.small_store import NOW, SmallStore

BERLIN = ZoneInfo("Europe/Berlin")
UTC = datetime.UTC
CAP = 2

#: Examples are begun anew so often, as later ones come to resemble those before them.
SEEDS = 5

#: Before both changes of the clocks, the end of a month, and a leap day.
STARTS = (
    datetime.datetime(2026, 3, 28, 21, 30, tzinfo=UTC),
    datetime.datetime(2026, 10, 24, 20, 0, tzinfo=UTC),
    datetime.datetime(2026, 1, 30, 23, 30, tzinfo=UTC),
    datetime.datetime(2028, 2, 28, 12, 0, tzinfo=UTC),
)

TAGS = {
    "vip": (
        "total_spent > 500",
        "total_spent > 300 and not tags has 'friend'",
        "orders >= 2 or last_order within 3 days",
    ),
    "recent": (
        "last_order within 30 days",
        "last_order within 2 months",
        "last_order within 36 hours",
        "last_order on today",
    ),
    "busy": ("orders(within = 1 month) >= 2", "total_spent(within = 10 days) >= 200"),
    "golden friend": (
        "group = 'Gold' or tags has 'friend'",
        "group in ('Gold', 'Silver') and newsletter",
        "group != 'Silver'",
    ),
    "asleep": ("in segment 'sleepers' and not tags has 'busy'", "not in segment 'big'"),
    "old hand": ("registered older than 3 months", "registered before yesterday"),
    "friend": ("newsletter", "orders(until = yesterday) >= 1"),
}
SEGMENTS = {
    "sleepers": (
        "orders >= 1 and last_order older than 20 days",
        "last_order older than 1 month",
        "last_order is missing or last_order in next 5 days",
    ),
    "big": ("average_order >= 100", "tags has 'vip' or total_spent >= 250"),
    "golden": ("group = 'Gold'", "group = 'Silver' and tags has 'vip'"),
    "plain": ("tags is missing", "not newsletter"),
    "members": ("in segment 'golden' or in segment 'big'", "not in segment 'plain'"),
}
ALWAYS = ("sleepers", "big", "golden", "plain")
WHEN = {
    2: ("orders >= 1", "last_order within 30 days", "newsletter", "registered older than 2 days"),
    3: ("total_spent > 500", "tags has 'vip'", "in segment 'big'", "tags has 'friend'"),
}
KEEP = (None, "total_spent > 200", "orders >= 2", "tags has 'recent'")
GRACE = (None, None, "3 days", "1 month", "90 minutes")
STAY = (None, None, "2 days", "5 hours", "1 month")

some_tags = st.fixed_dictionaries({}, optional={n: st.sampled_from(w) for n, w in TAGS.items()})
some_segments = st.fixed_dictionaries(
    {name: st.sampled_from(SEGMENTS[name]) for name in ALWAYS},
    optional={name: st.sampled_from(w) for name, w in SEGMENTS.items() if name not in ALWAYS},
)
rungs = st.sampled_from([(3, 2), (3, 2), (2, 3), (3,), (2,), ()]).flatmap(
    lambda groups: st.tuples(
        *(
            st.builds(
                RungRule,
                st.just(group),
                st.sampled_from(WHEN[group]),
                st.sampled_from(KEEP),
                st.sampled_from(GRACE),
                st.sampled_from(STAY),
            )
            for group in groups
        )
    )
)
rule_sets = st.builds(
    Rules,
    some_tags,
    some_segments,
    rungs,
    st.sampled_from([None, None, "Default", "Silver"]),
    st.sampled_from([("Default",), ("Default", "Silver")]),
    st.sampled_from([(), (), ("Staff",), ("Gold",)]),
    st.sampled_from([False, False, False, True]),
)
#: Which of the customers there are; counted around.
whom = st.integers(0, 5)
some = st.lists(whom, min_size=1, max_size=3, unique=True)
totals = st.sampled_from(["0", "20", "120.55", "260", "510", "-30", "-300"])
statuses = st.sampled_from([5, 5, 1, 0, 7])
groups = st.sampled_from([1, 2, 3, 4, 9])
ago = st.sampled_from([0, 0, 1, 9, 19, 29, 30, 61, -2])


class AnyStore(RuleBasedStateMachine):
    """See the module."""

    store: SmallStore
    engine: Engine
    #: By the kind of run: how many were undone.
    undone: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.dirty: set[int] = set()
        self.touched: set[int] = set()

    # -- beginning -----------------------------------------------------------------------

    @initialize(
        start=st.sampled_from(STARTS),
        rules=rule_sets,
        people=st.lists(
            st.tuples(st.sampled_from([1, 1, 1, 2, 4]), st.booleans()), min_size=2, max_size=4
        ),
        approved=st.sampled_from([True, True, True, False]),
    )
    def begin(
        self, start: datetime.datetime, rules: Rules, people: list[tuple[int, bool]], approved: bool
    ) -> None:
        small_store.empty(self.engine, "oc_")
        self.store.now = start
        given = self.store.given
        given.basics()
        for group, name in list(GROUPS.items())[1:]:
            given.insert(
                "customer_group", {"approval": 0, "sort_order": 0}, customer_group_id=group
            )
            given.describe("customer_group", group, name)
        self.model = Model(BERLIN, CAP)
        self.store.tagging().ensure(TAGS)
        self._edit(rules)
        for group, newsletter in people:
            self._register(group, newsletter)
        for who in list(self.model.people)[:2]:
            self._order(who, "260", 5, 8)
        self._full_pass("everything" if approved else None)

    # -- the store -----------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.store.moment.epoch_s

    def _wall(self, days_ago: int = 0) -> tuple[str, datetime.datetime]:
        """The store's wall time so many days ago, and the instant it means."""
        local = (self.store.now - datetime.timedelta(days=days_ago)).astimezone(BERLIN)
        wall = local.replace(tzinfo=None, microsecond=0, fold=0)
        return str(wall), wall.replace(tzinfo=BERLIN).astimezone(UTC)

    def _one(self, number: int) -> int:
        known = sorted(self.model.people)
        return known[number % len(known)]

    def _several(self, numbers: list[int]) -> list[int]:
        return sorted({self._one(number) for number in numbers}) if self.model.people else []

    def _register(self, group: int, newsletter: bool) -> None:
        wall, at = self._wall()
        who = self.store.given.customer(group=group, newsletter=newsletter, at=wall)
        self.model.people[who] = Person(group, newsletter, at)
        self.dirty.add(who)

    def _order(self, who: int, total: str, status: int, days_ago: int) -> None:
        wall, at = self._wall(days_ago)
        number = self.store.given.order(who, total, status=status, at=wall)
        self.model.people[who].orders[number] = Order(Decimal(total), status, at)
        self.dirty.add(who)

    @rule(group=groups, newsletter=st.booleans())
    def a_customer_registers(self, group: int, newsletter: bool) -> None:
        self._register(group, newsletter)

    @precondition(lambda self: self.model.people)
    @rule(number=whom)
    def a_customer_is_deleted(self, number: int) -> None:
        who = self._one(number)
        self.store.given.delete("customer", customer_id=who)
        del self.model.people[who]
        self.dirty.add(who)

    @precondition(lambda self: self.model.people)
    @rule(
        number=whom,
        total=totals,
        status=statuses,
        days_ago=ago,
        then=st.sampled_from([None, "it rings", "it rings", "that is undone"]),
    )
    def somebody_orders(
        self, number: int, total: str, status: int, days_ago: int, then: str | None
    ) -> None:
        self._order(self._one(number), total, status, days_ago)
        if then is not None:
            with self._taken_back(then == "that is undone"):
                self._answer(sorted(self.dirty))

    @precondition(lambda self: self.model.people)
    @rule(numbers=some, total=totals, days_ago=ago)
    def rules_that_are_settled_see_orders_that_are_undone(
        self, numbers: list[int], total: str, days_ago: int
    ) -> None:
        self._full_pass("everything")
        for who in self._several(numbers):
            self._order(who, total, 5, days_ago)
        with self._taken_back(True):
            self._answer(sorted(self.dirty))

    @precondition(lambda self: self.model.people)
    @rule(number=whom, status=statuses, delete=st.booleans())
    def an_order_changes(self, number: int, status: int, delete: bool) -> None:
        who = self._one(number)
        orders = self.model.people[who].orders
        if not orders:
            return
        order = max(orders)
        if delete:
            self.store.given.delete("order", order_id=order)
            del orders[order]
        else:
            self.store.given.update("order", {"order_id": order}, order_status_id=status)
            orders[order].status = status
        self.dirty.add(who)

    @precondition(lambda self: self.model.people)
    @rule(
        number=whom,
        group=st.sampled_from([1, 2, 3, 4, 9, None]),
        by=st.sampled_from(["person", "nobody"]),
    )
    def somebody_changes_a_group(self, number: int, group: int | None, by: str) -> None:
        who = self._one(number)
        if group is None:  # a form that was opened before our last write is saved
            group = self.model.stood.get(who, Stood()).memory["moved_from"]
            if group is None:
                return
        self.store.given.update("customer", {"customer_id": who}, customer_group_id=group)
        self.model.people[who].group = group
        self.dirty.add(who)
        if by == "person":
            self.touched.add(who)
        self._answer([who])

    @precondition(lambda self: self.model.people)
    @rule(number=whom)
    def somebody_changes_the_newsletter(self, number: int) -> None:
        who = self._one(number)
        person = self.model.people[who]
        person.newsletter = not person.newsletter
        self.store.given.update("customer", {"customer_id": who}, newsletter=int(person.newsletter))
        self.dirty.add(who)

    # -- what rings ----------------------------------------------------------------------

    @rule(back=st.booleans())
    def the_doorbell_rings_for_whoever_changed(self, back: bool) -> None:
        with self._taken_back(back):
            self._answer(sorted(self.dirty))

    def _answer(self, ids: list[int]) -> None:
        touched = self.touched & set(ids)
        self.model.answer(ids, self.now, touched)
        self._ring(ids, "changed", dict.fromkeys(touched, "admin:ann"))
        self.dirty -= set(ids)
        self.touched -= set(ids)
        self.check()

    def _ring(self, ids: list[int], kind: str, touched: dict[int, str]) -> None:
        shop, moment = self.store.sidecar.shop, self.store.moment
        budget = Budget(shop.own, CAP, moment)
        changed.answer(shop, self.store.book(), ids, moment, budget, kind=kind, touched=touched)

    @rule(
        by=st.sampled_from(
            ["to next", "to next", "to next", "before next", "hours", "a day", "weeks", "months"]
        ),
        count=st.integers(1, 5),
    )
    def time_passes(self, by: str, count: int) -> None:
        now = self.store.now
        at_rest = self.model.at_rest(self.now)
        due = self.store.rows("SELECT MIN(next_at) AS at FROM `{own}customer`")[0]["at"]
        if by in ("to next", "before next"):
            if due is None:
                return
            then = datetime.datetime.fromtimestamp(due - (by == "before next"), UTC)
            self.store.now = max(then, now)
        else:
            days = {"hours": count / 7, "a day": 1, "weeks": 7 * count, "months": 30.4 * count}[by]
            self.store.now = (now + datetime.timedelta(days=days)).replace(microsecond=0)
        self._clock(at_rest)

    def _clock(self, at_rest: set[int]) -> None:
        """
        Only whom the clock names is looked at, and still everything is as it must be.

        Args:
            at_rest: Whom another look would have left as they were, before time passed.
        """
        rows = self.store.rows(
            "SELECT customer_id FROM `{own}customer` WHERE next_at <= %s", self.now
        )
        due = {int(row["customer_id"]) for row in rows}
        model = self.model
        everybody = at_rest - self.dirty if model.current else set()
        touched = self.touched & due
        model.answer(sorted(due | everybody), self.now, touched)
        self._ring(sorted(due), "clock", {})
        self.dirty -= due
        self.touched -= due
        self.check()
        late = self.store.rows(
            "SELECT customer_id FROM `{own}customer` WHERE next_at <= %s", self.now
        )
        assert not late

    # -- full passes ---------------------------------------------------------------------

    @rule(approved=st.sampled_from([None, None, "everything"]), back=st.booleans())
    def a_full_pass(self, approved: str | None, back: bool) -> None:
        with self._taken_back(back):
            self._full_pass(approved)

    @precondition(lambda self: self.model.waiting)
    @rule(number=st.integers(0, 3), back=st.booleans())
    def a_run_is_approved(self, number: int, back: bool) -> None:
        with self._taken_back(back):
            self._full_pass(number % len(self.model.waiting))

    def _full_pass(self, approved: str | int | None) -> None:
        approval = None
        if isinstance(approved, int):
            with transaction(self.engine) as tx:
                run = runs.waiting(tx, self.store.sidecar.shop.own)[approved]
            approval = Approval(actor="cli:ann", run_id=run.run_id)
            self.model.full_pass(self.now, self.model.waiting[approved])
        else:
            if approved:
                approval = Approval(actor="cli:ann", everything=True)
            self.model.full_pass(self.now, "everything" if approved else None)
        self.store.whole_pass(approval=approval, cap=CAP, size=2)
        self.dirty.clear()
        self.touched.clear()
        self.check()

    # -- rules ---------------------------------------------------------------------------

    @rule(rules=rule_sets)
    def the_rules_are_edited(self, rules: Rules) -> None:
        self._edit(rules)

    @rule(rules=rule_sets, back=st.booleans())
    def new_rules_are_approved(self, rules: Rules, back: bool) -> None:
        self._edit(rules)
        self._full_pass(None)
        if self.model.waiting:
            with self._taken_back(back):
                self._full_pass(len(self.model.waiting) - 1)

    @rule(name=st.sampled_from(sorted(TAGS)), number=st.integers(0, 3))
    def one_rule_is_edited_or_removed(self, name: str, number: int) -> None:
        tags = dict(self.model.rules.tags)
        if number < len(TAGS[name]):
            tags[name] = TAGS[name][number]
        else:
            tags.pop(name, None)
        old = self.model.rules
        self._edit(
            Rules(
                tags,
                old.segments,
                old.rungs,
                old.fallback,
                old.from_,
                old.protected,
                old.upgrade_only,
            )
        )

    def _edit(self, rules: Rules) -> None:
        self.store.folder.mkdir(exist_ok=True)
        (self.store.folder / "rules.toml").write_text(rules.toml(), "utf-8")
        self.model.rules = rules
        self.model.current = False
        self.store.book()
        self.model.registry()

    @precondition(lambda self: self.model.waiting)
    @rule(number=st.integers(0, 3))
    def a_run_is_discarded(self, number: int) -> None:
        run = self.model.waiting[number % len(self.model.waiting)]
        own, rules = self.store.sidecar.shop.own, self.store.sidecar.check_rules().rules
        with transaction(self.engine) as tx:
            run_id = runs.waiting(tx, own)[self.model.waiting.index(run)].run_id
            decisions.discard(tx, own, run_id, "cli:ann", rules, self.store.moment)
        self.model.discard(run)
        self.check()

    @precondition(lambda self: self.model.held())
    @rule(number=st.integers(0, 9))
    def a_rule_is_resumed(self, number: int) -> None:
        held = sorted(self.model.held())
        kind, name = held[number % len(held)]
        if not self.model.rows[kind, name].text:
            return
        own, rules = self.store.sidecar.shop.own, self.store.sidecar.check_rules().rules
        with transaction(self.engine) as tx:
            decisions.resume_rule(tx, own, name, kind, rules, self.store.moment)
        self.model.resume((kind, name))
        self.check()

    @rule()
    def native_writing_is_paused_or_resumed(self) -> None:
        paused = self.model.paused = not self.model.paused
        self.model.current = False
        own = self.store.sidecar.shop.own
        with transaction(self.engine) as tx:
            if paused:
                decisions.pause(tx, own, "cli:ann", None, self.store.moment)
            else:
                decisions.resume(tx, own, self.store.moment)

    # -- what people say -----------------------------------------------------------------

    def _end_of(self, days: int | None) -> tuple[datetime.date | None, int | None]:
        """A day so many days ahead, and the instant it ends."""
        if days is None:
            return None, None
        day = self.store.now.astimezone(BERLIN).date() + datetime.timedelta(days=days)
        next_day = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time())
        return day, int(next_day.replace(tzinfo=BERLIN).timestamp())

    def _asked(self, ids: list[int], *, grouping: bool = False) -> None:
        """A person's command about *ids* was carried out."""
        self.model.answer(ids, self.now, ours=True, grouping=grouping)
        self.dirty -= set(ids)
        self.touched -= set(ids)
        self.check()

    def _pinning(self) -> Pinning:
        shop, moment = self.store.sidecar.shop, self.store.moment
        return Pinning(shop, self._book, moment, "cli:ann")

    def _book(self, groups: bool) -> Rulebook:
        return open_rulebook(
            self.store.sidecar.shop,
            self.store.sidecar.check_rules(),
            self.store.moment,
            writing=True,
            new_limits=True,
            pinning=groups,
        )

    @precondition(lambda self: self.model.people)
    @rule(
        numbers=some,
        tag=st.sampled_from(sorted(TAGS)),
        how=st.sampled_from(["add", "remove", "import"]),
        days=st.sampled_from([None, 0, 1, 40]),
    )
    def tags_by_hand(self, numbers: list[int], tag: str, how: str, days: int | None) -> None:
        ids, model = self._several(numbers), self.model
        day, until = self._end_of(days)
        hand = self.store.tagging()
        if how == "add":
            hand.add(tag, ids, day, None)
        elif how == "remove":
            hand.remove(tag, ids, day, None)
        else:
            hand.import_rows({tag: dict.fromkeys(ids, until)}, "x.csv", None)
        for who in ids:
            if how == "remove":
                model.take(who, tag, until, self.now)
            else:
                kind = "pin_in" if how == "add" else "import"
                model.say(who, tag, kind, Said(until), self.now)  # type: ignore[arg-type]
        self._asked(ids)

    @precondition(lambda self: self.model.people)
    @rule(
        numbers=some,
        tag=st.sampled_from(sorted(TAGS)),
        how=st.sampled_from(["in", "out", "end"]),
        ends=st.sampled_from([None, 0, 3, "requalify", "requalify"]),
    )
    def tags_are_pinned(
        self, numbers: list[int], tag: str, how: str, ends: int | str | None
    ) -> None:
        ids, model, requalify = self._several(numbers), self.model, ends == "requalify"
        day, until = self._end_of(ends if isinstance(ends, int) else None)
        if how == "end":
            self._pinning().unpin("tag", tag, ids)
            for who in ids:
                for kind in ("pin_in", "pin_out"):
                    model.said.get(who, {}).get(tag, {}).pop(kind, None)
        else:
            word = Word(direction=how, until=day, requalify=requalify, reason="x")  # type: ignore[arg-type]
            self._pinning().pin("tag", tag, ids, word)
            for who in ids:
                kind = "pin_in" if how == "in" else "pin_out"
                model.say(who, tag, kind, Said(until, requalify), self.now)  # type: ignore[arg-type]
        self._asked(ids)

    @precondition(lambda self: self.model.people)
    @rule(
        numbers=some,
        name=st.sampled_from(
            ["big", "golden", "sleepers", "Silver", "Gold", "Gold", "Staff", "Default"]
        ),
        how=st.sampled_from(["in", "in", "out", "end"]),
        ends=st.sampled_from([None, None, 0, 3, "requalify", "requalify"]),
    )
    def segments_and_groups_are_pinned(
        self, numbers: list[int], name: str, how: str, ends: int | str | None
    ) -> None:
        ids, model, requalify = self._several(numbers), self.model, ends == "requalify"
        day, until = self._end_of(ends if isinstance(ends, int) else None)
        kind = "segment" if name in SEGMENTS else "group"
        of = name if kind == "segment" else next(g for g, n in GROUPS.items() if n == name)
        if kind == "group" and not model.rules.rungs:
            model.current = False
        if how == "end":
            self._pinning().unpin(kind, name, ids)  # type: ignore[arg-type]
        else:
            word = Word(direction=how, until=day, requalify=requalify, reason="x")  # type: ignore[arg-type]
            self._pinning().pin(kind, name, ids, word)  # type: ignore[arg-type]
        for who in ids:
            if how == "end":
                model.pins.pop((who, kind, of), None)
            elif isinstance(of, int) and how == "in":
                model.pin_group(who, of, self.now, until=until, requalify=requalify)
            else:
                model.pins[who, kind, of] = Pinned(how, self.now, until, requalify)  # type: ignore[arg-type]
        self._asked(ids, grouping=kind == "group")

    @precondition(lambda self: self.model.people)
    @rule(numbers=some)
    def groups_are_given_back_to_the_ladder(self, numbers: list[int]) -> None:
        ids = self._several(numbers)
        self._pinning().free_groups(ids)
        for who in ids:
            self.model.free_groups(who)
        self._asked(ids, grouping=True)

    # -- what is taken back --------------------------------------------------------------

    @precondition(lambda self: bool(model_undo.undoable(self.model.history)))
    @rule()
    def the_newest_run_is_undone(self) -> None:
        self._undo(model_undo.undoable(self.model.history)[0])

    @precondition(lambda self: bool(model_undo.undoable(self.model.history)))
    @rule(number=st.integers(0, 9))
    def a_run_is_undone(self, number: int) -> None:
        runs = model_undo.undoable(self.model.history)
        self._undo(runs[number % len(runs)])

    @contextlib.contextmanager
    def _taken_back(self, back: bool) -> Iterator[None]:
        """What is done within is undone at once, if *back*."""
        known = len(self.model.history)
        yield
        if back:
            for change in reversed(self.model.history[known:]):
                self._undo(change)

    def _undo(self, change: Change) -> None:
        model, shop, moment = self.model, self.store.sidecar.shop, self.store.moment

        def undone() -> undo.Undone:
            return undo.undo(shop, lambda: self._book(True), change.number, moment, "cli:eve")

        if model.paused and any(did.moves for did in change.did.values()):
            with pytest.raises(NotNowError):
                undone()
            return
        if not model.rules.rungs:
            model.current = False
        self.undone[change.kind] += 1
        there = [who for who in change.did if who in model.people]
        expected, found = model_undo.undo(model, change, self.now), undone()
        rest = {(kept.customer_id, kept.kind, kept.name) for kept in found.rest}
        assert rest == {
            (who, kind, name if kind != "group" else GROUPS.get(change.did[who].moved_to, ""))
            for who, (kind, name) in expected.rest
        }
        assert (found.changes, found.rest_total) == (expected.changes, len(expected.rest))
        self.dirty -= set(there)
        self.touched -= set(there)
        self.check()

    # -- what must be --------------------------------------------------------------------

    def _segment_ids(self) -> dict[str, int]:
        rows = self.store.rows("SELECT segment_id, name FROM `{own}segment`")
        return {row["name"]: row["segment_id"] for row in rows}

    def check(self) -> None:
        """The store is as the model says."""
        self._check_customers()
        self._check_words_of_people()
        self._check_rules()
        model_audit.number(self.store, self.model.history)
        self.store.verify(seen=self.model.current)

    def _check_customers(self) -> None:
        store, model = self.store, self.model
        native = {
            row["customer_id"]: row["customer_group_id"]
            for row in store.rows("SELECT customer_id, customer_group_id FROM `oc_customer`")
        }
        assert native == {who: person.group for who, person in model.people.items()}
        standing = store.standing()
        slots = {
            row["slot"]: row["name"]
            for row in store.rows("SELECT slot, name FROM `{own}segment` WHERE slot IS NOT NULL")
        }
        found = {}
        for row in store.rows("SELECT * FROM `{own}customer`"):
            who = row["customer_id"]
            words = {
                kind: frozenset(
                    name for slot, name in slots.items() if (row[f"{kind}0"] or 0) >> slot & 1
                )
                for kind in ("segment_verdict", "segments")
            }
            memory = {name: row[name] for name in Stood().memory}
            found[who] = Stood(
                standing.verdict[who],
                standing.tags[who],
                words["segment_verdict"],
                words["segments"],
                self._rungs(row["rungs"] or 0),
                memory,
                tuple(row[n] for n in ("orders", "total_spent", "last_order_at", "registered_at")),
            )
        assert found.keys() == model.stood.keys()
        for who, stood in model.stood.items():
            for name in Stood.__dataclass_fields__:
                assert (who, name, getattr(found[who], name)) == (who, name, getattr(stood, name))

    def _rungs(self, word: int) -> frozenset[int]:
        rows = self.store.rows("SELECT value FROM `{own}state` WHERE name = 'ladder'")
        slots = json.loads(rows[0]["value"])["slots"] if rows else {}
        return frozenset(int(group) for group, slot in slots.items() if word >> slot & 1)

    def _check_words_of_people(self) -> None:
        store, model = self.store, self.model
        names = {tag.tag_id: name for name, tag in store.tags().items()}
        said = {
            (
                row["customer_id"],
                names[row["tag_id"]],
                row["source_kind"],
                Said(row["until"], bool(row["requalify"]), row["since"]),
            )
            for row in store.rows("SELECT * FROM `{own}assertion` WHERE source_kind <> 'rule'")
        }
        assert said == {
            (who, tag, kind, word)
            for who, tags in model.said.items()
            for tag, words in tags.items()
            for kind, word in words.items()
        }
        segments = {number: name for name, number in self._segment_ids().items()}
        pinned = {
            (
                row["customer_id"],
                row["kind"],
                segments[row["target_id"]] if row["kind"] == "segment" else row["target_id"],
            ): Pinned(row["direction"], row["since"], row["until"], bool(row["requalify"]))
            for row in store.rows("SELECT * FROM `{own}pin`")
        }
        assert pinned == model.pins

    def _check_rules(self) -> None:
        store, model = self.store, self.model
        rows = store.rows("SELECT * FROM `{own}rule` WHERE kind IN ('tag', 'ladder')")
        nodes = {row["rule_id"]: (row["kind"], row["name_key"]) for row in rows}
        known = {
            nodes[row["rule_id"]]: (
                row["fingerprint"] != row["settled"],
                row["held"] == row["fingerprint"],
            )
            for row in rows
            if row["fingerprint"] or row["settled"] or row["held"] == ""
        }
        expected = model.registry()
        assert known == {node: (state.is_new, state.held) for node, state in expected.items()}
        with transaction(self.engine) as tx:
            waiting = runs.waiting(tx, store.sidecar.shop.own)
        assert [({nodes[n] for n in run.rule_ids}, run.customers) for run in waiting] == [
            (set(run.rules), run.customers) for run in model.waiting
        ]
        if model.current:
            self._check_counts()

    def _check_counts(self) -> None:
        rows = self.store.rows("SELECT * FROM `{own}segment` WHERE gone_at IS NULL")
        for row in rows:
            name = row["name"]
            members = {who for who, stood in self.model.stood.items() if name in stood.segments}
            if row["baseline_at"] is not None:
                assert row["customers"] == len(members), name
            if row["listed"]:
                listed = self.store.rows(
                    "SELECT customer_id FROM `{own}member` WHERE segment_id = %s", row["segment_id"]
                )
                assert {member["customer_id"] for member in listed} == members, name


@pytest.fixture
def berlin(
    mariadb: PrivateServer, small_database: Database, small_engine: Engine, tmp_path: Path
) -> Iterator[SmallStore]:
    """A small store whose clocks change twice a year."""
    with contextlib.closing(mariadb.connect(small_database.name)) as connection:
        given = Given(connection, NOW, BERLIN)
        given.basics()
        yield from small_store.open_on(small_database, tmp_path, given)


def test_whatever_happens_what_stands_is_what_the_rules_define(
    berlin: SmallStore, small_engine: Engine
) -> None:
    counted: Counter[str] = Counter()

    class Machine(AnyStore):
        store = berlin
        engine = small_engine
        undone = counted

    for number in range(SEEDS):
        run_state_machine_as_test(
            seed(number)(Machine),
            settings=settings(
                max_examples=20 // SEEDS,
                stateful_step_count=30,
                database=None,
                derandomize=False,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print("undone:", dict(counted))
    # Runs of every kind were undone, and more than once.
    assert min(counted[kind] for kind in ("changed", "full", "approved", "command")) > 1
