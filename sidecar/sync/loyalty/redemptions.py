"""
Points that become a coupon: spent when it is made, given back when it ends unused.

    entry and row (making) ──> the store's coupon ──> open ──> what the store says of it

Nothing is spent twice: a redemption is a spend of the account, and only who leads writes there.
What becomes of a coupon is read from the store's own rows, so looking twice or late comes to
the same; see `sidecar.rules.loyalty.coupon_life`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from sidecar.errors import CustomerError, DatabaseRefusedError, FatalError, FencedError, UsageError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.account import NEVER
from sidecar.rules.loyalty.coupon_life import CLOSING_S, SPENDING, Life, Use, follow
from sidecar.rules.loyalty.expiry import Inactivity, Rolling, expires_at
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.redeeming import quote
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import findings, state
from sidecar.sync.loyalty.coupon_writing import write_coupon
from sidecar.sync.loyalty.coupons import Coupons, Standing, new_code
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.native_rows import MOST_POINTS
from sidecar.sync.loyalty.posting import Posting
from sidecar.sync.loyalty.redemption_rows import Redemption, RedemptionRows
from sidecar.sync.loyalty.rewarding import Rewarding
from sidecar.sync.reading import Reading

#: In ``sidecar_state``: up to which row of ``coupon_history`` uses were looked for.
SEEN = "redemption.seen"

#: Rows before that are read again: one with a smaller number may be committed later.
_AGAIN = 1_000

#: Redemptions that are looked at together.
_CHUNK = 1_000

#: As long as the columns.
_ACTOR, _REASON = 64, 255

#: Done in the transaction that makes a coupon good, or ends it.
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


@dataclass(slots=True)
class _Look:
    """
    What the store says of coupons, by redemption.

    Attributes:
        uses: The earliest first.
        standing: Of those that are there.
    """

    uses: dict[int, list[Use]]
    standing: dict[int, Standing]


class Redemptions:
    """
    The redemptions of one store.

    Args:
        program: As it is now: it says what points are worth, and how long coupons are good.
        points: The accounts that they are taken from.
    """

    def __init__(self, shop: Shop, program: Program, points: Posting) -> None:
        self._shop, self._program, self._points = shop, program, points
        self._rows, self._coupons = RedemptionRows(shop.own), Coupons(shop)

    # -- asked for -------------------------------------------------------------------------

    def redeem(self, wish: Wish, moment: Moment, also: Also) -> Redemption:
        """
        Make points a coupon, once, of an account that is up to date.

        Args:
            also: Done in the transaction after which the coupon is good.

        Raises:
            UsageError: They are not redeemed; see `sidecar.rules.loyalty.redeeming.quote`.
            DatabaseRefusedError: The coupon cannot be written; the points are back.
        """
        with transaction(self._shop.engine) as tx:
            found = self._rows.of_command(tx, wish.command_id)
        if found is None:
            found = self._reserve(wish, moment)
        if found.state == "making":
            return self._make(found, moment, also)
        if found.coupon_id is None:
            raise DatabaseRefusedError(
                f"the coupon of redemption {found.redemption_id} could not be written, and its"
                " points are back (ask again when the database takes it)"
            )
        with transaction(self._shop.engine) as tx:
            also(tx, found)
        return found

    def _reserve(self, wish: Wish, moment: Moment) -> Redemption:
        """The entry, and the row that says that its coupon is still to be written."""
        at, code = moment.epoch_s, self._free_code()
        valid = self._program.redeeming.valid
        ends = NEVER if valid is None else expires_at(Rolling(valid), at, self._shop.settings.zone)
        numbers: list[int] = []

        def change(tx: Connection, holder: Holder, rewarding: Rewarding) -> None:
            found = quote(self._program, holder.account.available, wish.points)
            if found.points > MOST_POINTS:
                raise UsageError(f"the store holds no more than {MOST_POINTS:,} points in a row")
            number = self._rows.add(
                tx,
                wish.command_id,
                customer_id=holder.customer_id,
                points=found.points,
                value=found.value,
                least_order=found.least_order,
                becomes="coupon",
                state="making",
                code=code,
                ends_at=None if ends == NEVER else ends,
                actor=wish.actor[:_ACTOR],
                reason=wish.reason and wish.reason[:_REASON],
                at=at,
                next_at=at,
            )
            numbers.append(number)
            cause = holder.cause(Key("redeem", number), at)
            cause.actor, cause.reason = wish.actor[:_ACTOR], (wish.reason or "")[:_REASON]
            holder.account.post(cause, -found.points, at)
            _renew(holder, rewarding, at)

        self._points.change(wish.customer_id, moment, change)
        with transaction(self._shop.engine) as tx:
            made = self._rows.one(tx, numbers[0])
        assert made is not None  # noqa: S101 - it was written just now, by who leads
        return made

    def _free_code(self) -> str:
        with transaction(self._shop.engine) as tx:
            while self._coupons.is_taken(tx, code := new_code()):
                pass
        return code

    def _make(self, made: Redemption, moment: Moment, also: Also | None = None) -> Redemption:
        try:
            return write_coupon(self._shop, made, moment, also)
        except FencedError:
            raise
        except (DatabaseRefusedError, CustomerError, FatalError):
            # Nobody was told the code, and there is no coupon with it.
            self._become(made, Life("returned", made.ends_at, None), None, moment)
            raise

    def cancel(self, redemption_id: int, reason: str, moment: Moment, also: Also) -> Redemption:
        """
        End a coupon before its time; its points come back a day later, unless it is used still.

        Args:
            also: Done in the transaction that ends it.

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

    # -- what becomes of them --------------------------------------------------------------

    def settle(self, scope: Scope, moment: Moment) -> None:
        """Bring redemptions of *scope*'s customers, and all that were used, to where they stand."""
        with transaction(self._shop.engine) as tx:
            if not self._rows.are_there(tx):
                return
            last = self._coupons.last_use(tx)
            seen = state.read(tx, self._shop.own, SEEN)
            after = max(0, seen - _AGAIN) if isinstance(seen, int) else 0
            found = {
                one.redemption_id: one
                for one in (
                    *self._rows.live(Reading(self._shop, tx, scope, moment)),
                    *self._rows.used_since(tx, self._shop, after),
                )
            }
        every = [found[number] for number in sorted(found)]
        for start in range(0, len(every), _CHUNK):
            part = self._without_gone(every[start : start + _CHUNK])
            look = self._look(part)
            for one in part:
                self._follow(one, look, moment)
        if seen != last:
            with transaction(self._shop.engine) as tx:
                state.write(tx, self._shop.own, SEEN, last, moment)

    def _without_gone(self, part: Sequence[Redemption]) -> list[Redemption]:
        """Those whose customer is in the store; what others have left cannot be used any more."""
        customer_id = self._shop.tables.customer.c.customer_id
        ids = {one.customer_id for one in part}
        with transaction(self._shop.engine) as tx:
            there = set(tx.scalars(select(customer_id).where(customer_id.in_(ids))))
        gone = [one for one in part if one.customer_id not in there]
        for one in gone:
            self._switch(one, on=False)
        if gone:
            with transaction(self._shop.engine) as tx:
                self._rows.quiet(tx, [one.redemption_id for one in gone])
        return [one for one in part if one.customer_id in there]

    def _look(self, part: Iterable[Redemption]) -> _Look:
        by_coupon = {one.coupon_id: one for one in part if one.coupon_id is not None}
        ours = {number: one.ours for number, one in by_coupon.items()}
        with transaction(self._shop.engine) as tx:
            standing = self._coupons.standing(tx, ours)
            owners = {
                number: one.customer_id
                for number, one in by_coupon.items()
                if standing.get(number) != "another"
            }
            uses = self._coupons.uses(tx, owners)
            silent = {
                one.code: one.customer_id
                for number, one in by_coupon.items()
                if one.state in ("used", "closing") and number not in uses
            }
            paid = self._coupons.paid_with(tx, silent)
        found = _Look({}, {})
        for number, one in by_coupon.items():
            told = uses.get(number) or [use for code, use in paid.items() if code == one.code]
            found.uses[one.redemption_id] = told
            if number in standing:
                found.standing[one.redemption_id] = standing[number]
        return found

    def _follow(self, one: Redemption, look: _Look, moment: Moment) -> None:
        try:
            if one.state == "making":
                self._make(one, moment)
            else:
                self._followed(one, look, moment)
        except FencedError:
            raise
        except (CustomerError, DatabaseRefusedError) as error:
            whose = f"redemption {one.redemption_id} of customer {one.customer_id}"
            message = f"{whose} is left as it is: {error}"
            if one.state == "making":
                message = (
                    f"the coupon of {whose} cannot be written, and the points are back: {error}"
                )
            with transaction(self._shop.engine) as tx:
                self._rows.quiet(tx, [one.redemption_id])
                findings.raise_finding(
                    tx, self._shop.own, "redemption.refused", whose, message, moment
                )

    def _followed(self, one: Redemption, look: _Look, moment: Moment) -> None:
        uses, life = self._now(one, look, moment)
        if life.state == "returned" != one.state:
            # From here on nobody can use it; who did before is seen now.
            self._switch(one, on=False)
            uses, life = self._now(one, self._look([one]), moment)
        elif life.state == "foreign" != one.state:
            self._switch(one, on=False)
        if life.state == "used" and one.state == "closing":
            # The store asks it again when the order is edited.
            self._switch(one, on=True)
        use = next((use for use in uses if use.is_owners), uses[0] if uses else None)
        if life != one.life or (use is not None and use.history_id != one.history_id):
            self._become(one, life, use, moment)
        if len(uses) > 1:
            self._tell_twice(one, uses, moment)

    def _now(self, one: Redemption, look: _Look, moment: Moment) -> tuple[list[Use], Life]:
        number = one.redemption_id
        is_there = look.standing.get(number) == "on"
        uses = look.uses.get(number, [])
        return uses, follow(one.life, uses, moment.epoch_s, is_there=is_there)

    def _switch(self, one: Redemption, *, on: bool) -> None:
        if one.coupon_id is not None:
            with transaction(self._shop.engine) as tx:
                self._coupons.switch(tx, one.coupon_id, one.ours, on=on)

    def _become(self, was: Redemption, life: Life, use: Use | None, moment: Moment) -> None:
        """Write what became of it, and take or give its points."""
        target = -was.points if life.state in SPENDING else 0

        def change(tx: Connection, holder: Holder, rewarding: Rewarding) -> None:
            if not self._rows.became(tx, was, life, use):
                return
            at = moment.epoch_s
            cause = holder.cause(Key("redeem", was.redemption_id), at)
            terms = rewarding.terms(at, at, is_pending=False)
            holder.account.post(cause, target, at, terms)
            if life.state == "foreign" != was.state and use is not None:
                self._tell_foreign(tx, was, use, moment)

        self._points.change(was.customer_id, moment, change)

    # -- for people ------------------------------------------------------------------------

    def _tell_foreign(self, tx: Connection, one: Redemption, use: Use, moment: Moment) -> None:
        findings.raise_finding(
            tx,
            self._shop.own,
            "redemption.foreign",
            f"redemption {one.redemption_id}",
            f"the coupon of customer {one.customer_id} from redemption {one.redemption_id} was"
            f" used by {_who(use)} for order {use.order_id}: it is switched off, and its"
            f" {one.points:,} points are back with customer {one.customer_id}",
            moment,
        )

    def _tell_twice(self, one: Redemption, uses: Collection[Use], moment: Moment) -> None:
        orders = ", ".join(f"{use.order_id} (of {_who(use)})" for use in uses)
        message = (
            f"the coupon of customer {one.customer_id} from redemption {one.redemption_id} was"
            f" used more than once, for orders {orders}; its points were taken once at most"
        )
        with transaction(self._shop.engine) as tx:
            findings.raise_finding(
                tx,
                self._shop.own,
                "redemption.twice",
                f"redemption {one.redemption_id}",
                message,
                moment,
                again=False,
            )


def _renew(holder: Holder, rewarding: Rewarding, at: int) -> None:
    """Who redeems is active."""
    policy = rewarding.program.expiry
    if isinstance(policy, Inactivity) and "spend" in policy.renewed_by:
        for lot in holder.account.lots:
            if lot.expires_at > at:
                since = at if lot.is_released else max(at, lot.available_at)
                lot.expires_at = expires_at(policy, since, rewarding.zone)


def _who(use: Use) -> str:
    return f"customer {use.customer_id}" if use.customer_id else "a guest"


def _why_not(found: Redemption) -> str:
    """Why it cannot be cancelled."""
    if found.becomes == "credit":
        return "became store credit, which `sidecar credit` takes back"
    if found.state == "used":
        return f"was used for order {found.order_id}"
    if found.state == "closing":
        return "has ended already, and its points come back a day after that"
    return "is over: its points are back"
