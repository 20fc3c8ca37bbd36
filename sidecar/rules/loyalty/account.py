"""
One customer's account: what is in it, and what every change does to it.

    cause ──> target ──> entry (target − what was posted) ──> moves ──> lots

A *cause* is what an amount stands in the account for: what a rule gives for an order, a
redemption, a manual adjustment, a row that the store wrote itself. It has a target, and one
entry brings what was posted for it there: whatever happens to an order, and however often,
the same target leads to the same account. What cannot be taken from any lot is *debt*, a lot
that may go below zero; it is paid from what becomes available next.

Points and store credit alike: amounts are whole points, or ten-thousandths of a currency
unit. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

#: What an entry did.
EntryKind = Literal["post", "release", "expire", "pay"]

#: Of an amount that never expires.
NEVER = 2**62


@dataclass(slots=True, eq=False)
class Lot:
    """
    Amounts that became the customer's together, and expire together.

    Attributes:
        cause: What filled it.
        remaining: What is left of it; only that of the debt is below zero.
        earned_at: Before which others it came.
        available_at: From when on it can be spent.
        expires_at: From when on it cannot any more; `NEVER`.
        is_released: Whether it counts as available: set by `Account.release`, so that nothing
            depends on when one looks.
        lot_id: In our table; 0: it is new.
    """

    cause: Cause
    remaining: int = 0
    earned_at: int = 0
    available_at: int = 0
    expires_at: int = NEVER
    is_released: bool = True
    lot_id: int = 0


@dataclass(slots=True)
class Move:
    """*amount* that an entry puts into *lot*, or takes out of it."""

    lot: Lot
    amount: int


@dataclass(slots=True)
class Terms:
    """
    What holds for an amount that a cause gives.

    Attributes:
        earned_at: Before which others it came.
        available_at: From when on it can be spent.
        expires_at: From when on it cannot any more; `NEVER`.
        restored_until: Until when at least an expired lot is good again that gets back what
            was taken from it; 0: not at all.
    """

    earned_at: int
    available_at: int = 0
    expires_at: int = NEVER
    restored_until: int = 0


@dataclass(slots=True, eq=False)
class Cause:
    """
    Why an amount stands in an account.

    Attributes:
        takes: Which lots a negative amount is taken from when its own are empty: a spend from
            those that expire soonest, a revocation from the newest.
        kin: Causes of the same order, whose lots a revocation empties first.
        posted: The sum of its entries.
        own: The lot that it filled.
        taken: What it took from other lots, the latest last, each above zero.
        waives: It forgives debt, and its lot is only what that debt was paid from.
        cause_id: In our table; 0: it is new.
        age: Its number; of a new one, beyond all numbers.
    """

    takes: Literal["soonest", "newest"]
    kin: list[Cause] = field(default_factory=list)
    posted: int = 0
    own: Lot | None = None
    taken: list[Move] = field(default_factory=list)
    waives: bool = False
    cause_id: int = 0
    age: int = 0


@dataclass(slots=True)
class Entry:
    """
    One line of the ledger; never changed.

    Attributes:
        kind: ``post``: the cause's target moved · ``release``: what was pending became
            available · ``expire`` · ``pay``: debt was paid.
        cause: Why.
        amount: By how much the account changed; 0 of a release and of a payment.
        moves: In which lots; they add up to *amount*.
        shown: By how much the available balance changed, which is what the store shows.
    """

    kind: EntryKind
    cause: Cause
    amount: int
    moves: list[Move]
    shown: int


class Account:
    """
    The account of one customer in one unit.

    Args:
        lots: Those with something left, and those that causes name.
        debt: The lot that may go below zero.
        owing: Causes that owe something; the oldest is paid first.

    Attributes:
        entries: What was posted since, in order.
    """

    def __init__(
        self, lots: Iterable[Lot] = (), debt: Lot | None = None, owing: Iterable[Cause] = ()
    ) -> None:
        self.lots = list(lots)
        self.debt = debt or Lot(Cause("newest"))
        self.entries: list[Entry] = []
        self._owing = list(owing)
        self._new = 0

    @property
    def available(self) -> int:
        """What can be spent; below zero: what is owed."""
        return self.debt.remaining + sum(lot.remaining for lot in self.lots if lot.is_released)

    @property
    def pending(self) -> int:
        """What becomes available later."""
        return sum(lot.remaining for lot in self.lots if not lot.is_released)

    @property
    def next_at(self) -> int | None:
        """When time alone changes it next: something is released, or expires; None: never."""
        ends = [
            lot.expires_at if lot.is_released else min(lot.available_at, lot.expires_at)
            for lot in self.lots
            if lot.remaining
        ]
        found = min(ends, default=NEVER)
        return None if found == NEVER else found

    # -- changes ---------------------------------------------------------------------------

    def post(self, cause: Cause, target: int, at: int, terms: Terms | None = None) -> None:
        """
        Bring what is posted for *cause* to *target*.

        Args:
            terms: Of what it gives; without them that never expires.
        """
        change = target - cause.posted
        if change == 0:
            return
        self._let_in(cause)
        if change < 0:
            moves = self._take(cause, -change, at)
        else:
            moves = self._give(cause, change, at, terms or Terms(earned_at=at))
        cause.posted = target
        self._note("post", cause, change, moves)
        self._take_waivers_back(moves)
        self._pay(at)

    def release(self, at: int) -> None:
        """Let what is pending become available when its time has come."""
        for lot in self.lots:
            if not lot.is_released and lot.available_at <= at:
                lot.is_released = True
                if lot.remaining:
                    self.entries.append(Entry("release", lot.cause, 0, [], lot.remaining))
        self._pay(at)

    def expire(self, cause: Cause, at: int) -> None:
        """Take away, for *cause*, what is left in lots whose last day is over."""
        moves = [
            Move(lot, -lot.remaining)
            for lot in sorted(self.lots, key=_soonest)
            if lot.expires_at <= at and lot.remaining
        ]
        for move in moves:
            move.lot.remaining = 0
            cause.taken.append(Move(move.lot, -move.amount))
        if moves:
            self._let_in(cause)
            change = sum(move.amount for move in moves)
            cause.posted += change
            self._note("expire", cause, change, moves)

    def unexpire(self, expired: Cause, lot: Lot, most: int) -> int:
        """
        Put back into *lot* what *expired* took from it, because something else takes it.

        Args:
            most: No more than that.

        Returns:
            How much it was.
        """
        found = 0
        for move in expired.taken:
            if move.lot is lot:
                part = min(most - found, move.amount)
                move.amount -= part
                found += part
        if found:
            expired.taken = [move for move in expired.taken if move.amount]
            expired.posted += found
            lot.remaining += found
            self._note("expire", expired, found, [Move(lot, found)])
        return found

    def waive(self, cause: Cause, most: int, at: int) -> None:
        """
        Forgive, for *cause*, what is owed for revocations beyond *most*; the newest debt first.

        What was spent beyond what there was is owed whatever it is.
        """
        revoked = sorted((one for one in self._owing if one.takes == "newest"), key=_age)
        owed = [(one, move) for one in revoked for move in one.taken if move.lot is self.debt]
        beyond = sum(move.amount for _, move in owed) - most
        if beyond <= 0:
            return
        self._let_in(cause)
        if cause.own is None:
            cause.own = Lot(cause, earned_at=at, available_at=at)
            self.lots.append(cause.own)
        self.debt.remaining += beyond
        cause.posted += beyond
        self._note("post", cause, beyond, [Move(self.debt, beyond)])
        for debtor, move in reversed(owed):
            part = min(beyond, move.amount)
            if part:
                index = next(n for n, one in enumerate(debtor.taken) if one is move)
                left = [Move(self.debt, move.amount - part)] if part < move.amount else []
                # The last to be taken is given back first: then it is not waived any more.
                debtor.taken[index : index + 1] = [*left, Move(cause.own, part)]
                beyond -= part

    def note(self, cause: Cause) -> None:
        """An entry of nothing, for *cause*, which only says something."""
        self._let_in(cause)
        self._note("post", cause, 0, [])

    def _take_waivers_back(self, moves: list[Move]) -> None:
        """What is given back to a lot that only waives was not owed after all."""
        for move in moves:
            waiver = move.lot.cause
            part = min(move.lot.remaining, waiver.posted) if waiver.waives else 0
            if part > 0:
                move.lot.remaining -= part
                waiver.posted -= part
                self._note("post", waiver, -part, [Move(move.lot, -part)])

    def _let_in(self, cause: Cause) -> None:
        """Something is posted for *cause*; the first time, it becomes the youngest."""
        if not cause.age:
            self._new += 1
            cause.age = cause.cause_id or NEVER + self._new

    # -- where it is taken from, and given to ----------------------------------------------

    def _take(self, cause: Cause, amount: int, at: int) -> list[Move]:
        moves = []
        own = [lot for lot in (cause.own, *(kin.own for kin in cause.kin)) if lot is not None]
        # What nobody can spend yet goes first.
        own.sort(key=lambda lot: lot.is_released)
        for lot in (*own, *self._others(cause, at, own)):
            part = min(amount, lot.remaining)
            if part:
                moves.append(Move(lot, -part))
                amount -= part
        if amount:
            moves.append(Move(self.debt, -amount))
            if cause not in self._owing:
                self._owing.append(cause)
        for move in moves:
            move.lot.remaining += move.amount
            if move.lot is not cause.own:
                cause.taken.append(Move(move.lot, -move.amount))
        return moves

    def _others(self, cause: Cause, at: int, own: list[Lot]) -> list[Lot]:
        if cause.takes == "newest":
            others = [lot for lot in self.lots if lot not in own]
            return sorted(others, key=lambda lot: lot.earned_at)[::-1]
        spendable = (lot for lot in self.lots if lot.is_released and lot.expires_at > at)
        return sorted((lot for lot in spendable if lot not in own), key=_soonest)

    def _give(self, cause: Cause, amount: int, at: int, terms: Terms) -> list[Move]:
        """What was taken goes back where it came from, the latest first; the rest is its own."""
        moves = []
        while amount and cause.taken:
            last = cause.taken[-1]
            part = min(amount, last.amount)
            moves.append(Move(last.lot, part))
            last.lot.remaining += part
            if last.lot.expires_at <= at < terms.restored_until:
                last.lot.expires_at = terms.restored_until
            last.amount -= part
            amount -= part
            if not last.amount:
                cause.taken.pop()
        if amount:
            if cause.own is None:
                is_released = terms.available_at <= at
                cause.own = Lot(
                    cause,
                    earned_at=terms.earned_at,
                    available_at=terms.available_at,
                    expires_at=terms.expires_at,
                    is_released=is_released,
                )
                self.lots.append(cause.own)
            cause.own.remaining += amount
            moves.append(Move(cause.own, amount))
        return moves

    # -- debt ------------------------------------------------------------------------------

    def _pay(self, at: int) -> None:
        """Pay what is owed from what is available, the oldest debt first."""
        while self.debt.remaining:
            cause = min(self._owing, key=_age)
            index = next((i for i, m in enumerate(cause.taken) if m.lot is self.debt), None)
            if index is None:
                self._owing.remove(cause)
                continue
            owed = cause.taken[index]
            paid = self._paid(owed.amount, at)
            if not paid:
                return
            amount = sum(move.amount for move in paid)
            left = [Move(self.debt, owed.amount - amount)] if amount < owed.amount else []
            # In the place of the debt, so that it goes back where it came from.
            cause.taken[index : index + 1] = [*paid, *left]
            moves = [Move(self.debt, amount), *(Move(m.lot, -m.amount) for m in paid)]
            for move in moves:
                move.lot.remaining += move.amount
            self._note("pay", cause, 0, moves)

    def _paid(self, amount: int, at: int) -> list[Move]:
        paid = []
        for lot in sorted(self.lots, key=_soonest):
            part = min(amount, lot.remaining) if lot.is_released and lot.expires_at > at else 0
            if part:
                paid.append(Move(lot, part))
                amount -= part
        return paid

    def _note(self, kind: EntryKind, cause: Cause, amount: int, moves: list[Move]) -> None:
        shown = sum(move.amount for move in moves if move.lot.is_released)
        self.entries.append(Entry(kind, cause, amount, moves, shown))


def _age(cause: Cause) -> int:
    return cause.age


def _soonest(lot: Lot) -> tuple[int, int]:
    return lot.expires_at, lot.earned_at
