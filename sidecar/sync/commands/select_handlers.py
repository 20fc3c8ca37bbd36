"""The command that selects customers by an expression, and whom other commands are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.config import Rules
from sidecar.errors import Problem
from sidecar.model import Moment
from sidecar.shop.shop import Shop
from sidecar.sync import caps, question, selections
from sidecar.sync.commands.dispatcher import Answer, Handler, Task
from sidecar.sync.finding import require_customers
from sidecar.sync.ranges import customers_in_store


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    Whom a command is about.

    Attributes:
        shop: The store.
        settings: Say from how many on a person has to confirm.
        moment: Now.
    """

    shop: Shop
    settings: Rules
    moment: Callable[[], Moment]

    def ids(self, asked: Mapping[str, Any]) -> list[int]:
        """
        The ids of ``customers`` or of the ``selection``, ascending.

        Raises:
            UsageError: One is unknown or ambiguous; the selection cannot be used.
            NotNowError: They are more than the cap and than were ``confirmed``.
        """
        if asked["selection"] is not None:
            ids = selections.read(self.shop, asked["selection"], self.moment())
        else:
            ids = sorted(set(require_customers(self.shop, asked["customers"]).values()))
        caps.require_confirmed(
            self.settings, lambda: customers_in_store(self.shop), len(ids), asked["confirmed"]
        )
        return ids


def handlers(chosen: Callable[[], Chosen]) -> dict[str, Handler]:
    """What carries out ``customers.select``; *chosen* as it is at the time."""

    def select(task: Task) -> Answer:
        means = chosen()
        moment = means.moment()
        warnings: list[Problem] = []
        matcher = question.ask(
            means.shop,
            means.settings,
            task.parameters["expression"],
            moment,
            own_tables=True,
            warn=warnings.append,
        )
        found = selections.make(means.shop, task.command_id, matcher, moment, task.report)
        return Answer(
            {
                "selection": task.command_id,
                "customers": found,
                "warnings": [str(problem) for problem in warnings],
            }
        )

    return {selections.COMMAND: select}
