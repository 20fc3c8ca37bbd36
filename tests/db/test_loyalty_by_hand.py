"""Points that people give and take, and what is told of an account."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from sidecar import clock
from sidecar.errors import NotNowError, UsageError
from sidecar.rules.loyalty.account import Account
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty import adjusting
from sidecar.sync.loyalty.adjusting import Adjustment
from support import small_store
from support.empty_store import empty_store
from support.given import Given, Line
from support.ledger_audit import hold
from support.small_store import SmallStore

PROGRAM = '[loyalty]\nstart = "2026-01-01"\n'


@pytest.fixture
def ann(store: SmallStore) -> int:
    store.named_rules({"Rich": "points >= 100"}, PROGRAM)
    return store.given.customer("ann@example.com")


def adjust(
    store: SmallStore,
    customer: int,
    points: int,
    reason: str = "sorry",
    *,
    source_id: int | None = None,
    into_debt: bool = False,
) -> tuple[int, int]:
    """Give or take *points*; what is available and pending then."""
    found: list[tuple[int, int]] = []

    def also(_: Connection, account: Account) -> None:
        found.append((account.available, account.pending))

    adjustment = Adjustment(
        points=points, actor="cli:eve", reason=reason, source_id=source_id, into_debt=into_debt
    )
    shop, book = store.sidecar.shop, store.book()
    adjusting.adjust(shop, book, customer, adjustment, store.moment, also)
    return found[0]


def asked(store: SmallStore, name: str, /, **parameters: object) -> Asked:
    """Have a command carried out."""
    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        number = queue.ask(tx, own, name, parameters, "admin:eve", clock.now())
    return dispatcher(store).dispatch(number)


def dispatcher(store: SmallStore) -> Dispatcher:
    return Dispatcher(store.sidecar.engine, store.sidecar.shop.own, store.sidecar.handlers())


def native(store: SmallStore, customer: int) -> list[int]:
    """The store's own rows."""
    table = f"{store.given.prefix}customer_reward"
    query = f"SELECT points FROM `{table}` WHERE customer_id = %s ORDER BY customer_reward_id"
    return [row["points"] for row in store.rows(query, customer)]


def earned(store: SmallStore, customer: int, total: str) -> int:
    """An order that earns ten points a unit."""
    line = Line(product=40, price=total)
    order_id = store.given.order(customer, total, lines=[line], days_ago=1)
    store.process(customer)
    return order_id


# -- giving and taking ---------------------------------------------------------------------


def test_given_points_can_be_spent_at_once_and_expire_as_if_earned_now(
    store: SmallStore, ann: int
) -> None:
    assert adjust(store, ann, 50) == (50, 0)

    hold(store)
    assert native(store, ann) == [50]
    (lot,) = store.rows("SELECT expires_at, is_released FROM {own}lot")
    end = datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)
    assert lot == {"expires_at": end.timestamp(), "is_released": 1}


def test_given_points_never_wait_though_earned_ones_do(store: SmallStore, ann: int) -> None:
    store.named_rules({}, PROGRAM + 'pending = "14 days"\n')

    assert adjust(store, ann, 50) == (50, 0)


def test_taken_points_are_those_that_expire_soonest(store: SmallStore, ann: int) -> None:
    adjust(store, ann, 50)
    store.now += datetime.timedelta(days=5)
    adjust(store, ann, 40)

    assert adjust(store, ann, -60) == (30, 0)

    hold(store)
    left = store.rows("SELECT remaining FROM {own}lot ORDER BY expires_at")
    assert [row["remaining"] for row in left] == [0, 30]


def test_more_than_there_is_cannot_be_taken_but_into_debt(store: SmallStore, ann: int) -> None:
    adjust(store, ann, 50)

    with pytest.raises(UsageError, match=r"has 50 points available, so 51 cannot .*--into-debt"):
        adjust(store, ann, -51)
    assert native(store, ann) == [50]
    assert adjust(store, ann, -51, into_debt=True) == (-1, 0)
    with pytest.raises(UsageError, match="owes points already"):
        adjust(store, ann, -1)

    assert adjust(store, ann, 5) == (4, 0)
    hold(store)


def test_nothing_is_given_to_or_taken_from_an_account_that_cannot_be_kept(
    store: SmallStore, ann: int
) -> None:
    for _ in range(2):
        store.given.reward(ann, 2_000_000_000)
    store.process(ann)
    store.now = store.now.replace(year=2028)
    store.process(ann)
    before = native(store, ann)

    for points in (5, -5):
        with pytest.raises(NotNowError, match=rf"points of customer {ann} cannot be kept"):
            adjust(store, ann, points, into_debt=True)

    assert native(store, ann) == before


def test_what_waits_cannot_be_taken(store: SmallStore, ann: int) -> None:
    store.named_rules({}, PROGRAM + 'pending = "14 days"\n')
    earned(store, ann, "10")

    with pytest.raises(UsageError, match="has 0 points available"):
        adjust(store, ann, -1)


