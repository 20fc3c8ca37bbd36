"""How much may change unasked: the cap of a run, and the budget that small cycles share."""

from __future__ import annotations

import math
from collections.abc import Callable

from sqlalchemy import Connection

from sidecar.config import Rules
from sidecar.errors import NotNowError
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


def require_confirmed(
    settings: Rules, customers: Callable[[], int], named: int, confirmed: int | None
) -> None:
    """
    Refuse what a person asks for more customers than a run may change, unless they were told.

    Args:
        customers: Counts those of the store.
        named: How many it is asked for.
        confirmed: How many the person was told that they are; None: nothing.

    Raises:
        NotNowError: They are more than the cap, and more than were confirmed.
    """
    if named <= max(confirmed or 0, settings.max_change_floor):
        return
    most = cap(settings, customers())
    if named > most:
        told = "" if confirmed is None else f", and more than the {confirmed:,} confirmed"
        raise NotNowError(
            f"these are {named:,} customers, more than the {most:,} that may change unasked{told}"
            f" (if you mean them all, say so: confirmed = {named})"
        )


def grown(shown: int) -> int:
    """The most customers that an approved run may change that was *shown* with so many."""
    return shown * (100 + _GROWTH) // 100


def renew_budget(tx: Connection, own: OwnTables, moment: Moment) -> None:
    """Count from now on: a person has looked at what was changed and approved of more."""
    state.write(tx, own, _APPROVED, moment.epoch_s, moment)
