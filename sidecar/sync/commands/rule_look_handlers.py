"""Commands that help to write a rule: what it can say, whom it is true of, what it would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidecar.errors import Problem
from sidecar.rules.admin_rule import AdminRule
from sidecar.rules.ruleset import RuleSet
from sidecar.shop.database import transaction
from sidecar.sync import (
    admin_rules,
    question,
    rule_checking,
    rule_choices,
    rule_plan,
    rule_uses,
    trying,
)
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.commands.rule_handlers import asked_for
from sidecar.sync.commands.select_handlers import Chosen
from sidecar.sync.compiled_rules import open_rulebook
from sidecar.sync.explaining import explain


def handlers(means: Callable[[], Means], chosen: Callable[[], Chosen]) -> dict[str, Handler]:
    """
    What carries out each of these commands, which change nothing.

    Args:
        means: As they are at the time.
        chosen: The store and its settings, for a question about customers.
    """
    return {
        "rule.check": lambda task: _check(means(), task),
        "rule.facts": lambda _: _facts(means()),
        "rule.try": lambda task: _try(chosen(), task),
        "rule.why": lambda task: _why(means(), task),
        "rule.plan": lambda task: _plan(means(), task),
        "rule.uses": lambda task: _uses(means(), task),
    }


def _check(means: Means, task: Task) -> Answer:
    """See `rule_checking.of_text`."""
    asked = task.parameters
    ground = rule_checking.Ground(
        checker=means.checker_without_products(),
        names=means.names,
        admin=_admin(means),
        paid=means.shop.paid,
        kind=asked["kind"],
        name=asked["name"],
    )
    if asked["when"] is not None:
        return Answer(rule_checking.of_text(asked["when"], ground))
    return Answer(rule_checking.of_tree(asked["tree"], ground))


def _facts(means: Means) -> Answer:
    """See `rule_choices.choices`."""
    return Answer(rule_choices.choices(means.shop, means.check_rules()))


def _try(chosen: Chosen, task: Task) -> Answer:
    """See `trying.estimate`."""
    asked, shop, moment = task.parameters, chosen.shop, chosen.moment()
    warnings: list[Problem] = []
    is_exact = bool(asked["exact"])
    matcher = question.ask(
        shop,
        chosen.settings,
        asked["when"],
        moment,
        own_tables=True,
        warn=warnings.append,
        in_parts=not is_exact,
    )
    if is_exact:
        told = trying.count(shop, matcher, moment, task.report)
    else:
        told = trying.estimate(shop, matcher, moment, task.report)
    return Answer({**told, "warnings": [problem.message for problem in warnings]})


def _why(means: Means, task: Task) -> Answer:
    """See `explain.why`."""
    asked, shop, moment = task.parameters, means.shop, means.moment()
    customer_id = explain.find(shop, asked["customer"])
    checked = means.check_rules()
    book = open_rulebook(shop, checked, moment, writing=False, new_limits=False)
    condition = question.checked(
        asked["when"],
        book.dictionary.catalogue,
        checked.names,
        checked.rules,
        shop.paid,
        lambda _: None,
    )
    return Answer(explain.why(shop, book, condition, customer_id, moment))


def _plan(means: Means, task: Task) -> Answer:
    """See `rule_plan.plan_rule`."""
    shop, rule, moment = means.shop, asked_for(task.parameters), means.moment()
    admin, checker = _admin(means), means.checker()
    admin_rules.checked_with(lambda rules: checker(rules).rules, admin, rule)
    checked = checker(admin_rules.with_rule(admin, rule))
    book = open_rulebook(shop, checked, moment, writing=False, new_limits=True)
    node = rule_plan.node_of(rule.kind, rule.name)
    told = rule_plan.plan_rule(shop, book, node, means.cap(), moment, task.report)
    return Answer(told)


def _uses(means: Means, task: Task) -> Answer:
    """See `rule_uses.uses`."""
    checker = means.checker()

    def check(admin: Sequence[AdminRule]) -> RuleSet:
        return checker(admin).rules

    kind, name = task.parameters["kind"], task.parameters["name"]
    return Answer(rule_uses.uses(check, _admin(means), kind, name))


def _admin(means: Means) -> list[AdminRule]:
    with transaction(means.shop.engine) as tx:
        return admin_rules.read(tx, means.shop.own)
