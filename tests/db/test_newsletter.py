"""The store's newsletter flag and the consent that it shows are brought in line, both ways."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert

from sidecar.config import Database, Secret
from sidecar.errors import FencedError
from sidecar.model import Scope
from sidecar.rules.privacy.consent import State
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.shop.fence import Fence, fenced
from sidecar.sync import changed, decisions
from sidecar.sync.caps import Budget
from sidecar.sync.consents import newsletter, recording, suppression
from sidecar.sync.consents import people as people_of
from sidecar.sync.consents.recording import Wanted
from support import small_store
from support.consents import flag, holds, said, tick, with_key
from support.database import changed as changed_settings
from support.database import engine_for
from support.empty_store import empty_store
from support.given import Given
from support.small_store import NOW, SmallStore


@pytest.fixture(scope="module", params=["4.1", pytest.param("3.0", marks=pytest.mark.both_kinds)])
def tables(request: pytest.FixtureRequest, mariadb: PrivateServer) -> Iterator[Database]:
    """The tables of an OpenCart on InnoDB, or of one on MyISAM, and our own, all empty."""
    name = f"newsletter_{request.param.replace('.', '_')}"
    with empty_store(mariadb, name, request.param) as found:
        yield found


@pytest.fixture
def store(tables: Database, mariadb: PrivateServer, tmp_path: Path) -> Iterator[SmallStore]:
    """A store with a key whose flags were all looked at once."""
    with engine_for(tables) as engine, contextlib.closing(mariadb.connect(tables.name)) as writes:
        given = Given(writes, NOW)
        given.basics()
        for found in small_store.open_on(tables, tmp_path, given):
            with_key(found)
            newsletter.open_(found.sidecar.shop, found.moment)
            yield found
        small_store.empty(engine, tables.prefix)


def wanted(store: SmallStore) -> Wanted:
    at = store.moment.epoch_s
    return Wanted(channel="email", purpose="newsletter", at=at, actor="admin:eve")


def grant(store: SmallStore, customer: int, evidence: str = "form") -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        who = people_of.account(tx, shop, customer)
        recording.grant(tx, shop, who, wanted(store), evidence, store.moment)


def lower(store: SmallStore, customer: int, state: State = "withdrawn") -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        who = people_of.account(tx, shop, customer)
        recording.lower(tx, shop, who, wanted(store), state, store.moment)


def process(store: SmallStore, customer: int, actor: str | None = None) -> None:
    """The doorbell rings for *customer*, whom *actor* saved in the admin."""
    work = store.work()
    touched = {customer: actor} if actor else {}
    budget = Budget(work.shop.own, 10**9, work.moment)
    changed.answer(
        work.shop, work.rulebook, [customer], work.moment, budget, kind="changed", touched=touched
    )
    store.now += datetime.timedelta(minutes=10)


def findings(store: SmallStore) -> list[tuple[str, str]]:
    rows = store.rows("SELECT kind, subject FROM {own}finding WHERE mended_at IS NULL")
    return [(row["kind"], row["subject"]) for row in rows]


def pause(store: SmallStore, *, on: bool) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        if on:
            decisions.pause(tx, shop.own, "cli:eve", None, store.moment)
        else:
            decisions.resume(tx, shop.own, store.moment)


# -- from the store --------------------------------------------------------------------------


def test_flags_that_stood_when_first_seen_stay_and_prove_nothing(store: SmallStore) -> None:
    store.forget_everything()
    ann, bob = store.given.customer(newsletter=True), store.given.customer()

    process(store, ann)
    store.full_pass()

    assert said(store, ann) == [("granted", "found", "none")]
    assert (flag(store, ann), holds(store, bob), findings(store)) == (1, None, [])


def test_who_sets_the_flag_grants_and_who_removes_it_withdraws(store: SmallStore) -> None:
    ann = store.given.customer("a&b@example.com", ip="192.0.2.9")
    process(store, ann)
    for value in (1, 0, 1, 0):
        tick(store, ann, value)
        process(store, ann)
        process(store, ann)

    assert said(store, ann) == [("granted", "store", "form"), ("withdrawn", "store", "none")] * 2
    (first, *_) = store.rows("SELECT personal FROM {own}consent")
    assert first["personal"] == '{"address":"a&b@example.com","ip":"192.0.2.9"}'


def test_who_registers_with_the_flag_grants_by_a_form(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True, store=2)
    process(store, ann)

    assert said(store, ann) == [("granted", "store", "form")]
    assert store.rows("SELECT store_id, native FROM {own}consent_state") == [
        {"store_id": 2, "native": 1}
    ]


def test_an_account_that_moves_to_another_store_says_nothing_new(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)
    process(store, ann)
    store.given.update("customer", {"customer_id": ann}, store_id=3)

    for value in (0, 1):
        tick(store, ann, value)
        process(store, ann)
    lower(store, ann)
    process(store, ann)

    assert said(store, ann) == [
        ("granted", "store", "form"),
        ("withdrawn", "store", "none"),
        ("granted", "store", "form"),
        ("withdrawn", "command", "none"),
    ]
    assert flag(store, ann) == 0
    rows = store.rows("SELECT store_id, state, native FROM {own}consent_state")
    assert rows == [{"store_id": 0, "state": "withdrawn", "native": 0}]


def test_a_flag_that_a_person_of_the_shop_sets_asks_for_a_reason(store: SmallStore) -> None:
    ann = store.given.customer("ann@example.com", ip="192.0.2.9")
    tick(store, ann, 1)
    process(store, ann, "admin:eve")

    assert said(store, ann) == [("granted", "staff", "staff")]
    (row,) = store.rows("SELECT personal, actor FROM {own}consent")
    # The IP is that of the customer's last visit, and proves nothing of this.
    assert row == {"personal": '{"address":"ann@example.com"}', "actor": "admin:eve"}
    assert findings(store) == [("consent.unreasoned", f"customer {ann}")]
    grant(store, ann, "staff")
    process(store, ann)
    assert findings(store) == []
    assert said(store, ann)[1:] == [("granted", "command", "staff")]


def test_a_hint_that_comes_after_the_log_still_says_whose_the_flag_was(store: SmallStore) -> None:
    ann = store.given.customer()
    tick(store, ann, 1)
    process(store, ann)
    store.now -= datetime.timedelta(minutes=9)
    process(store, ann, "admin:eve")
    process(store, ann, "admin:eve")

    assert said(store, ann) == [("granted", "store", "form"), ("granted", "staff", "staff")]
    store.now += datetime.timedelta(minutes=9)


def test_a_hint_says_nothing_of_what_the_customer_did_long_before(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)
    process(store, ann)

    process(store, ann, "admin:eve")

    assert (said(store, ann), findings(store)) == ([("granted", "store", "form")], [])


@pytest.mark.parametrize("actor", [None, "admin:eve"])
@pytest.mark.parametrize("state", ["withdrawn", "bounced", "complained", "objected"])
def test_nobody_who_said_no_elsewhere_gets_the_newsletter_by_the_flag(
    store: SmallStore, state: State, actor: str | None
) -> None:
    ann = store.given.customer(newsletter=True)
    process(store, ann)
    lower(store, ann, state)
    process(store, ann)
    assert flag(store, ann) == 0
    before = said(store, ann)

    tick(store, ann, 1)
    process(store, ann, actor)

    assert (flag(store, ann), said(store, ann)) == (0, before)
    assert findings(store) == [("consent.raised", f"customer {ann}")]
    grant(store, ann, "double_opt_in")
    process(store, ann)
    assert (flag(store, ann), findings(store)) == (1, [])


def test_a_new_account_with_a_suppressed_address_gets_no_newsletter(store: SmallStore) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        suppression.suppress(tx, shop, "email", "Ann@example.com", "erased", store.moment)
    ann = store.given.customer("ANN@example.com", newsletter=True)
    bob = store.given.customer("bob@example.com", newsletter=True)

    for customer in (ann, bob):
        process(store, customer)

    assert (flag(store, ann), holds(store, ann)) == (0, None)
    assert (flag(store, bob), holds(store, bob)) == (1, "granted")
    assert findings(store) == [("consent.raised", f"customer {ann}")]


def test_flags_of_suppressed_addresses_fall_also_when_they_are_first_seen(
    store: SmallStore,
) -> None:
    store.forget_everything()
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        suppression.suppress(tx, shop, "email", "ann@example.com", "erased", store.moment)
    ann, bob = (
        store.given.customer(f"{name}@example.com", newsletter=True) for name in ("ann", "bob")
    )

    store.full_pass()

    assert (flag(store, ann), holds(store, ann)) == (0, None)
    assert (flag(store, bob), said(store, bob)) == (1, [("granted", "found", "none")])


def test_what_a_guest_said_counts_when_they_register(store: SmallStore) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        guest = people_of.guest(shop, "ann@example.com")
        recording.lower(tx, shop, guest, wanted(store), "withdrawn", store.moment)
    ann = store.given.customer("ann@example.com", newsletter=True)

    process(store, ann)

    assert (flag(store, ann), holds(store, ann)) == (0, None)


def test_what_an_account_says_itself_goes_before_what_its_guest_said(store: SmallStore) -> None:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        guest = people_of.guest(shop, "ann@example.com")
        recording.lower(tx, shop, guest, wanted(store), "withdrawn", store.moment)
    store.now += datetime.timedelta(minutes=1)
    ann = store.given.customer("ann@example.com")
    grant(store, ann)
    process(store, ann)

    for value in (0, 1):
        tick(store, ann, value)
        process(store, ann)

    assert (flag(store, ann), holds(store, ann)) == (1, "granted")


def test_a_flag_that_is_no_flag_is_none(store: SmallStore) -> None:
    ann = store.given.customer()
    tick(store, ann, 7)

    process(store, ann)

    assert (flag(store, ann), said(store, ann)) == (7, [])


# -- to the store ----------------------------------------------------------------------------


def test_what_a_person_says_is_written_to_the_flag(store: SmallStore) -> None:
    ann = store.given.customer()
    grant(store, ann)
    assert store.rows("SELECT customer_id FROM {own}hint") == [{"customer_id": ann}]
    process(store, ann)
    assert flag(store, ann) == 1

    lower(store, ann)
    process(store, ann)

    assert flag(store, ann) == 0
    assert said(store, ann) == [("granted", "command", "form"), ("withdrawn", "command", "none")]


def test_other_consents_leave_the_flag_alone(store: SmallStore) -> None:
    ann = store.given.customer()
    shop = store.sidecar.shop
    for changes in ({"channel": "sms"}, {"purpose": "surveys"}, {"store_id": 4}):
        with transaction(shop.engine) as tx:
            named: dict[str, Any] = {"channel": "email", "purpose": "newsletter", **changes}
            one = Wanted(**named, at=store.moment.epoch_s, actor="admin:eve")
            who = people_of.account(tx, shop, ann)
            recording.grant(tx, shop, who, one, "form", store.moment)

    process(store, ann)

    assert flag(store, ann) == 0


def test_the_newsletter_of_another_store_is_another_consent(store: SmallStore) -> None:
    ann = store.given.customer(newsletter=True)
    process(store, ann)
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        who = people_of.account(tx, shop, ann)
        other = dataclasses.replace(wanted(store), store_id=4)
        recording.lower(tx, shop, who, other, "withdrawn", store.moment)

    process(store, ann)

    rows = store.rows("SELECT store_id, state, native FROM {own}consent_state ORDER BY store_id")
    assert [tuple(row.values()) for row in rows] == [(0, "granted", 1), (4, "withdrawn", None)]
    assert flag(store, ann) == 1


def test_who_does_not_lead_any_more_writes_no_flag(store: SmallStore) -> None:
    shop = store.sidecar.shop
    ann = store.given.customer()
    grant(store, ann)

    fence = Fence(shop.own.source, epoch=99)
    with fenced(shop.engine, fence), pytest.raises(FencedError):
        newsletter.bring(shop, Scope.of([ann]), store.moment)

    assert flag(store, ann) == 0


def test_while_it_is_paused_no_flag_is_written_and_then_all_are(store: SmallStore) -> None:
    ann, bob, eve = (store.given.customer() for _ in range(3))
    lower(store, bob)
    pause(store, on=True)
    grant(store, ann)
    tick(store, bob, 1)
    tick(store, eve, 1)
    for customer in (ann, bob, eve):
        process(store, customer)
    assert [flag(store, one) for one in (ann, bob, eve)] == [0, 1, 1]
    assert holds(store, eve) == "granted"

    pause(store, on=False)
    store.full_pass()

    assert [flag(store, one) for one in (ann, bob, eve)] == [1, 0, 1]


def test_who_takes_the_flag_away_that_a_pause_kept_from_being_written_withdraws(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    pause(store, on=True)
    grant(store, ann)
    for value in (1, 0):
        tick(store, ann, value)
        process(store, ann)
    pause(store, on=False)
    store.full_pass()

    assert said(store, ann) == [("granted", "command", "form"), ("withdrawn", "store", "none")]
    assert flag(store, ann) == 0


def test_the_flag_of_a_restricted_person_is_only_taken_away(store: SmallStore) -> None:
    ann, bob = store.given.customer(), store.given.customer(newsletter=True)
    process(store, bob)
    shop = store.sidecar.shop
    rows = [
        {"customer_id": one, "kind": "restricted", "since": 1, "actor": "cli:eve", "reason": ""}
        for one in (ann, bob)
    ]
    with transaction(shop.engine) as tx:
        tx.execute(insert(shop.own.privacy.restriction).values(rows))
    grant(store, ann)
    lower(store, bob)

    for customer in (ann, bob):
        process(store, customer)

    assert (flag(store, ann), flag(store, bob)) == (0, 0)


def test_without_a_key_nothing_is_looked_at(store: SmallStore) -> None:
    store.sidecar.shop.key = None
    ann = store.given.customer(newsletter=True)

    process(store, ann)
    store.full_pass()

    assert (flag(store, ann), holds(store, ann)) == (1, None)


# -- crashes ---------------------------------------------------------------------------------


class CrashError(BaseException):
    """The process ends here, in this test."""


def _crashing(engine: Engine, number: int) -> Callable[[], None]:
    """End the process before its *number*-th writing statement; returns how to go on."""
    count = 0

    def notice(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal count
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            count += 1
            if count == number:
                raise CrashError

    event.listen(engine, "before_cursor_execute", notice)
    return lambda: event.remove(engine, "before_cursor_execute", notice)


def test_killed_before_any_statement_it_comes_to_the_same(store: SmallStore) -> None:
    shop = store.sidecar.shop
    number, crashed = 0, True
    outcomes = set()
    while crashed:
        number, crashed = number + 1, False
        people = [store.given.customer() for _ in range(4)]
        granted, withdrawn, set_, refused = people
        tick(store, withdrawn, 1)
        store.process(*people)
        lower(store, refused)
        store.process(*people)
        grant(store, granted)
        lower(store, withdrawn)
        tick(store, set_, 1)
        tick(store, refused, 1)
        go_on = _crashing(shop.engine, number)
        try:
            store.process(*people)
        except CrashError:
            crashed = True
        finally:
            go_on()

        store.process(*people)

        outcomes.add(
            tuple((flag(store, one), holds(store, one), tuple(said(store, one))) for one in people)
        )
    assert number > 5
    assert outcomes == {
        (
            (1, "granted", (("granted", "command", "form"),)),
            (
                0,
                "withdrawn",
                (("granted", "store", "form"), ("withdrawn", "command", "none")),
            ),
            (1, "granted", (("granted", "store", "form"),)),
            (0, "withdrawn", (("withdrawn", "command", "none"),)),
        )
    }


# -- cost ------------------------------------------------------------------------------------


def test_where_nothing_changed_one_statement_is_asked_of_customers(store: SmallStore) -> None:
    people = [store.given.customer(newsletter=bool(index % 2)) for index in range(20)]
    store.process(*people)
    statements: list[str] = []

    def notice(_connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "consent" in statement or "suppression" in statement:
            statements.append(statement)

    event.listen(store.sidecar.shop.engine, "before_cursor_execute", notice)
    try:
        store.process(*people)
    finally:
        event.remove(store.sidecar.shop.engine, "before_cursor_execute", notice)

    assert len(statements) == 1


def test_an_account_that_may_not_write_the_flag_is_told_and_all_else_goes_on(
    store: SmallStore, mariadb: PrivateServer, tables: Database, tmp_path: Path
) -> None:
    ann = store.given.customer()
    grant(store, ann)
    may_not = changed_settings(tables, user="noflag", password=Secret("noflag"))
    mariadb.execute("CREATE USER noflag@'%' IDENTIFIED BY 'noflag'")
    mariadb.execute("CREATE USER noflag@localhost IDENTIFIED BY 'noflag'")
    try:
        for host in ("'%'", "localhost"):
            mariadb.execute(f"GRANT SELECT ON {tables.name}.* TO noflag@{host}")
            for table in store.rows("SHOW TABLES LIKE '%%sidecar%%'"):
                (name,) = table.values()
                mariadb.execute(f"GRANT ALL ON {tables.name}.{name} TO noflag@{host}")
        for other in small_store.open_on(may_not, tmp_path, store.given):
            process(with_key(other), ann)
    finally:
        mariadb.execute("DROP USER noflag@'%', noflag@localhost")
    assert findings(store) == [("consent.unwritten", "")]
    assert (flag(store, ann), holds(store, ann)) == (0, "granted")

    process(store, ann)

    assert (flag(store, ann), findings(store)) == (1, [])
