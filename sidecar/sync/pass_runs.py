"""
The runs of a full pass: which there are, and which of them may go.

Before anybody approved of anything everything is one run, and waits, also where it would
change nobody. Later each run that waits is one of its own, so are the rules that are new or
edited together, and all the rest is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from sidecar.model import Moment, Outcome
from sidecar.rules.dependencies import Node
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import caps, runs
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.planning import RunPlan
from sidecar.sync.registry import RuleState
from sidecar.sync.runs import Run, Waiting


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
class Part:
    """
    One run of a pass.

    Attributes:
        run: Its steps.
        rules: Whose.
        number: Of the waiting run that it renews; 0: it does not wait yet.
        old: That run, as last planned.
        is_first: It is the whole first full pass.
        parked: It began to wait in this pass, or waits on.
        waits: Its rules that do, with their steps.
        planned: What these would do.
    """

    run: Run
    rules: dict[Node, RuleState]
    number: int = 0
    old: Waiting | None = None
    is_first: bool = False
    parked: bool = False
    waits: dict[Node, int] = field(default_factory=dict)
    planned: Outcome = field(default_factory=Outcome)


def parts_of(
    shop: Shop, book: Rulebook, moment: Moment, *, kind: str, actor: str | None
) -> list[Part]:
    """
    The runs of a pass, the rest last.

    Args:
        kind: ``full`` or ``limits``.
        actor: Who asked for the pass; None: the sidecar itself.
    """

    def run(what: str, rules: Iterable[Node] | None) -> Run:
        bits = None if rules is None else _bits(book, rules)
        return Run(kind=kind, moment=moment, actor=actor, what=what, rules=bits)

    known = book.registry
    with transaction(shop.engine) as tx:
        waiting = runs.waiting(tx, shop.own)
    free = {n: rule for n, rule in known.rules.items() if not rule.held}
    if not known.approved:
        number = min((found.run_id for found in waiting), default=0)
        old = next((found for found in waiting if found.run_id == number), None)
        return [Part(run("first full pass", None), free, number, old, is_first=True)]
    parts = []
    for found in waiting:
        mine = {n: rule for n, rule in free.items() if rule.waiting == found.run_id}
        parts.append(Part(run(f"waiting run {found.run_id}", mine), mine, found.run_id, found))
    new = {n: r for n, r in free.items() if r.is_new and r.waiting is None}
    if new:
        parts.append(Part(run("new and edited rules", new), new))
    taken = {node for part in parts for node in part.rules}
    rest = {node: rule for node, rule in free.items() if node not in taken}
    parts.append(Part(run("full pass" if kind == "full" else "new RFM limits", None), rest))
    return parts


def _bits(book: Rulebook, rules: Iterable[Node]) -> dict[Node, int | None]:
    slots = {node: book.tag_slots([node]) for node in rules}
    return {node: min(found) if found else None for node, found in slots.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """
    Says which runs of a pass are written, and lets the others wait.

    Attributes:
        shop: The store.
        book: The rules.
        moment: Of the pass.
        cap: The number of customers that a run may change unasked.
        approval: What a person has approved of.
    """

    shop: Shop
    book: Rulebook
    moment: Moment
    cap: int
    approval: Approval | None

    def may_go(self, part: Part, planned: RunPlan) -> bool:
        """Whether a run is written; else it waits from now on."""
        number = planned.outcome.changed
        if part.run.run_id:
            return True  # approved a moment ago, before other runs began to wait
        if part.is_first and part.rules:
            return self._first_may_go(part, planned)
        if not number and not part.waits:
            self._end(part, "obsolete")
            return True
        if self._is_approved(part, number):
            self._end(part, "running")
            return True
        if number <= self.cap and (part.number == 0 or part.waits) and not part.is_first:
            return True
        if not planned.steps:
            return True  # what people said begins or ends, or customers are gone: no rule's doing
        self._park(part, planned)
        return False

    def _first_may_go(self, part: Part, planned: RunPlan) -> bool:
        if part.parked:
            return False  # what is planned now is without it
        if self._is_approved(part, planned.outcome.changed):
            self._end(part, "running")
            return True
        self._park(part, planned)
        return False

    def _park(self, part: Part, planned: RunPlan) -> None:
        own = self.shop.own
        known = self.book.registry.rules
        # What is new waits together, also rules that would change nobody now.
        nodes = planned.steps if part.run.rules is None and not part.is_first else part.rules
        part.waits |= {node: planned.steps.get(node, 0) for node in nodes if node in known}
        part.planned.add(planned.outcome)
        part.parked = True
        with transaction(self.shop.engine) as tx:
            steps = {known[node]: number for node, number in part.waits.items()}
            part.number = runs.park(tx, own, part.run, part.planned, steps, known=part.number)
        structlog.get_logger().info("run.waits", run=part.number, customers=part.planned.changed)

    def _is_approved(self, part: Part, number: int) -> bool:
        approval = self.approval
        if approval is None:
            return False
        if approval.everything:
            return True
        if not part.number or approval.run_id != part.number or part.old is None:
            return False
        return number <= caps.grown(part.old.customers)

    def _end(self, part: Part, waiting_becomes: str) -> None:
        """Take a waiting run up, or close one that has nothing left to do."""
        if not part.number:
            return
        actor = self.approval.actor if self.approval and waiting_becomes == "running" else None
        with transaction(self.shop.engine) as tx:
            runs.decide(tx, self.shop.own, [part.number], waiting_becomes, self.moment, actor)
        if waiting_becomes == "running":
            part.run.run_id = part.number
