"""Commands that only look, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sidecar.sync.commands.dispatcher import Answer, Handler
from sidecar.sync.ranges import Progress
from sidecar.sync.state import Json

#: What is told of one thing, or of the whole.
Told = Mapping[str, Json]


class Looks(Protocol):
    """What there is to see; see `sidecar.app.view`."""

    def explain(self, customer: str) -> Told:
        """Why the customer with an id or e-mail has what they have."""

    def customer(self, customer: str) -> Told:
        """The facts of the customer with an id or e-mail, and how they buy."""

    def run_preview(self, number: int, progress: Progress | None) -> Told:
        """What a waiting run would change."""

    def all_rules(self) -> Told:
        """Every rule."""

    def doctor(self, progress: Progress | None) -> Told:
        """Everything that can be checked."""


def handlers(view: Callable[[], Looks]) -> dict[str, Handler]:
    """What carries out each command that only looks; *view* as it is at the time."""
    return {
        "explain": lambda task: Answer(view().explain(task.parameters["customer"])),
        "customer.show": lambda task: Answer(view().customer(task.parameters["customer"])),
        "run.show": lambda task: Answer(view().run_preview(task.parameters["run"], task.report)),
        "rule.list": lambda _: Answer(view().all_rules()),
        "doctor": lambda task: Answer(view().doctor(task.report)),
    }
