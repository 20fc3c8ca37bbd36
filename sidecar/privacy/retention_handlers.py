"""Commands about retention: what is too old, and letting it be ended or not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from sidecar.privacy import purges
from sidecar.privacy.means import Means
from sidecar.privacy.retaining import Looked, open_retention
from sidecar.rules.privacy.retention import ACCOUNTS
from sidecar.shop.database import transaction
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.facts import as_json

#: Accounts that are named for an example.
_NAMED = 10


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _look(means: Means, task: Task) -> Answer:
    retention = open_retention(means)
    found = (
        retention.plan(task.report)
        if task.parameters["plan"]
        else retention.look(progress=task.report)
    )
    told = [_told(means, each) for each in found]
    return Answer({"rules": told, "planned": bool(task.parameters["plan"])})


def _told(means: Means, looked: Looked) -> dict[str, Any]:
    rule, zone = looked.rule, means.moment.zone
    with transaction(means.shop.engine) as tx:
        purge = purges.last_of(tx, means.shop.own, rule)
    is_same = purge is not None and purge.fingerprint == rule.fingerprint
    return {
        "name": rule.name,
        "of": rule.of,
        "age": f"{rule.age.count} {rule.age.unit}{'' if rule.age.count == 1 else 's'}",
        "when": rule.text or None,
        "due": looked.due,
        "protected": looked.protected,
        "next": None if looked.next_at is None else as_json.iso(looked.next_at, zone),
        "named": looked.ids[:_NAMED] if rule.of == ACCOUNTS else [],
        "purge": purges.told(purge, means.moment) if is_same and purge is not None else None,
    }


def _approve(means: Means, task: Task) -> None:
    with transaction(means.shop.engine) as tx:
        purge = purges.approve(
            tx, means.shop.own, task.parameters["purge"], task.actor, means.moment
        )
        task.answer_in(tx, purges.told(purge, means.moment))


def _discard(means: Means, task: Task) -> None:
    with transaction(means.shop.engine) as tx:
        purge = purges.discard(
            tx, means.shop.own, task.parameters["purge"], task.actor, means.moment
        )
        task.answer_in(tx, purges.told(purge, means.moment))


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "retention.look": _look,
    "purge.approve": _approve,
    "purge.discard": _discard,
}
