"""
Undo: what a run did is taken back where nobody changed it since, and its rules are held.

The customers go through cycles of a run of their own, with the rules held first: a held
rule says what stands, so an undone run stays undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from sidecar import clock
from sidecar.errors import NotNowError, UsageError
from sidecar.model import Moment, NameTable, Scope, fold
from sidecar.rules.dependencies import LADDER, Node
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import cycle, registry, runs, state, tags, undo_history
from sidecar.sync.compiled_rules import PAUSED, Rulebook
from sidecar.sync.cycle import Pass
from sidecar.sync.ranges import Progress
from sidecar.sync.runs import Run
from sidecar.sync.said import Item
from sidecar.sync.undo_plan import Plan
from sidecar.sync.undo_revert import Reverting, natives

#: What stays is named up to so many times.
SHOWN = 100

_GONE = "the customer is gone"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of a customer that an undo left as it is, and why."""

    customer_id: int
    kind: str
    name: str
    why: str


@dataclass(slots=True)
class Undone:
    """
    What an undo did.

    Attributes:
        run_id: Under which; None: there was nothing to take back.
        customers: From whom something was taken back, also by an earlier try.
        changes: How much.
        rest: What stays, the first `SHOWN`.
        rest_total: How much stays.
        held: The names of the rules that are held for it.
    """

    run_id: int | None = None
    customers: int = 0
    changes: int = 0
    rest: list[Kept] = field(default_factory=list)
    rest_total: int = 0
    held: list[str] = field(default_factory=list)


#: More to do in a transaction.
Also = Callable[[Connection, Undone], None]


def undo(
    shop: Shop,
    rulebook: Callable[[], Rulebook],
    run_id: int,
    moment: Moment,
    actor: str,
    progress: Progress | None = None,
    also: Also = lambda _tx, _undone: None,
) -> Undone:
    """
    Take back what the run did and nobody changed since, and hold its rules.

    Broken off at any moment it can be done again, and goes on from there.

    Args:
        rulebook: Compiles the rules.
        also: Done in the last transaction.

    Raises:
        UsageError: There is no such run, or it cannot be undone.
        NotNowError: It moved customers, and the sidecar is paused.
    """
    own = shop.own
    with transaction(shop.engine) as tx:
        row = runs.read(tx, own, run_id)
        _refuse(row)
        ids = undo_history.customers(tx, own, run_id)
        paused = state.read(tx, own, PAUSED) is not None
        if paused and undo_history.moved_groups(tx, own, run_id):
            raise NotNowError(
                f"run {run_id} moved customers to other groups, and customer groups are not"
                " written while paused (`sidecar resume`)"
            )
        _reopen(tx, shop, row)
    if not ids:
        raise UsageError(f"nothing of run {run_id} is left in the audit, so it cannot be undone")
    held, book = _hold(shop, rulebook(), run_id, moment)
    what = f"undo of run {run_id}: {row.what}"
    run = Run(kind="undo", moment=moment, actor=actor, what=what, undoes=run_id)
    answer = _Undoing(shop, book, run_id, run).carry_out(ids, progress)
    answer.held = held
    with transaction(shop.engine) as tx:
        runs.decide(tx, own, [run_id], "undone", moment, actor)
        also(tx, answer)
    return answer


def _refuse(row: Row[Any]) -> None:
    number = row.run_id
    if row.kind == "undo":
        raise UsageError(f"run {number} is itself an undo, which cannot be undone")
    if row.state == "waiting":
        raise UsageError(
            f"run {number} waits for approval and has changed nothing"
            f" (`sidecar discard {number}` drops it)"
        )
    if row.state in ("discarded", "obsolete", "undone"):
        raise UsageError(f"run {number} is {row.state}: there is nothing to undo")


def _reopen(tx: Connection, shop: Shop, row: Row[Any]) -> None:
    """Take tags into use again that the run put out of use."""
    if row.kind != "command":
        return
    removed = undo_history.removed_tags(tx, shop.own, row.run_id)
    table = shop.own.tag
    # It was put out of use at the moment of the command, and not by another since.
    query = select(table.c.tag_id).where(
        table.c.tag_id.in_(removed), table.c.archived_at == row.started_at
    )
    wanted = set(tx.scalars(query))
    for tag in tags.load_tags(tx, shop.own):
        if tag.tag_id in wanted:
            tags.archive(tx, shop.own, tag, None)


