"""
One customer's change on its way into the ledger, and out to the store's own rows.

    orders ────────> remembered ──> targets ─┐
    native rows ───> causes ─────────────────┼─> account ──> entries ══> native rows
    the clock ─────> release, expire ────────┘                  └──────> tier

Comes before the cycle, which sees the points that it leaves. All of it leads to targets, so
doing it again changes nothing: a crash between this and the cycle does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
from sqlalchemy import Connection

from sidecar.errors import CustomerError
from sidecar.model import Moment, Scope
from sidecar.rules.loyalty.program import Program
from sidecar.shop.database import rolled_back, transaction
from sidecar.shop.shop import Shop
from sidecar.sync import restrictions, state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import projection, remembering, tier_definition
from sidecar.sync.loyalty.accounts import BATCH, Accounts
from sidecar.sync.loyalty.accrual import Remembered, accrue, remember
from sidecar.sync.loyalty.conditions import Conditions
from sidecar.sync.loyalty.due import read_due
from sidecar.sync.loyalty.expiring import expire
from sidecar.sync.loyalty.goods import GoodsOfRules, by_id
from sidecar.sync.loyalty.holder import Holder
from sidecar.sync.loyalty.ledger import Ledger
from sidecar.sync.loyalty.orders import StoreOrder, read_orders
from sidecar.sync.loyalty.revisions import Revisions
from sidecar.sync.loyalty.rewarding import Rewarding, Rewardings, zone_of
from sidecar.sync.loyalty.tier_definition import Definition, in_force, is_same
from sidecar.sync.loyalty.tiers import Tiers
from sidecar.sync.reading import Reading

#: In ``sidecar_state``: the revision of the program by which all orders were looked at.
SETTLED = "loyalty.settled"

#: In ``sidecar_state``: a person agreed that all orders there ever were earn.
BEGUN = "loyalty.begun"


@dataclass(slots=True)
class Brought:
    """
    What was done.

    Attributes:
        customers: Whose account was looked at.
        entries: That were written.
        tier_changed: Customers who moved to another tier.
    """

    customers: int = 0
    entries: int = 0
    tier_changed: int = 0


def open_posting(shop: Shop, book: Rulebook, moment: Moment) -> Posting | None:
    """
    The points of *shop*, for one pass or one change.

    None without a program, while the sidecar is paused, or before a person agreed to what the
    program gives for orders of the past.
    """
    program = book.checked.rules.program
    if program is None or not are_kept(shop, book):
        return None
    return Posting(shop, book, program, moment)


def are_kept(shop: Shop, book: Rulebook) -> bool:
    """Whether points are kept now; see `open_posting`."""
    program = book.checked.rules.program
    return program is not None and not book.paused and has_begun(shop, program)


def has_begun(shop: Shop, program: Program) -> bool:
    """Whether points are kept: not before a person agreed that all orders there ever were earn."""
    if program.start is not None:
        return True
    with transaction(shop.engine) as tx:
        return state.read(tx, shop.own, BEGUN) is not None


class Posting:
    """
    The points of one store.

    Args:
        book: Whose program holds, and whose tags and segments its conditions name.
        trial: Nothing is kept of it: for `preview` only.
    """

    def __init__(
        self,
        shop: Shop,
        book: Rulebook,
        program: Program,
        moment: Moment,
        *,
        trial: bool = False,
    ) -> None:
        self._shop = shop
        # Orders keep the revision that they were rewarded by, and names may change.
        self._program = by_id(program, book.checked.names, shop.settings.complete)
        self._zone = zone_of(program, shop)
        self._accounts = Accounts(shop, "points", moment, trial=trial)
        self._conditions = Conditions(shop, book, program)
        self._whole_store: dict[str, pl.DataFrame] = {}
        self._tier_changed = 0

    def bring(
        self, scope: Scope, moment: Moment, named: Collection[int] = (), *, anew: bool = False
    ) -> Brought:
        """
        Bring the accounts of *scope*'s customers to where they should be *moment*.

        Args:
            named: Of them, those whose order lines changed: no fingerprint says so.
            anew: Look at all who have an order; see `unsettled`.
        """
        with transaction(self._shop.engine) as tx:
            reading = self._reading(tx, scope, moment)
            due = read_due(reading, self._accounts.native, named=named, anew=anew)
        self._tier_changed = 0
        entries = self._accounts.bring_each(due, moment, self._bring)
        return Brought(due.height, entries, self._tier_changed)

    def unsettled(self, moment: Moment) -> int | None:
        """
        The revision of the program, when not all orders were looked at by it; else None.

        Orders that earned nothing before may earn by a new one, and customers be in other tiers.
        """
        own = self._shop.own
        with transaction(self._shop.engine) as tx:
            revisions = Revisions(tx, own)
            revision = revisions.current(self._program, moment.epoch_s)
            settled = state.read(tx, own, SETTLED)
            held = in_force(tx, own, revisions, self._program, moment)
            tier_definition.tell(tx, own, held, self._program, moment)
        return None if settled == revision and held.unfinished is None else revision

    def settle(self, revision: int, moment: Moment) -> None:
        """Note that all orders were looked at by *revision*, and everybody's tier."""
        own = self._shop.own
        with transaction(self._shop.engine) as tx:
            state.write(tx, own, SETTLED, revision, moment)
            held = in_force(tx, own, Revisions(tx, own), self._program, moment)
            tier_definition.keep(tx, own, replace(held, unfinished=None), moment)

    def _reading(self, tx: Connection, scope: Scope, moment: Moment) -> Reading:
        return Reading(self._shop, tx, scope, moment, whole_store=self._whole_store)

    def preview(self, scope: Scope, moment: Moment) -> Iterator[Ledger]:
        """
        The ledger with every order looked at anew, a batch of customers at a time.

        Nothing of it is written.
        """
        with transaction(self._shop.engine) as tx:
            due = read_due(self._reading(tx, scope, moment), self._accounts.native, anew=True)
        for part in due.iter_slices(BATCH):
            yield from self._previewed(part, moment)

    def _previewed(self, due: pl.DataFrame, moment: Moment) -> Iterator[Ledger]:
        """As `_looked_at`, without customers whose account cannot be kept."""
        try:
            with rolled_back(self._shop.engine) as tx:
                _, ledger, _ = self._looked_at(tx, due, moment)
        except CustomerError:
            half = due.height // 2
            for part in (due.head(half), due.tail(-half)) if half else ():
                yield from self._previewed(part, moment)
        else:
            yield ledger

    def change(
        self,
        customer_id: int,
        moment: Moment,
        change: Callable[[Connection, Holder, Rewarding], None],
    ) -> None:
        """
        Change one customer's account, and write what became of it.

        Args:
            change: Does it, in the transaction; where it raises, nothing is written.
        """
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, Scope.of([customer_id]), moment)
            ledger = Ledger(reading, "points")
            revisions = Revisions(tx, self._shop.own)
            rewarding = Rewardings(self._shop, revisions)
            current = rewarding(revisions.current(self._program, moment.epoch_s))
            change(tx, ledger.holder(customer_id), current)
            projection.write(reading, ledger, self._accounts.native)
        projection.write_pending(self._shop, self._accounts.native, [customer_id], moment)

    def change_tier(
        self,
        customer_id: int,
        moment: Moment,
        change: Callable[[Reading, Definition], None],
        also: Callable[[Connection], None],
    ) -> None:
        """
        Change what a person says of one customer's tier, and bring it to where it should be.

        Args:
            change: Does it, in the transaction; where it raises, nothing is written.
            also: Done after that, in the same transaction.
        """
        with transaction(self._shop.engine) as tx:
            reading = Reading(self._shop, tx, Scope.of([customer_id]), moment)
            definition = in_force(
                tx, self._shop.own, Revisions(tx, self._shop.own), self._program, moment
            )
            change(reading, definition)
            self.tiers(tx, moment, definition).look(reading, [customer_id])
            also(tx)

    def tiers(self, tx: Connection, moment: Moment, definition: Definition) -> Tiers:
        """The tiers of *definition*, while orders earn by this program."""
        revisions = Revisions(tx, self._shop.own)
        current = revisions.current(self._program, moment.epoch_s)
        return Tiers(definition, Rewardings(self._shop, revisions)(current), moment.epoch_s)

    def waiting_tiers(self, tx: Connection, moment: Moment) -> tuple[Definition, Definition] | None:
        """The tiers that hold, and those of the files that wait to; None: none wait."""
        revisions = Revisions(tx, self._shop.own)
        held = in_force(tx, self._shop.own, revisions, self._program, moment)
        if is_same(held.program, self._program):
            return None
        return held, Definition(revisions.current(self._program, moment.epoch_s), self._program)

    # -- one batch -------------------------------------------------------------------------

    def _bring(self, due: pl.DataFrame, moment: Moment) -> int:
        with transaction(self._shop.engine) as tx:
            reading, ledger, held = self._looked_at(tx, due, moment)
            entries = projection.write(reading, ledger, self._accounts.native)
            moved = held.look(reading, due["customer_id"].to_list())
        self._tier_changed += moved
        ids = due["customer_id"].to_list()
        projection.write_pending(self._shop, self._accounts.native, ids, moment)
        return entries

    def _looked_at(
        self, tx: Connection, due: pl.DataFrame, moment: Moment
    ) -> tuple[Reading, Ledger, Tiers]:
        """
        The ledger of those who are *due* as it should be; its entries are not written yet.

        With the tiers by which orders earned.
        """
        at = moment.epoch_s
        ids = due["customer_id"].to_list()
        reading = self._reading(tx, Scope.of(ids), moment)
        ledger = Ledger(reading, "points")
        revisions = Revisions(tx, self._shop.own)
        rewarding = Rewardings(self._shop, revisions)
        current = rewarding(revisions.current(self._program, at))
        new = due.filter("is_native_new")["customer_id"].to_list()
        self._accounts.ingest(reading, ledger, new, current.terms(at, at, is_pending=False))
        bought = due.filter("are_orders_new")
        orders = read_orders(reading, bought["customer_id"].to_list())
        definition = in_force(tx, self._shop.own, revisions, self._program, moment)
        held = Tiers(definition, current, at)
        known, fresh = self._remembered(reading, revisions, current, held, orders)
        for customer_id in ids:
            ledger.holder(customer_id).account.release(at)
        counts: dict[int, int] = {}
        for customer_id, orders_mark in bought.select("customer_id", "orders_mark").iter_rows():
            holder = ledger.holder(customer_id)
            theirs = orders.get(customer_id, [])
            counts |= accrue(holder, theirs, known, rewarding, revisions.earner_id, at)
            holder.orders_mark = orders_mark
        remembering.save(reading, _changed(known, fresh, counts), revisions.earner_id)
        remembering.forget_gone(reading, bought["customer_id"].to_list(), counts)
        for customer_id in ids:
            holder = ledger.holder(customer_id)
            expire(holder, self._program.expiry, at, self._zone)
            holder.waive(self._program.most_debt, at)
        return reading, ledger, held

    def _remembered(
        self,
        reading: Reading,
        revisions: Revisions,
        current: Rewarding,
        held: Tiers,
        orders: Mapping[int, Sequence[StoreOrder]],
    ) -> tuple[dict[int, Remembered], set[int]]:
        """
        What is remembered of the customers' orders; those that qualify first are now.

        And of which of them something else was remembered before.
        """
        every = [order for theirs in orders.values() for order in theirs]
        known = remembering.load(
            reading, [order.order_id for order in every], revisions.earner_name
        )
        new = [o for o in every if o.order_id not in known and current.qualifies(o)]
        buyers = sorted({order.customer_id for order in new})
        # What is asked of their facts is profiling, what an order earns as such is not.
        unprofiled = restrictions.read(reading.tx, reading.shop.own, Scope.of(buyers)).unprofiled
        buyers = [customer_id for customer_id in buyers if customer_id not in unprofiled]
        held_by = self._conditions.holding(reading.tx, buyers, reading.moment) if buyers else {}
        at = reading.moment.epoch_s
        nothing: frozenset[str] = frozenset()
        products = {line.product_id for order in new for line in order.lines}
        goods = GoodsOfRules(current.program).chosen(reading, products)
        tier_of = held.at_placement(reading, new)
        fresh = {order.order_id for order in new}
        for order in new:
            conditions, tier = held_by.get(order.customer_id, nothing), tier_of[order.order_id]
            known[order.order_id] = remember(current, order, conditions, goods, tier, at)
        for order in every:
            was, placed_at = known.get(order.order_id), order.placed_at or 0
            if was is not None and (was.customer_id, was.placed_at) != (
                order.customer_id,
                placed_at,
            ):
                known[order.order_id] = replace(
                    was, customer_id=order.customer_id, placed_at=placed_at
                )
                fresh.add(order.order_id)
        return known, fresh


def _changed(
    known: Mapping[int, Remembered], fresh: Collection[int], counts: Mapping[int, int]
) -> Iterator[Remembered]:
    """Of what is *known*, what is not written so yet."""
    for order_id, one in known.items():
        left = counts.get(order_id, 0)
        if order_id in fresh or one.counts != left:
            yield replace(one, counts=left)
