"""The demo from start to end: store, first pass, live part, summary, check."""

from __future__ import annotations

import contextlib
import importlib.resources
import queue
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, insert

from sidecar import clock
from sidecar.config import Config, Rules
from sidecar.errors import FatalError
from sidecar.service.demo.check import KINDS, conditions, differences, recomputed, written
from sidecar.service.demo.events import Answer, Came, Event, Latency
from sidecar.service.demo.results import Results
from sidecar.service.demo.screen import Report, Screen
from sidecar.service.demo.shoppers import Shoppers
from sidecar.service.demo_store import create_store, generate
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.own_tables import own_tables
from sidecar.shop.tables import store_tables

DATABASE = "demo"

#: Customer groups that the made-up store gets for the ladder, in its two languages.
GROUPS = {4: ("Silver", "Silber"), 5: ("Gold", "Gold")}

#: Time between two looks at what the daemon wrote.
_LOOK_S = 0.05

#: An event that changed nothing for so long will not change anything.
_NOTHING_S = 4.0

#: How long the daemon may take to catch up when the customers are gone.
_CATCH_UP_S = 20.0


class Sidecar(Protocol):
    """What the demo asks of the program."""

    def migrate(self) -> object:
        """Make own tables and indexes."""

    def full_pass(self, progress: Report) -> object:
        """Bring every customer in line with the rules."""

    def running(self) -> contextlib.AbstractContextManager[None]:
        """The daemon at work."""


#: Makes the program for a configuration.
Opener = Callable[[Config], contextlib.AbstractContextManager[Sidecar]]


@dataclass(frozen=True, slots=True)
class Options:
    """
    Attributes:
        seconds: How long the customers act.
        customers: In the store at first; five times as many orders.
        seed: Decides the store and, timing apart, what its customers do.
    """

    seconds: float = 12.0
    customers: int = 2_000
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Result:
    """
    Attributes:
        events: What the customers did.
        changed: Of these, those that changed somebody's tags, segments or group.
        latency: From the store's commit to the written result.
        tags: How many customers have each tag at the end.
        segments: How many are in each segment.
        groups: How many stand on each rung of the ladder.
    """

    events: int
    changed: int
    latency: Latency
    tags: dict[str, int]
    segments: dict[str, int]
    groups: dict[str, int]


