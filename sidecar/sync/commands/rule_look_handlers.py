"""Commands that help to write a rule: what it can say, whether it is sound; they change nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sidecar.shop.database import transaction
from sidecar.sync import admin_rules, rule_checking, rule_choices
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer], task: Task) -> Answer:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _check(means: Means, task: Task) -> Answer:
    """See `rule_checking.of_text`."""
    asked, shop = task.parameters, means.shop
    with transaction(shop.engine) as tx:
        admin = admin_rules.read(tx, shop.own)
    ground = rule_checking.Ground(
        checker=means.checker(),
        admin=admin,
        paid=shop.paid,
        kind=asked["kind"],
        name=asked["name"],
    )
    if asked["when"] is not None:
        return Answer(rule_checking.of_text(asked["when"], ground))
    return Answer(rule_checking.of_tree(asked["tree"], ground))


def _facts(means: Means, _: Task) -> Answer:
    """See `rule_choices.choices`."""
    return Answer(rule_choices.choices(means.shop, means.check_rules()))


_ACTIONS: dict[str, Callable[[Means, Task], Answer]] = {
    "rule.check": _check,
    "rule.facts": _facts,
}
