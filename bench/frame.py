"""
What a bench case is.

A case is a function in a module ``bench/cases*.py``, marked with `case`. Each of its
runs is a process of its own, so that its peak memory is its own:

    @case("read customers", about="…", floor="floor: read", at_most=2.5)
    def read_customers(bench: Bench) -> None:
        ready = prepare()          # not timed
        with bench.clock():
            work(ready)            # timed
        bench.note("rows", 10)     # shown beside the time

Cases must leave the store as they found it; our own tables they may leave as they like.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

import bench as package
from sidecar.config import Database
from sidecar.shop.database import connect


@dataclass(slots=True)
class Bench:
    """
    What a case is given, and where it leaves its figures.

    Attributes:
        database: The store's, over a socket; the account may do everything.
        customers: In the store, with the ids 1 to this.
        orders: In the store.
        now: The latest moment in the store; aware.
        seconds: What `clock` measured, summed.
        notes: What `note` left.
    """

    database: Database
    customers: int
    orders: int
    now: datetime.datetime
    seconds: float = 0.0
    notes: dict[str, float] = field(default_factory=dict)

    def engine(self) -> Engine:
        """A new engine for the store's database."""
        return connect(self.database)

    def connectorx_url(self) -> str:
        """The same database, as connectorx is told."""
        account = f"{self.database.user}:{self.database.password.reveal()}"
        return f"mysql://{account}@localhost/{self.database.name}?socket={self.database.socket}"

    @contextlib.contextmanager
    def clock(self) -> Iterator[None]:
        """Time what is inside; what is outside is preparation."""
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started

    def note(self, name: str, value: float) -> None:
        """Show *value* beside the time; the name says its unit."""
        self.notes[name] = value


@dataclass(frozen=True, slots=True)
class Case:
    """
    Attributes:
        name: Shown, and written in JSON.
        about: What it measures, for people.
        run: The function.
        floor: The case its time is divided by; empty: none.
        at_most: The highest ratio to the floor that is good; None: not judged.
        peak_at_most_mb: The highest peak memory that is good; None: not judged.
        notes_at_most: The highest good value of notes, by name.
        notes_at_least: The lowest, likewise.
        needs: An environment variable without which the case is left out; empty: none.
        for_stores_to: Customers up to which all of that is judged; None: always.
    """

    name: str
    about: str
    run: Callable[[Bench], None]
    floor: str = ""
    at_most: float | None = None
    peak_at_most_mb: float | None = None
    notes_at_most: Mapping[str, float] = field(default_factory=dict)
    notes_at_least: Mapping[str, float] = field(default_factory=dict)
    needs: str = ""
    for_stores_to: int | None = None


_CASES: dict[str, Case] = {}


def case(
    name: str,
    *,
    about: str,
    floor: str = "",
    at_most: float | None = None,
    peak_at_most_mb: float | None = None,
    notes_at_most: Mapping[str, float] | None = None,
    notes_at_least: Mapping[str, float] | None = None,
    needs: str = "",
    for_stores_to: int | None = None,
) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Register the function below as the case *name*; the arguments are those of `Case`."""

    def register(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
        if name in _CASES:
            raise ValueError(f"two cases are called {name}")
        _CASES[name] = Case(
            *(name, about, run, floor, at_most, peak_at_most_mb),
            notes_at_most=notes_at_most or {},
            notes_at_least=notes_at_least or {},
            needs=needs,
            for_stores_to=for_stores_to,
        )
        return run

    return register


def all_cases() -> dict[str, Case]:
    """Every case of the modules ``bench/cases*.py`` by name, in the order they are written."""
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if module.startswith("cases"):
            importlib.import_module(f"bench.{module}")
    return dict(_CASES)
