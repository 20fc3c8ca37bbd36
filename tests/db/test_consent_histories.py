"""Any history of flags, commands, hints, pauses and registrations ends as a naive account of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar import clock
from sidecar.config.key import Key
from sidecar.model import Scope
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.consents import newsletter
from sidecar.sync.consents.verifying import verify
from support.consents import KEY, flag, said, tick, with_key
from support.credit import asked
from support.small_store import SmallStore

PEOPLE = 3

#: How hard a no is; the flag of the store overcomes only its own.
HARD = {"withdrawn": 2, "bounced": 3, "complained": 4, "objected": 5}


@dataclass
class Person:
    """What a careful clerk would write down of one account."""

    address: str
    flag: int = 0
    seen: int = 0
    state: str | None = None
    hardness: int = 0
    since: int = 0
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def write(self, state: str, source: str, evidence: str, at: int) -> None:
        self.state, self.since = state, at
        self.hardness = 0
        if state in HARD:
            self.hardness = 1 if source == "store" else HARD[state]
        self.lines.append((state, source, evidence))


@dataclass
class Clerk:
    """Everybody, who may not be written to, and whether the store's flags may be set."""

    people: list[Person]
    guests: dict[str, Person] = field(default_factory=dict)
    listed: dict[str, tuple[str, int]] = field(default_factory=dict)
    paused: bool = False

    def before(self, one: Person) -> Person:
        """Who has said nothing yet is who they were as a guest."""
        return one if one.lines else self.guests.get(one.address, one)

    def look(self, one: Person, now: int, actor: bool = False) -> None:
        if one.flag and not one.seen and one.state != "granted":
            if one.address not in self.listed and self.before(one).hardness <= 1:
                who = "staff" if actor else "store"
                one.write("granted", who, "staff" if actor else "form", now)
            elif self.paused:
                return
        elif one.seen and not one.flag and one.state == "granted":
            one.write("withdrawn", "store", "none", now)
        one.seen = one.flag
        if not self.paused:
            one.flag = one.seen = int(one.state == "granted")

    def grant(self, one: Person, evidence: str, at: int) -> bool:
        proof = evidence in ("document", "double_opt_in")
        if one.address in self.listed and (not proof or at <= self.listed[one.address][1]):
            return False
        before = self.before(one)
        if before.hardness and at <= before.since:
            return False
        if before.hardness >= 4 and not proof:
            return False
        self.listed.pop(one.address, None)
        one.write("granted", "command", evidence, at)
        return True

    def refuse(self, one: Person, state: str, now: int, source: str = "command") -> None:
        if one.hardness < HARD[state]:
            one.write(state, source, "none", now)

    def put_on_list(self, address: str, why: str, now: int) -> None:
        """A stronger reason counts anew."""
        if address not in self.listed or HARD[why] > HARD[self.listed[address][0]]:
            self.listed[address] = why, now


who = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.just("tick"), who, st.integers(0, 1)),
    st.tuples(st.just("look"), who, st.booleans()),
    st.tuples(st.just("pass"), who, st.none()),
    st.tuples(
        st.just("grant"),
        who,
        st.tuples(
            st.sampled_from(["form", "staff", "document", "double_opt_in"]),
            st.sampled_from([0, 0, 900, 86_400]),
        ),
    ),
    st.tuples(st.just("refuse"), who, st.sampled_from(sorted(HARD))),
    st.tuples(st.just("list"), who, st.sampled_from(["bounced", "objected"])),
    st.tuples(st.just("pause"), who, st.booleans()),
    st.tuples(st.just("rotate"), who, st.none()),
    st.tuples(st.just("register"), who, st.booleans()),
)


@pytest.fixture
def opened(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallStore]:
    monkeypatch.setattr(clock, "now", lambda: store.now)
    yield with_key(store)
    store.sidecar.shop.key = None


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=4, max_size=16))
def test_consents_end_as_a_clerk_would_have_written_them(
    opened: SmallStore, history: list[tuple[str, int, Any]]
) -> None:
    play(opened, history)


