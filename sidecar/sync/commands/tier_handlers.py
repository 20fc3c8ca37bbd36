"""Commands about tiers: locking a customer in one, and letting other tiers hold."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from sidecar.model import Moment
from sidecar.shop.database import transaction
from sidecar.sync import changed, decisions
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.facts import as_json
from sidecar.sync.finding import require_customers
from sidecar.sync.loyalty import tier_difference
from sidecar.sync.loyalty.beginning import require_program
from sidecar.sync.loyalty.rewarding import zone_of
from sidecar.sync.loyalty.tier_definition import How
from sidecar.sync.loyalty.tier_difference import Difference
from sidecar.sync.loyalty.tier_locks import Lock, set_lock
from sidecar.sync.state import Json
from sidecar.sync.tagging import end_of


def handlers(means: Callable[[], Means]) -> dict[str, Handler]:
    """What carries out each command about tiers; *means* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    return {name: functools.partial(carried_out, action) for name, action in _ACTIONS.items()}


# -- one customer --------------------------------------------------------------------------


def _lock(means: Means, task: Task) -> None:
    asked = task.parameters
    lock = Lock(
        tier=asked["tier"],
        until=end_of(asked["until"], _moment(means)),
        actor=task.actor,
        reason=asked["reason"],
    )
    _set(means, task, lock)


def _unlock(means: Means, task: Task) -> None:
    _set(means, task, None)


def _moment(means: Means) -> Moment:
    """Now, in the zone that the program's days are counted in."""
    moment = means.moment()
    program = require_program(means.check_rules().rules)
    return Moment(moment.now, zone_of(program, means.shop))


def _set(means: Means, task: Task, lock: Lock | None) -> None:
    shop, moment = means.shop, means.moment()
    book = means.rulebook(means.check_rules(), moment, False)
    zone = _moment(means).zone
    asked = task.parameters["customer"]
    customer_id = require_customers(shop, [asked])[asked]

    def answer(tx: Connection, told: Mapping[str, Json]) -> None:
        until = told.get("lock_until")
        task.answer_in(
            tx,
            {
                "customer_id": customer_id,
                "tier": told.get("tier"),
                "locked": told.get("lock_tier") is not None,
                "until": as_json.iso(until - 1, zone) if isinstance(until, int) else None,
            },
        )

    set_lock(shop, book, customer_id, lock, moment, answer)
    changed.answer(shop, book, [customer_id], moment, means.budget(moment), kind="changed")


# -- all of them ---------------------------------------------------------------------------


def _apply(means: Means, task: Task) -> Answer | None:
    shop, moment = means.shop, means.moment()
    checked = means.check_rules()
    book, program = means.rulebook(checked, moment, False), require_program(checked.rules)
    how: How = "review" if task.parameters["keep"] else "now"
    if task.parameters["apply"]:
        with transaction(shop.engine) as tx:
            before = tier_difference.apply(tx, shop, book, how, moment)
            if before is not None:
                decisions.want_full_pass(tx, shop.own, moment)
                told = tier_difference.sentences(before.program, program)
                # Run again it would find nothing that waits.
                task.answer_in(tx, {"waits": False, "applied": True, **_told(told, None)})
                return None
        return Answer({"waits": False, "applied": False, **_told([], None)})
    both = tier_difference.waiting(shop, book, moment)
    if both is None:
        return Answer({"waits": False, "applied": False, **_told([], None)})
    found = tier_difference.difference(shop, book, both, how, moment, task.report)
    told = tier_difference.sentences(both[0].program, program)
    return Answer({"waits": True, "applied": False, **_told(told, found)})


def _told(tiers: Sequence[Json], found: Difference | None) -> dict[str, Json]:
    """
    Args:
        tiers: As of `tier_difference.sentences`.
        found: None: nothing was compared.
    """
    found = found or Difference()
    moves = sorted(found.moves.items(), key=lambda one: (-one[1], str(one[0])))
    return {
        "tiers": tiers,
        "moved": found.moves.total(),
        "moves": [{"was": was, "tier": tier, "customers": n} for (was, tier), n in moves],
        "named": [
            {"customer_id": customer_id, "was": was, "tier": tier}
            for customer_id, was, tier in found.named
        ],
    }


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "tier.lock": _lock,
    "tier.unlock": _unlock,
    "tier.apply": _apply,
}
