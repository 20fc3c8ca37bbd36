"""The plan of a whole pass: what each of its runs would change, before the first write."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sidecar.errors import CustomerError
from sidecar.model import Outcome, Scope
from sidecar.rules.dependencies import Node
from sidecar.rules.plan import Changes
from sidecar.shop.database import transaction
from sidecar.sync.cycle import Pass, counted, look, preview, shares
from sidecar.sync.ranges import RANGE, Progress, customers_in_store, ranges
from sidecar.sync.runs import Run

#: Rows of planned changes that are kept for the writing; beyond it they are found again.
_KEPT_ROWS = 4_000_000

#: Customers that are remembered because they differed, about.
_FOUND = 1_000

#: Ranges in memory at a time: one is read while another is computed.
_AHEAD = 2

#: Asked between ranges whether to end early.
Stop = Callable[[], bool]


class StoppedError(Exception):
    """A pass was asked to end early; what is committed stands."""


@dataclass(slots=True)
class RunPlan:
    """What one run would do: counted, and its steps by rule."""

    run: Run
    outcome: Outcome = field(default_factory=Outcome)
    steps: dict[Node, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """
    What a whole pass would do.

    Attributes:
        outcome: All of it, counted.
        runs: The same by run.
        found: The first customers with a step or an entry into or exit from a segment.
        kept: The changes by scope with how many customers were looked at; a scope with
            None has to be looked at again, because it holds somebody who cannot be
            processed. None as a whole: there were too many to keep.
    """

    outcome: Outcome = field(default_factory=Outcome)
    runs: list[RunPlan] = field(default_factory=list)
    found: set[int] = field(default_factory=set)
    kept: list[tuple[Scope, tuple[int, Changes] | None]] | None = field(default_factory=list)

    def of(self, run: Run) -> RunPlan:
        """The part of *run*."""
        return next(part for part in self.runs if part.run is run)


def plan_pass(
    work: Pass,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
    shown: Callable[[Changes], None] | None = None,
    keep: bool = True,
    size: int = RANGE,
) -> Plan:
    """
    Look at the whole store and count what the runs of *work* would change; writes nothing.

    Args:
        shown: Given the changes of each part, e.g. to name some of them.
        keep: Keep the changes for the writing, unless they are too many.
        size: Customers a range.

    Raises:
        StoppedError: *stop* said so.
    """
    plan = Plan(runs=[RunPlan(run) for run in work.runs], kept=[] if keep else None)
    total = customers_in_store(work.shop) if progress else 0
    rows = 0
    for scope, found in looked_ahead(work, ranges(work.shop, size)):
        if stop is not None and stop():
            raise StoppedError
        again = False
        for customers, aside, changes in _parts(work, scope, found.result):
            again |= aside > 0 or changes is None
            plan.outcome.add(Outcome(customers=customers, set_aside=aside))
            if changes is None:
                continue
            _count(work, plan, changes)
            if shown is not None:
                shown(changes)
            kept = None if again else (customers, changes)
            rows += changes.rows
        if plan.kept is not None:
            plan.kept.append((scope, None if again else kept))
            if rows > _KEPT_ROWS:
                plan.kept = None
        if progress:
            progress(min(plan.outcome.customers, total), total)
    return plan


def looked_ahead(
    work: Pass, scopes: Iterable[Scope]
) -> Iterator[tuple[Scope, Future[tuple[int, Changes]]]]:
    """
    Each of *scopes* with what is found there; the next is read while one is computed and written.

    The bulk reader lets one statement run at a time, so the store's server notices
    no difference.
    """

    def look_alone(scope: Scope) -> tuple[int, Changes]:
        with transaction(work.shop.engine) as tx:
            return look(work, tx, scope)

    waiting: deque[tuple[Scope, Future[tuple[int, Changes]]]] = deque()
    with ThreadPoolExecutor(_AHEAD, "look") as pool:
        for scope in scopes:
            waiting.append((scope, pool.submit(look_alone, scope)))
            if len(waiting) == _AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()


def _parts(
    work: Pass, scope: Scope, found: Callable[[], tuple[int, Changes]]
) -> Iterator[tuple[int, int, Changes | None]]:
    try:
        customers, changes = found()
    except CustomerError:
        parts = list(preview(work, scope))
        # Marked as one that must be looked at again, also where only some parts are.
        yield from ((seen, aside, part) for seen, aside, part in parts)
        yield 0, 0, None
        return
    yield customers, 0, changes


def _count(work: Pass, plan: Plan, changes: Changes) -> None:
    plan.outcome.add(counted(0, changes))
    if len(plan.found) < _FOUND:
        for frame in (changes.added, changes.removed, changes.moved, changes.entered, changes.left):
            plan.found.update(frame["customer_id"].head(_FOUND))
    for (_, part), planned in zip(shares(work.runs, changes), plan.runs, strict=True):
        planned.outcome.add(counted(0, part))
        for node, number in work.rulebook.steps(part).items():
            planned.steps[node] = planned.steps.get(node, 0) + number