def play(store: SmallStore, history: list[tuple[str, int, Any]]) -> None:
    shop = with_key(store).sidecar.shop
    store.forget_everything()
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer`")
    newsletter.open_(shop, store.moment)
    ids = [store.given.customer(f"p{index}@example.com") for index in range(PEOPLE)]
    clerk = Clerk([Person(f"p{index}@example.com") for index in range(PEOPLE)])
    for action, index, value in history:
        store.now += datetime.timedelta(minutes=10)
        number, one, now = ids[index], clerk.people[index], store.moment.epoch_s
        match action:
            case "tick":
                tick(store, number, value)
                one.flag = value
            case "look":
                actors = {number: "admin:eve"} if value else {}
                newsletter.bring(shop, Scope.of([number]), store.moment, actors)
                clerk.look(one, now, actor=value)
            case "pass":
                newsletter.bring(shop, Scope.span(1, 2**31 - 1), store.moment)
                for each in clerk.people:
                    clerk.look(each, now)
            case "grant":
                evidence, ago = value
                at = datetime.datetime.fromtimestamp(now - ago, datetime.UTC).isoformat()
                done = asked(
                    store, "consent.grant", customer=number, channel="email",
                    purpose="newsletter", evidence=evidence, reason="x", at=at,
                )  # fmt: skip
                clerk.look(one, now)
                assert (done.state == "done") == clerk.grant(one, evidence, now - ago)
                if done.state == "done":
                    clerk.look(one, now)
            case "refuse" if value == "withdrawn":
                asked(
                    store, "consent.withdraw", customer=number, channel="email",
                    purpose="newsletter",
                )  # fmt: skip
                clerk.look(one, now)
                clerk.refuse(one, value, now)
                clerk.look(one, now)
            case "refuse" if value == "objected":
                asked(store, "consent.object", customer=number, reason="x")
                clerk.look(one, now)
                clerk.refuse(one, value, now, "objection")
                clerk.put_on_list(one.address, value, now)
                clerk.look(one, now)
            case "refuse":
                asked(store, "consent.note", customer=number, state=value, channel="email")
                clerk.look(one, now)
                clerk.refuse(one, value, now)
                clerk.put_on_list(one.address, value, now)
                clerk.look(one, now)
            case "list":
                asked(
                    store, "consent.suppress", address=one.address.upper(), channel="email",
                    because=value,
                )  # fmt: skip
                same = [each for each in clerk.people if each.address == one.address]
                for each in same:
                    clerk.look(each, now)
                guest = clerk.guests.setdefault(one.address, Person(one.address))
                for each in [*same, guest]:
                    clerk.refuse(each, value, now)
                clerk.put_on_list(one.address, value, now)
                for each in same:
                    clerk.look(each, now)
            case "pause":
                with transaction(shop.engine) as tx:
                    if value:
                        decisions.pause(tx, shop.own, "cli:eve", None, store.moment)
                    else:
                        decisions.resume(tx, shop.own, store.moment)
                clerk.paused = value
            case "rotate":
                assert shop.key is not None
                secrets = shop.key.secrets
                shop.key = Key({**secrets, shop.key.number + 1: bytes([len(secrets)]) * 32})
            case "register":
                # Somebody new, with the address of somebody who is there.
                ids.append(store.given.customer(one.address, newsletter=value))
                clerk.people.append(Person(one.address, flag=int(value)))
    for number, one in zip(ids, clerk.people, strict=True):
        newsletter.bring(shop, Scope.of([number]), store.moment)
        clerk.look(one, store.moment.epoch_s)
        assert said(store, number) == one.lines, history
        assert flag(store, number) == one.flag, history
    assert verify(shop).problems == []
    shop.key = KEY


def test_histories_that_once_went_wrong(opened: SmallStore) -> None:
    play(opened, [("pause", 0, True), ("tick", 0, 1), ("refuse", 0, "objected"), ("pass", 0, None)])
    play(opened, [("list", 0, "bounced"), ("register", 0, True), ("pass", 0, None)])
    play(opened, [("list", 0, "bounced"), ("register", 0, False), ("list", 0, "bounced")])
