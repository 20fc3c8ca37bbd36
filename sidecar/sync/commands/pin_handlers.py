"""Commands about pins and customer groups, carried out by `Pinning`."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sidecar.shop.database import transaction
from sidecar.sync import decisions
from sidecar.sync.commands import answers
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.means import Means
from sidecar.sync.commands.select_handlers import Chosen
from sidecar.sync.finding import require_customers
from sidecar.sync.pinning import Pinning, Word


def handlers(means: Callable[[], Means], chosen: Callable[[], Chosen]) -> dict[str, Handler]:
    """What carries out each command about pins; *means* and *chosen* as they are at the time."""

    def carried_out(action: Callable[[Means, Task], Answer | None], task: Task) -> Answer | None:
        return action(means(), task)

    def group_set(means: Means, task: Task) -> Answer:
        asked, hand = task.parameters, _hand(means, task)
        outcome = hand.set_group(asked["group"], chosen().ids(asked), asked["reason"], task.report)
        return answers.changed(hand.run_id, outcome)

    def group_auto(means: Means, task: Task) -> Answer:
        hand = _hand(means, task)
        outcome = hand.free_groups(chosen().ids(task.parameters), task.report)
        return answers.changed(hand.run_id, outcome)

    actions = {**_ACTIONS, "group.set": group_set, "group.auto": group_auto}
    return {name: functools.partial(carried_out, action) for name, action in actions.items()}


def _hand(means: Means, task: Task) -> Pinning:
    moment = means.moment()
    return Pinning(
        means.shop,
        lambda group: means.rulebook(means.check_rules(), moment, group),
        moment,
        task.actor,
    )


def _customers(means: Means, task: Task) -> list[int]:
    return sorted(set(require_customers(means.shop, task.parameters["customers"]).values()))


def _set(means: Means, task: Task) -> Answer:
    asked, hand = task.parameters, _hand(means, task)
    word = Word(
        direction=asked["direction"],
        until=asked["until"],
        requalify=bool(asked["requalify"]),
        reason=asked["reason"],
    )
    ids = _customers(means, task)
    outcome = hand.pin(asked["kind"], asked["name"], ids, word, task.report)
    return answers.changed(hand.run_id, outcome)


def _end(means: Means, task: Task) -> Answer:
    asked, hand = task.parameters, _hand(means, task)
    outcome = hand.unpin(asked["kind"], asked["name"], _customers(means, task), task.report)
    return answers.changed(hand.run_id, outcome)


def _group_auto_found(means: Means, task: Task) -> None:
    own = means.shop.own
    with transaction(means.shop.engine) as tx:
        number = decisions.free_found(tx, own, means.moment())
        # Run again it would find nobody.
        task.answer_in(tx, {"released": number, "decides": "the next full pass, under the cap"})


_ACTIONS: dict[str, Callable[[Means, Task], Answer | None]] = {
    "pin.set": _set,
    "pin.end": _end,
    "group.auto_found": _group_auto_found,
}
