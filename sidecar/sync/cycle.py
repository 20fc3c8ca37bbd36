"""
The cycle: what happens to a customer, from the store's rows to the written result.

    facts ──> rules ──> verdict ─┐
    standing (what holds now) ───┴─> difference ──> apply + audit  ══ commit

The same for one customer and for a range of a hundred thousand; only the scope
differs. A customer whose data cannot be processed is set aside, the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection

from sidecar.errors import CustomerError
from sidecar.model import Moment, Outcome, Scope
from sidecar.rules.columns import Column
from sidecar.rules.evaluate import Compiled, TagSlot, evaluate
from sidecar.rules.plan import Changes, difference
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import audit, set_aside
from sidecar.sync.apply import apply
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.reading import Limits, Reading
from sidecar.sync.standing import STORED, load_standing

#: Customers written in one transaction: bounded locks, bounded undo.
BATCH = 5_000

#: Facts that are stored for every customer, whatever the rules ask.
_STORED = tuple(Column(fact) for fact in STORED)


@dataclass(slots=True)
class Rulebook:
    """
    What a cycle applies: one version of the rules, compiled, and what they are told from.

    Attributes:
        compiled: The rules.
        dictionary: The facts of this store.
        tags: Every tag, by id.
        limits: RFM limits; None while nobody has ordered.
    """

    compiled: Compiled
    dictionary: Dictionary
    tags: dict[int, TagSlot]
    limits: Limits | None = None


@dataclass(slots=True)
class Pass:
    """
    Cycles over parts of the store that belong to one run.

    Attributes:
        shop: The store.
        rulebook: What is applied.
        moment: The same for all of it.
        run_id: Under which changes are audited.
        whole_store: What holds for the whole store, read once.
    """

    shop: Shop
    rulebook: Rulebook
    moment: Moment
    run_id: int = 0
    whole_store: dict[str, pl.DataFrame] = field(default_factory=dict)


#: Work to do for some customers at the start of their cycle, e.g. a person's assertions.
Before = Callable[[Connection, Sequence[int]], None]


def run(work: Pass, scope: Scope, before: Before | None = None) -> Outcome:
    """
    Bring the customers of *scope* in line with the rules; set aside whoever cannot be.

    Args:
        before: Done for the ids of *scope* in the same transaction, before anything is read.
    """
    outcome = Outcome()
    try:
        _run(work, scope, before, outcome)
    except CustomerError as error:
        halves = set_aside.halves(work.shop, scope)
        for half in halves:
            outcome.add(run(work, half, before))
        if not halves and scope.ids:
            with transaction(work.shop.engine) as tx:
                set_aside.put(tx, work.shop.own, scope.first, error, work.moment)
            outcome.add(Outcome(customers=1, set_aside=1))
    return outcome


def _run(work: Pass, scope: Scope, before: Before | None, outcome: Outcome) -> None:
    """One cycle over *scope*; *outcome* counts what is committed, also when a later batch fails."""
    with transaction(work.shop.engine) as tx:
        if before is not None:
            before(tx, scope.ids or ())
        looked_at, changes = look(work, tx, scope)
        batches = changes.batches(BATCH)
        first = next(batches, None)
        if first is not None:
            write(work, tx, first)
        set_aside.clear(tx, work.shop.own, scope)
    if first is not None:
        outcome.add(counted(0, first))
    _write_all(work, batches, outcome)
    outcome.add(Outcome(customers=looked_at))


def write_found(work: Pass, scope: Scope, looked_at: int, changes: Changes) -> Outcome:
    """Write what `look` found for *scope* a moment ago; set aside whoever cannot be written."""
    outcome = Outcome()
    try:
        _write_all(work, changes.batches(BATCH), outcome)
    except CustomerError:
        outcome.add(run(work, scope))
        return outcome
    with transaction(work.shop.engine) as tx:
        set_aside.clear(tx, work.shop.own, scope)
    outcome.add(Outcome(customers=looked_at))
    return outcome


def _write_all(work: Pass, batches: Iterable[Changes], outcome: Outcome) -> None:
    for batch in batches:
        with transaction(work.shop.engine) as tx:
            write(work, tx, batch)
        outcome.add(counted(0, batch))


def write(work: Pass, tx: Connection, changes: Changes) -> None:
    """Write and audit one batch."""
    tags = list(work.rulebook.tags.values())
    apply(tx, work.shop.own, changes, tags, work.moment)
    audit.record(tx, work.shop.own, work.run_id, changes, tags, work.moment)


def look(work: Pass, tx: Connection, scope: Scope) -> tuple[int, Changes]:
    """
    How many customers of *scope* there are, and what would have to be written; writes nothing.

    What stands is read before the facts: a change of the store in between is seen
    again by whoever announces it.
    """
    book, shop = work.rulebook, work.shop
    words = book.compiled.words
    reading = Reading(shop, tx, scope, work.moment, book.limits, work.whole_store)
    standing = load_standing(reading, words, book.tags)
    loaded = load(reading, [*_STORED, *book.compiled.columns], book.dictionary, standing)
    manual = [f"{kind}{word}" for kind in ("on", "off") for word in range(words)]
    frame = loaded.frame.join(
        standing.select("customer_id", *manual),
        on="customer_id",
        how="left",
        maintain_order="left",
    ).with_columns(pl.col(manual).fill_null(0))
    verdict = evaluate(book.compiled, frame, work.moment)
    facts = loaded.frame.select(
        "customer_id", *(pl.col(fact).alias(column) for fact, column in STORED.items())
    )
    wanted = facts.hstack(verdict.drop("customer_id"))
    stored = list(STORED.values())
    if loaded.purchases is not None:
        marks = loaded.purchases.marks
        wanted = wanted.join(marks, on="customer_id", how="left", maintain_order="left")
        wanted = wanted.with_columns(pl.col("purchases_mark").fill_null(0))
        stored.append("purchases_mark")
    changes = difference(wanted, standing, stored, words)
    if loaded.purchases is not None:
        changes = changes.with_purchases(loaded.purchases.added, loaded.purchases.gone)
    return loaded.frame.height, changes


def preview(work: Pass, scope: Scope) -> Iterator[tuple[Outcome, Changes | None]]:
    """What `run` would do and write, in parts; writes nothing."""
    try:
        with transaction(work.shop.engine) as tx:
            looked_at, changes = look(work, tx, scope)
    except CustomerError:
        halves = set_aside.halves(work.shop, scope)
        for half in halves:
            yield from preview(work, half)
        if not halves and scope.ids:
            yield Outcome(customers=1, set_aside=1), None
        return
    yield counted(looked_at, changes), changes


def counted(looked_at: int, changes: Changes) -> Outcome:
    """*changes* as numbers."""
    return Outcome(
        customers=looked_at,
        changed=len(changes.changed),
        tag_added=changes.added.height,
        tag_removed=changes.removed.height,
    )
