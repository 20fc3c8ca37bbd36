"""
What a customer's orders earn: remembered when an order first qualifies, brought to its target
ever after.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.rules.loyalty.earning import Line, Order, capped, counts, targets
from sidecar.rules.loyalty.program import RATE_SCALE, EarnRule, Tier
from sidecar.sync.loyalty.holder import Holder, Key
from sidecar.sync.loyalty.orders import StoreOrder
from sidecar.sync.loyalty.rewarding import Rewarding


@dataclass(frozen=True, slots=True)
class Remembered:
    """
    What was true of an order when it first qualified.

    Attributes:
        revision: Of the program that it is rewarded by.
        qualified_at: In seconds since 1970.
        multiplier: Of the customer's tier, in ten-thousandths.
        rules: Names of the earn rules that held.
        goods: Names of the earn rules with goods, by the products that they chose.
        placed_at: When it was placed, in seconds since 1970; 0: the store has no possible date.
        counts: What of it earned and was left when it was last looked at, in ten-thousandths.
    """

    order_id: int
    customer_id: int
    revision: int
    qualified_at: int
    multiplier: int = RATE_SCALE
    rules: frozenset[str] = frozenset()
    goods: Mapping[int, frozenset[str]] = field(default_factory=dict)
    placed_at: int = 0
    counts: int = 0


def remember(
    rewarding: Rewarding,
    order: StoreOrder,
    held: frozenset[str],
    goods: Mapping[int, frozenset[str]],
    tier: Tier | None,
    at: int,
) -> Remembered:
    """
    What is true of *order* now, when it qualifies for the first time.

    Args:
        held: Names of the earn rules whose condition the customer fulfils.
        goods: By product, names of the earn rules whose goods it is.
        tier: Of the customer when the order was placed; None: none.
    """
    program = rewarding.program
    day = rewarding.day(order.placed_at)
    rules = (rule for rule in program.earn if _holds(rule, order, day, held, tier))
    return Remembered(
        order_id=order.order_id,
        customer_id=order.customer_id,
        revision=rewarding.revision,
        qualified_at=at,
        multiplier=RATE_SCALE if tier is None else tier.multiplier,
        rules=frozenset(rule.name for rule in rules),
        goods={p: goods[p] for line in order.lines if (p := line.product_id) in goods},
        placed_at=order.placed_at or 0,
    )


def _holds(
    rule: EarnRule,
    order: StoreOrder,
    day: datetime.date | None,
    held: frozenset[str],
    tier: Tier | None,
) -> bool:
    if rule.when is not None and rule.name not in held:
        return False
    if rule.tiers and (tier is None or tier.name not in rule.tiers):
        return False
    if order.total < rule.least_total:
        return False
    if rule.first is None and rule.last is None:
        return True
    if day is None:
        return False
    return (rule.first or day) <= day <= (rule.last or day)


def accrue(
    holder: Holder,
    orders: Sequence[StoreOrder],
    remembered: Mapping[int, Remembered],
    by_revision: Callable[[int], Rewarding],
    earner_id: Callable[[str], int],
    at: int,
) -> dict[int, int]:
    """
    Bring what *holder* has for *orders*, and for those that are gone, to its target.

    Args:
        orders: All that the customer has now.
        remembered: Of those that qualified once, by order.
        at: Now, in seconds since 1970.

    Returns:
        What of each order earns and is left, in ten-thousandths of a currency unit.
    """
    known = [order for order in orders if order.order_id in remembered]
    known.sort(key=lambda order: (remembered[order.order_id].qualified_at, order.order_id))
    wanted: dict[tuple[int, int], int] = {}
    counted: dict[int, int] = {}
    for order, points, left in order_targets(known, remembered, by_revision):
        counted[order.order_id] = left
        for name, number in points.items():
            wanted[order.order_id, earner_id(name)] = number
    posted = {(key.source_id, key.earner_id) for key in holder.causes if key.kind == "earn"}
    for order_id, rule in sorted((posted - wanted.keys()) | wanted.keys(), key=_by_order):
        cause = holder.cause(Key("earn", order_id, rule), at)
        target = 0 if cause.is_overruled else wanted.get((order_id or 0, rule), 0)
        terms = None
        if target > cause.posted and (found := remembered.get(order_id or 0)) is not None:
            terms = by_revision(found.revision).terms(found.qualified_at, at)
        holder.post(cause, target, at, terms)
    return counted


def _by_order(pair: tuple[int | None, int]) -> tuple[int, int]:
    return pair[0] or 0, pair[1]


def order_targets(
    orders: Sequence[StoreOrder],
    remembered: Mapping[int, Remembered],
    by_revision: Callable[[int], Rewarding],
) -> Iterator[tuple[StoreOrder, Mapping[str, int], int]]:
    """
    Each of one customer's *orders* with what it earns by the name of the rule, caps included,
    and what of it earns and is left.

    Args:
        orders: In the order in which they qualified; all of them are remembered.
    """
    each, left = [], []
    for order in orders:
        found = remembered[order.order_id]
        rewarding = by_revision(found.revision)
        known = _known(rewarding, order, found)
        each.append((known, targets(known, rewarding.program), rewarding.program))
        left.append(counts(known, rewarding.program))
    return zip(orders, capped(each), left, strict=True)


def _known(rewarding: Rewarding, order: StoreOrder, found: Remembered) -> Order:
    """*order* as what counts for what it earns."""
    day = rewarding.day(found.qualified_at)
    assert day is not None  # noqa: S101 - it has an instant
    lines = tuple(
        Line(
            total=line.total,
            tax=line.tax,
            quantity=line.quantity,
            returned=line.returned,
            rules=found.goods.get(line.product_id, frozenset()),
        )
        for line in order.lines
    )
    return Order(
        qualifies=rewarding.qualifies(order),
        day=day,
        lines=lines,
        total=order.total,
        discounts=order.discounts,
        multiplier=found.multiplier,
        rules=found.rules,
    )
