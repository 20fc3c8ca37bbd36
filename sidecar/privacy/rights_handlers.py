"""Commands about the rights of persons: restriction, objection, and legal holds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from sidecar.errors import UsageError
from sidecar.model import Moment, Scope
from sidecar.privacy import holds, rights
from sidecar.privacy.request_handlers import person_of, said
from sidecar.privacy.rights import Right
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import changed
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.consents import newsletter
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import keeping
from sidecar.sync.tagging import end_of

#: What somebody objects to, by how it is called.
_OBJECTIONS: dict[str, Right] = {"marketing": "no_marketing", "profiling": "no_profiling"}


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def _restrict(means: Means, task: Task) -> Answer:
    return _claim(means, task, {**task.parameters, "guest": None}, "restricted")


def _object(means: Means, task: Task) -> Answer:
    return _claim(means, task, task.parameters, _OBJECTIONS[task.parameters["to"]])


def _claim(means: Means, task: Task, asked: Any, right: Right) -> Answer:
    # Not answered before what stands is in line: run again it comes to the same.
    shop, moment = means.shop, means.moment()
    reason = said(asked["reason"])
    person = person_of(shop, asked)
    if right != "no_marketing" and not person.customer_id:
        raise UsageError("a guest is in no tag, segment or tier: there is nothing to object to")
    if person.customer_id:
        newsletter.bring(shop, Scope.of([person.customer_id]), moment)  # what was said before
    with transaction(shop.engine) as tx:
        request = rights.claim(tx, shop, person, right, task.actor, reason, moment)
    if person.customer_id:
        _bring(means, task, person.customer_id, moment)
    customer_id = person.customer_id or None
    return Answer({"customer_id": customer_id, "right": right, "holds": True, "request": request})


def _unrestrict(means: Means, task: Task) -> Answer:
    return _waive(means, task, "restricted")


def _unobject(means: Means, task: Task) -> Answer:
    return _waive(means, task, _OBJECTIONS[task.parameters["to"]])


def _waive(means: Means, task: Task, right: Right) -> Answer:
    shop, moment, asked = means.shop, means.moment(), task.parameters
    reason, customer_id = said(asked["reason"]), _customer(shop, task)
    with transaction(shop.engine) as tx:
        was = rights.waive(tx, shop.own, customer_id, right, task.actor, reason, moment)
    _bring(means, task, customer_id, moment)
    return Answer({"customer_id": customer_id, "right": right, "holds": False, "was": was})


def _bring(means: Means, task: Task, customer_id: int, moment: Moment) -> None:
    """Bring what stands of the customer in line: a person's choice, so under no cap."""
    shop = means.shop
    book = means.rulebook(means.check_rules(), moment, False)
    newsletter.bring(shop, Scope.of([customer_id]), moment)
    # Named, so that the tier is looked at too.
    keeping.bring(shop, book, Scope.of([customer_id]), moment, [customer_id])
    what = f"{task.name.replace('.', ' ')} {customer_id}"
    changed.command(shop, book, [customer_id], moment, actor=task.actor, what=what)


def _hold(means: Means, task: Task) -> None:
    shop, moment, asked = means.shop, means.moment(), task.parameters
    reason, customer_id = said(asked["reason"]), _customer(shop, task)
    until = end_of(asked["until"], moment)
    with transaction(shop.engine) as tx:
        holds.put(tx, shop.own, customer_id, task.actor, reason, until, moment)
        last = None if asked["until"] is None else asked["until"].isoformat()
        task.answer_in(tx, {"customer_id": customer_id, "holds": True, "until": last})


def _unhold(means: Means, task: Task) -> None:
    shop, moment, asked = means.shop, means.moment(), task.parameters
    reason, customer_id = said(asked["reason"]), _customer(shop, task)
    with transaction(shop.engine) as tx:
        holds.lift(tx, shop.own, customer_id, task.actor, reason, moment)
        task.answer_in(tx, {"customer_id": customer_id, "holds": False, "until": None})


def _customer(shop: Shop, task: Task) -> int:
    asked = task.parameters["customer"]
    return require_customers(shop, [asked])[asked]


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "gdpr.restrict": _restrict,
    "gdpr.unrestrict": _unrestrict,
    "gdpr.object": _object,
    "gdpr.unobject": _unobject,
    "gdpr.hold": _hold,
    "gdpr.unhold": _unhold,
}
