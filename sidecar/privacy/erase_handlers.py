"""Commands that erase: a person now, and after a restore everybody whom the journal names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import update

from sidecar.errors import UsageError
from sidecar.privacy import (
    acts,
    erasure_persons,
    holds,
    native_requests,
    replay,
    request_steps,
    requests,
)
from sidecar.privacy.erasure_ground import open_ground, plan
from sidecar.privacy.erasure_requests import erase_request
from sidecar.privacy.means import Means
from sidecar.privacy.request_handlers import person_of
from sidecar.shop.database import transaction
from sidecar.sync.commands.dispatcher import Answer, Handler, Task


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each of these commands; *means* as they are at the time."""

    def erase(task: Task) -> Answer:
        return _erase(means(), task)

    def again(task: Task) -> Answer:
        return _replay(means(), task)

    def look(task: Task) -> Answer:
        return Answer(planned(means(), task.parameters))

    return {"gdpr.erase": erase, "gdpr.replay": again, "gdpr.plan": look}


def planned(means: Means, asked: Mapping[str, Any]) -> dict[str, Any]:
    """
    What erasing whom ``customer``, ``guest`` or ``request`` of *asked* names would do.

    Writes nothing.

    Raises:
        UsageError: None or several are given, or there is nobody of that name.
        ConfigError: There is no key, or the register cannot be used.
    """
    number = asked.get("request")
    who = person_of(means.shop, asked if number is None else _named(means, number))
    if who.customer_id:
        persons = erasure_persons.accounts(means, [who.customer_id])
    else:
        persons = [erasure_persons.guest(means, who.email)]
    found = plan(open_ground(means), persons).as_json(means.moment)
    with transaction(means.shop.engine) as tx:
        hold = holds.read(tx, means.shop.own, who.customer_id, means.moment)
    return {
        "customer_id": who.customer_id,
        **found,
        "legal_hold": None if hold is None else hold.reason,
        "waits": means.config.privacy.erase_after.total_seconds(),
    }


def _named(means: Means, number: int) -> dict[str, str | None]:
    """Who a request is about, as `person_of` takes it."""
    with transaction(means.shop.engine) as tx:
        request = requests.read(tx, means.shop.own, number)
    if request.customer_id:
        return {"customer": str(request.customer_id), "guest": None}
    if not request.email:
        raise UsageError(f"the person of request {number} is erased: there is nothing to plan")
    return {"customer": None, "guest": request.email}


def _erase(means: Means, task: Task) -> Answer:
    """Safe to be done again: what is done is told, and what was begun is gone on with."""
    number = task.parameters["request"]
    _hasten(means, number, task.actor)
    ground = open_ground(means)
    erase_request(ground, number, task.actor, task.report)
    with transaction(means.shop.engine) as tx:
        request = requests.read(tx, means.shop.own, number)
    if request.native_id is not None:
        native_requests.write_back(means.shop)
    result: dict[str, Any] = dict(request.result or {})
    return Answer({"request": number, "state": request.state, **result})


def _hasten(means: Means, number: int, actor: str) -> None:
    """Let the request begin now; nothing where it runs or is done."""
    shop, moment = means.shop, means.moment
    with transaction(shop.engine) as tx:
        request = requests.read(tx, shop.own, number, lock=True)
        if request.kind != "erase":
            raise UsageError(f"request {number} asks for {request.kind}, not for erasure")
        if request.state in ("unverified", "open"):
            request_steps.approve(tx, shop, number, actor, moment, moment.epoch_s)
        elif request.state == "waiting" and (request.starts_at or 0) > moment.epoch_s:
            table = shop.own.privacy.privacy_request
            at = {"starts_at": moment.epoch_s, "next_at": moment.epoch_s}
            tx.execute(update(table).where(table.c.request_id == number).values(at))
            acts.note(tx, shop.own, "hastened", actor, moment, request_id=number)


def _replay(means: Means, task: Task) -> Answer:
    done = replay.carry_out(means, task.report)
    if done.erased:
        with transaction(means.shop.engine) as tx:
            acts.note(tx, means.shop.own, "replayed", task.actor, means.moment)
    return Answer(done.as_json())
