"""What people ask and wait for: the plan of a new rule, and who matches an expression."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.cases_pass import ready, work_with
from bench.daemon import program, settings_file
from bench.frame import Bench, case
from bench.rules import fifty
from sidecar.sync.naming import find_rule
from sidecar.sync.preview import preview

#: About one customer in twelve.
NEW_RULE = "total_spent between 300 and 400 and last_order older than 45 days"


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
