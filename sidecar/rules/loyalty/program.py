"""The loyalty program as a shop wrote it: what orders earn, what points are worth, tiers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from sidecar.rules.loyalty.expiry import Expiry, Rolling
from sidecar.rules.rule import Origin
from sidecar.rules.syntax import Expr, Span

#: Which part of an order earns: its goods after discounts, without or with tax, or all of it.
Basis = Literal["goods", "goods and tax", "total"]

#: What is left over below one point is dropped, or a half and more becomes one.
Rounding = Literal["down", "half up"]

#: Whether each line is rounded, or the order's sum.
RoundEach = Literal["order", "line"]

#: How several multipliers of one line go together: the largest; 1 + what each adds; all of them.
Stack = Literal["largest", "add", "multiply"]

#: What becomes of a rule's points when goods are returned: they stay; go when nothing is left
#: of what earned them; go in proportion.
OnRefund = Literal["keep", "all or nothing", "in proportion"]

Downgrade = Literal["to reached", "one step", "never"]

Metric = Literal["points earned", "net spend"]

Period = Literal["day", "week", "month", "year"]

#: What goods are chosen by, each a namespace of names.
ChosenBy = Literal["category", "product", "manufacturer"]
CHOSEN_BY: tuple[ChosenBy, ...] = get_args(ChosenBy)

#: How far back something counts.
Window = Span | Literal["lifetime"]

#: Rates are in ten-thousandths: of a point per currency unit, of a factor.
RATE_SCALE = 10_000

#: Where a program says nothing else.
GRACE = Span(30, "day")
AT_ONCE = Span(0, "day")
A_YEAR: Expiry = Rolling(Span(1, "year"))
FORTNIGHT = Span(14, "day")
TWELVE_MONTHS = Span(12, "month")
A_MONTH = Span(30, "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """
    Which lines of an order a rule is about; the names of the store's default language.

    Attributes:
        category: With their sub-categories.
        product: Names.
        manufacturer: Names.
    """

    category: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    manufacturer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """
    At most so many points of a rule.

    Attributes:
        points: How many.
        per: In one order, or in a calendar period of the program's zone.
    """

    points: int
    per: Literal["order"] | Period = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnRule:
    """
    What an order earns beside the points per unit.

    One of *points*, *per_unit* and *multiply* is set.

    Attributes:
        name: Unique in the program.
        points: So many for the order.
        per_unit: So many more per currency unit, in ten-thousandths.
        multiply: The points per unit times this, in ten-thousandths.
        when: The customer fulfils it when the order first qualifies; None: everybody.
        text: *when*, printed; empty without one.
        goods: Lines that count; those of an order without any earn nothing by the rule.
        tiers: Of the customer when the order was placed; empty: any and none.
        first: Placed on this day or later; None: any.
        last: Placed on this day or earlier; None: any.
        least_total: Of the order, in ten-thousandths; 0: any.
        caps: All hold.
        on_refund: What becomes of it when goods are returned.
        file: Where it stands.
        line: Of its table, counted from 1.
    """

    name: str
    points: int | None = None
    per_unit: int | None = None
    multiply: int | None = None
    when: Expr | None = None
    text: str = ""
    goods: Goods = Goods()
    tiers: tuple[str, ...] = ()
    first: datetime.date | None = None
    last: datetime.date | None = None
    least_total: int = 0
    caps: tuple[Cap, ...] = ()
    on_refund: OnRefund = "in proportion"
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """
    A tier, for customers whose metric reaches *threshold*.

    Attributes:
        name: Unique in the program.
        threshold: In ten-thousandths of what the metric counts: a point, or a currency unit.
        keep: From what on who is in it keeps it at a review, likewise; None: the threshold.
        multiplier: Of the points per unit of orders placed in it, in ten-thousandths.
        window: How far back the metric counts for it; None: as the program says.
        grace: How long after a review at which it was missed it is kept.
        downgrade: To the tier that is reached, one step, or never.
        benefits: What it gives besides, for people: a name and a text.
    """

    name: str
    threshold: int
    multiplier: int = RATE_SCALE
    window: Window | None = None
    grace: Span = GRACE
    downgrade: Downgrade = "to reached"
    keep: int | None = None
    benefits: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)


#: Where a program names no tiers of its own.
EXAMPLE_TIERS = (
    Tier(name="Bronze", threshold=0),
    Tier(name="Silver", threshold=1_000 * RATE_SCALE, multiplier=12_000),
    Tier(name="Gold", threshold=5_000 * RATE_SCALE, multiplier=15_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeeming:
    """
    How points become money.

    Attributes:
        least: Points that are redeemed at once, at least; None: as many as are worth one unit.
        share: Of an order's goods that a coupon pays, at most, in ten-thousandths.
        least_order: What goods must cost for a coupon to be used, in ten-thousandths.
        valid: How long a coupon can be used; None: for ever.
    """

    least: int | None = None
    share: int = RATE_SCALE
    least_order: int = 0
    valid: Span | None = A_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """
    How store credit is kept.

    Attributes:
        expiry: How long it is good, where who issues it says nothing; None: it never expires.
        refund_expiry: The same of refunds.
        approve_above: What one person issues alone, at most, in ten-thousandths; None: anything.
    """

    expiry: Span | None = None
    refund_expiry: Span | None = None
    approve_above: int | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    A shop's loyalty program.

    Attributes:
        start: Orders placed on this day or later earn; None: all orders there are.
        per_unit: Points per currency unit, in ten-thousandths.
        points_for_one: How many points are worth one currency unit.
        basis: Which part of an order earns.
        rounding: Of what is left over below one point.
        round_each: Whether lines are rounded, or the order.
        statuses: Names of those in which an order earns; empty: the store's completed ones.
        pending: How long after that its points can be spent.
        expiry: When points expire.
        restored: How long points are good at least that come back to a lot that has expired
            meanwhile; None: they expire at once.
        most_debt: Points that a customer may owe for orders that were taken back; what goes
            beyond is waived and shown.
        stack: How several multipliers go together.
        most_multiplied: All multipliers together, at most, in ten-thousandths.
        zone: Name of the zone its days are counted in; empty: the store's.
        metric: What tiers are reached by: base points within the window, without what tiers
            and rules add; or money spent.
        window: How far back the metric of tiers counts.
        tiers: The lowest threshold first.
        earn: Further rules, in the order of their files.
        redeeming: How points become money.
        credit: How store credit is kept; None: it is the store's own, and only read.
        cards: Whether who has an account gets a card.
    """

    start: datetime.date | None
    per_unit: int = 10 * RATE_SCALE
    points_for_one: int = 100
    basis: Basis = "goods"
    rounding: Rounding = "down"
    round_each: RoundEach = "order"
    statuses: tuple[str, ...] = ()
    pending: Span = AT_ONCE
    expiry: Expiry = A_YEAR
    restored: Span | None = FORTNIGHT
    most_debt: int | None = None
    stack: Stack = "largest"
    most_multiplied: int | None = None
    zone: str = ""
    metric: Metric = "points earned"
    window: Window = TWELVE_MONTHS
    tiers: tuple[Tier, ...] = EXAMPLE_TIERS
    earn: tuple[EarnRule, ...] = ()
    redeeming: Redeeming = Redeeming()
    credit: Credit | None = None
    cards: bool = True
    file: str = ""
    line: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)
