"""Commands about requests for one's data: entering, deciding on them, and OpenCart's own."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from sidecar.errors import UsageError
from sidecar.model import Moment
from sidecar.privacy import acts, native_requests, request_list, request_steps, requests, takeover
from sidecar.privacy.means import Means
from sidecar.privacy.person import Person, account, guest, require_key
from sidecar.privacy.requests import Identity, Kind, Request, Wanted
from sidecar.rules.calendar import day_start
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.commands.dispatcher import Handler, Task
from sidecar.sync.finding import require_customers

#: Kinds that mean something only of an account: nothing is made of a guest's data.
_OF_ACCOUNTS: frozenset[Kind] = frozenset({"restrict", "object_profiling"})

#: A request that was made longer ago is mistyped.
_OLDEST_DAYS = 366


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], None], task: Task) -> None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


def person_of(shop: Shop, parameters: Mapping[str, Any]) -> Person:
    """
    The person whom ``customer`` or ``guest`` of *parameters* names.

    Raises:
        UsageError: Both or none are given, or there is nobody of that name.
        ConfigError: There is no key.
    """
    require_key(shop)
    customer, address = parameters["customer"], parameters["guest"]
    if (customer is None) == (address is None):
        raise UsageError("name either a customer or, by e-mail, a guest")
    if customer is not None:
        customer_id = require_customers(shop, [customer])[customer]
        with transaction(shop.engine) as tx:
            return account(tx, shop, customer_id)
    with transaction(shop.engine) as tx:
        return guest(tx, shop, address)


def said(text: str, what: str = "the reason") -> str:
    """
    *text*, in which a person says *what*.

    Raises:
        UsageError: It is empty.
    """
    if not text.strip():
        raise UsageError(f"{what} is empty (it is kept with the request)")
    return text


# -- entering ------------------------------------------------------------------------------


def _request(means: Means, task: Task) -> None:
    shop, moment, asked = means.shop, means.moment, task.parameters
    person = person_of(shop, asked)
    kind: Kind = asked["kind"]
    if kind in _OF_ACCOUNTS and not person.customer_id:
        raise UsageError("a guest is in no tag, segment or tier: there is nothing to restrict")
    wanted = Wanted(
        kind=kind,
        person=person,
        actor=task.actor,
        identity=_identity(asked),
        verified_by=asked["verified_by"],
        verified_how=asked["how"],
        received_at=_received_at(asked, moment),
        command_id=task.command_id,
    )
    with transaction(shop.engine) as tx:
        request, is_new = requests.enter(tx, shop, wanted, moment)
        task.answer_in(tx, {**request_list.told(request, moment), "new": is_new})


def _identity(asked: Mapping[str, Any]) -> Identity:
    if (asked["verified_by"] is None) != (asked["how"] is None):
        raise UsageError("who verified the identity and how are told together")
    if asked["verified_by"] is not None:
        said(asked["verified_by"], "who verified it")
        said(asked["how"], "how it was verified")
        if asked["login"]:
            raise UsageError("a login verifies who asks: nobody else has to")
        return "staff"
    return "login" if asked["login"] else "none"


def _received_at(asked: Mapping[str, Any], moment: Moment) -> int | None:
    day: datetime.date | None = asked["received"]
    if day is None or day == moment.today:
        return None
    if day > moment.today:
        raise UsageError(f"{day} is yet to come")
    if day < moment.today - datetime.timedelta(days=_OLDEST_DAYS):
        raise UsageError(f"{day} is more than a year ago")
    return day_start(day, moment.zone)


# -- deciding ------------------------------------------------------------------------------


def _decide(
    decision: Callable[[Connection, Means, Task], Request], means: Means, task: Task
) -> None:
    with transaction(means.shop.engine) as tx:
        request = decision(tx, means, task)
        task.answer_in(tx, request_list.told(request, means.moment))
    if request.native_id is not None:
        native_requests.write_back(means.shop)


def _verify(tx: Connection, means: Means, task: Task) -> Request:
    asked = task.parameters
    by = said(asked["verified_by"], "who verified it")
    how = said(asked["how"], "how it was verified")
    return request_steps.verify(
        tx, means.shop.own, asked["request"], by, how, task.actor, means.moment
    )


def _approve(tx: Connection, means: Means, task: Task) -> Request:
    shop, number, moment = means.shop, task.parameters["request"], means.moment
    kind = requests.read(tx, shop.own, number, lock=True).kind
    starts_at = native_requests.approved_from(kind, means.config, moment)
    return request_steps.approve(tx, shop, number, task.actor, moment, starts_at)


def _cancel(tx: Connection, means: Means, task: Task) -> Request:
    asked, own = task.parameters, means.shop.own
    return request_steps.cancel(
        tx, own, asked["request"], task.actor, asked["reason"], means.moment
    )


def _refuse(tx: Connection, means: Means, task: Task) -> Request:
    asked, own = task.parameters, means.shop.own
    reason = said(asked["reason"])
    return request_steps.refuse(tx, own, asked["request"], task.actor, reason, means.moment)


def _extend(tx: Connection, means: Means, task: Task) -> Request:
    asked, own = task.parameters, means.shop.own
    reason = said(asked["reason"])
    return request_steps.extend(tx, own, asked["request"], task.actor, reason, means.moment)


def _rectified(tx: Connection, means: Means, task: Task) -> Request:
    asked, own = task.parameters, means.shop.own
    what = said(asked["what"], "what was changed")
    request = requests.read(tx, own, asked["request"], lock=True)
    if request.kind != "rectify":
        raise UsageError(f"request {request.request_id} is not to rectify, but {request.kind}")
    return request_steps.finish(
        tx, own, request.request_id, "done", task.actor, means.moment, reason=what
    )


# -- OpenCart's own ------------------------------------------------------------------------


def _takeover(means: Means, task: Task) -> None:
    if task.parameters["undo"]:
        _give_back(means, task)
        return
    shop, moment = means.shop, means.moment
    require_key(shop)  # else nobody would carry them out
    taken = takeover.take(shop, task.actor, moment)
    with transaction(shop.engine) as tx:
        takeover.settle(tx, shop.own, taken, task.actor, moment)
        task.answer_in(
            tx, {"taken_over": True, "by": taken.by, "jobs_off": len(taken.jobs), "jobs_on": 0}
        )
    native_requests.keep(means)


def _give_back(means: Means, task: Task) -> None:
    shop, moment = means.shop, means.moment
    with transaction(shop.engine) as tx:
        takeover.require_taken(tx, shop.own)
    switched = takeover.give_back(shop)
    with transaction(shop.engine) as tx:
        takeover.forget(tx, shop.own, task.actor, moment)
        task.answer_in(
            tx,
            {
                "taken_over": False, "by": task.actor[: acts.ACTOR],
                "jobs_off": 0, "jobs_on": len(switched),
            },
        )  # fmt: skip


_ACTIONS: dict[str, Callable[[Means, Task], None]] = {
    "gdpr.request": _request,
    "gdpr.verify": functools.partial(_decide, _verify),
    "gdpr.approve": functools.partial(_decide, _approve),
    "gdpr.cancel": functools.partial(_decide, _cancel),
    "gdpr.refuse": functools.partial(_decide, _refuse),
    "gdpr.extend": functools.partial(_decide, _extend),
    "gdpr.rectified": functools.partial(_decide, _rectified),
    "gdpr.takeover": _takeover,
}