def _hold(shop: Shop, book: Rulebook, run_id: int, moment: Moment) -> tuple[list[str], Rulebook]:
    """Hold the rules that wrote a step in the run; their names, and the rules from now on."""
    own = shop.own
    by_id = {tag.tag_id: tag.name for tag in book.tags.values()}
    with transaction(shop.engine) as tx:
        tag_ids, ladder = undo_history.rules_of(tx, own, run_id)
        nodes: set[Node] = {("tag", fold(by_id[tag_id])) for tag_id in tag_ids if tag_id in by_id}
        if ladder:
            nodes.add(LADDER)
        rules = registry.of_nodes(tx, own, nodes)
        registry.hold(tx, own, [rule for rule in rules if not rule.held], run_id, moment)
        known = registry.load(tx, own, book.checked.rules, moment, writing=True)
    return sorted(rule.name for rule in rules), book.knowing(known)


@dataclass(slots=True)
class _Undoing:
    shop: Shop
    book: Rulebook
    run_id: int
    run: Run
    answer: Undone = field(default_factory=Undone)

    def carry_out(self, ids: Sequence[int], progress: Progress | None) -> Undone:
        work = Pass(self.shop, self.book, self.run.moment, [self.run])
        with transaction(self.shop.engine) as tx:
            group = self.shop.tables.customer_group.c.customer_group_id
            groups = frozenset(tx.scalars(select(group)))
        reverting = Reverting(self.shop, self.book, self.run_id, self.run.moment, groups)
        ended = "failed"
        try:
            for start in range(0, len(ids), cycle.BATCH):
                self._part(work, reverting, ids[start : start + cycle.BATCH])
                if progress:
                    progress(min(start + cycle.BATCH, len(ids)), len(ids))
            ended = "applied"
        except (KeyboardInterrupt, SystemExit):
            ended = "interrupted"
            raise
        finally:
            self._finish(ended)
        self.answer.run_id = self.run.run_id or None
        return self.answer

    def _part(self, work: Pass, reverting: Reverting, ids: Sequence[int]) -> None:
        plans: dict[int, Plan] = {}

        def before(tx: Connection, part: Sequence[int]) -> None:
            found = reverting.plans(tx, part)
            if any(plan.takes_back for plan in found.values()):
                reverting.revert(tx, found, self.run.number(self.shop))
            plans.update(found)

        with transaction(self.shop.engine) as tx:
            there = natives(tx, self.shop, ids)
            gone = [customer_id for customer_id in ids if customer_id not in there]
            for customer_id, plan in _of_gone(tx, self.shop, self.run_id, gone).items():
                self._count(customer_id, plan)
        if not there:
            return
        outcome = cycle.run(work, Scope.of(there), before)
        self.run.outcome.customers += outcome.customers
        self.run.outcome.set_aside += outcome.set_aside
        with transaction(self.shop.engine) as tx:
            reverting.check(tx, plans)
        for customer_id, plan in plans.items():
            self._count(customer_id, plan)

    def _count(self, customer_id: int, plan: Plan) -> None:
        back = [item for item in plan.items if item not in plan.kept]
        self.answer.changes += len(back)
        self.answer.customers += bool(back)
        for item in plan.items:
            if item in plan.kept:
                self.answer.rest_total += 1
                if len(self.answer.rest) < SHOWN:
                    kind, name = item[0], self._name(item, plan)
                    self.answer.rest.append(Kept(customer_id, kind, name, plan.kept[item]))

    def _name(self, item: Item, plan: Plan) -> str:
        kind, number = item
        if kind == "tag":
            return next((t.name for t in self.book.tags.values() if t.tag_id == number), "")
        if kind == "segment":
            known = self.book.segments.values()
            return next((s.name for s in known if s.segment_id == number), "")
        names = self.book.checked.names.get("group") or NameTable()
        group = plan.did.group[1] if plan.did.group else 0
        return names.display().get(group, "")

    def _finish(self, ended: str) -> None:
        own, run = self.shop.own, self.run
        if not run.run_id:
            return
        audit = own.audit
        with transaction(self.shop.engine) as tx:
            here = audit.c.run_id == run.run_id
            seen = or_(
                audit.c.tags_added != "", audit.c.tags_removed != "", audit.c.group_to.is_not(None)
            )
            customers = select(func.count(audit.c.customer_id.distinct())).where(here, seen)
            run.outcome.changed = int(tx.scalar(customers) or 0)
            moves = select(func.count()).where(here, audit.c.group_to.is_not(None))
            run.outcome.group_changed = int(tx.scalar(moves) or 0)
            rules = self.book.registry.rules
            runs.finish(tx, own, run, clock.now(), state=ended, rules=rules)


def _of_gone(tx: Connection, shop: Shop, run_id: int, ids: Sequence[int]) -> dict[int, Plan]:
    """What the run did to customers that the store no longer has: it stays as it is."""
    done = undo_history.read(tx, shop.own, run_id, ids) if ids else {}
    plans = {customer_id: Plan(did, None) for customer_id, did in done.items()}
    for plan in plans.values():
        plan.kept = dict.fromkeys(plan.items, _GONE)
    return plans
