"""A program as it is in one store: which orders earn by it, and what holds for what they earn."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sidecar.rules.calendar import add, day_start
from sidecar.rules.loyalty.account import Terms
from sidecar.rules.loyalty.expiry import expires_at
from sidecar.rules.loyalty.program import Program
from sidecar.rules.syntax import Span
from sidecar.shop.shop import Shop
from sidecar.sync.loyalty.goods import numbers
from sidecar.sync.loyalty.orders import StoreOrder
from sidecar.sync.loyalty.revisions import Revisions


@dataclass(frozen=True, slots=True)
class Rewarding:
    """
    One revision of a program in one store.

    Attributes:
        revision: Its number.
        statuses: Ids of those in which an order earns.
        zone: In which its days are counted.
        known_terms: As `terms` told them before.
    """

    revision: int
    program: Program
    statuses: frozenset[int]
    zone: ZoneInfo
    known_terms: dict[tuple[int, int, bool], Terms] = field(default_factory=dict)

    def qualifies(self, order: StoreOrder) -> bool:
        """Whether *order* earns."""
        return order.status in self.statuses and self._is_in_time(order)

    def _is_in_time(self, order: StoreOrder) -> bool:
        start = self.program.start
        day = self.day(order.placed_at)
        return start is None or (day is not None and day >= start)

    def day(self, at: int | None) -> datetime.date | None:
        """The calendar day of *at*; None without one."""
        return None if at is None else datetime.datetime.fromtimestamp(at, self.zone).date()

    def terms(self, qualified_at: int, at: int, *, is_pending: bool = True) -> Terms:
        """
        Of what is given *at*, and was earned at *qualified_at*.

        Args:
            is_pending: It can be spent only when the program's pending days are over.
        """
        key = qualified_at, at, is_pending
        if key not in self.known_terms:
            self.known_terms[key] = self._terms(*key)
        return self.known_terms[key]

    def _terms(self, qualified_at: int, at: int, is_pending: bool) -> Terms:
        day = self.day(qualified_at)
        assert day is not None  # noqa: S101 - it has an instant
        available_at = qualified_at
        if is_pending and self.program.pending.count:
            available_at = day_start(add(day, self.program.pending, 1), self.zone)
        return Terms(
            earned_at=qualified_at,
            available_at=available_at,
            expires_at=expires_at(self.program.expiry, available_at, self.zone),
            restored_until=self.restored_until(at),
        )

    def restored_until(self, at: int) -> int:
        """As `restored_until`."""
        return restored_until(self.program, self.zone, at)


class Rewardings:
    """The programs of all revisions, as they are in one store."""

    def __init__(self, shop: Shop, revisions: Revisions) -> None:
        self._shop, self._revisions = shop, revisions
        self._known: dict[int, Rewarding] = {}

    def __call__(self, revision: int) -> Rewarding:
        found = self._known.get(revision)
        if found is None:
            program = self._revisions.program(revision)
            found = self._known[revision] = Rewarding(
                revision=revision,
                program=program,
                statuses=numbers(program.statuses),
                zone=zone_of(program, self._shop),
            )
        return found


def zone_of(program: Program, shop: Shop) -> ZoneInfo:
    """The zone that the days of *program* are counted in."""
    return ZoneInfo(program.zone) if program.zone else shop.settings.zone


def restored_until(program: Program, zone: ZoneInfo, at: int) -> int:
    """Until when at least an expired lot is good again that gets something back *at*."""
    if program.restored is None:
        return 0
    today = datetime.datetime.fromtimestamp(at, zone).date()
    last = add(today, program.restored, 1)
    return day_start(add(last, Span(1, "day"), 1), zone)
