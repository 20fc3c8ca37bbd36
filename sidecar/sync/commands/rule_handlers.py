"""Commands about rules: those made in the admin, and held ones that shall go on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from sidecar.rules.admin_rule import DEFINITION_KEYS, AdminRule
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.sync import admin_rules, decisions
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each command about rules; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _resume(means: Means, task: Task) -> None:
    asked, shop = task.parameters, means.shop
    rules = means.check_rules().rules
    with transaction(shop.engine) as tx:
        rule = decisions.resume_rule(
            tx, shop.own, asked["name"], asked["kind"], rules, means.moment()
        )
        value = {
            "kind": rule.node[0],
            "name": rule.name,
            "decides": "the next full pass: like a new rule, as a run of its own",
        }
        # Run again it would find that the rule is not held.
        task.answer_in(tx, value)


def asked_for(asked: Mapping[str, Any]) -> AdminRule:
    """The rule that the parameters of a command say."""
    definition = {key: asked[key] for key in DEFINITION_KEYS if asked[key] not in (None, "")}
    return AdminRule(asked["kind"], asked["name"], definition)


def _save(means: Means, task: Task) -> None:
    asked = task.parameters
    rule = asked_for(asked)

    def save(tx: Connection, check: admin_rules.Check) -> dict[str, object]:
        moment = means.moment()
        if asked["was"] is not None:
            admin_rules.require_unchanged(tx, means.shop.own, rule.kind, rule.name, asked["was"])
        rules = admin_rules.save(tx, means.shop.own, check, rule, task.actor, moment)
        warnings = [str(warning) for warning in rules.warnings if warning.file == rule.place]
        return {"kind": rule.kind, "name": rule.name, "saved": True, "warnings": warnings}

    _change(means, task, save)


def _delete(means: Means, task: Task) -> None:
    kind, name = task.parameters["kind"], task.parameters["name"]

    def delete(tx: Connection, check: admin_rules.Check) -> dict[str, object]:
        moment = means.moment()
        admin_rules.delete(tx, means.shop.own, check, kind, name, task.actor, moment)
        return {"kind": kind, "name": name, "deleted": True}

    _change(means, task, delete)


def _order(means: Means, task: Task) -> None:
    names = task.parameters["names"]

    def order(tx: Connection, check: admin_rules.Check) -> dict[str, object]:
        admin_rules.order(tx, means.shop.own, check, names, task.actor, means.moment())
        return {"names": names}

    _change(means, task, order)


def _change(
    means: Means,
    task: Task,
    change: Callable[[Connection, admin_rules.Check], dict[str, object]],
) -> None:
    """Change the admin's rules and answer; a full pass applies them."""
    checker = means.checker()

    def check(admin: Sequence[AdminRule]) -> RuleSet:
        return checker(admin).rules

    with transaction(means.shop.engine) as tx:
        value = change(tx, check)
        decisions.want_full_pass(tx, means.shop.own, means.moment())
        task.answer_in(tx, value)


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "rule.resume": _resume,
    "rule.save": _save,
    "rule.delete": _delete,
    "rule.order": _order,
}
