"""Commands about tags, carried out by `Tagging`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from sidecar.model import Outcome
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.commands.select_handlers import Chosen
from sidecar.sync.tagging import Tagging


def handlers(tagging: Callable[[str], Tagging], chosen: Callable[[], Chosen]) -> dict[str, Handler]:
    """
    What carries out each command about tags.

    Args:
        tagging: Tags by the hand of an actor, with the rules as they are now.
        chosen: Finds whom a command is about.
    """

    def carried_out(action: Callable[[Tagging, Task], Answer | None], task: Task) -> Answer | None:
        return action(tagging(task.actor), task)

    def add(hand: Tagging, task: Task) -> Answer:
        asked, ids = task.parameters, chosen().ids(task.parameters)
        outcome = hand.add(asked["tag"], ids, asked["until"], asked["reason"], task.report)
        return _changed(hand, outcome)

    def remove(hand: Tagging, task: Task) -> Answer:
        asked, ids = task.parameters, chosen().ids(task.parameters)
        outcome = hand.remove(asked["tag"], ids, asked["until"], asked["reason"], task.report)
        return _changed(hand, outcome)

    actions = {**_ACTIONS, "tag.add": add, "tag.remove": remove}
    return {name: functools.partial(carried_out, action) for name, action in actions.items()}


def _import(hand: Tagging, task: Task) -> Answer:
    given = task.parameters["rows"]
    ids = hand.ids_of(sorted({name for _, names, _ in given for name in names}))
    ends = {day: hand.end_of(day) for _, _, day in given}
    rows: dict[str, dict[int, int | None]] = {}
    for tag, names, day in given:
        rows.setdefault(tag, {}).update((ids[name], ends[day]) for name in names)
    outcome = hand.import_rows(rows, task.parameters["file"], task.report)
    return _changed(hand, outcome)


def _create(hand: Tagging, task: Task) -> None:
    asked = task.parameters
    name = asked["tag"]
    # Run again it would find the name taken, so the answer is committed with the tag.
    hand.create(
        name,
        asked["colour"],
        asked["description"] or "",
        lambda tx: task.answer_in(tx, {"tag": name, "created": True}),
    )


def _describe(hand: Tagging, task: Task) -> Answer:
    asked = task.parameters
    hand.describe(asked["tag"], asked["colour"], asked["description"])
    return Answer(dict(asked))


def _rename(hand: Tagging, task: Task) -> None:
    old, new = task.parameters["tag"], task.parameters["new"]
    # Run again it would not find the old name.
    hand.rename(old, new, lambda tx: task.answer_in(tx, {"tag": new, "renamed_from": old}))


def _merge(hand: Tagging, task: Task) -> Answer:
    asked = task.parameters
    return _changed(hand, hand.merge(asked["tag"], asked["into"], task.report))


def _archive(hand: Tagging, task: Task) -> Answer:
    outcome = hand.archive(task.parameters["tag"], task.report, restore=False)
    return _changed(hand, outcome)


def _restore(hand: Tagging, task: Task) -> Answer:
    outcome = hand.archive(task.parameters["tag"], task.report, restore=True)
    return _changed(hand, outcome)


def _changed(hand: Tagging, outcome: Outcome) -> Answer:
    return Answer({"run": hand.run_id, **dataclasses.asdict(outcome), "created": hand.created})


_ACTIONS: dict[str, Callable[[Tagging, Task], Answer | None]] = {
    "tag.import": _import,
    "tag.create": _create,
    "tag.describe": _describe,
    "tag.rename": _rename,
    "tag.merge": _merge,
    "tag.archive": _archive,
    "tag.restore": _restore,
}
