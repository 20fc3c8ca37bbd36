"""
The cycle: what happens to a customer, from the store's rows to the written result.

    facts ──> rules ──> verdict ─┐
    standing (what holds now) ───┴─> difference ──> apply + audit  ══ commit

The same for one customer and for a range of fifty thousand; only the scope differs.
A customer whose data cannot be processed is set aside, the others go on; one whose
group somebody else changed a moment ago is looked at once more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection

from sidecar.errors import CustomerError
from sidecar.model import Moment, Outcome, Scope
from sidecar.rules.columns import Column
from sidecar.rules.compile_ruleset import TagSlot
from sidecar.rules.dependencies import LADDER
from sidecar.rules.evaluate import evaluate
from sidecar.rules.plan import Changes, difference
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import audit, restrictions, said, set_aside
from sidecar.sync.apply import apply
from sidecar.sync.caps import Budget
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts.load import Loaded, load
from sidecar.sync.reading import Reading
from sidecar.sync.runs import Run
from sidecar.sync.slots import Slots
from sidecar.sync.standing import STORED, load_standing, spoken_columns

#: Customers written in one transaction: bounded locks, bounded undo.
BATCH = 5_000

#: How often customers are looked at once more whose group others change all the time.
_AGAIN = 3

#: Facts that are stored for every customer, whatever the rules ask.
_STORED = tuple(Column(fact) for fact in STORED)


@dataclass(slots=True)
class Pass:
    """
    Cycles over parts of the store that belong together.

    Attributes:
        shop: The store.
        rulebook: What is applied.
        moment: The same for all of it.
        runs: Under which changes are audited: each takes the steps of its rules, one without
            rules everything else.
        budget: How many customers may still change; None: any number.
        touched: Customers that a person just saved in the admin, with who it was.
        whole_store: What holds for the whole store, read once.
    """

    shop: Shop
    rulebook: Rulebook
    moment: Moment
    runs: Sequence[Run] = ()
    budget: Budget | None = None
    touched: Mapping[int, str] = field(default_factory=dict)
    whole_store: dict[str, pl.DataFrame] = field(default_factory=dict)


#: Work to do for some customers at the start of their cycle, e.g. a person's assertions.
Before = Callable[[Connection, Sequence[int]], None]

#: What is written together with the last of a cycle's changes, e.g. how far a source was read.
After = Callable[[Connection], None]


def run(
    work: Pass, scope: Scope, before: Before | None = None, after: After | None = None
) -> Outcome:
    """
    Bring the customers of *scope* in line with the rules; set aside whoever cannot be.

    Args:
        before: Done for the ids of *scope* in the same transaction, before anything is read.
        after: Done once, in the transaction of the last changes; in one of its own where
            customers had to be set aside.
    """
    outcome = Outcome()
    lost: set[int] = set()
    try:
        _run(work, scope, before, after, outcome, lost)
    except CustomerError as error:
        halves = set_aside.halves(work.shop, scope)
        for half in halves:
            outcome.add(run(work, half, before))
        if not halves and scope.ids:
            with transaction(work.shop.engine) as tx:
                set_aside.put(tx, work.shop.own, scope.first, error, work.moment)
            outcome.add(Outcome(customers=1, set_aside=1))
        if after is not None:
            with transaction(work.shop.engine) as tx:
                after(tx)
        return outcome
    _again(work, lost, outcome)
    return outcome


def _again(work: Pass, lost: set[int], outcome: Outcome) -> None:
    """Look once more at customers whose group changed between reading and writing."""
    for _ in range(_AGAIN):
        if not lost:
            return
        ids, lost = lost, set()
        seen = outcome.customers
        _run(work, Scope.of(ids), None, None, outcome, lost)
        outcome.customers = seen


def _run(
    work: Pass,
    scope: Scope,
    before: Before | None,
    after: After | None,
    outcome: Outcome,
    lost: set[int],
) -> None:
    """One cycle over *scope*; *outcome* counts what is committed, also when a later batch fails."""
    first, written = None, None
    with transaction(work.shop.engine) as tx:
        if before is not None:
            before(tx, scope.ids or ())
        looked_at, changes = look(work, tx, scope)
        if work.budget is not None:
            work.budget.spend(tx, changes)
        batches = changes.batches(BATCH)
        first, second = next(batches, None), next(batches, None)
        if first is not None:
            written = write(work, tx, first)
        set_aside.clear(tx, work.shop.own, scope)
        if after is not None and second is None:
            after(tx)
            after = None
    if first is not None and written is not None:
        _note(work, first, written, outcome, lost)
    if second is not None:
        _write_all(work, itertools.chain([second], batches), outcome, lost)
    if after is not None:
        with transaction(work.shop.engine) as tx:
            after(tx)
    outcome.add(Outcome(customers=looked_at))


def write_found(work: Pass, scope: Scope, looked_at: int, changes: Changes) -> Outcome:
    """Write what `look` found for *scope* a moment ago; set aside whoever cannot be written."""
    outcome = Outcome()
    lost: set[int] = set()
    try:
        _write_all(work, changes.batches(BATCH), outcome, lost)
    except CustomerError:
        outcome.add(run(work, scope))
        return outcome
    with transaction(work.shop.engine) as tx:
        set_aside.clear(tx, work.shop.own, scope)
    _again(work, lost, outcome)
    outcome.add(Outcome(customers=looked_at))
    return outcome


def _write_all(work: Pass, batches: Iterable[Changes], outcome: Outcome, lost: set[int]) -> None:
    for batch in batches:
        with transaction(work.shop.engine) as tx:
            written = write(work, tx, batch)
        _note(work, batch, written, outcome, lost)


def _note(work: Pass, batch: Changes, written: Changes, outcome: Outcome, lost: set[int]) -> None:
    outcome.add(counted(0, written))
    for run, part in shares(work.runs, written):
        run.outcome.add(counted(0, part))
        for node, number in work.rulebook.steps(part).items():
            run.steps[node] = run.steps.get(node, 0) + number
    lost.update(set(batch.moved["customer_id"]) - set(written.moved["customer_id"]))


def write(work: Pass, tx: Connection, changes: Changes) -> Changes:
    """
    Write and audit one batch.

    Returns:
        What was written: without customers whose group is not the one that was read any more.
    """
    book, own = work.rulebook, work.shop.own
    ending = changes.requalified["customer_id"].unique().sort().to_list()
    was = said.read(tx, own, ending) if ending else {}
    written = apply(tx, work.shop, changes, book.slots, work.touched, work.moment)
    tags = [tag.as_slot for tag in book.tags.values()]
    for run, part in shares(work.runs, written):
        if len(part.stepped):
            number = run.number(work.shop)
            audit.record(tx, own, number, part, tags, work.moment)
            said.note_ended(tx, own, number, was, _ended(part, tags))
    return written


def _ended(changes: Changes, tags: Iterable[TagSlot]) -> dict[int, set[int]]:
    """By customer: the tags whose pins end because their rule turned true."""
    ids = {tag.slot: tag.tag_id for tag in tags}
    found: dict[int, set[int]] = {}
    for customer_id, slot in changes.requalified.iter_rows():
        found.setdefault(customer_id, set()).add(ids[slot])
    return found


def shares(runs: Sequence[Run], changes: Changes) -> Iterator[tuple[Run, Changes]]:
    """Each of *runs* with its part of *changes*."""
    taken: set[int] = set()
    ladder = False
    rest: list[Run] = []
    for run in runs:
        if run.rules is None:
            rest.append(run)
            continue
        yield run, run.of(changes)
        taken.update(slot for slot in run.rules.values() if slot is not None)
        ladder |= LADDER in run.rules
    for run in rest:
        yield run, changes.of_others(taken, ladder=ladder) if taken or ladder else changes


@dataclass(frozen=True, slots=True)
class Situation:
    """
    What is known of a scope's customers before the rules are asked.

    Attributes:
        loaded: Their facts.
        standing: What our tables say of them.
        frame: Both, for `evaluate`.
    """

    loaded: Loaded
    standing: pl.DataFrame
    frame: pl.DataFrame


def situation(work: Pass, tx: Connection, scope: Scope, also: Collection[Column] = ()) -> Situation:
    """
    Read what the rules are told from, and the columns *also*.

    What stands is read before the facts: a change of the store in between is seen
    again by whoever announces it.
    """
    book = work.rulebook
    reading = Reading(work.shop, tx, scope, work.moment, book.limits, work.whole_store)
    standing = load_standing(reading, book.slots)
    columns = [*_STORED, *book.compiled.columns, *also]
    loaded = load(reading, columns, book.dictionary, standing, moves=True)
    frame = with_standing(loaded.frame, standing, book.slots, work.touched)
    if book.slots.has_ladder and loaded.groups is not None:
        # People may move customers out of a group that does not exist any more.
        frame = frame.with_columns(loaded.groups.alias("group"))
    return Situation(loaded, standing, frame)


def look(work: Pass, tx: Connection, scope: Scope) -> tuple[int, Changes]:
    """How many customers of *scope* there are, and what would have to be written."""
    found = situation(work, tx, scope)
    loaded, standing = found.loaded, found.standing
    verdict = evaluate(work.rulebook.compiled, found.frame, work.moment)
    stored = (pl.col(fact).alias(column) for fact, column in STORED.items())
    facts = loaded.frame.select("customer_id", *stored)
    wanted = facts.hstack(verdict.drop("customer_id"))
    layout = work.rulebook.layout
    if loaded.purchases is not None:
        marks = loaded.purchases.marks
        wanted = wanted.join(marks, on="customer_id", how="left", maintain_order="left")
        wanted = wanted.with_columns(pl.col("purchases_mark").fill_null(0))
        layout = layout.also("purchases_mark")
    restricted = restrictions.read(tx, work.shop.own, scope)
    if restricted.everyone:
        slots = work.rulebook.slots
        wanted = restrictions.hold(restricted, wanted, found.frame, standing, slots)
    changes = difference(wanted, standing, layout)
    if loaded.purchases is not None:
        bought, gone = loaded.purchases.added, loaded.purchases.gone
        if restricted.everyone:
            bought, gone = restrictions.bought(restricted, tx, work.shop.own, bought, gone)
        changes = changes.with_purchases(bought, gone)
    return wanted.height, changes


def with_standing(
    frame: pl.DataFrame, standing: pl.DataFrame, slots: Slots, touched: Mapping[int, str]
) -> pl.DataFrame:
    """*frame* with what stands of its customers, under ``was:``, and what people said of them."""
    words = [name for name in slots.names if "verdict" in name or name == "rungs"]
    said = spoken_columns(slots)
    was = standing.select(
        "customer_id",
        *(pl.col(name).alias(f"was:{name}") for name in (*words, *slots.memory)),
        *said,
    )
    nothing = {f"was:{name}": 0 for name in words}
    nothing |= {name: value for name, value in said.items() if value is not None}
    joined = frame.join(was, on="customer_id", how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null(value) for name, value in nothing.items()
    )
    if not slots.has_ladder:
        return joined
    return joined.with_columns(touched=pl.col("customer_id").is_in(sorted(touched)))


def preview(work: Pass, scope: Scope) -> Iterator[tuple[int, int, Changes | None]]:
    """
    What `run` would write, in parts; writes nothing.

    Yields:
        How many customers were looked at, how many cannot be processed, and the changes
        of the others; None where there is nobody else.
    """
    try:
        with transaction(work.shop.engine) as tx:
            looked_at, changes = look(work, tx, scope)
    except CustomerError:
        halves = set_aside.halves(work.shop, scope)
        for half in halves:
            yield from preview(work, half)
        if not halves and scope.ids:
            yield 1, 1, None
        return
    yield looked_at, 0, changes


def counted(looked_at: int, changes: Changes) -> Outcome:
    """*changes* as numbers."""
    return Outcome(
        customers=looked_at,
        changed=len(changes.changed),
        tag_added=changes.added.height,
        tag_removed=changes.removed.height,
        segment_entered=changes.entered.height,
        segment_left=changes.left.height,
        group_changed=changes.moved.height,
    )