def test_the_account_is_brought_up_to_date_first(store: SmallStore, ann: int) -> None:
    store.given.reward(ann, 30)

    assert adjust(store, ann, -30) == (0, 0)

    hold(store)


def test_no_row_holds_more_than_the_store_can(store: SmallStore, ann: int) -> None:
    most = 2**31 - 1
    with pytest.raises(UsageError, match="no more than 2,147,483,647 points"):
        adjust(store, ann, most + 1)

    assert adjust(store, ann, most) == (most, 0)
    assert adjust(store, ann, most) == (2 * most, 0)
    hold(store)


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "it's \"broken\" \\ '); DROP TABLE oc_customer; --",
        "sorry \N{PARTY POPPER}\N{ZERO WIDTH JOINER}",
        "\x1b[2J\x1b]0;owned\x07\r\n\0",
        "%s %(x)s {own} :name",
        "x" * 300,
        "\N{PARTY POPPER}" * 300,
    ],
    ids=["empty", "quotes", "emoji", "escapes", "formats", "long", "long emoji"],
)
def test_any_reason_is_kept_as_far_as_it_fits(store: SmallStore, ann: int, reason: str) -> None:
    done = asked(store, "points.add", customer=ann, points=7, reason=reason)

    assert (done.state, done.error) == ("done", None)
    (cause,) = store.rows("SELECT actor, reason, source_id FROM {own}cause")
    kept = reason[:255] or None
    assert cause == {"actor": "admin:eve", "reason": kept, "source_id": done.command_id}
    assert points_of(store, ann)["entries"][0]["reason"] == kept
    hold(store)


def test_tags_that_look_at_points_follow_at_once(store: SmallStore, ann: int) -> None:
    store.full_pass()
    done = asked(store, "points.add", customer="ann@example.com", points=100, reason="won")

    assert done.answer == {
        "customer_id": ann,
        "points": 100,
        "available": 100,
        "pending": 0,
        "worth": "1.0000",
        "currency": "USD",
    }
    assert store.has(ann) == {"Rich"}

    done = asked(store, "points.deduct", customer=ann, points=1, reason="typo")
    assert (done.answer["points"], done.answer["available"]) == (-1, 99)
    assert store.has(ann) == set()


# -- once ----------------------------------------------------------------------------------


