"""Commands from asking to the answer: each is carried out once, by whoever leads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection

from sidecar import clock
from sidecar.app import Sidecar
from sidecar.cli import asking
from sidecar.errors import (
    ConfigError,
    DatabaseUnavailableError,
    FatalError,
    NotNowError,
    SidecarError,
    UsageError,
)
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.sync.commands import dispatcher, queue
from sidecar.sync.commands.dispatcher import Answer, Dispatcher, Handler, Task
from support.small_store import SmallStore


def ask(
    store: SmallStore, name: str = "resume", key: str | None = None, /, **parameters: object
) -> int:
    """Ask as the bridge does."""
    with transaction(store.sidecar.engine) as tx:
        own = store.sidecar.shop.own
        return queue.ask(tx, own, name, parameters, "admin:ann", clock.now(), key)


def dispatching(store: SmallStore, **handlers: Handler) -> Dispatcher:
    """A dispatcher with *handlers*; without, with those of the program."""
    found = {name.replace("_", "."): handler for name, handler in handlers.items()}
    return Dispatcher(
        store.sidecar.engine, store.sidecar.shop.own, found or store.sidecar.handlers()
    )


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Handler]], None]:
    """Make the program carry commands out in another way."""

    def replace(by_name: Mapping[str, Handler]) -> None:
        monkeypatch.setattr(Sidecar, "handlers", lambda _: by_name)

    return replace


@contextlib.contextmanager
def leader(store: SmallStore, *, idle: bool = False) -> Iterator[None]:
    """Another sidecar that leads, and carries out what is asked unless it is *idle*."""
    leads, ended = threading.Event(), threading.Event()

    def work() -> None:
        with store.sidecar.leading():
            leads.set()
            carrying = store.sidecar.requests.dispatcher()
            while not ended.wait(0.05):
                if not idle:
                    carrying.dispatch_next()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        assert leads.wait(10) or done.result()
        try:
            yield
        finally:
            ended.set()
            done.result()


def fails(error: BaseException) -> Handler:
    """A handler that does."""

    def handler(_: Task) -> Answer:
        raise error

    return handler


# -- asking --------------------------------------------------------------------------------


def test_a_command_asked_twice_with_one_key_is_one_command(store: SmallStore) -> None:
    barrier = threading.Barrier(4)

    def at_once(_: int) -> int:
        barrier.wait(10)
        return ask(store, "tag.create", "k1", tag="vip", colour=None)

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(at_once, range(4)))

    assert len(numbers) == 1
    assert ask(store, "tag.create", "k1", tag="vip") in numbers
    assert ask(store, "tag.create", None, tag="vip") not in numbers
    for other in ({"tag": "gold"}, {"tag": "vip", "colour": "#112233"}):
        with pytest.raises(UsageError, match="'k1' was used for another command"):
            ask(store, "tag.create", "k1", **other)
    with pytest.raises(UsageError, match="'k1' was used for another command"):
        ask(store, "tag.archive", "k1", tag="vip")
    with pytest.raises(UsageError, match="1 to 64 characters"):
        ask(store, "resume", "k" * 65)


def test_what_is_wrong_is_not_even_asked(store: SmallStore) -> None:
    with pytest.raises(UsageError, match="unknown parameter"):
        ask(store, "tag.create", tag="vip", color="#112233")

    assert store.rows("SELECT * FROM `{own}command`") == []


# -- carrying out --------------------------------------------------------------------------


def test_commands_are_carried_out_in_the_order_of_asking(store: SmallStore) -> None:
    ann = store.given.customer("ann@example.com")
    ask(store, "tag.create", tag="vip", colour="#112233")
    ask(store, "tag.add", tag="vip", customers=["ann@example.com"], reason="asked")
    renamed = ask(store, "tag.rename", tag="vip", new="gold")
    carrying = dispatching(store)

    states = [asked and asked.state for asked in (carrying.dispatch_next() for _ in range(4))]
    assert states == ["done", "done", "done", None]

    assert store.who("gold") == [ann]
    (row,) = store.rows("SELECT actor, reason FROM `{own}assertion`")
    assert row == {"actor": "admin:ann", "reason": "asked"}
    asked = store.sidecar.requests.asked(renamed)
    assert (asked.state, asked.exit_code) == ("done", 0)
    assert asked.answer == {"tag": "gold", "renamed_from": "vip"}
    assert carrying.dispatch(renamed) == asked


@pytest.mark.parametrize(
    "error", [UsageError("who?"), FatalError("stop"), NotNowError("later"), ConfigError("a", "b")]
)
def test_a_command_that_is_refused_says_why(store: SmallStore, error: SidecarError) -> None:
    number = ask(store)

    asked = dispatching(store, resume=fails(error)).dispatch(number)

    assert (asked.state, asked.error) == ("failed", str(error))
    assert (asked.exit_code, asked.answer) == (error.exit_code, None)


def test_a_fault_of_a_handler_ends_only_its_command_and_names_nobody(store: SmallStore) -> None:
    number, other = ask(store), ask(store, "pause")
    fault = ValueError("Ann Smith, ann@example.com")
    carrying = dispatching(store, resume=fails(fault), pause=lambda _: Answer("fine"))

    with structlog.testing.capture_logs() as logs:
        assert carrying.dispatch_next()
        assert carrying.dispatch_next()

    asked = store.sidecar.requests.asked(number)
    assert (asked.state, asked.exit_code) == ("failed", 70)
    (log,) = logs
    assert (log["event"], log["command"], log["error"]) == (
        "command.failed",
        "resume",
        "ValueError",
    )
    assert "Ann" not in f"{asked.error}{logs}"
    assert store.sidecar.requests.asked(other).answer == "fine"


def test_a_command_that_nothing_carries_out_is_answered(store: SmallStore) -> None:
    asked = dispatching(store, pause=fails(AssertionError())).dispatch(ask(store))

    assert (asked.state, asked.exit_code) == ("failed", 70)
    assert asked.error == "resume: this command is not available in this version"


def test_a_handler_that_answers_nothing_has_failed(store: SmallStore) -> None:
    asked = dispatching(store, resume=lambda _: None).dispatch(ask(store))

    assert (asked.state, asked.exit_code) == ("failed", 70)


def test_what_waits_for_approval_is_answered_so(store: SmallStore) -> None:
    waiting = Answer({"run": 3}, "waiting", 75)

    asked = dispatching(store, resume=lambda _: waiting).dispatch(ask(store))

    assert (asked.state, asked.exit_code, asked.answer) == ("waiting", 75, {"run": 3})


def test_a_command_is_new_again_when_the_database_was_gone(store: SmallStore) -> None:
    number = ask(store)

    with pytest.raises(DatabaseUnavailableError):
        dispatching(store, resume=fails(DatabaseUnavailableError("gone"))).dispatch_next()

    assert store.sidecar.requests.asked(number).state == "new"


@pytest.mark.parametrize("when", ["before it is taken", "while it is carried out"])
def test_a_command_whose_row_somebody_deletes_ends_nobody(
    store: SmallStore, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(store)

    def delete() -> None:
        with transaction(store.sidecar.engine) as tx:
            tx.execute(store.sidecar.shop.own.command.delete())

    def resume(_: Task) -> Answer:
        delete()
        return Answer("resumed")

    if when == "before it is taken":
        next_new = queue.next_new

        def seen(tx: Connection, own: OwnTables) -> int | None:
            number = next_new(tx, own)
            delete()
            return number

        monkeypatch.setattr(queue, "next_new", seen)

    assert dispatching(store, resume=resume).dispatch_next() is None


# -- dying in the middle ---------------------------------------------------------------------


class KilledError(BaseException):
    """What no handler can catch."""


def test_a_command_that_died_in_the_middle_is_run_again_and_has_its_effect_once(
    store: SmallStore,
) -> None:
    ann = store.given.customer()
    number = ask(store, "tag.add", tag="vip", customers=[ann])
    whole = store.sidecar.handlers()["tag.add"]

    def dies(task: Task) -> Answer:
        whole(task)
        raise KilledError

    with pytest.raises(KilledError):
        dispatching(store, tag_add=dies).dispatch_next()
    carrying = dispatching(store)
    assert not carrying.dispatch_next()

    assert carrying.recover() == 1
    assert carrying.dispatch_next()

    assert store.sidecar.requests.asked(number).state == "done"
    assert store.who("vip") == [ann]
    assert len(store.rows("SELECT * FROM `{own}assertion`")) == 1
    assert len(store.rows("SELECT * FROM `{own}audit`")) == 1
    store.verify()


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
def test_an_answer_stands_exactly_when_the_effect_does(store: SmallStore, after: bool) -> None:
    number = ask(store, "tag.create", tag="vip")

    def dies(task: Task) -> None:
        hand = store.tagging()
        with contextlib.ExitStack() as stack:
            if after:
                stack.callback(fails(KilledError()), task)

            def answer(tx: Any) -> None:
                task.answer_in(tx, "made")
                if not after:
                    raise KilledError

            hand.create("vip", None, "", answer)

    with pytest.raises(KilledError):
        dispatching(store, tag_create=dies).dispatch_next()

    assert list(store.tags()) == (["vip"] if after else [])
    assert dispatching(store).recover() == (0 if after else 1)
    dispatching(store).dispatch(number)
    assert list(store.tags()) == ["vip"]
    assert store.sidecar.requests.asked(number).state == "done"


def test_who_was_taken_over_writes_neither_effect_nor_answer(store: SmallStore) -> None:
    number = ask(store, "tag.create", tag="vip")
    others = dispatching(store, tag_create=lambda _: Answer("of the other"))

    def late(task: Task) -> None:
        others.recover()
        others.dispatch(number)
        store.tagging().create("vip", None, "", lambda tx: task.answer_in(tx, "late"))

    asked = dispatching(store, tag_create=late).dispatch(number)

    assert (asked.state, asked.answer) == ("done", "of the other")
    assert store.tags() == {}


# -- progress ------------------------------------------------------------------------------


def test_progress_is_seen_while_the_command_runs_but_not_written_each_time(
    store: SmallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ask(store)
    seen = []
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    def slow(task: Task) -> None:
        with transaction(store.sidecar.engine) as tx:
            for step in range(1, 101):
                now[0] += dispatcher.PROGRESS_EVERY_S / 10
                task.report(step, 100)
                asked = store.sidecar.requests.asked(number)
                seen.append((asked.state, asked.done, asked.total))
            task.answer_in(tx, "done")
            task.report(100, 100)  # waits for no lock of its own

    told = []
    carrying = dispatching(store, resume=slow)
    carrying.watch = lambda done, _: told.append(done)
    carrying.dispatch(number)

    assert seen[0] == ("running", 1, 100)
    assert 10 <= len(set(seen)) <= 11
    assert told == [*range(1, 101), 100]


# -- what others insert ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tag.add", "no JSON"),
        ("tag.add", "[]"),
        ("tag.add", '{"tag": "vip", "customers": "1 OR 1=1"}'),
        ("tag.add", '{"tag": {"$ne": 1}, "customers": [1]}'),
        ("tag.add", '{"tag": "vip", "customers": ["\' OR 1=1 -- "]}'),
        ("tag.add", '{"tag": "vip", "customers": [1], "until": "0000-00-00"}'),
        ("tag.rename", '{"tag": "x\'; DROP TABLE oc_sidecar_tag; --", "new": "y"}'),
        ("tag.create", '{"tag": "vip", "colour": "red;background:url(x)"}'),
        ("tag.create", "[" * 60_000),
        ("../../etc/passwd", "{}"),
        ("<script>alert(1)</script>", "{}"),
        ("", ""),
    ],
    ids=lambda text: text[:30],
)
def test_whatever_is_inserted_is_answered_and_harms_nothing(
    store: SmallStore, name: str, parameters: str
) -> None:
    ann = store.given.customer()
    store.given.execute(
        "INSERT INTO oc_sidecar_command (name, parameters, actor, created_at)"
        " VALUES (%s, %s, 'admin:<i>eve</i>', 1)",
        *(name, parameters),
    )
    number = ask(store, "tag.add", tag="<script>alert('x')</script>", customers=[ann])
    carrying = dispatching(store)

    while carrying.dispatch_next():
        pass

    bad = store.sidecar.requests.asked(number - 1)
    assert (bad.state, bad.exit_code) == ("failed", 64)
    assert len(bad.error or "") < 500
    assert store.sidecar.requests.asked(number).state == "done"
    assert list(store.tags()) == ["<script>alert('x')</script>"]


# -- the command line ------------------------------------------------------------------------


def test_where_nobody_leads_the_command_line_does_it_itself(store: SmallStore) -> None:
    left = ask(store, "tag.create", tag="other")

    asked = asking.ask(store.sidecar, "tag.create", {"tag": "vip"}, 0.0)

    assert asked.answer == {"tag": "vip", "created": True}
    assert list(store.tags()) == ["vip"]
    assert store.sidecar.requests.asked(left).state == "new"


def test_whoever_leads_answers_who_waits(store: SmallStore) -> None:
    ann = store.given.customer()
    with leader(store):
        asked = asking.ask(store.sidecar, "tag.add", {"tag": "vip", "customers": [ann]}, 30.0)
        with pytest.raises(UsageError, match=r"^no tag is called 'vpi' \(did you mean 'vip'\?\)$"):
            asking.ask(store.sidecar, "tag.archive", {"tag": "vpi"}, 30.0)
        store.rules(fan='tags has "vip"')
        with pytest.raises(ConfigError, match=r'^tag "vip": a rule asks for it \(rules'):
            asking.ask(store.sidecar, "tag.archive", {"tag": "vip"}, 30.0)

    assert (asked.state, asked.answer["changed"], asked.answer["created"]) == ("done", 1, ["vip"])
    assert store.who("vip") == [ann]


def test_who_gets_no_answer_in_time_is_told_the_number_and_the_request_stays(
    store: SmallStore,
) -> None:
    with leader(store, idle=True), pytest.raises(NotNowError) as error:
        asking.ask(store.sidecar, "tag.create", {"tag": "vip"}, 0.3)

    (row,) = store.rows("SELECT command_id, state FROM `{own}command`")
    assert (error.value.exit_code, row["state"]) == (75, "new")
    assert f"asked as command {row['command_id']}, which stays" in str(error.value)
    dispatching(store).dispatch_next()
    assert list(store.tags()) == ["vip"]


def test_who_waits_takes_over_when_the_leader_ends(store: SmallStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        with leader(store, idle=True):
            waits = pool.submit(asking.ask, store.sidecar, "tag.create", {"tag": "vip"}, 30.0)
            clock.sleep(0.5)
            assert not waits.done()
        assert waits.result(30).state == "done"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DatabaseUnavailableError("gone")])
def test_what_the_command_line_gave_up_is_not_done_some_days_later(
    store: SmallStore,
    handlers: Callable[[Mapping[str, Handler]], None],
    error: BaseException,
) -> None:
    handlers({"resume": fails(error)})

    with pytest.raises(type(error)):
        asking.ask(store.sidecar, "resume", {}, 0.0)

    carrying = dispatching(store)
    assert carrying.recover() == 0
    assert not carrying.dispatch_next()
