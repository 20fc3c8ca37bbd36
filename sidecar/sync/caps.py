"""How much may change unasked: the cap of a run, and the budget that small cycles share."""

from __future__ import annotations

import math

from sqlalchemy import Connection

from sidecar.config import Rules
from sidecar.model import Moment
from sidecar.rules.plan import Changes
from sidecar.shop.own_tables import OwnTables
from sidecar.sync import runs, state

#: Runs whose changes count against the budget.
BUDGETED = ("changed", "clock", "limits")

#: The budget counts changes of so many seconds back.
_WINDOW_S = 24 * 3600

#: In ``sidecar_state``: changes before this were approved by a person and count no more.
_APPROVED = "budget_since"

#: An approved run may have grown by so many percent since it was shown.
_GROWTH = 10


class OverBudgetError(Exception):
    """
    A cycle would change more customers than the budget allows; nothing of it is written.

    Attributes:
        changes: What it would have written.
    """

    def __init__(self, changes: Changes) -> None:
        super().__init__("over the budget")
        self.changes = changes


class Budget:
    """
    What the cycles of changed customers, of time and of new limits may still change.

    Args:
        own: Our tables.
        limit: Customers in 24 hours.
        moment: The end of these hours.
    """

    def __init__(self, own: OwnTables, limit: int, moment: Moment) -> None:
        self._own = own
        self._limit = limit
        self._moment = moment
        self._used: int | None = None

    def left(self, tx: Connection) -> int:
        """How many customers may still change."""
        if self._used is None:
            since = self._moment.epoch_s - _WINDOW_S
            approved = state.read(tx, self._own, _APPROVED)
            # One that lies ahead was told by a clock that was wrong.
            if isinstance(approved, int) and approved <= self._moment.epoch_s:
                since = max(since, approved)
            self._used = runs.changed_since(tx, self._own, BUDGETED, since)
        return max(0, self._limit - self._used)

    def spend(self, tx: Connection, changes: Changes) -> None:
        """
        Count *changes* in.

        Raises:
            OverBudgetError: They are too many.
        """
        number = len(changes.changed)
        if not number:
            return
        if number > self.left(tx):
            raise OverBudgetError(changes)
        self._used = (self._used or 0) + number


def cap(settings: Rules, customers: int) -> int:
    """The number of customers that a run may change of a store of so many *customers*."""
    return max(math.floor(settings.max_change * customers), settings.max_change_floor)


def grown(shown: int) -> int:
    """The most customers that an approved run may change that was *shown* with so many."""
    return shown * (100 + _GROWTH) // 100


def renew_budget(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """Count from now on: a person has looked at what was changed and approved of more."""
    state.write(tx, own, _APPROVED, moment.epoch_s, moment)
