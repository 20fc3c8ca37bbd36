"""
The full pass: planned whole before its first write, run by run, then written range by range.

Rules that are new or edited since the last full pass form a run of their own, and so does
each run that waits. A run that would change too many customers waits for approval: its
rules write nothing, the others go on. Facts and segments are always written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from sidecar import clock
from sidecar.config import Age
from sidecar.errors import CustomerError
from sidecar.model import Moment, Outcome
from sidecar.rules.dependencies import Node
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import caps, figures, registry, runs, segments, state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.consents import newsletter
from sidecar.sync.cycle import Pass, run, write_found
from sidecar.sync.loyalty import beginning, projection, tier_definition
from sidecar.sync.loyalty.forgetting import forget_gone
from sidecar.sync.loyalty.keeping import open_keeping
from sidecar.sync.pass_runs import Approval, Judge, Part, parts_of
from sidecar.sync.planning import Plan, Stop, StoppedError, looked_ahead, plan_pass
from sidecar.sync.ranges import RANGE, Progress, ranges
from sidecar.sync.runs import Waiting

#: In ``sidecar_state``: when the last full pass that ended began.
LAST = "last_full_pass"

#: In ``sidecar_state``: somebody asked for one; whoever leads makes it soon.
WANTED = "full_pass_wanted"


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
        kept: How long the history of segments is kept; None: for good.
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
    kept: Age | None = None

    def carry_out(self) -> Result:
        """
        Bring every customer in line with the rules.

        Killed at any moment it has lost nothing: what was committed stands, and the next
        pass finds only the rest to change.
        """
        parts = parts_of(self.shop, self.book, self.moment, kind=self.kind, actor=self.actor)
        try:
            # Of the part that is always there.
            parts[-1].run.outcome.tier_changed = self._keep()
            plan, blocked = self._decided(parts)
            result = self._write(plan, blocked, parts)
            result.outcome.tier_changed = parts[-1].run.outcome.tier_changed
        except StoppedError:
            result = Result(stopped=True)
        with transaction(self.shop.engine) as tx:
            result.waiting = runs.waiting(tx, self.shop.own)
        return result

    def _keep(self) -> int:
        """
        Points, tiers and consents first: the rules may ask for them.

        Returns:
            How many moved to another tier.
        """
        moved = 0
        if self.book.checked.rules.program is None:
            with transaction(self.shop.engine) as tx:
                tier_definition.drop(tx, self.shop.own, self.moment)
        keeping = open_keeping(self.shop, self.book, self.moment)
        new = None if keeping is None else keeping.unsettled(self.moment)
        if keeping is not None:
            projection.recover(self.shop)  # what a pause kept from being written
        for scope in ranges(self.shop, self.size):
            if self.stop is not None and self.stop():
                raise StoppedError
            forget_gone(self.shop, scope, self.moment)
            newsletter.bring(self.shop, scope, self.moment)
            if keeping is not None:
                moved += keeping.bring(scope, self.moment, anew=new is not None).tier_changed
        if keeping is not None and new is not None:
            keeping.settle(new, self.moment)
        newsletter.open_(self.shop, self.moment)
        beginning.tell(self.shop, self.book, self.moment, self._may_go_on)
        return moved

    def _may_go_on(self, _: int, __: int) -> None:
        if self.stop is not None and self.stop():
            raise StoppedError

    # -- deciding ------------------------------------------------------------------------

    def _decided(self, parts: list[Part]) -> tuple[Plan, frozenset[Node]]:
        """The plan, and the rules that write nothing: held ones and those that wait."""
        judge = Judge(
            shop=self.shop,
            book=self.book,
            moment=self.moment,
            cap=self.cap,
            approval=self.approval,
        )
        blocked = self.book.registry.held()
        plan = self._planned(parts, blocked)
        *undecided, rest = parts
        while True:
            more: set[Node] = set()
            for part in tuple(undecided):
                if not judge.may_go(part, plan.of(part.run)):
                    undecided.remove(part)
                    more |= part.rules.keys()
            if not more and not judge.may_go(rest, plan.of(rest.run)):
                # The first full pass waits as a whole, later ones by the rules that have steps.
                more |= self.book.registry.blocked() if rest.is_first else rest.waits.keys()
            if more <= blocked:
                return plan, blocked
            # What depends on rules that wait is planned anew, without them, and judged again.
            blocked |= more
            plan = self._planned(parts, blocked)

    def _planned(self, parts: list[Part], blocked: frozenset[Node]) -> Plan:
        work = Pass(
            self.shop, self.book.blocking(blocked), self.moment, [part.run for part in parts]
        )
        return plan_pass(work, progress=self.progress, stop=self.stop, size=self.size)

    # -- writing -------------------------------------------------------------------------

    def _write(self, plan: Plan, blocked: frozenset[Node], parts: list[Part]) -> Result:
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
        self, parts: list[Part], blocked: frozenset[Node], outcome: Outcome, ended: str
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
        program, limits = self.book.checked.rules.program, self.book.limits
        figures.note(self.shop, program, limits, self.moment, self.kept)

    def _note_approval(self, tx: Connection, parts: list[Part]) -> None:
        if self.approval is None:
            return
        taken_up = [part for part in parts if part.run.run_id and part.number]
        if self.approval.everything or taken_up:
            caps.renew_budget(tx, self.shop.own, self.moment)
        first = next((part for part in parts if part.is_first), None)
        if first is not None and (self.approval.everything or first in taken_up):
            approved: state.Json = {"by": self.approval.actor, "run": first.run.run_id}
            state.write(tx, self.shop.own, registry.FIRST_APPROVAL, approved, self.moment)
