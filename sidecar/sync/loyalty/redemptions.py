"""
What becomes of the coupons that points became.

    entry and row (making) ──> the store's coupon ──> open ──> what the store says of it

Their points are spent when they are made, and given back when they end unused. What becomes of
a coupon is read from the store's own rows, so looking twice or late comes to the same; see
`sidecar.rules.loyalty.coupon_life`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from sidecar.errors import CustomerError, DatabaseRefusedError, FatalError, FencedError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.coupon_life import SPENDING, Life, Use, follow
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import findings, state
from sidecar.sync.loyalty.coupon_writing import write_coupon
from sidecar.sync.loyalty.coupons import Coupons, Standing
from sidecar.sync.loyalty.holder import Holder, Key
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
        points: The accounts that they were taken from.
    """

    def __init__(self, shop: Shop, points: Posting) -> None:
        self._shop, self._points = shop, points
        self._rows, self._coupons = RedemptionRows(shop.own), Coupons(shop)

    def make(
        self,
        made: Redemption,
        moment: Moment,
        also: Callable[[Connection, Redemption], None] | None = None,
    ) -> Redemption:
        """
        Write a coupon whose points are taken, unless it is there.

        Args:
            also: Done in the transaction after which it is good.

        Raises:
            DatabaseRefusedError: It cannot be written; the points are back.
            CustomerError, FatalError: The same, for what it is.
        """
        try:
            return write_coupon(self._shop, made, moment, also)
        except FencedError:
            raise
        except (DatabaseRefusedError, CustomerError, FatalError):
            # Nobody was told the code, and there is no coupon with it.
            self._become(made, Life("returned", made.ends_at, None), None, moment)
            raise

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
        by_coupon: dict[int, Redemption] = {}
        others = []
        for one in part:
            if one.coupon_id in by_coupon:  # the store gave a number again that was deleted
                others.append(one)
            elif one.coupon_id is not None:
                by_coupon[one.coupon_id] = one
        found = self._looked(by_coupon)
        if others:
            more = self._look(others)
            found.uses |= more.uses
            found.standing |= more.standing
        return found

    def _looked(self, by_coupon: Mapping[int, Redemption]) -> _Look:
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
                self.make(one, moment)
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


def _who(use: Use) -> str:
    return f"customer {use.customer_id}" if use.customer_id else "a guest"
