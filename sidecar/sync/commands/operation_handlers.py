"""Commands about the whole: pausing, going on, and looking at customers again."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sidecar.shop.database import transaction
from sidecar.sync import changed, decisions
from sidecar.sync.commands import answers
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.facts import as_json
from sidecar.sync.finding import require_customers


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _pause(means: Means, task: Task) -> Answer:
    reason, moment = task.parameters["reason"], means.moment()
    with transaction(means.shop.engine) as tx:
        decisions.pause(tx, means.shop.own, task.actor, reason, moment)
    at = as_json.iso(moment.epoch_s, moment.zone)
    return Answer({"paused": True, "by": task.actor, "reason": reason, "at": at})


def _resume(means: Means, task: Task) -> None:
    with transaction(means.shop.engine) as tx:
        was = decisions.resume(tx, means.shop.own, means.moment())
        # Run again it would find no pause.
        task.answer_in(tx, {"paused": False, "was_paused": was})


def _look(means: Means, task: Task) -> Answer:
    ids = sorted(set(require_customers(means.shop, task.parameters["customers"]).values()))
    moment = means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    budget = means.budget(moment)
    outcome, _ = changed.answer(
        means.shop, book, ids, moment, budget, kind="changed", progress=task.report
    )
    return answers.changed(None, outcome)


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "pause": _pause,
    "resume": _resume,
    "customers.look": _look,
}
