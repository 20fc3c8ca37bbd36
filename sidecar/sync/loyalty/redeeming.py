"""
Points that a person redeems: they become a coupon of the store's, or store credit.

Nothing is spent twice: a redemption is a spend of the account, and only who leads writes there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from sidecar.errors import DatabaseRefusedError, UsageError
from sidecar.model import Moment
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.coupon_life import CLOSING_S
from sidecar.rules.loyalty.expiry import Inactivity, Rolling, expires_at
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.redeeming import quote
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.loyalty import issuing
from sidecar.sync.loyalty.coupons import Coupons, new_code
from sidecar.sync.loyalty.credit import CreditPosting
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.issuing import Issue
from sidecar.sync.loyalty.native_rows import MOST_POINTS
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows
from sidecar.sync.loyalty.redemptions import Redemptions
from sidecar.sync.loyalty.rewarding import Rewarding

#: As long as the columns.
_ACTOR, _REASON = 64, 255

#: Done in the transaction that makes what was asked for good, or ends it.
Also = Callable[[Connection, Redemption], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What a person asks for.

    Attributes:
        points: How many, at most; None: all.
        actor: Who asks for it; at most 64 characters are kept.
        reason: In their words, at most 255 characters are kept; None: they said none.
        command_id: So that it is done once however often it is tried; None: no command asked.
    """

    customer_id: int
    points: int | None
    actor: str
    reason: str | None = None
    command_id: int | None = None


