"""
Runs: change sets with a number, under which every step is audited and can be undone.

A run gets its number with its first step, so that cycles that change nothing leave no trace.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert

from sidecar.errors import UsageError
from sidecar.model import CHANGES, Moment, Outcome
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.plan import Changes
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync.registry import RuleState

#: The counts that a run keeps of its outcome.
COUNTS = ("customers", "changed", "set_aside", *CHANGES)


@dataclass(slots=True, kw_only=True)
class Run:
    """
    One change set, before, while and after it is written.

    Attributes:
        kind: ``full``, ``changed``, ``clock``, ``limits``, ``command`` or ``undo``.
        moment: When its rules were evaluated.
        actor: Who asked; None: the sidecar itself.
        what: For people.
        undoes: Of an undo: the run it undoes.
        rules: Whose steps it takes, with the bit of each tag; None: all that no other run of
            the same pass takes.
        run_id: 0 until its first step.
        outcome: What it did.
        steps: The number of steps of each rule.
    """

    kind: str
    moment: Moment
    actor: str | None = None
    what: str = ""
    undoes: int | None = None
    rules: Mapping[Node, int | None] | None = None
    run_id: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    steps: dict[Node, int] = field(default_factory=dict)

    def of(self, changes: Changes) -> Changes:
        """The part of *changes* that is this run's."""
        if self.rules is None:
            return changes
        return changes.of_rules(
            [slot for slot in self.rules.values() if slot is not None], ladder=LADDER in self.rules
        )

    def number(self, shop: Shop) -> int:
        """Its number, committed at once."""
        if not self.run_id:
            with transaction(shop.engine) as tx:
                self.run_id = add(tx, shop.own, self, "running")
        return self.run_id


def add(tx: Connection, own: OwnTables, run: Run, state: str) -> int:
    """A row for *run* in *state*; returns its number."""
    result = tx.execute(
        insert(own.run).values(
            kind=run.kind,
            state=state,
            actor=run.actor and run.actor[:64],
            what=run.what[:255],
            started_at=run.moment.epoch_s,
            undoes=run.undoes,
        )
    )
    key = result.inserted_primary_key
    return int(key[0]) if key else 0


def finish(
    tx: Connection,
    own: OwnTables,
    run: Run,
    now: datetime.datetime,
    *,
    state: str,
    rules: Mapping[Node, RuleState],
) -> None:
    """
    End *run*, if it ever began.

    Args:
        now: Aware; a run may take longer than its moment.
        state: ``applied``, ``interrupted`` or ``failed``.
        rules: By node; of those that wrote a step the number of steps is kept.
    """
    if not run.run_id:
        return
    row = update(own.run).where(own.run.c.run_id == run.run_id)
    counts = {name: getattr(run.outcome, name) for name in COUNTS}
    tx.execute(row.values(state=state, finished_at=int(now.timestamp()), **counts))
    known = {rules[node]: number for node, number in run.steps.items() if node in rules}
    keep_rules(tx, own, run.run_id, known)


def break_off(tx: Connection, own: OwnTables, run_id: int, now: datetime.datetime) -> None:
    """Note that an approved run was broken off; it keeps its plan, to be approved again."""
    row = update(own.run).where(own.run.c.run_id == run_id)
    tx.execute(row.values(state="interrupted", finished_at=int(now.timestamp())))


def keep_rules(tx: Connection, own: OwnTables, run_id: int, steps: Mapping[RuleState, int]) -> None:
    """Note which rules took part in a run, as they were, and with how many steps."""
    if not steps:
        return
    statement = upsert(own.run_rule).values(
        [
            {
                "run_id": run_id,
                "rule_id": rule.rule_id,
                "fingerprint": rule.fingerprint,
                "changes": number,
            }
            for rule, number in steps.items()
        ]
    )
    new = statement.inserted
    tx.execute(statement.on_duplicate_key_update(fingerprint=new.fingerprint, changes=new.changes))


def recover(tx: Connection, own: OwnTables) -> None:
    """Mark runs that a crash left open; only while no other sidecar writes."""
    tx.execute(update(own.run).where(own.run.c.state == "running").values(state="interrupted"))


# -- waiting -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    A run that waits for approval.

    Attributes:
        run_id: Its number.
        rule_ids: The rules that wait in it.
        customers: How many would be changed when it was last planned.
        changes: By kind, as the command line counts them.
    """

    run_id: int
    rule_ids: frozenset[int]
    customers: int
    changes: Mapping[str, int]


def park(
    tx: Connection,
    own: OwnTables,
    run: Run,
    planned: Outcome,
    steps: Mapping[RuleState, int],
    *,
    known: int = 0,
) -> int:
    """
    Let *run* wait for approval with what was *planned*, or renew the run *known*.

    Returns:
        Its number.
    """
    run_id = known or add(tx, own, run, "waiting")
    counts = {name: getattr(planned, name) for name in COUNTS}
    row = update(own.run).where(own.run.c.run_id == run_id)
    tx.execute(row.values(state="waiting", renewed_at=run.moment.epoch_s, **counts))
    tx.execute(delete(own.run_rule).where(own.run_rule.c.run_id == run_id))
    keep_rules(tx, own, run_id, steps)
    return run_id


def waiting(tx: Connection, own: OwnTables) -> list[Waiting]:
    """Every run that waits for approval, the oldest first."""
    run, member = own.run, own.run_rule
    rows = tx.execute(select(run).where(run.c.state == "waiting").order_by(run.c.run_id)).all()
    ids = [row.run_id for row in rows]
    rules: dict[int, set[int]] = {run_id: set() for run_id in ids}
    for pair in tx.execute(
        select(member.c.run_id, member.c.rule_id).where(member.c.run_id.in_(ids))
    ):
        rules[pair.run_id].add(pair.rule_id)
    return [
        Waiting(
            run_id=row.run_id,
            rule_ids=frozenset(rules[row.run_id]),
            customers=row.changed,
            changes={name: getattr(row, name) for name in CHANGES},
        )
        for row in rows
    ]


def decide(
    tx: Connection,
    own: OwnTables,
    run_ids: Collection[int],
    state: str,
    moment: Moment,
    actor: str | None,
) -> None:
    """Put runs into *state*, by the word of *actor*; None: the sidecar's own."""
    rows = update(own.run).where(own.run.c.run_id.in_(sorted(run_ids)))
    tx.execute(rows.values(state=state, decided_by=actor and actor[:64], decided_at=moment.epoch_s))


# -- looking -----------------------------------------------------------------------------


def read(tx: Connection, own: OwnTables, run_id: int) -> Row[Any]:
    """
    The row of a run.

    Raises:
        UsageError: There is no such run.
    """
    found = tx.execute(select(own.run).where(own.run.c.run_id == run_id)).one_or_none()
    if found is None:
        raise UsageError(f"there is no run {run_id} (`sidecar runs` lists them)")
    return found


def newest(tx: Connection, own: OwnTables, limit: int) -> Sequence[Row[Any]]:
    """The last *limit* runs, the newest first."""
    return tx.execute(select(own.run).order_by(own.run.c.run_id.desc()).limit(limit)).all()


def changed_since(tx: Connection, own: OwnTables, kinds: Iterable[str], since: int) -> int:
    """How many customers runs of *kinds* changed that were evaluated after the instant *since*."""
    run = own.run
    query = select(func.coalesce(func.sum(run.c.changed), 0)).where(
        run.c.kind.in_(list(kinds)),
        run.c.started_at > since,
        run.c.state.in_(("running", "applied", "interrupted", "failed")),
    )
    return int(tx.scalar(query) or 0)
