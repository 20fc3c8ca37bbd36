"""
The full pass: planned whole before its first write, run by run, then written range by range.

Rules that are new or edited since the last full pass form a run of their own, and so does
each run that waits. A run that would change too many customers waits for approval: its
rules write nothing, the others go on. Facts and segments are always written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from sidecar import clock
from sidecar.errors import CustomerError
from sidecar.model import Moment, Outcome
from sidecar.rules.dependencies import Node
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import caps, registry, runs, segments, state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.cycle import Pass, run, write_found
from sidecar.sync.planning import Plan, RunPlan, Stop, StoppedError, looked_ahead, plan_pass
from sidecar.sync.ranges import RANGE, Progress, ranges
from sidecar.sync.registry import RuleState
from sidecar.sync.runs import Run, Waiting

#: In ``sidecar_state``: when the last full pass that ended began.
LAST = "last_full_pass"

#: In ``sidecar_state``: somebody asked for one; whoever leads makes it soon.
WANTED = "full_pass_wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """
    What a person has approved of.

    Attributes:
        actor: Who.
        everything: All that this pass plans, whatever its size.
        run_id: One waiting run, if it has not grown by more than a tenth; 0: none.
    """

    actor: str
    everything: bool = False
    run_id: int = 0


@dataclass(slots=True)
class Result:
    """
    What a full pass did.

    Attributes:
        run_id: Under which tags or groups were changed; None: no such change.
        outcome: What was written.
        waiting: The runs that wait for approval now.
        stopped: It was asked to end early.
        found: Customers whose tags, segments or group differed; the first of them.
    """

    run_id: int | None = None
    outcome: Outcome = field(default_factory=Outcome)
    waiting: list[Waiting] = field(default_factory=list)
    stopped: bool = False
    found: set[int] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class FullPass:
    """
    One full pass over a store.

    Attributes:
        shop: The store.
        book: The rules, as a cycle of changed customers would block them.
        moment: The same for all of it.
        cap: The number of customers that a run may change unasked.
        kind: ``full``, or ``limits`` for what new RFM limits change.
        actor: Who asked; None: the sidecar itself.
        approval: What a person has approved of.
        progress: Told while it plans and while it writes.
        stop: Asked between ranges whether to end.
        size: Customers a range.
    """

    shop: Shop
    book: Rulebook
    moment: Moment
    cap: int
    kind: str = "full"
    actor: str | None = None
    approval: Approval | None = None
    progress: Progress | None = None
    stop: Stop | None = None
    size: int = RANGE

    def carry_out(self) -> Result:
        """
        Bring every customer in line with the rules.

        Killed at any moment it has lost nothing: what was committed stands, and the next
        pass finds only the rest to change.
        """
        parts = self._parts()
        try:
            plan, blocked = self._decided(parts)
            result = self._write(plan, blocked, parts)
        except StoppedError:
            result = Result(stopped=True)
        with transaction(self.shop.engine) as tx:
            result.waiting = runs.waiting(tx, self.shop.own)
        return result

    # -- runs ----------------------------------------------------------------------------

    def _parts(self) -> list[_Part]:
        """The runs of this pass: those that wait, what is new or edited, and the rest."""
        known = self.book.registry
        with transaction(self.shop.engine) as tx:
            waiting = runs.waiting(tx, self.shop.own)
        free = {n: rule for n, rule in known.rules.items() if not rule.held}
        if not known.approved:
            number = min((found.run_id for found in waiting), default=0)
            old = next((found for found in waiting if found.run_id == number), None)
            return [_Part(self._run("first full pass", None), free, number, old, is_first=True)]
        parts = []
        for found in waiting:
            mine = {n: rule for n, rule in free.items() if rule.waiting == found.run_id}
            what = f"waiting run {found.run_id}"
            parts.append(_Part(self._run(what, mine), mine, found.run_id, found))
        new = {n: r for n, r in free.items() if r.is_new and r.waiting is None}
        if new:
            parts.append(_Part(self._run("new and edited rules", new), new))
        taken = {node for part in parts for node in part.rules}
        rest = {node: rule for node, rule in free.items() if node not in taken}
        what = "full pass" if self.kind == "full" else "new RFM limits"
        parts.append(_Part(self._run(what, None), rest))
        return parts

    def _run(self, what: str, rules: Iterable[Node] | None) -> Run:
        bits: dict[Node, int | None] | None = None
        if rules is not None:
            bits = {}
            for node in rules:
                slots = self.book.tag_slots([node])
                bits[node] = min(slots) if slots else None
        return Run(kind=self.kind, moment=self.moment, actor=self.actor, what=what, rules=bits)

    # -- deciding ------------------------------------------------------------------------

    def _decided(self, parts: list[_Part]) -> tuple[Plan, frozenset[Node]]:
        """The plan, and the rules that write nothing: held ones and those that wait."""
        blocked = self.book.registry.held()
        plan = self._planned(parts, blocked)
        *undecided, rest = parts
        while True:
            more: set[Node] = set()
            for part in tuple(undecided):
                if not self._may_go(part, plan.of(part.run)):
                    undecided.remove(part)
                    more |= part.rules.keys()
            if not more and not self._may_go(rest, plan.of(rest.run)):
                # The first full pass waits as a whole, later ones by the rules that have steps.
                more |= self.book.registry.blocked() if rest.is_first else rest.waits.keys()
            if more <= blocked:
                return plan, blocked
            # What depends on rules that wait is planned anew, without them, and judged again.
            blocked |= more
            plan = self._planned(parts, blocked)

    def _planned(self, parts: list[_Part], blocked: frozenset[Node]) -> Plan:
        work = Pass(
            self.shop, self.book.blocking(blocked), self.moment, [part.run for part in parts]
        )
        return plan_pass(work, progress=self.progress, stop=self.stop, size=self.size)

    def _may_go(self, part: _Part, planned: RunPlan) -> bool:
        """Whether a run is written; else it waits from now on."""
        number = planned.outcome.changed
        if part.run.run_id:
            return True  # approved a moment ago, before other runs began to wait
        if not number and not part.waits:
            self._end(part, "obsolete")
            return not part.is_first or not part.rules or self._approves_everything
        if self._is_approved(part, number):
            self._end(part, "running")
            return True
        if number <= self.cap and (part.number == 0 or part.waits) and not part.is_first:
            return True
        if not planned.steps:
            return True  # what people said begins or ends, or customers are gone: no rule's doing
        own = self.shop.own
        known = self.book.registry.rules
        # What is new waits together, also rules that would change nobody now.
        nodes = planned.steps if part.run.rules is None and not part.is_first else part.rules
        part.waits |= {node: planned.steps.get(node, 0) for node in nodes if node in known}
        part.planned.add(planned.outcome)
        with transaction(self.shop.engine) as tx:
            steps = {known[node]: number for node, number in part.waits.items()}
            part.number = runs.park(tx, own, part.run, part.planned, steps, known=part.number)
        structlog.get_logger().info("run.waits", run=part.number, customers=part.planned.changed)
        return False

    @property
    def _approves_everything(self) -> bool:
        return self.approval is not None and self.approval.everything

    def _is_approved(self, part: _Part, number: int) -> bool:
        approval = self.approval
        if approval is None:
            return False
        if approval.everything:
            return True
        if not part.number or approval.run_id != part.number or part.old is None:
            return False
        return number <= math.floor(part.old.customers * caps.GROWTH)

    def _end(self, part: _Part, waiting_becomes: str) -> None:
        """Take a waiting run up, or close one that has nothing left to do."""
        if not part.number:
            return
        actor = self.approval.actor if self.approval and waiting_becomes == "running" else None
        with transaction(self.shop.engine) as tx:
            runs.decide(tx, self.shop.own, [part.number], waiting_becomes, self.moment, actor)
        if waiting_becomes == "running":
            part.run.run_id = part.number

    # -- writing -------------------------------------------------------------------------

    def _write(self, plan: Plan, blocked: frozenset[Node], parts: list[_Part]) -> Result:
        work = Pass(
            self.shop, self.book.blocking(blocked), self.moment, [part.run for part in parts]
        )
        outcome = Outcome()
        ended = "failed"
        try:
            self._write_ranges(work, plan, outcome)
            ended = "applied"
        except (KeyboardInterrupt, SystemExit, StoppedError):
            ended = "interrupted"
            raise
        finally:
            self._finish(parts, blocked, outcome, ended)
        written = [part.run.run_id for part in reversed(parts) if part.run.run_id]
        return Result(written[0] if written else None, outcome, found=plan.found)

    def _write_ranges(self, work: Pass, plan: Plan, outcome: Outcome) -> None:
        total = plan.outcome.customers
        if plan.kept is not None:
            for scope, kept in plan.kept:
                self._go_on(outcome, total)
                outcome.add(run(work, scope) if kept is None else write_found(work, scope, *kept))
            return
        for scope, found in looked_ahead(work, ranges(self.shop, self.size)):
            self._go_on(outcome, total)
            try:
                kept = found.result()
            except CustomerError:
                outcome.add(run(work, scope))
            else:
                outcome.add(write_found(work, scope, *kept))

    def _go_on(self, outcome: Outcome, total: int) -> None:
        if self.stop is not None and self.stop():
            raise StoppedError
        if self.progress is not None:
            self.progress(min(outcome.customers, total), total)

    def _finish(
        self, parts: list[_Part], blocked: frozenset[Node], outcome: Outcome, ended: str
    ) -> None:
        own, now = self.shop.own, clock.now()
        with transaction(self.shop.engine) as tx:
            for part in parts:
                if ended == "interrupted" and part.number and part.run.run_id:
                    runs.break_off(tx, own, part.number, now)
                    continue
                part.run.outcome.customers = outcome.customers
                part.run.outcome.set_aside = outcome.set_aside
                rules = self.book.registry.rules
                runs.finish(tx, own, part.run, now, state=ended, rules=rules)
            if ended != "applied":
                return
            applied = [r for n, r in self.book.registry.rules.items() if n not in blocked]
            registry.settle(tx, own, applied)
            self._note_approval(tx, parts)
            if self.kind == "full":
                state.write(tx, own, LAST, self.moment.epoch_s, self.moment)
                state.remove(tx, own, WANTED)
        wrong = segments.settle(self.shop, self.moment, whole=True)
        for segment, number in wrong:
            structlog.get_logger().error(
                "segment.miscounted", segment=segment.name, was=segment.customers, is_=number
            )

    def _note_approval(self, tx: Connection, parts: list[_Part]) -> None:
        if self.approval is None:
            return
        taken_up = [part for part in parts if part.run.run_id and part.number]
        if self.approval.everything or taken_up:
            caps.renew_budget(tx, self.shop.own, self.moment)
        first = next((part for part in parts if part.is_first), None)
        if first is not None and (self.approval.everything or first in taken_up):
            approved: state.Json = {"by": self.approval.actor, "run": first.run.run_id}
            state.write(tx, self.shop.own, registry.FIRST_APPROVAL, approved, self.moment)


@dataclass(slots=True)
class _Part:
    """
    One run of a pass.

    Attributes:
        run: Its steps.
        rules: Whose.
        number: Of the waiting run that it renews; 0: it does not wait yet.
        old: That run, as last planned.
        is_first: It is the whole first full pass.
        waits: Its rules that began to wait in this pass, with their steps.
        planned: What these would do.
    """

    run: Run
    rules: dict[Node, RuleState]
    number: int = 0
    old: Waiting | None = None
    is_first: bool = False
    waits: dict[Node, int] = field(default_factory=dict)
    planned: Outcome = field(default_factory=Outcome)