def test_a_command_that_a_crash_interrupted_gives_once(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    own = store.sidecar.shop.own
    with transaction(store.sidecar.engine) as tx:
        asked_for: Mapping[str, object] = {"customer": ann, "points": 50, "reason": "once"}
        number = queue.ask(tx, own, "points.add", asked_for, "admin:eve", clock.now())
    with monkeypatch.context() as patch:
        # The account is written, the answer is not.
        patch.setattr(queue, "finish", lambda *_: None)
        patch.setattr("sidecar.sync.changed.answer", crash)
        with pytest.raises(KeyboardInterrupt):
            dispatcher(store).dispatch(number)
    assert store.sidecar.requests.asked(number).state == "running"
    assert native(store, ann) == [50]

    again = dispatcher(store)
    assert again.recover() == 1
    done = again.dispatch(number)

    assert (done.state, done.answer["available"]) == ("done", 50)
    assert native(store, ann) == [50]
    hold(store)


def test_a_crash_before_the_account_is_written_gives_nothing(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "finish", crash)
    with pytest.raises(KeyboardInterrupt):
        asked(store, "points.add", customer=ann, points=50, reason="once")

    assert native(store, ann) == []
    assert store.rows("SELECT * FROM {own}cause") == []


def test_points_are_not_given_again_that_somebody_removed_since(
    store: SmallStore, ann: int
) -> None:
    adjust(store, ann, 50, source_id=7)
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer_reward`")

    assert adjust(store, ann, 50, source_id=7) == (0, 0)
    hold(store)


def test_without_a_command_each_call_counts(store: SmallStore, ann: int) -> None:
    adjust(store, ann, 50)

    assert adjust(store, ann, 50) == (100, 0)


def test_what_was_given_is_told_as_done_though_the_rules_could_not_be_asked(
    store: SmallStore, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr("sidecar.sync.changed.answer", fails)
    done = asked(store, "points.add", customer=ann, points=50, reason="x")

    assert (done.state, done.answer["available"]) == ("done", 50)


# -- when not ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["points.add", "points.deduct", "loyalty.start"])
def test_without_a_program_a_command_says_what_to_do(store: SmallStore, name: str) -> None:
    ann = store.given.customer()
    parameters = {} if "start" in name else {"customer": ann, "points": 1, "reason": "x"}

    done = asked(store, name, **parameters)

    assert (done.state, done.exit_code) == ("failed", 78)
    assert "[loyalty]: there is no loyalty program" in (done.error or "")
    assert "[loyalty] with a start" in (done.error or "")


def test_while_paused_no_points_are_given(store: SmallStore, ann: int) -> None:
    with transaction(store.sidecar.engine) as tx:
        decisions.pause(tx, store.sidecar.shop.own, "cli:eve", None, store.moment)

    with pytest.raises(NotNowError, match=r"paused: .*`sidecar resume`"):
        adjust(store, ann, 50)


def test_before_a_program_has_begun_no_points_are_given(store: SmallStore, ann: int) -> None:
    store.named_rules({}, '[loyalty]\nstart = "all"\n')

    with pytest.raises(NotNowError, match=r"waits to begin \(`sidecar loyalty start`"):
        adjust(store, ann, 50)
    assert native(store, ann) == []


def test_a_customer_whom_nobody_knows(store: SmallStore, ann: int) -> None:
    done = asked(store, "points.add", customer="bob@example.com", points=1, reason="x")

    assert (done.state, done.exit_code) == ("failed", 64)
    assert "no customer has the e-mail 'bob@example.com'" in (done.error or "")


# -- what is told of an account ------------------------------------------------------------


def points_of(store: SmallStore, customer: int, limit: int = 20) -> dict[str, Any]:
    return store.sidecar.loyalty_view.points(str(customer), limit)


def test_who_has_nothing_has_an_empty_account(store: SmallStore, ann: int) -> None:
    assert points_of(store, ann) == {
        "customer_id": ann,
        "member_since": None,
        "card": None,
        "tier": None,
        "available": 0,
        "pending": 0,
        "worth": "0.0000",
        "currency": "USD",
        "next_expiry": None,
        "redemptions": [],
        "lots": [],
        "entries": [],
    }


def test_an_account_tells_what_there_is_and_how_it_came_to_that(
    store: SmallStore, ann: int
) -> None:
    store.given.reward(ann, 8)
    order_id = earned(store, ann, "60")
    adjust(store, ann, 50, "sorry")
    store.now += datetime.timedelta(days=1)
    adjust(store, ann, 5, "later")
    adjust(store, ann, -8, "typo")

    found = points_of(store, ann)

    assert (found["available"], found["worth"]) == (655, "6.5500")
    assert [(lot["points"], lot["what"], lot["until"]) for lot in found["lots"]] == [
        (600, f"order {order_id}", "2027-03-31"),
        (50, "by hand", "2027-03-31"),
        (5, "by hand", "2027-04-01"),
    ]
    assert found["next_expiry"] == {"until": "2027-03-31", "points": 650}
    assert [(e["what"], e["points"], e["available"], e["reason"]) for e in found["entries"]] == [
        ("by hand", -8, -8, "typo"),
        ("by hand", 5, 5, "later"),
        ("by hand", 50, 50, "sorry"),
        (f"order {order_id}", 600, 600, None),
        ("before the program", 8, 8, None),
    ]
    assert found["entries"][0]["actor"] == "cli:eve"
    assert len(points_of(store, ann, 2)["entries"]) == 2


def test_an_account_tells_what_waits_and_what_is_owed(store: SmallStore, ann: int) -> None:
    store.named_rules({}, PROGRAM + 'pending = "14 days"\nexpiry = "never"\n')
    order_id = earned(store, ann, "60")
    adjust(store, ann, -20, into_debt=True)

    found = points_of(store, ann)

    assert (found["available"], found["pending"], found["worth"]) == (-20, 600, "-0.2000")
    assert found["next_expiry"] is None
    told = [(lot["points"], lot["what"], lot["from"], lot["until"]) for lot in found["lots"]]
    assert told == [(-20, "owed", None, None), (600, f"order {order_id}", "2026-04-14", None)]

    store.now += datetime.timedelta(days=14)
    store.process(ann)
    what = [(entry["what"], entry["available"]) for entry in points_of(store, ann)["entries"]]
    assert (f"order {order_id}, can be spent", 600) in what


# -- OpenCart 3, where nothing is rolled back ----------------------------------------------


@pytest.fixture
def myisam(mariadb: PrivateServer, tmp_path: Path) -> Iterator[SmallStore]:
    """A small store of OpenCart 3, whose tables are MyISAM."""
    with (
        empty_store(mariadb, "myisam_points", "3.0") as database,
        contextlib.closing(mariadb.connect(database.name)) as writes,
    ):
        given = Given(writes, small_store.NOW)
        given.basics()
        yield from small_store.open_on(database, tmp_path, given)


@pytest.mark.both_kinds
def test_on_myisam_a_crash_after_the_ledger_leaves_the_row_to_the_next_attempt(
    myisam: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    myisam.named_rules({}, PROGRAM)
    ann = myisam.given.customer()
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.sync.loyalty.projection.write_pending", crash)
        with pytest.raises(KeyboardInterrupt):
            adjust(myisam, ann, 50, source_id=7)
    assert native(myisam, ann) == []

    assert adjust(myisam, ann, 50, source_id=7) == (50, 0)

    assert native(myisam, ann) == [50]
    hold(myisam)
