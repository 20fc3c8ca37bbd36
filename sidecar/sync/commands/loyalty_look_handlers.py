"""Commands that only look at points, store credit and the loyalty program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.loyalty.simulating import DAYS
from sidecar.sync.ranges import Progress
from sidecar.sync.state import Json

#: What is told of one thing, or of the whole.
Told = Mapping[str, Json]

#: Entries of an account that are told where nobody says how many.
ENTRIES = 20

#: Issues that wait, where nobody says how many.
ISSUES = 100


class LoyaltyLooks(Protocol):
    """What there is to see; see `sidecar.app.loyalty_view`."""

    def points(self, customer: str, limit: int) -> Told:
        """The points of the customer with an id or e-mail."""

    def card_with(self, number: str) -> Told:
        """Whose card has a number."""

    def credit(self, customer: str, limit: int) -> Told:
        """The store credit of the customer with an id or e-mail."""

    def credit_waiting(self, limit: int) -> Told:
        """The store credit that waits for another person's approval."""

    def status(self) -> Told:
        """What is owed in points."""

    def months(self) -> Told:
        """What became of points month by month."""

    def program(self) -> Told:
        """What the loyalty program says."""

    def quote(self, customer: str, points: int | None) -> Told:
        """What points of the customer with an id or e-mail would become."""

    def simulate(self, directory: Path | None, days: int, progress: Progress | None) -> Told:
        """What the rules of a folder, or the installed ones, would have given."""


def handlers(view: Callable[[], LoyaltyLooks]) -> dict[str, Handler]:
    """What carries out each of these commands; *view* as it is at the time."""

    def points(task: Task) -> Answer:
        asked = task.parameters
        return Answer(view().points(asked["customer"], asked["limit"] or ENTRIES))

    def credit(task: Task) -> Answer:
        asked = task.parameters
        return Answer(view().credit(asked["customer"], asked["limit"] or ENTRIES))

    def quote(task: Task) -> Answer:
        asked = task.parameters
        return Answer(view().quote(asked["customer"], asked["points"]))

    def simulate(task: Task) -> Answer:
        return Answer(view().simulate(None, task.parameters["days"] or DAYS, task.report))

    return {
        "points.show": points,
        "card.find": lambda task: Answer(view().card_with(task.parameters["number"])),
        "credit.show": credit,
        "credit.waiting": lambda task: Answer(
            view().credit_waiting(task.parameters["limit"] or ISSUES)
        ),
        "points.quote": quote,
        "loyalty.status": lambda _: Answer(view().status()),
        "loyalty.months": lambda _: Answer(view().months()),
        "loyalty.program": lambda _: Answer(view().program()),
        "loyalty.simulate": simulate,
    }
