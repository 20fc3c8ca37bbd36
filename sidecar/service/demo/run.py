"""The demo from start to end: store, full pass, live part, summary, check."""

from __future__ import annotations

import contextlib
import datetime
import importlib.resources
import queue
import random
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from sidecar import clock
from sidecar.config import Config, Rules
from sidecar.errors import FatalError
from sidecar.service.demo.check import conditions, differences, recomputed, written
from sidecar.service.demo.events import Answer, Event, Latency
from sidecar.service.demo.screen import Report, Screen
from sidecar.service.demo.shoppers import Shoppers
from sidecar.service.demo_store import create_store, generate
from sidecar.service.demo_store.reference import ZONE
from sidecar.service.private_server import PrivateServer
from sidecar.shop.database import connect
from sidecar.shop.own_tables import OwnTables, own_tables
from sidecar.shop.tables import store_tables

DATABASE = "demo"

#: Names of the tags that a customer gained, and of those lost.
Changed = tuple[tuple[str, ...], tuple[str, ...]]
_NOTHING: Changed = ((), ())

#: How long the loop waits for an event before it asks whether more will come.
_PATIENCE_S = 0.05


class Sidecar(Protocol):
    """What the demo asks of the program."""

    def migrate(self) -> object:
        """Make own tables and indexes."""

    def full_pass(self, progress: Report) -> object:
        """Bring every customer in line with the rules."""

    def process(self, ids: Collection[int]) -> object:
        """Bring these customers in line with the rules."""


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
        changed: Of these, those that changed somebody's tags.
        latency: From the store's commit to the written result.
        tags: How many customers have each tag at the end.
    """

    events: int
    changed: int
    latency: Latency
    tags: dict[str, int]


def run_demo(open_sidecar: Opener, options: Options, screen: Screen) -> Result:
    """
    Run the demo; returns when everything agreed.

    Raises:
        FatalError: MariaDB is missing, or plain SQL disagrees on a tag; says on whom.
    """
    screen.say("Starting a private MariaDB …")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(PrivateServer())
        server.execute(f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4")
        rules = stack.enter_context(_rules())
        database = server.settings(DATABASE)
        config = Config(
            database=database,
            rules=Rules(directory=rules, builtins=False),
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
        screen.say(f"First full pass: {clock.monotonic() - started:.1f} s. Now customers act …")
        return _Live(shop, database.prefix, sidecar, options, screen).run()


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
    screen.say(f"A made-up store: {options.customers:,} customers, {orders:,} orders.")


@contextlib.contextmanager
def _rules() -> Iterator[Path]:
    """The folder of the demo's rules, wherever the package is installed."""
    folder = importlib.resources.files("sidecar.service.demo") / "rules.d"
    with importlib.resources.as_file(folder) as path:
        yield path


class _Live:
    """The live part and what follows it."""

    def __init__(
        self, shop: Engine, prefix: str, sidecar: Sidecar, options: Options, screen: Screen
    ) -> None:
        self._shop = shop
        self._prefix = prefix
        self._sidecar = sidecar
        self._options = options
        self._screen = screen
        self._own: OwnTables = own_tables(prefix)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._answers: list[Answer] = []

    def run(self) -> Result:
        began = clock.now()
        choices = random.Random(self._options.seed)  # noqa: S311 - no secret
        shoppers = Shoppers(self._shop, store_tables(self._prefix, "4.1"), choices)
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool, self._screen.events() as show:
            acting = pool.submit(shoppers.act, self._options.seconds, self._events.put, stop)
            try:
                self._follow(acting, show)
            finally:
                stop.set()
            acting.result()
        return self._conclude(began)

    def _follow(self, acting: Future[None], show: Callable[[Answer], None]) -> None:
        """Answer every event until no more will come."""
        started = clock.monotonic()
        last_audit = self._last_audit()
        while True:
            events = self._gathered(wait=not acting.done())
            if not events and acting.done() and self._events.empty():
                return
            if not events:
                continue
            self._sidecar.process({event.customer_id for event in events})
            done_s = clock.monotonic()
            last_audit, changes = self._changes(last_audit)
            # What several events of one customer did together stands beside the last.
            last = {event.customer_id: event for event in events}
            for event in events:
                mine = changes.get(event.customer_id, _NOTHING)
                gained, lost = mine if event is last[event.customer_id] else _NOTHING
                took_ms = (done_s - event.committed_s) * 1_000
                answer = Answer(event, event.committed_s - started, gained, lost, took_ms)
                self._answers.append(answer)
                show(answer)

    def _gathered(self, *, wait: bool) -> list[Event]:
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            events.append(self._events.get(timeout=_PATIENCE_S if wait else 0))
            while True:
                events.append(self._events.get_nowait())
        return events

    def _last_audit(self) -> int:
        with self._shop.connect() as tx:
            return int(tx.scalar(select(func.max(self._own.audit.c.audit_id))) or 0)

    def _changes(self, after: int) -> tuple[int, dict[int, Changed]]:
        """The last audit entry, and for each customer the tags gained and lost *after* that one."""
        audit, tag = self._own.audit, self._own.tag
        query = select(
            audit.c.audit_id, audit.c.customer_id, audit.c.tags_added, audit.c.tags_removed
        )
        found: dict[int, Changed] = {}
        with self._shop.connect() as tx:
            names = {
                str(row.tag_id): row.name for row in tx.execute(select(tag.c.tag_id, tag.c.name))
            }
            for row in tx.execute(query.where(audit.c.audit_id > after).order_by(audit.c.audit_id)):
                after = row.audit_id
                gained, lost = (
                    tuple(names[one] for one in ids.split(",") if one)
                    for ids in (row.tags_added, row.tags_removed)
                )
                found[row.customer_id] = gained, lost
        return after, found

    def _conclude(self, began: datetime.datetime) -> Result:
        now = clock.now()
        zone = ZoneInfo(ZONE)
        if now.astimezone(zone).date() != began.astimezone(zone).date():
            self._screen.say("Midnight has passed: one more full pass, for days are counted anew.")
            self._sidecar.full_pass(lambda _done, _total: None)
        are = written(self._shop, self._prefix)
        latency = Latency.of(self._answers)
        tags = {tag: len(customers) for tag, customers in are.items()}
        self._screen.end(tags, conditions(), latency)
        if found := differences(recomputed(self._shop, self._prefix, now), are):
            raise FatalError("\n".join(("plain SQL does not agree:", *found)))
        self._screen.say(f"Recomputed in plain SQL: all {len(tags)} tags agree exactly.")
        changed = sum(1 for answer in self._answers if answer.gained or answer.lost)
        return Result(len(self._answers), changed, latency, tags)