def run_demo(open_sidecar: Opener, options: Options, screen: Screen) -> Result:
    """
    Run the demo; returns when everything agreed.

    Raises:
        FatalError: MariaDB is missing, or plain SQL disagrees; says on whom.
    """
    screen.say("Starting a private MariaDB …")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(PrivateServer(binlog=True))
        server.execute(f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4")
        rules = stack.enter_context(_rules())
        database = server.settings(DATABASE)
        config = Config(
            database=database,
            # Nobody is there to approve of anything.
            rules=Rules(directory=rules, builtins=False, max_change_floor=1_000_000),
            file=rules / "demo.toml",
        )
        shop = connect(database)
        stack.callback(shop.dispose)
        _make_store(shop, database.prefix, options, screen)
        sidecar = stack.enter_context(open_sidecar(config))
        sidecar.migrate()
        started = clock.monotonic()
        with screen.progress("First full pass") as report:
            sidecar.full_pass(report)
        screen.say(f"First full pass: {clock.monotonic() - started:.1f} s. Starting the daemon …")
        with sidecar.running():
            screen.say("Now customers act, and the daemon follows them by the server's binary log.")
            return _Live(shop, database.prefix, options, screen).run()


def _make_store(shop: Engine, prefix: str, options: Options, screen: Screen) -> None:
    orders = options.customers * 5
    with screen.progress("Making up a store") as report:
        create_store(shop, prefix)
        generate(
            shop,
            prefix,
            customers=options.customers,
            orders=orders,
            seed=options.seed,
            now=clock.now(),
            progress=report,
        )
        _make_groups(shop, prefix)
    screen.say(f"A made-up store: {options.customers:,} customers, {orders:,} orders.")


@contextlib.contextmanager
def _rules() -> Iterator[Path]:
    """The folder of the demo's rules, wherever the package is installed."""
    folder = importlib.resources.files("sidecar.service.demo") / "rules.d"
    with importlib.resources.as_file(folder) as path:
        yield path


def _make_groups(shop: Engine, prefix: str) -> None:
    tables = store_tables(prefix, "4.1")
    names = [
        {"customer_group_id": group, "language_id": language, "name": name}
        for group, texts in GROUPS.items()
        for language, name in enumerate(texts, start=1)
    ]
    with shop.begin() as tx:
        groups = [{"customer_group_id": group, "approval": 0} for group in GROUPS]
        tx.execute(insert(tables.customer_group), groups)
        tx.execute(insert(tables.customer_group_description), names)


class _Live:
    """The live part and what follows it."""

    def __init__(self, shop: Engine, prefix: str, options: Options, screen: Screen) -> None:
        self._shop = shop
        self._prefix = prefix
        self._options = options
        self._screen = screen
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._open: dict[int, list[Answer]] = {}
        self._answers: list[Answer] = []

    def run(self) -> Result:
        choices = random.Random(self._options.seed)  # noqa: S311 - no secret
        tables = store_tables(self._prefix, "4.1")
        shoppers = Shoppers(self._shop, tables, own_tables(self._prefix), choices)
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool, self._screen.events() as show:
            acting = pool.submit(shoppers.act, self._options.seconds, self._events.put, stop)
            try:
                self._follow(acting, show)
            finally:
                stop.set()
            acting.result()
        return self._conclude()

    def _follow(self, acting: Future[None], show: Callable[[Answer], None]) -> None:
        """Show every event, and what came of it, until no more will come."""
        started_s = clock.monotonic()
        results = Results(self._shop, self._prefix)
        while not acting.done() or self._open or not self._events.empty():
            clock.sleep(_LOOK_S)
            came = results.new()
            now_s = clock.monotonic()
            self._hear(started_s, show)
            for customer_id, what in came.items():
                self._close(customer_id, what, now_s, show)
            for customer_id, waiting in list(self._open.items()):
                if now_s - waiting[-1].event.committed_s > _NOTHING_S:
                    self._close(customer_id, Came(), now_s, show)

    def _hear(self, started_s: float, show: Callable[[Answer], None]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                event = self._events.get_nowait()
                answer = Answer(event, event.committed_s - started_s)
                self._open.setdefault(event.customer_id, []).append(answer)
                show(answer)

    def _close(
        self, customer_id: int, came: Came, now_s: float, show: Callable[[Answer], None]
    ) -> None:
        """What came of several events of one customer stands beside the last of them."""
        waiting = self._open.pop(customer_id, [])
        for answer in waiting:
            is_last = answer is waiting[-1]
            # From the first on: which of them it came of, nobody knows.
            took_ms = (now_s - waiting[0].event.committed_s) * 1_000 if is_last and came else None
            done = Answer(answer.event, answer.at_s, came if is_last else Came(), took_ms)
            self._answers.append(done)
            show(done)

    def _conclude(self) -> Result:
        are = self._caught_up()
        latency = Latency.of(self._answers)
        counts = {rule: len(customers) for rule, customers in are.items()}
        self._screen.end(counts, conditions(), latency)
        self._screen.say(f"Recomputed in plain SQL: all {_said(counts)} agree exactly.")
        changed = sum(1 for answer in self._answers if answer.came)
        tags, segments, groups = (
            {name: number for (kind, name), number in counts.items() if kind == wanted}
            for wanted in KINDS
        )
        return Result(len(self._answers), changed, latency, tags, segments, groups)

    def _caught_up(self) -> dict[tuple[str, str], set[int]]:
        """What the daemon has written, once plain SQL says the same; the last take a while."""
        until_s = clock.monotonic() + _CATCH_UP_S
        while True:
            are = written(self._shop, self._prefix)
            found = differences(recomputed(self._shop, self._prefix, clock.now()), are)
            if not found:
                return are
            if clock.monotonic() > until_s:
                raise FatalError("\n".join(("plain SQL does not agree:", *found)))
            clock.sleep(0.2)


def _said(counts: dict[tuple[str, str], int]) -> str:
    tags, segments, groups = (sum(1 for kind, _ in counts if kind == wanted) for wanted in KINDS)
    return f"{tags} tags, {segments} segments and {groups} customer groups"
