"""
What a change of the program would have cost: what both programs give for the same orders.

Nothing is written, and nothing of the ledger is asked: every order counts as if both programs
had held when it was placed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection

from sidecar.errors import CustomerError, UsageError
from sidecar.model import Moment, Scope
from sidecar.rules import calendar
from sidecar.rules.language.check import check
from sidecar.rules.loyalty.program import EarnRule, Program, Tier
from sidecar.rules.syntax import Span
from sidecar.shop.database import rolled_back
from sidecar.shop.shop import Shop
from sidecar.sync import state
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.facts import loyalty as loyalty_facts
from sidecar.sync.loyalty.accrual import Remembered, order_targets, remember
from sidecar.sync.loyalty.beginning import require_program
from sidecar.sync.loyalty.conditions import Conditions
from sidecar.sync.loyalty.goods import GoodsOfRules, by_id, numbers
from sidecar.sync.loyalty.orders import StoreOrder, buyers, read_orders
from sidecar.sync.loyalty.posting import SETTLED
from sidecar.sync.loyalty.revisions import Revisions, earner_key
from sidecar.sync.loyalty.rewarding import Rewarding, zone_of
from sidecar.sync.loyalty.simulation import Given, Simulation
from sidecar.sync.ranges import Progress, customers_in_store, ranges
from sidecar.sync.reading import WHOLE, Reading
from sidecar.sync.state import Json

#: Days looked back where nobody says how many, and at most.
DAYS, MOST_DAYS = 90, 36_500

#: Customers whose orders are looked for at once, and whose orders are read at once.
_RANGE, _BATCH = 20_000, 1_000

_LARGEST = 2**63 - 1

#: What has to be known of the numbers.
_NOTES = (
    "each order counts as if both programs had held when it was placed, whatever their start",
    "customers are as they are now: their tier, group, tags and segments, and what they bought",
    "an order that was cancelled or refunded since counts as what is left of it",
)


def simulate(
    shop: Shop,
    installed: Rulebook,
    changed: Rulebook,
    days: int,
    moment: Moment,
    progress: Progress | None = None,
) -> dict[str, Json]:
    """
    What the program in force and the one of *changed* give for orders of the last *days*.

    Args:
        installed: The rules as they are; where no program is in force yet, theirs is.
        changed: The rules as they may become.

    Raises:
        ConfigError: *changed* has no loyalty program.
        UsageError: These are too many days.
    """
    if days > MOST_DAYS:
        raise UsageError(f"at most {MOST_DAYS:,} days, not {days:,}")
    program = require_program(changed.checked.rules)
    after = by_id(program, changed.checked.names, shop.settings.complete)
    with rolled_back(shop.engine) as tx:
        revision, before = _in_force(tx, shop, installed)
    notes: list[str] = []
    sides = (
        None if before is None else _Side(shop, installed, before, notes),
        _Side(shop, changed, after, notes),
    )
    since = calendar.since(Span(days, "day"), moment)
    found = Simulation()
    done, total = 0, customers_in_store(shop)
    for scope in ranges(shop, _RANGE):
        _count(_Look(shop, sides, since, moment), scope, found)
        done = min(done + _RANGE, total)
        if progress:
            progress(done, total)
    told = found.told(
        before, after, shop.settings.currency, _spelled(installed, changed), [*notes, *_NOTES]
    )
    begins = calendar.add(moment.today, Span(days, "day"), -1)
    return {"days": days, "since": begins.isoformat(), "revision": revision, **told}


def _in_force(tx: Connection, shop: Shop, installed: Rulebook) -> tuple[int | None, Program | None]:
    """The program in force, with its number; that of the rules files where none is yet."""
    settled = state.read(tx, shop.own, SETTLED)
    if isinstance(settled, int):
        return settled, Revisions(tx, shop.own).program(settled)
    program = installed.checked.rules.program
    if program is None:
        return None, None
    return None, by_id(program, installed.checked.names, shop.settings.complete)


def _spelled(*books: Rulebook) -> dict[str, str]:
    """How people write the names of earn rules."""
    return {earner_key(rule.name): rule.name for book in books for rule in book.checked.rules.earn}


# -- one program ---------------------------------------------------------------------------


class _Side:
    """
    One of the two programs.

    Args:
        book: Whose tags and segments its conditions name.
        program: As of `by_id`.
        notes: Told what cannot be asked any more.
    """

    def __init__(self, shop: Shop, book: Rulebook, program: Program, notes: list[str]) -> None:
        earn = tuple(
            dataclasses.replace(rule, name=earner_key(rule.name))
            for rule in program.earn
            if _can_be_asked(shop, book, rule, notes)
        )
        self.program = program = dataclasses.replace(program, start=None, earn=earn)
        self._rewarding = Rewarding(
            revision=0,
            program=program,
            statuses=numbers(program.statuses),
            zone=zone_of(program, shop),
        )
        self._conditions = Conditions(shop, book, program)
        self._goods = GoodsOfRules(program)
        self.has_caps = any(cap.per != "order" for rule in earn for cap in rule.caps)

    def given(
        self, look: _Look, reading: Reading, orders: Mapping[int, Sequence[StoreOrder]]
    ) -> dict[int, Given]:
        """What it gives each customer for *orders* of the time that is looked at."""
        qualifying = {
            customer_id: some
            for customer_id, theirs in orders.items()
            if (some := [order for order in theirs if self._counts(look, order)])
        }
        held = self._conditions.holding(reading.tx, sorted(qualifying), reading.moment)
        every = [order for theirs in qualifying.values() for order in theirs]
        products = {line.product_id for order in every for line in order.lines}
        goods = self._goods.chosen(reading, products)
        tiers = look.tiers(reading, sorted(qualifying))
        found = {}
        for customer_id, theirs in qualifying.items():
            tier = self._tier(tiers, customer_id)
            known = {
                order.order_id: remember(
                    self._rewarding, order, held[customer_id], goods, tier, order.placed_at or 0
                )
                for order in theirs
            }
            found[customer_id] = self._given(look, theirs, known)
        return found

    def _counts(self, look: _Look, order: StoreOrder) -> bool:
        """Whether *order* earns, or uses up caps of orders that came later."""
        if order.placed_at is None or order.placed_at > look.moment.epoch_s:
            return False
        is_looked_at = self.has_caps or order.placed_at >= look.since
        return is_looked_at and self._rewarding.qualifies(order)

    def _tier(self, tiers: Mapping[int, str | None] | None, customer_id: int) -> Tier | None:
        if tiers is None:  # none hold yet, and everybody begins in the lowest
            lowest = self.program.tiers[0] if self.program.tiers else None
            return lowest if lowest is not None and lowest.threshold == 0 else None
        name = tiers[customer_id]
        return next((tier for tier in self.program.tiers if tier.name == name), None)

    def _given(
        self, look: _Look, orders: list[StoreOrder], known: Mapping[int, Remembered]
    ) -> Given:
        orders.sort(key=lambda order: (order.placed_at or 0, order.order_id))
        counted: set[int] = set()
        points: dict[str, int] = {}
        for order, by_rule, _ in order_targets(orders, known, lambda _: self._rewarding):
            if (order.placed_at or 0) >= look.since:
                counted.add(order.order_id)
                for rule, number in by_rule.items():
                    points[rule] = points.get(rule, 0) + number
        beyond = max(map(abs, [sum(points.values()), *points.values()]), default=0)
        if beyond > _LARGEST and orders:
            raise CustomerError(
                f"{beyond} points of customer {orders[0].customer_id} are more than 64 bits hold"
            )
        return Given(frozenset(counted), points)


def _can_be_asked(shop: Shop, book: Rulebook, rule: EarnRule, notes: list[str]) -> bool:
    """Whether the condition of *rule* still means something; else *notes* are told."""
    if rule.when is None:
        return True
    rules = book.checked.rules
    off = [one.name for one in rules.off if one.kind == "segment"]
    problems = check(
        rule.when,
        book.dictionary.catalogue,
        book.checked.names,
        rules.lists,
        [*(segment.name for segment in rules.segments), *off],
        file="",
        source="",
        tags=[tag.name for tag in rules.tags],
        paid_statuses=shop.paid,
    )
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        notes.append(
            f"the earn rule '{rule.name}' of the program in force counts for nobody:"
            f" {wrong[0].message}"
        )
    return not wrong


# -- customers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """
    What is looked at.

    Attributes:
        sides: The program before, None where there was none, and the one after.
        since: When the first orders were placed.
    """

    shop: Shop
    sides: tuple[_Side | None, _Side]
    since: int
    moment: Moment

    def given(self, scope: Scope, customers: Sequence[int]) -> Iterator[tuple[int, Given, Given]]:
        """
        What both programs give each of *customers*.

        Raises:
            CustomerError: A customer's numbers do not fit; others may.
        """
        nothing = Given()
        with rolled_back(self.shop.engine) as tx:
            reading = Reading(self.shop, tx, scope, self.moment)
            orders = read_orders(reading, customers)
            before, after = (
                {} if side is None else side.given(self, reading, orders) for side in self.sides
            )
        for customer_id in customers:
            yield customer_id, before.get(customer_id, nothing), after.get(customer_id, nothing)

    def tiers(self, reading: Reading, customers: Collection[int]) -> dict[int, str | None] | None:
        """The tiers of *customers* as they are now; None: none hold yet."""
        if state.read(reading.tx, self.shop.own, loyalty_facts.TIERS) is None:
            return None
        some = dataclasses.replace(reading, scope=Scope.of(customers), scoped={})
        frame = pl.DataFrame({"customer_id": sorted(customers)}, schema={"customer_id": WHOLE})
        return dict(loyalty_facts.load(some, {"tier"}, frame, 1).iter_rows())


def _count(look: _Look, scope: Scope, found: Simulation) -> None:
    """Count *found* in the customers of *scope* who ordered in the time that is looked at."""
    with rolled_back(look.shop.engine) as tx:
        ids = buyers(Reading(look.shop, tx, scope, look.moment), look.since)
    for start in range(0, len(ids), _BATCH):
        _count_each(look, ids[start : start + _BATCH], found)


def _count_each(look: _Look, customers: Sequence[int], found: Simulation) -> None:
    """As `_count`; a customer whose numbers do not fit is left out, and told."""
    try:
        counted = list(look.given(Scope.of(customers), customers))
    except CustomerError as error:
        half = len(customers) // 2
        if not half:
            found.left_out[customers[0]] = str(error)
        for part in (customers[:half], customers[half:]) if half else ():
            _count_each(look, part, found)
        return
    for one in counted:
        found.count(*one)
