"""What people ask and wait for: the plan of a new rule, and who matches an expression."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from sqlalchemy import Engine, text

from bench.cases_pass import ready, work_with
from bench.daemon import program, settings_file
from bench.frame import Bench, case
from bench.rules import fifty
from sidecar import clock, config
from sidecar.app import Sidecar, open_sidecar
from sidecar.shop.database import transaction
from sidecar.sync.commands import queue
from sidecar.sync.commands.dispatcher import Dispatcher
from sidecar.sync.naming import find_rule
from sidecar.sync.preview import preview

#: About one customer in twelve.
NEW_RULE = "total_spent between 300 and 400 and last_order older than 45 days"

#: How often a condition is checked, and products that are added: how many, from which id on.
_CHECKS = 10
_MANY, _FIRST = 10_000, 1_000_000


def _fifty_and_one() -> Iterator[tuple[str, str]]:
    yield from fifty()
    yield "quite new", NEW_RULE


@case(
    "plan: one new rule",
    about="`plan --rule` of a rule that has just been written, beside fifty that are applied",
    floor="full pass: nothing to change",
    at_most=1.5,
)
def plan_of_one_rule(bench: Bench) -> None:
    ready(bench, fifty())
    work = work_with(bench, _fifty_and_one())
    node = find_rule(work.rulebook.checked.rules, "quite new")
    with bench.clock():
        planned = preview(work.shop, work.rulebook, work.moment, rule=node, sample=20)
    bench.note("would gain it", planned.outcome.tag_added)


@case(
    "customers: first row",
    about="`sidecar customers EXPRESSION --json` as a process, from its start to its first line",
    notes_at_most={"first row s": 3},
)
def first_customer(bench: Bench) -> None:
    ready(bench, fifty())
    with settings_file(bench, []) as config:
        arguments = ("customers", "orders >= 3 and last_order within 2 years", "--json")
        started = time.perf_counter()
        with bench.clock(), program(config, *arguments) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            bench.note("first row s", time.perf_counter() - started)
            process.kill()
    if not line:
        raise RuntimeError("nobody matched")


@case(
    "rule.check: while typing",
    about="a condition checked as at a key that is typed, in a store of few and of 10,000 products",
    notes_at_most={"few products ms": 50, "many products ms": 50},
)
def rule_check(bench: Bench) -> None:
    ready(bench, fifty())
    goods = 'orders >= 3 and products has "Kept Lamp 7"'
    with settings_file(bench, []) as settings:
        program = open_sidecar(config.load(settings, os.environ))
        bench.note("few products ms", _checked(bench, program, "orders >= 3"))
        with _products(program.engine, bench.database.prefix):
            bench.note("many products ms", _checked(bench, program, "orders >= 3"))
            # Only then are they read.
            bench.note("one of them named ms", _checked(bench, program, goods))


def _checked(bench: Bench, program: Sidecar, when: str) -> float:
    """Milliseconds from asking to the answer, the least of some."""
    engine, own = program.engine, program.shop.own
    asked = {"when": when, "kind": "tag", "name": "typed"}
    dispatcher = Dispatcher(engine, own, program.handlers())
    times = []
    for _ in range(_CHECKS):
        began = time.perf_counter()
        with bench.clock():
            with transaction(engine) as tx:
                queue.ask(tx, own, "rule.check", asked, "bench", clock.now(), None)
            dispatcher.dispatch_next()
        times.append(time.perf_counter() - began)
    return min(times) * 1000


@contextlib.contextmanager
def _products(engine: Engine, prefix: str) -> Iterator[None]:
    """Many more products, in two languages."""
    keys = range(_FIRST, _FIRST + _MANY)
    tables = ("product", "product_description")
    try:
        with transaction(engine) as tx:
            tx.execute(
                text(f"INSERT INTO {prefix}product (product_id, manufacturer_id) VALUES (:key, 0)"),
                [{"key": key} for key in keys],
            )
            tx.execute(
                text(
                    f"INSERT INTO {prefix}product_description (product_id, language_id, name)"
                    " VALUES (:key, 1, :name), (:key, 2, :name)"
                ),
                [{"key": key, "name": f"Kept Lamp {key - _FIRST}"} for key in keys],
            )
        yield
    finally:
        with transaction(engine) as tx:
            for table in tables:
                tx.execute(
                    text(f"DELETE FROM {prefix}{table} WHERE product_id >= :first"),
                    {"first": _FIRST},
                )