class Redeeming:
    """
    What is asked for in one store; the accounts it is about are up to date.

    Args:
        program: As it is now: it says what points are worth, and how long coupons are good.
        points: The accounts that they are taken from.
    """

    def __init__(self, shop: Shop, program: Program, points: Posting) -> None:
        self._shop, self._program, self._points = shop, program, points
        self._rows, self._coupons = RedemptionRows(shop.own), Coupons(shop)
        self._redemptions = Redemptions(shop, points)

    # -- coupons ---------------------------------------------------------------------------

    def redeem(self, wish: Wish, moment: Moment, also: Also) -> Redemption:
        """
        Make points a coupon, once.

        Raises:
            UsageError: They are not redeemed; see `sidecar.rules.loyalty.redeeming.quote`.
            DatabaseRefusedError: The coupon cannot be written; the points are back.
        """
        found = self._done(wish)
        if found is None:
            found = self._reserved(wish, moment)
        if found.state == "making":
            return self._redemptions.make(found, moment, also)
        if found.coupon_id is None:
            raise DatabaseRefusedError(
                f"the coupon of redemption {found.redemption_id} could not be written, and its"
                " points are back (ask again when the database takes it)"
            )
        with transaction(self._shop.engine) as tx:
            also(tx, found)
        return found

    def _done(self, wish: Wish) -> Redemption | None:
        """What was done for *wish* before a crash; None: nothing."""
        with transaction(self._shop.engine) as tx:
            return self._rows.of_command(tx, wish.command_id)

    def _reserved(self, wish: Wish, moment: Moment) -> Redemption:
        """The entry, and the row that says that its coupon is still to be written."""
        at, code = moment.epoch_s, self._free_code()
        valid = self._program.redeeming.valid
        ends = NEVER if valid is None else expires_at(Rolling(valid), at, self._shop.settings.zone)
        numbers: list[int] = []

        def change(tx: Connection, holder: Holder, rewarding: Rewarding) -> None:
            number = self._take(
                tx,
                holder,
                rewarding,
                wish,
                at,
                becomes="coupon",
                state="making",
                code=code,
                ends_at=None if ends == NEVER else ends,
                next_at=at,
            )
            numbers.append(number)

        self._points.change(wish.customer_id, moment, change)
        with transaction(self._shop.engine) as tx:
            made = self._rows.one(tx, numbers[0])
        assert made is not None  # noqa: S101 - it was written just now, by who leads
        return made

    def _take(
        self,
        tx: Connection,
        holder: Holder,
        rewarding: Rewarding,
        wish: Wish,
        at: int,
        **more: Any,
    ) -> int:
        """Take the points, and write what they become; the redemption's number."""
        found = quote(self._program, holder.account.available, wish.points)
        if found.points > MOST_POINTS:
            raise UsageError(f"the store holds no more than {MOST_POINTS:,} points in a row")
        actor, reason = wish.actor[:_ACTOR], (wish.reason or "")[:_REASON]
        values = {
            "customer_id": holder.customer_id,
            "points": found.points,
            "value": found.value,
            "least_order": found.least_order,
            "actor": actor,
            "reason": reason or None,
            "at": at,
        }
        number = self._rows.add(tx, wish.command_id, **values | more)
        cause = holder.cause(Key("redeem", number), at)
        cause.actor, cause.reason = actor, reason
        holder.account.post(cause, -found.points, at)
        _renew(holder, rewarding, at)
        return number

    def _free_code(self) -> str:
        with transaction(self._shop.engine) as tx:
            while self._coupons.is_taken(tx, code := new_code()):
                pass
        return code

    # -- store credit ----------------------------------------------------------------------

    def redeem_as_credit(
        self,
        wish: Wish,
        credit: CreditPosting,
        moment: Moment,
        also: Callable[[Connection, Redemption, int], None],
    ) -> Redemption:
        """
        Make points store credit, once, in one transaction.

        Args:
            credit: The accounts that it goes to.
            also: Done in that transaction, with the points that are left.

        Raises:
            UsageError: They are not redeemed; see `sidecar.rules.loyalty.redeeming.quote`.
        """
        found = self._done(wish)
        if found is not None:  # with its answer
            return found
        at = moment.epoch_s
        ends_at = issuing.ends_at(credit.credit, "redemption", None, at, credit.zone)
        made: list[Redemption] = []

        def change(tx: Connection, holder: Holder, rewarding: Rewarding) -> None:
            number = self._take(
                tx,
                holder,
                rewarding,
                wish,
                at,
                becomes="credit",
                state="used",
                ends_at=ends_at,
            )
            one = self._rows.one(tx, number)
            assert one is not None  # noqa: S101 - it was written just now
            issued = Issue(
                kind="redemption",
                amount=one.value,
                actor=one.actor,
                reason=one.reason or f"{one.points} points, redemption {number}",
                expires_at=ends_at,
            )
            issuing.issue_in(tx, self._shop, credit, wish.customer_id, issued, moment)
            also(tx, one, holder.account.available)
            made.append(one)

        self._points.change(wish.customer_id, moment, change)
        credit.write_rows([wish.customer_id], moment)
        return made[0]

    # -- and back --------------------------------------------------------------------------

    def cancel(self, redemption_id: int, reason: str, moment: Moment, also: Also) -> Redemption:
        """
        End a coupon before its time; its points come back a day later, unless it is used still.

        Raises:
            UsageError: There is no such redemption, or no coupon of it that could be used.
        """
        with transaction(self._shop.engine) as tx:
            found = self._rows.one(tx, redemption_id)
        if found is None:
            raise UsageError(f"there is no redemption {redemption_id}")
        if found.state != "open" or found.coupon_id is None:
            raise UsageError(f"redemption {redemption_id} {_why_not(found)}")
        with transaction(self._shop.engine) as tx:
            self._coupons.end(tx, found.coupon_id, found.ours, moment)
        at = moment.epoch_s
        ended = replace(found, state="closing", ends_at=at, next_at=at + CLOSING_S)
        with transaction(self._shop.engine) as tx:
            self._rows.became(tx, found, ended.life, None, reason=reason[:_REASON])
            also(tx, ended)
        return ended


def _renew(holder: Holder, rewarding: Rewarding, at: int) -> None:
    """Who redeems is active."""
    policy = rewarding.program.expiry
    if isinstance(policy, Inactivity) and "spend" in policy.renewed_by:
        for lot in holder.account.lots:
            if lot.expires_at > at:
                since = at if lot.is_released else max(at, lot.available_at)
                lot.expires_at = expires_at(policy, since, rewarding.zone)


def _why_not(found: Redemption) -> str:
    """Why it cannot be cancelled."""
    if found.becomes == "credit":
        return "became store credit, which cannot be made points again"
    if found.state == "used":
        return f"was used for order {found.order_id}"
    if found.state == "closing":
        return "has ended already, and its points come back a day after that"
    return "is over: its points are back"
