"""Named customers: those a doorbell rang for, and those a person's command is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import structlog
from sqlalchemy import Connection, update

from sidecar import clock
from sidecar.model import Moment, Outcome, Scope
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import cycle, registry, runs, said
from sidecar.sync.caps import Budget, OverBudgetError
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.consents import newsletter
from sidecar.sync.cycle import After, Before, Pass
from sidecar.sync.loyalty import keeping
from sidecar.sync.ranges import Progress
from sidecar.sync.runs import Run

#: In the place of a fingerprint, so that what was bought is read again; 0 is that of nothing.
NO_FINGERPRINT = 1


def answer(
    shop: Shop,
    book: Rulebook,
    ids: Sequence[int],
    moment: Moment,
    budget: Budget,
    *,
    kind: str,
    touched: Mapping[int, str] | None = None,
    buyers: Collection[int] = (),
    after: After | None = None,
    progress: Progress | None = None,
) -> tuple[Outcome, Rulebook]:
    """
    Bring the customers *ids*, for whom something rang, in line with the rules.

    What would go over the *budget* waits for approval, by the rules that want it; the
    others go on.

    Args:
        kind: ``changed`` or ``clock``.
        touched: Customers that a person just saved in the admin, with who it was.
        buyers: Those of *ids* whose order lines changed.
        after: Written in the transaction of the last changes: that the bell was answered.

    Returns:
        What was done, and the rulebook that holds from now on.
    """
    brought = keeping.bring(shop, book, Scope.of(ids), moment, buyers)
    newsletter.bring(shop, Scope.of(ids), moment, touched)
    run = Run(kind=kind, moment=moment)
    run.outcome.tier_changed = brought.tier_changed
    work = Pass(shop, book, moment, [run], budget, touched or {})
    ended = "failed"
    try:
        for start in range(0, len(ids), cycle.BATCH):
            part = Scope.of(ids[start : start + cycle.BATCH])
            is_last = start + cycle.BATCH >= len(ids)
            anew = _bought_anew(shop, set(buyers)) if buyers else None
            outcome = _within_budget(work, part, anew, after if is_last else None)
            run.outcome.customers += outcome.customers
            run.outcome.set_aside += outcome.set_aside
            if progress:
                progress(min(start + cycle.BATCH, len(ids)), len(ids))
        ended = "applied"
    except (KeyboardInterrupt, SystemExit):
        ended = "interrupted"
        raise
    finally:
        _finish(work, run, ended)
    return run.outcome, work.rulebook


def _bought_anew(shop: Shop, buyers: set[int]) -> Before:
    """Forget the fingerprint of what was bought, which sees orders and not their lines."""
    customer = shop.own.customer

    def forget(tx: Connection, part: Sequence[int]) -> None:
        some = buyers.intersection(part)
        statement = update(customer).where(
            customer.c.customer_id.in_(some), customer.c.purchases_mark != NO_FINGERPRINT
        )
        if some:
            tx.execute(statement.values(purchases_mark=NO_FINGERPRINT))

    return forget


def _within_budget(work: Pass, scope: Scope, before: Before | None, after: After | None) -> Outcome:
    while True:
        try:
            return cycle.run(work, scope, before, after)
        except OverBudgetError as over:
            _park(work, over)


def _park(work: Pass, over: OverBudgetError) -> None:
    """Let the rules wait that a cycle's changes come from."""
    book, own = work.rulebook, work.shop.own
    steps = {
        rule: number
        for node, number in book.steps(over.changes).items()
        if (rule := book.registry.rules.get(node)) is not None
    }
    if not steps:
        # Only what people said begins or ends here: that was their choice.
        work.budget = None
        return
    (run,) = work.runs
    planned = cycle.counted(0, over.changes)
    with transaction(work.shop.engine) as tx:
        number = runs.park(tx, own, Run(kind=run.kind, moment=run.moment), planned, steps)
        known = registry.load(tx, own, book.checked.rules, work.moment, writing=True)
    structlog.get_logger().info("run.waits", run=number, customers=planned.changed)
    work.rulebook = book.knowing(known)


def command(
    shop: Shop,
    book: Rulebook,
    ids: Sequence[int],
    moment: Moment,
    *,
    actor: str,
    what: str,
    before: Before | None = None,
    progress: Progress | None = None,
) -> tuple[int | None, Outcome]:
    """
    Do what a person asked for customers *ids*, and bring them in line, as one run.

    Args:
        before: What to do first, for a part of *ids* in its transaction.

    Returns:
        The run's number, None when nothing was said anew and no tag and no group changed;
        and what it did.
    """
    run = Run(kind="command", moment=moment, actor=actor, what=what)
    work = Pass(shop, book, moment, [run])
    noted = None if before is None else _noted(shop, run, before)
    ended = "failed"
    try:
        for start in range(0, len(ids), cycle.BATCH):
            part = ids[start : start + cycle.BATCH]
            outcome = cycle.run(work, Scope.of(part), noted)
            run.outcome.customers += outcome.customers
            run.outcome.set_aside += outcome.set_aside
            if progress:
                progress(start + len(part), len(ids))
        ended = "applied"
    except (KeyboardInterrupt, SystemExit):
        ended = "interrupted"
        raise
    finally:
        _finish(work, run, ended)
    return run.run_id or None, run.outcome


def _noted(shop: Shop, run: Run, before: Before) -> Before:
    """*before*, and what was said of its customers before and after it, for an undo."""

    def both(tx: Connection, part: Sequence[int]) -> None:
        was = said.read(tx, shop.own, part)
        before(tx, part)
        said.note(tx, shop.own, lambda: run.number(shop), was, said.read(tx, shop.own, part))

    return both


def _finish(work: Pass, run: Run, ended: str) -> None:
    rules = work.rulebook.registry.rules
    with transaction(work.shop.engine) as tx:
        runs.finish(tx, work.shop.own, run, clock.now(), state=ended, rules=rules)
