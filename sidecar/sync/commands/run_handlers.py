"""Commands about runs: approving, discarding and undoing them, and passes out of turn."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from sqlalchemy import Connection

from sidecar.model import CHANGES
from sidecar.shop.database import transaction
from sidecar.sync import decisions, runs
from sidecar.sync import undo as undoing
from sidecar.sync.commands import answers, queue
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.full_pass import Result
from sidecar.sync.pass_runs import Approval
from sidecar.sync.undo import Undone


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each command about runs; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _approve(means: Means, task: Task) -> Answer:
    number, shop = task.parameters["run"], means.shop
    if (known := _decided_by(means, task)) is not None:
        return known

    def carry_out(approval: Approval) -> Result:
        return means.full_pass(actor=task.actor, approval=approval, progress=task.report)

    found = decisions.approve(shop, number, task.actor, means.moment(), carry_out)
    value = {
        "run": number,
        "state": found.state,
        "was": found.was,
        "customers": found.now,
        "changes": found.changes,
        "waiting": answers.waiting(shop, found.result),
    }
    return answers.waits(value) if found.state == "waiting" else Answer(value)


def _decided_by(means: Means, task: Task) -> Answer | None:
    """The answer, where a crash came between the approval of this very command and its answer."""
    with transaction(means.shop.engine) as tx:
        row = runs.read(tx, means.shop.own, task.parameters["run"])
        asked_at = queue.read(tx, means.shop.own, task.command_id).created_at
    mine = row.decided_by == task.actor and (row.decided_at or 0) >= asked_at
    if row.state != "applied" or not mine:
        return None
    changes = {kind: getattr(row, kind) for kind in CHANGES}
    return Answer(
        {
            "run": row.run_id,
            "state": row.state,
            "was": row.changed,
            "customers": row.changed,
            "changes": changes,
            "waiting": [],
        }
    )


def _discard(means: Means, task: Task) -> None:
    number, shop = task.parameters["run"], means.shop
    rules = means.check_rules().rules
    with transaction(shop.engine) as tx:
        held = decisions.discard(tx, shop.own, number, task.actor, rules, means.moment())
        # Run again it would find that the run does not wait.
        task.answer_in(tx, {"run": number, "state": "discarded", "held": held})


def _undo(means: Means, task: Task) -> None:
    moment, number = means.moment(), task.parameters["run"]

    def answer(tx: Connection, undone: Undone) -> None:
        value = {
            "run": number,
            "undone": undone.run_id,
            "customers": undone.customers,
            "changes": undone.changes,
            "rest": [dataclasses.asdict(kept) for kept in undone.rest],
            "rest_total": undone.rest_total,
            "held": undone.held,
        }
        task.answer_in(tx, value)

    undoing.undo(
        means.shop,
        lambda: means.rulebook(means.check_rules(), moment, True),
        number,
        moment,
        task.actor,
        task.report,
        answer,
    )


def _pass(means: Means, task: Task) -> Answer:
    result = means.full_pass(actor=task.actor, approval=None, progress=task.report)
    return answers.full_pass(means.shop, result)


def _approved_pass(means: Means, task: Task) -> Answer:
    approval = Approval(actor=task.actor, everything=True)
    result = means.full_pass(actor=task.actor, approval=approval, progress=task.report)
    return answers.full_pass(means.shop, result)


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "run.approve": _approve,
    "run.discard": _discard,
    "run.undo": _undo,
    "pass.run": _pass,
    "pass.approve": _approved_pass,
}
