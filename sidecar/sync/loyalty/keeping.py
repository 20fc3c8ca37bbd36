"""
All that is kept of customers in money's worth, brought up to date: called before every cycle.

    points (by orders, native rows, the clock) ──> tiers
    coupons that points became ──> points that come back
    accounts without a card ──> cards
    store credit (by native rows, the clock)
"""

from __future__ import annotations

from collections.abc import Collection

from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.program import Program
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import restrictions
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import cards
from sidecar.sync.loyalty.credit import CreditPosting
from sidecar.sync.loyalty.posting import Brought, Posting, open_posting
from sidecar.sync.loyalty.redemptions import Redemptions


class Keeping:
    """What is kept in one store, for one pass or one change."""

    def __init__(self, shop: Shop, program: Program, points: Posting) -> None:
        self._shop, self._program, self._points = shop, program, points
        self._redemptions = Redemptions(shop, points)

    def bring(
        self, scope: Scope, moment: Moment, named: Collection[int] = (), *, anew: bool = False
    ) -> Brought:
        """
        Bring what is kept of *scope*'s customers to where it should be *moment*.

        Of those who are restricted it stays as it is.

        Args:
            named: Of them, those whose order lines changed: no fingerprint says so.
            anew: Look at all who have an order; see `unsettled`.
        """
        own = self._shop.own
        with transaction(self._shop.engine) as tx:
            frozen = restrictions.read(tx, own, scope).frozen
        brought = Brought()
        for part in restrictions.without(scope, frozen):
            some = self._bring(part, moment, named, anew=anew)
            brought.customers += some.customers
            brought.entries += some.entries
            brought.tier_changed += some.tier_changed
        return brought

    def _bring(
        self, scope: Scope, moment: Moment, named: Collection[int], *, anew: bool
    ) -> Brought:
        brought = self._points.bring(scope, moment, named, anew=anew)
        self._redemptions.settle(scope, moment)
        if self._program.cards:
            cards.issue(self._shop, scope, moment)
        if self._program.credit is not None:
            credit = CreditPosting(self._shop, self._program, moment)
            brought.entries += credit.bring(scope, moment).entries
        return brought

    def unsettled(self, moment: Moment) -> int | None:
        """As `Posting.unsettled`."""
        return self._points.unsettled(moment)

    def settle(self, revision: int, moment: Moment) -> None:
        """As `Posting.settle`."""
        self._points.settle(revision, moment)


def open_keeping(shop: Shop, book: Rulebook, moment: Moment) -> Keeping | None:
    """What is kept in *shop*; None where nothing is, as of `open_posting`."""
    program, points = book.checked.rules.program, open_posting(shop, book, moment)
    return None if program is None or points is None else Keeping(shop, program, points)


def bring(
    shop: Shop, book: Rulebook, scope: Scope, moment: Moment, named: Collection[int] = ()
) -> Brought:
    """As `Keeping.bring`; nothing where nothing is kept."""
    keeping = open_keeping(shop, book, moment)
    return Brought() if keeping is None else keeping.bring(scope, moment, named)
