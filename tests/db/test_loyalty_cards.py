"""Every account has one card that holds, whatever happens in between."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar import clock
from sidecar.model import Scope
from sidecar.rules.loyalty import card as numbers
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import transaction
from sidecar.sync import values
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.commands.queue import Asked
from sidecar.sync.loyalty import card_statement, cards, statement
from sidecar.sync.loyalty.beginning import require_program
from support.either_store import either_store
from support.ledger_audit import hold
from support.points import look, order, program
from support.small_store import SmallStore

EVERYBODY = Scope.span(1, 2**31 - 1)


def every(store: SmallStore) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM `{own}card` ORDER BY customer_id, ended_at IS NULL, ended_at")


def one_each(store: SmallStore, *customers: int) -> dict[int, str]:
    """Make sure that *customers*, and nobody else, have one card that holds; the numbers."""
    holding = [row for row in every(store) if row["ended_at"] is None]
    assert [row["customer_id"] for row in holding] == sorted(customers)
    for row in every(store):
        assert numbers.mistake(row["number"]) is None
        assert (row["holds"] == 1) == (row["ended_at"] is None)
    return {row["customer_id"]: row["number"] for row in holding}


def asked(store: SmallStore, name: str, /, **parameters: object) -> Asked:
    """Have a command carried out."""
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        number = queue.ask(tx, own, name, parameters, "admin:eve", clock.now())
    return Dispatcher(engine, own, store.sidecar.handlers()).dispatch(number)


def reissue(store: SmallStore, customer: int, reason: str = "lost") -> Any:
    done = asked(store, "card.reissue", customer=customer, reason=reason)
    assert done.state == "done", done.error
    return done.answer


# -- issuing -------------------------------------------------------------------------------


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.both_kinds)])
def either(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[SmallStore]:
    """A store on tables of OpenCart 4.1, or of 3.0, which are read in blocks."""
    yield from either_store(request.param, mariadb, database, tmp_path)


def test_a_full_pass_gives_every_account_a_card_once(either: SmallStore) -> None:
    program(either)
    customers = [either.given.customer() for _ in range(120)]

    either.full_pass(size=50)
    first = one_each(either, *customers)
    either.full_pass()

    assert one_each(either, *customers) == first
    assert len(set(first.values())) == 120


def test_who_registers_has_a_card_at_the_next_look(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    bob = store.given.customer()

    store.process(bob)

    one_each(store, ann, bob)


@pytest.mark.parametrize("text", ["", "cards = false\n"])
def test_nobody_has_a_card_where_no_program_gives_one(store: SmallStore, text: str) -> None:
    store.named_rules({}, f'[loyalty]\nstart = "2026-01-01"\n{text}' if text else "")
    store.given.customer()

    store.full_pass()

    assert every(store) == []


def test_cards_stay_when_the_program_gives_none_any_more(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    was = one_each(store, ann)
    program(store, "cards = false\n")
    store.given.customer()

    store.full_pass()

    assert one_each(store, ann) == was


def test_of_a_customer_who_is_deleted_no_card_stays(store: SmallStore) -> None:
    program(store)
    ann, bob = store.given.customer(), store.given.customer()
    store.full_pass()
    reissue(store, ann)
    store.given.execute(f"DELETE FROM `{store.given.prefix}customer` WHERE customer_id = {ann}")

    store.process(ann, bob)

    one_each(store, bob)
    assert len(every(store)) == 1


def test_a_number_that_is_drawn_twice_is_given_once(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = [store.given.customer() for _ in range(3)]
    same, *others = (numbers.draw() for _ in range(4))
    drawn = itertools.chain([same, same, same], others)
    monkeypatch.setattr(numbers, "draw", lambda: next(drawn))

    given = cards.issue(store.sidecar.shop, EVERYBODY, store.moment)

    assert given == 3
    assert same in one_each(store, *customers).values()


def test_where_no_number_is_free_nobody_waits_for_one(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = store.given.customer(), store.given.customer()
    same = numbers.draw()
    with monkeypatch.context() as stuck:
        stuck.setattr(numbers, "draw", lambda: same)
        assert cards.issue(store.sidecar.shop, EVERYBODY, store.moment) == 1
    assert len(every(store)) == 1

    assert cards.issue(store.sidecar.shop, EVERYBODY, store.moment) == 1
    one_each(store, ann, bob)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_after_a_crash_everybody_has_one_card(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    customers = [store.given.customer() for _ in range(25)]
    monkeypatch.setattr(cards, "_BATCH", 10)
    insert, batches = values.insert, itertools.count(1)

    def ends(*arguments: Any, **named: Any) -> None:
        is_second = next(batches) == 2
        if done or not is_second:
            insert(*arguments, **named)
        if is_second:
            raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(values, "insert", ends)
        with pytest.raises(KeyboardInterrupt):
            cards.issue(store.sidecar.shop, EVERYBODY, store.moment)
    first = {row["customer_id"]: row["number"] for row in every(store)}
    assert len(first) == 10  # what was not committed is not there

    assert cards.issue(store.sidecar.shop, EVERYBODY, store.moment) == 15
    assert cards.issue(store.sidecar.shop, EVERYBODY, store.moment) == 0

    assert one_each(store, *customers).items() >= first.items()


def test_who_comes_late_with_another_card_changes_nothing(store: SmallStore) -> None:
    ann = store.given.customer()
    cards.issue(store.sidecar.shop, EVERYBODY, store.moment)
    was = one_each(store, ann)

    cards._give(store.sidecar.shop, [ann], store.moment)

    assert one_each(store, ann) == was


# -- a new one -----------------------------------------------------------------------------


def test_a_new_card_ends_the_old_one_and_leaves_the_ledger_alone(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer("ann@example.com")
    order(store, ann)
    look(store, ann)
    was = one_each(store, ann)[ann]
    ledger = [store.rows(f"SELECT * FROM `{{own}}{name}`") for name in ("account", "entry", "lot")]

    answer = reissue(store, ann, "left on a bus")

    assert answer["in_place_of"] == was
    assert one_each(store, ann) == {ann: answer["number"]}
    old, new = every(store)
    assert (old["number"], old["reason"], old["actor"]) == (was, None, None)
    assert old["ended_at"] == new["issued_at"]
    assert (new["reason"], new["actor"]) == ("left on a bus", "admin:eve")
    assert ledger == [
        store.rows(f"SELECT * FROM `{{own}}{name}`") for name in ("account", "entry", "lot")
    ]
    hold(store)


def test_a_card_may_be_issued_anew_any_number_of_times(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()

    answers = [reissue(store, ann, f"lost {time}") for time in range(5)]

    assert one_each(store, ann)[ann] == answers[-1]["number"]
    assert len({row["number"] for row in every(store)}) == 6


def test_who_has_no_card_yet_gets_the_first(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()

    assert reissue(store, ann)["in_place_of"] is None
    assert reissue(store, ann)["in_place_of"] is not None
    one_each(store, ann)


def test_a_command_that_is_run_again_after_a_crash_gives_no_second_card(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    own, engine = store.sidecar.shop.own, store.sidecar.engine
    with transaction(engine) as tx:
        parameters = {"customer": ann, "reason": "lost"}
        number = queue.ask(tx, own, "card.reissue", parameters, "admin:eve", clock.now())
    dispatcher = Dispatcher(engine, own, store.sidecar.handlers())

    def ends(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for step in ((queue, "finish"), ("sidecar.sync.changed", "answer")):
        with monkeypatch.context() as crashing:
            if isinstance(step[0], str):
                crashing.setattr(f"{step[0]}.{step[1]}", ends)
            else:
                crashing.setattr(*step, ends)
            with contextlib.suppress(KeyboardInterrupt):
                dispatcher.dispatch(number)
        dispatcher.recover()
    dispatcher.dispatch(number)

    one_each(store, ann)
    assert len(every(store)) == 2


def test_a_program_without_cards_issues_none(store: SmallStore) -> None:
    program(store, "cards = false\n")
    ann = store.given.customer()

    done = asked(store, "card.reissue", customer=ann, reason="lost")

    assert done.state == "failed"
    assert done.exit_code == 78
    assert "the loyalty program gives no cards (cards = true" in (done.error or "")


# -- looking -------------------------------------------------------------------------------


def found(store: SmallStore, number: str) -> Any:
    return asked(store, "card.find", number=number).answer


def test_a_card_leads_to_its_customer_and_tells_what_became_of_it(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    was = one_each(store, ann)[ann]
    new = reissue(store, ann)["number"]

    typed = f" {new[:4]}-{new[4:8]} {new[8:]} "
    assert found(store, typed).items() >= {"state": "holds", "customer_id": ann}.items()
    ended = found(store, was)
    assert (ended["state"], ended["customer_id"], ended["holds"]) == ("ended", ann, new)
    assert [one["number"] for one in ended["cards"]] == [new, was]


def test_an_unknown_number_is_told_from_a_mistyped_one(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    number = one_each(store, ann)[ann]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    assert found(store, numbers.draw())["state"] == "unknown"
    for text, problem in (
        (wrong, "a digit is wrong, or two are swapped"),
        (number[:-1], "the number of a card has 16 digits, not 15"),
        (number + "0", "the number of a card has 16 digits, not 17"),
        ("ann@example.com", "the number of a card has digits only"),
        ("", "the number of a card has digits only"),
    ):
        answer = found(store, text)
        assert (answer["state"], answer["problem"]) == ("mistyped", problem)
        assert (answer["customer_id"], answer["cards"]) == (None, [])


def test_the_account_is_told_with_its_card(store: SmallStore) -> None:
    program(store)
    ann = store.given.customer()
    store.full_pass()
    number = one_each(store, ann)[ann]
    shop = store.sidecar.shop
    with transaction(store.sidecar.engine) as tx:
        told = statement.read(tx, shop, require_program(store.book().checked.rules), ann, 5)
        nobody = card_statement.of_customer(tx, shop, 99)

    assert told["card"] == number
    assert told["member_since"] == store.now.isoformat()
    assert (nobody["state"], nobody["customer_id"], nobody["number"]) == ("none", 99, None)
