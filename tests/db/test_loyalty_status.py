"""What a program owes, what it would give at its beginning, and how it begins."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sidecar import clock
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty import liability
from sidecar.sync.loyalty.beginning import preview, require_program
from support.given import Line
from support.ledger_audit import hold
from support.small_store import OWN, SmallStore

DATED = '[loyalty]\nstart = "2026-01-01"\n'
ALL = '[loyalty]\nstart = "all"\n'


def status(store: SmallStore) -> dict[str, Any]:
    shop = store.sidecar.shop
    program = require_program(store.sidecar.check_rules().rules)
    with transaction(store.sidecar.engine) as tx:
        return liability.read(tx, shop, program, store.moment)


def order(store: SmallStore, customer: int, total: str, *, days: int = 0, status: int = 5) -> int:
    """An order of *days* ago."""
    line, at = Line(product=40, price=total), store.now - datetime.timedelta(days=days)
    return store.given.order(customer, total, lines=[line], at=at, status=status)


def later(store: SmallStore, days: int) -> None:
    store.now += datetime.timedelta(days=days)


def start(store: SmallStore, *, begin: bool = False) -> Asked:
    sidecar = store.sidecar
    with transaction(sidecar.engine) as tx:
        asked_for = {"begin": begin}
        number = queue.ask(
            tx, sidecar.shop.own, "loyalty.start", asked_for, "admin:eve", clock.now()
        )
    return Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers()).dispatch(number)


# -- what is owed --------------------------------------------------------------------------


def test_of_a_program_that_gave_nothing_there_is_nothing_to_tell(store: SmallStore) -> None:
    store.named_rules({}, DATED)

    assert status(store) == {
        "start": "2026-01-01",
        "waits": False,
        "begun_by": None,
        "begun_at": None,
        "since": None,
        "currency": "USD",
        "tiers": [],
        "customers": 0,
        "available": 0,
        "pending": 0,
        "owed": 0,
        "available_worth": "0.0000",
        "pending_worth": "0.0000",
        "owed_worth": "0.0000",
        "counted_since": "2025-03-31T00:00:00+00:00",
        "issued": 0,
        "spent": 0,
        "taken": 0,
        "expired": 0,
        "waived": 0,
        "could_expire": 0,
        "did_expire": 0,
        "breakage_percent": None,
        "credit": None,
    }


def test_debt_of_one_does_not_lower_what_others_have(store: SmallStore) -> None:
    store.named_rules({}, DATED + 'pending = "14 days"\npoints_worth_one = 200\n')
    ann, bob, cat = (store.given.customer() for _ in range(3))
    store.full_pass()
    order(store, ann, "60")
    store.given.reward(bob, 100)
    store.given.reward(cat, -30)
    store.full_pass()
    hold(store)

    found = status(store)

    assert (found["customers"], found["available"], found["pending"], found["owed"]) == (
        2, 100, 600, 30,
    )  # fmt: skip
    worths = [found[f"{name}_worth"] for name in ("available", "pending", "owed")]
    assert worths == ["0.5000", "3.0000", "0.1500"]
    assert found["since"] == store.now.isoformat()


def test_what_was_given_is_what_was_not_taken_back(store: SmallStore) -> None:
    store.named_rules({}, DATED)
    ann = store.given.customer()
    store.given.reward(ann, 1_000)  # before the program
    store.full_pass()
    refunded = order(store, ann, "60")
    order(store, ann, "40")
    store.given.reward(ann, 7)
    store.process(ann)
    store.given.reward(ann, -20)
    store.given.reward(ann, -3)
    store.process(ann)
    store.given.update("order", {"order_id": refunded}, order_status_id=1)
    prefix = store.given.prefix
    store.given.execute(f"DELETE FROM {prefix}customer_reward WHERE points = -3")
    store.process(ann)
    hold(store)

    found = status(store)

    assert (found["issued"], found["spent"], found["taken"]) == (407, 20, 0)
    assert found["available"] == 1_000 + 407 - 20


def test_what_is_given_and_taken_by_hand_is_told_apart(store: SmallStore) -> None:
    store.named_rules({}, DATED)
    ann = store.given.customer()
    sidecar = store.sidecar
    dispatcher = Dispatcher(sidecar.engine, sidecar.shop.own, sidecar.handlers())
    for name, points in (("points.add", 50), ("points.deduct", 20)):
        with transaction(sidecar.engine) as tx:
            asked_for = {"customer": ann, "points": points, "reason": "x"}
            queue.ask(tx, sidecar.shop.own, name, asked_for, "admin:eve", clock.now())
        done = dispatcher.dispatch_next()
        assert done is not None
        assert done.error is None

    found = sidecar.loyalty_view.status()

    assert (found["issued"], found["taken"], found["spent"]) == (50, 20, 0)


def test_breakage_is_the_share_of_what_could_expire_that_did(store: SmallStore) -> None:
    store.named_rules({}, DATED + 'expiry = "30 days"\n')
    ann = store.given.customer()
    order(store, ann, "60")
    store.process(ann)
    later(store, 10)
    order(store, ann, "500")  # its points are still good when we look
    store.given.reward(ann, -200)
    store.process(ann)
    later(store, 25)
    store.process(ann)
    hold(store)

    found = status(store)

    assert (found["could_expire"], found["did_expire"]) == (600, 400)
    assert (found["expired"], found["breakage_percent"]) == (400, "66.66")
    later(store, 400)
    found = status(store)
    assert (found["issued"], found["expired"], found["could_expire"]) == (0, 0, 0)


def test_without_a_program_there_is_no_status(store: SmallStore) -> None:
    done = start(store)

    assert done.exit_code == 78
    assert "there is no loyalty program" in (done.error or "")


# -- the beginning -------------------------------------------------------------------------


def test_what_beginning_would_give_is_counted_and_nothing_written(store: SmallStore) -> None:
    store.named_rules({}, ALL)
    ann, bob = store.given.customer(), store.given.customer()
    order(store, ann, "60", days=3_000)
    order(store, ann, "40")
    order(store, bob, "10", status=1)
    order(store, bob, "0.05")  # earns less than one point
    store.given.reward(bob, 500)
    store.full_pass()
    names = [name for name in OWN if name not in ("state", "command", "finding")]
    before = store.checksums(without=set(OWN) - set(names))

    done = start(store)

    assert done.answer == {
        "begun": False,
        "began_now": False,
        "by": None,
        "at": None,
        "would_give": {
            "orders": 2,
            "customers": 1,
            "points": 1_000,
            "worth": "10.0000",
            "currency": "USD",
        },
    }
    assert store.checksums(without=set(OWN) - set(names)) == before
    assert store.rows("SELECT * FROM {own}account") == []
    kept = store.rows("SELECT name FROM {own}state WHERE name LIKE 'loyalty%%'")
    assert kept == [{"name": "loyalty.waits"}]
    waiting = status(store)
    assert (waiting["start"], waiting["waits"]) == ("all", True)


def test_a_program_that_begins_gives_what_was_counted(store: SmallStore) -> None:
    store.named_rules({"Rich": "points >= 600"}, ALL)
    people = [store.given.customer() for _ in range(70)]
    for number, customer in enumerate(people):
        order(store, customer, str(number), days=500)
    store.full_pass()
    counted = preview(store.sidecar.shop, store.book(), store.moment)

    done = start(store, begin=True)
    store.full_pass()

    hold(store)
    assert (done.answer["begun"], done.answer["began_now"]) == (True, True)
    assert done.answer["by"] == "admin:eve"
    found = status(store)
    assert (counted.customers, counted.points) == (69, found["available"])
    assert (found["available"], found["waits"]) == (10 * sum(range(70)), False)
    assert found["begun_by"] == "admin:eve"
    assert store.who("Rich") == people[60:]


def test_who_agreed_first_stays(store: SmallStore) -> None:
    store.named_rules({}, ALL)
    first = start(store, begin=True).answer

    again = [start(store, begin=begin).answer for begin in (True, False)]

    assert again == [first | {"began_now": False}] * 2
    assert store.rows("SELECT name FROM {own}state WHERE name = 'loyalty.begun'")


def test_orders_before_the_start_of_an_earlier_program_are_counted_too(store: SmallStore) -> None:
    store.named_rules({}, DATED)
    ann = store.given.customer()
    order(store, ann, "60", days=300)
    order(store, ann, "10")
    store.full_pass()
    store.named_rules({}, ALL)

    counted = start(store).answer["would_give"]
    start(store, begin=True)
    store.full_pass()

    hold(store)
    assert (counted["orders"], counted["points"]) == (1, 600)
    assert status(store)["available"] == 700


def test_a_program_with_a_day_needs_no_beginning(store: SmallStore) -> None:
    store.named_rules({}, DATED)

    done = start(store, begin=True)

    assert done.exit_code == 64
    assert "orders placed on 2026-01-01 or later earn" in (done.error or "")


@pytest.mark.parametrize("begin", [True, False])
def test_a_beginning_tells_how_far_it_is(store: SmallStore, begin: bool) -> None:
    store.named_rules({}, ALL)
    ann = store.given.customer()
    order(store, ann, "60")
    told: list[tuple[int, int]] = []

    preview(store.sidecar.shop, store.book(), store.moment, lambda *far: told.append(far))

    assert told == [(1, 1)]
    assert start(store, begin=begin).state == "done"


# -- a program that waits ------------------------------------------------------------------


def waiting(store: SmallStore) -> list[tuple[str, str]]:
    """What `runs` lists of the program, and `status` with `doctor`."""
    listed = [run for run in store.sidecar.view.run_list(0) if run["run"] is None]
    found = store.sidecar.view.status()["findings"]
    told = [one["message"] for one in found if one["kind"] == "loyalty.waits"]
    assert len(listed) == len(told)
    return [(str(run["started_at"]), run["what"]) for run in listed if run["what"] in told[0]]


def test_a_program_that_waits_is_listed_with_what_it_comes_to(store: SmallStore) -> None:
    store.named_rules({}, ALL)
    ann, bob = store.given.customer(), store.given.customer()
    for who in (ann, ann, bob):
        order(store, who, "60", days=500)
    store.full_pass()
    what = (
        "it would give 1,800 points, worth 18.00 USD, for 3 orders of 2 customers"
        " (`sidecar loyalty start --yes` lets it begin)"
    )
    counted = store.now.isoformat()
    assert waiting(store) == [(counted, what)]
    (run,) = store.sidecar.view.run_list(5)[:1]
    assert (run["state"], run["kind"], run["customers"]) == ("waiting", "program", 2)

    later(store, 1)
    order(store, bob, "60")
    store.full_pass()

    assert waiting(store) == [(counted, what)]  # counted once: it takes minutes in a large store
    store.named_rules({}, ALL + "points_per_unit = 20\n")
    store.full_pass()
    ((again, anew),) = waiting(store)
    assert (again, anew[:27]) == (store.now.isoformat(), "it would give 4,800 points,")


@pytest.mark.parametrize("how", ["begun", "dated", "gone"])
def test_a_program_that_waits_no_more_is_not_listed(store: SmallStore, how: str) -> None:
    store.named_rules({}, ALL)
    order(store, store.given.customer(), "60")
    store.full_pass()
    assert len(waiting(store)) == 1

    if how == "begun":
        start(store, begin=True)
        assert waiting(store) == []
    store.named_rules({}, {"begun": ALL, "dated": DATED, "gone": ""}[how])
    store.full_pass()

    assert waiting(store) == []


def test_who_asks_what_a_program_would_give_counts_it_anew(store: SmallStore) -> None:
    store.named_rules({}, ALL)
    ann = store.given.customer()
    store.full_pass()
    order(store, ann, "60")

    start(store)

    ((_, what),) = waiting(store)
    assert what.startswith("it would give 600 points, worth 6.00 USD, for 1 orders of 1 customers")


@pytest.mark.parametrize("between", [DATED, ""], ids=["dated", "removed"])
def test_a_program_that_was_gone_meanwhile_has_to_be_agreed_to_again(
    store: SmallStore, between: str
) -> None:
    store.named_rules({}, ALL)
    ann = store.given.customer()
    start(store, begin=True)
    store.full_pass()
    store.named_rules({}, between)
    store.full_pass()
    order(store, ann, "60", days=500)
    store.named_rules({}, ALL)

    store.full_pass()

    ((_, what),) = waiting(store)
    assert what.startswith("it would give 600 points")
    assert store.rows("SELECT * FROM {own}entry") == []
    start(store, begin=True)
    store.full_pass()
    hold(store)
    assert store.rows("SELECT amount FROM {own}entry") == [{"amount": 600}]


def test_a_program_that_has_begun_goes_on_when_its_text_changes(store: SmallStore) -> None:
    store.named_rules({}, ALL)
    ann = store.given.customer()
    start(store, begin=True)
    store.full_pass()
    order(store, ann, "60", days=500)
    store.named_rules({}, ALL + "points_per_unit = 20\n")

    store.full_pass()

    assert waiting(store) == []
    assert store.rows("SELECT amount FROM {own}entry") == [{"amount": 1_200}]
