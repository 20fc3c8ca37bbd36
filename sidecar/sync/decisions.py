"""What people decide: runs that wait are approved or discarded, held rules go on, pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from sidecar.errors import UsageError
from sidecar.model import Moment, fold
from sidecar.rules.dependencies import LADDER, Node
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.shop.own_tables import OwnTables
from sidecar.shop.shop import Shop
from sidecar.sync import full_pass, registry, runs, state
from sidecar.sync.compiled_rules import PAUSED
from sidecar.sync.full_pass import Result
from sidecar.sync.naming import find_rule
from sidecar.sync.pass_runs import Approval
from sidecar.sync.planning import StoppedError
from sidecar.sync.registry import RuleState


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """
    What came of an approval.

    Attributes:
        state: Of the run: ``applied``, ``waiting`` (it has grown by more than a tenth),
            or ``obsolete`` (nothing was left to change).
        was: How many customers it was to change when it was last planned.
        now: How many it changed, or, while it waits, would change now.
        changes: By kind, as the command line counts them.
        result: Of the full pass.
    """

    state: str
    was: int
    now: int
    changes: dict[str, int] = field(default_factory=dict)
    result: Result


def approve(
    shop: Shop,
    run_id: int,
    actor: str,
    moment: Moment,
    carry_out: Callable[[Approval], Result],
) -> Approved:
    """
    Write what the waiting run would change, by a full pass that plans it anew.

    Args:
        carry_out: A full pass with what is approved of.

    Raises:
        UsageError: There is no such run, or it does not wait.
        StoppedError: The full pass was asked to end early.
    """
    own = shop.own
    with transaction(shop.engine) as tx:
        row = runs.read(tx, own, run_id)
        if row.state == "interrupted" and row.decided_at is not None:
            # It was approved, and broken off while it was written.
            runs.decide(tx, own, [run_id], "waiting", moment, None)
        else:
            require_waiting(row)
    result = carry_out(Approval(actor=actor, run_id=run_id))
    if result.stopped:
        raise StoppedError
    with transaction(shop.engine) as tx:
        after = runs.read(tx, own, run_id)
    changes = {name: getattr(after, name) for name in runs.COUNTS if "_" in name[1:]}
    changes.pop("set_aside")
    now = 0 if after.state == "obsolete" else after.changed
    return Approved(state=after.state, was=row.changed, now=now, changes=changes, result=result)


def discard(
    tx: Connection, own: OwnTables, run_id: int, actor: str, rules: RuleSet, moment: Moment
) -> list[str]:
    """
    Drop the waiting run and hold its rules until their text changes or they are resumed.

    Returns:
        The names of the rules.

    Raises:
        UsageError: There is no such run, or it does not wait.
    """
    row = runs.read(tx, own, run_id)
    require_waiting(row)
    known = registry.load(tx, own, rules, moment, writing=True)
    held = [rule for rule in known.rules.values() if rule.waiting == run_id]
    registry.hold(tx, own, held, run_id, moment)
    runs.decide(tx, own, [run_id], "discarded", moment, actor)
    return sorted(rule.name for rule in held)


def require_waiting(row: Row[Any]) -> None:
    """
    Refuse to go on with a run that does not wait for approval.

    Raises:
        UsageError: It does not; says what became of it.
    """
    if row.state == "waiting":
        return
    said = {"undone": "was undone", "obsolete": "had nothing left to change"}
    what = said.get(row.state, f"is {row.state}")
    raise UsageError(
        f"run {row.run_id} does not wait for approval: it {what} (`sidecar runs` lists them)"
    )


def resume_rule(
    tx: Connection, own: OwnTables, name: str, kind: str | None, rules: RuleSet, moment: Moment
) -> RuleState:
    """
    Let a held rule go on: it is like a new one, a run of its own at the next full pass.

    Args:
        kind: ``tag`` or ``ladder``, where both have the name.

    Returns:
        The rule.

    Raises:
        UsageError: There is no such rule, or it is not held.
    """
    known = registry.load(tx, own, rules, moment, writing=True).rules
    wanted: list[Node] = []
    if kind in (None, "tag"):
        wanted.append(("tag", fold(name)))
    rungs = {fold(rung.name) for rung in rules.groups} | {LADDER[1]}
    if kind in (None, "ladder") and fold(name) in rungs:
        wanted.append(LADDER)
    held = [known[node] for node in wanted if node in known and known[node].held]
    if len(held) > 1:
        raise UsageError(f"a tag and the ladder are held as {name!r}: say which (--kind)")
    if not held:
        if not any(node in known for node in wanted):
            find_rule(rules, name)  # tells what it may be called
        raise UsageError(f"the rule {name!r} is not held (`sidecar status` lists those that are)")
    registry.resume(tx, own, held[0])
    want_full_pass(tx, own, moment)
    return held[0]


def pause(tx: Connection, own: OwnTables, actor: str, reason: str | None, moment: Moment) -> None:
    """Go on reading and keeping facts, and write nothing to the store's own tables."""
    value: state.Json = {"by": actor, "reason": reason, "at": moment.epoch_s}
    state.write(tx, own, PAUSED, value, moment)


def resume(tx: Connection, own: OwnTables, moment: Moment) -> bool:
    """End the pause; a full pass then writes what is due. Returns whether there was one."""
    if state.read(tx, own, PAUSED) is None:
        return False
    state.remove(tx, own, PAUSED)
    want_full_pass(tx, own, moment)
    return True


def free_found(tx: Connection, own: OwnTables, moment: Moment) -> int:
    """
    Let the ladder decide for everybody whose customer group was found at installation.

    The next full pass does, under the cap. Returns how many they are.
    """
    table = own.customer
    number = tx.execute(table.update().where(table.c.group_hold == 1).values(group_hold=0)).rowcount
    if number:
        want_full_pass(tx, own, moment)
    return int(number)


def want_full_pass(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """Ask whoever leads for a full pass soon; the next one to end fulfils it."""
    state.write(tx, own, full_pass.WANTED, moment.epoch_s, moment)


def rules_of(tx: Connection, own: OwnTables, run_ids: list[int]) -> dict[int, list[str]]:
    """The names of the rules of each run, ascending; of the ladder, ``ladder``."""
    member, rule = own.run_rule, own.rule
    query = (
        select(member.c.run_id, rule.c.name)
        .join(rule, rule.c.rule_id == member.c.rule_id)
        .where(member.c.run_id.in_(run_ids))
        .order_by(member.c.run_id, rule.c.name)
    )
    found: dict[int, list[str]] = {run_id: [] for run_id in run_ids}
    for run_id, name in tx.execute(query):
        found[run_id].append(name)
    return found
