"""
Golden cases: one for every rule of points, against a real database, each a sentence.

The rule, and its cases by the beginning of their sentences:

* earning, once an order and rule: *an order earns once*, *a rule is the rule*
* what counts: *goods after discounts*, *what points paid*, *tax counts*, *all that is paid*
* rounding: *what is left over*, *a half*, *each line*
* statuses: *an order that leaves*
* returns, edits, credit orders: *of three units*, *an edited order*, *a credit order*,
  *returned one by one*; ``on_refund``: *a bonus*, in three
* what was spent comes back: *points that come back*, *points that come back late*, *… at once*
* taking back: *what is taken back*, *what was spent is owed*, *debt beyond*, *clamped*
* spending: *what expires soonest*, *of two that expire together*
* expiry: *a year*, *the end of the month*, *a fixed day*, *inactivity*, *31 January*,
  *the program's zone*, *another policy*, *a reservation*
* the store's rows: *each change is a row*, *a row of the checkout*, *a row that the checkout*,
  *what a person gives*, *a row of ours that is removed*, *a row of ours that took*,
  *a row beside*, *spent twice*
* pending: *points wait*
* caps: *a cap of a month*, *a month of the program's zone*
* multipliers: *the largest*, *added*, *multiplied*, *a ceiling*, *the tier that it was placed in*

Tiers have their cases in ``tests/unit/loyalty/test_tiers.py`` and ``test_loyalty_tiers.py``:
up at once, held through the window, review, grace, the same tenure within the grace, one step,
never, to what is reached, locks that go on counting, upgrades taken back, tiers for life, windows
of their own, other definitions told first.

Not built, and so without a case: expiry of single rules, dates anew after a change of policy,
reminders, a log of what a cap left out, a check of the balance at the store's own checkout. Of
tiers: calendar and membership years, orders or an expression as metric, counting only after the
return window, moving up only at reviews, a floor, tiers for life after years, benefits that are
handed out.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from support.given import Line
from support.ledger_audit import hold
from support.points import COMPLETE, PENDING, account, program
from support.rows import Value
from support.small_store import SmallStore

UTC = datetime.UTC

#: Amounts that are taken off an order, as OpenCart writes them.
COUPON, POINTS = "coupon", "reward"


class Desk:
    """A store with one customer, and what happens there."""

    def __init__(self, store: SmallStore) -> None:
        self.store = store
        store.now = datetime.datetime(2027, 3, 10, 12, tzinfo=UTC)
        self.ann = store.given.customer()

    def rules(self, text: str = "") -> None:
        program(self.store, text)

    def bought(
        self, *totals: str, off: str = "", code: str = COUPON, tax: str = "0", quantity: int = 1
    ) -> int:
        """A complete order of goods for *totals*, seen at once."""
        lines = [
            Line(product=40 + n, price=total, tax=tax, quantity=quantity)
            for n, total in enumerate(totals)
        ]
        total = str(sum(float(one) * quantity for one in totals))
        order_id = self.store.given.order(self.ann, total, lines=lines, at=self.store.now)
        if off:
            row: dict[str, Value] = {"title": code, "sort_order": 1}
            self.store.given.insert(
                "order_total", row, order_id=order_id, code=code, value=f"-{off}"
            )
        self.look()
        return order_id

    def becomes(self, order_id: int, *statuses: int) -> None:
        for status in statuses:
            self.touch(order_id, order_status_id=status)
            self.look()

    def touch(self, order_id: int, **columns: Any) -> None:
        self.store.now += datetime.timedelta(seconds=1)
        self.store.given.update(
            "order", {"order_id": order_id}, date_modified=self.store.now, **columns
        )

    def returned(self, order_id: int, units: int = 1) -> None:
        self.store.given.goods_return(self.ann, order_id, 40, units, status=3)
        self.look()

    def row(self, points: int, order_id: int = 0, text: str = "Somebody") -> int:
        """The store, or a person, writes a row of its own."""
        row = {"customer_id": self.ann, "order_id": order_id, "points": points}
        number = self.store.given.insert("customer_reward", {"description": text}, **row)
        self.look()
        return number

    def deleted(self, where: str) -> None:
        table = f"{self.store.given.prefix}customer_reward"
        self.store.given.execute(f"DELETE FROM {table} WHERE {where}")
        self.look()

    def later(self, days: float) -> None:
        self.store.now += datetime.timedelta(days=days)
        self.look()

    def on(self, day: str) -> None:
        self.store.now = datetime.datetime.fromisoformat(day).replace(tzinfo=UTC)
        self.look()

    def look(self) -> None:
        self.store.process(self.ann)

    @property
    def has(self) -> int:
        """What the customer can spend, of which the store's rows say the same."""
        hold(self.store)
        return int(account(self.store, self.ann)["available"])

    @property
    def waits(self) -> int:
        return int(account(self.store, self.ann)["pending"])

    def lots(self) -> list[tuple[int, int]]:
        """Order and what is left of it, of lots with something left, the oldest first."""
        query = (
            "SELECT c.source_id, l.remaining FROM {own}lot l JOIN {own}cause c USING (cause_id)"
            " WHERE l.remaining <> 0 AND c.kind = 'earn' ORDER BY l.lot_id"
        )
        return [(row["source_id"], row["remaining"]) for row in self.store.rows(query)]

    def last_day(self) -> str:
        """The last day of the lot that expires first."""
        query = "SELECT MIN(expires_at) AS n FROM {own}lot WHERE remaining > 0"
        (found,) = self.store.rows(query)
        last = datetime.datetime.fromtimestamp(found["n"], UTC) - datetime.timedelta(seconds=1)
        return last.date().isoformat()

    def rows(self) -> list[tuple[int, int, str]]:
        """Order, points and text of the store's rows."""
        query = f"SELECT * FROM {self.store.given.prefix}customer_reward ORDER BY 1"
        found = self.store.rows(query)
        return [(row["order_id"], row["points"], row["description"]) for row in found]


Play = Callable[[Desk], Iterable[tuple[object, object]]]

#: A sentence, and what it says: what is, and what must be.
CASES: dict[str, Play] = {}


def case(sentence: str) -> Callable[[Play], Play]:
    def add(play: Play) -> Play:
        assert sentence not in CASES
        CASES[sentence] = play
        return play

    return add


# -- what an order earns -------------------------------------------------------------------


@case("an order earns once, however often its status flips")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("60")
    desk.becomes(order_id, PENDING, COMPLETE, PENDING, COMPLETE)
    yield desk.has, 600


@case("a rule is the rule as it was when the order first earned")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("60")
    desk.rules("points_per_unit = 50\n")
    desk.store.full_pass()
    desk.returned(order_id + 1_000)
    desk.becomes(order_id, PENDING, COMPLETE)
    yield desk.has, 600
    desk.bought("60")
    yield desk.has, 600 + 3_000


@case("goods after discounts earn, without tax and shipping")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("90", "10", off="20", tax="19")
    desk.touch(order_id, total="140")  # with shipping and tax
    desk.look()
    yield desk.has, 800


@case("what points paid of an order earns nothing")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("90", "10", off="20", code=POINTS)
    yield desk.has, 800


@case("tax counts where the program says so")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('basis = "goods and tax"\n')
    desk.bought("100", tax="19")
    yield desk.has, 1_190


@case("all that is paid counts where the program says so")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('basis = "total"\n')
    order_id = desk.bought("100")
    desk.touch(order_id, total="124")
    desk.look()
    yield desk.has, 1_240


@case("what is left over below a point is dropped, once an order")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("0.19", "0.19")
    yield desk.has, 3


@case("a half becomes a point where the program says so")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('rounding = "half up"\n')
    desk.bought("0.25")
    yield desk.has, 3


@case("each line is rounded where the program says so")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('round_each = "line"\n')
    desk.bought("0.19", "0.19")
    yield desk.has, 2


# -- statuses, returns, edits --------------------------------------------------------------


@case("an order that leaves its status brings the same lot back, with the day it had")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("60")
    before = desk.lots(), desk.last_day()
    desk.later(20)
    desk.becomes(order_id, PENDING)
    yield desk.has, 0
    desk.later(20)
    desk.becomes(order_id, COMPLETE)
    yield (desk.lots(), desk.last_day()), before


@case("of three units of which one is returned two earn")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("10", quantity=3)
    desk.returned(order_id)
    yield desk.has, 200


@case("returned one by one, nothing is left and nothing owed of any rounding")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("0.33", quantity=7)
    for left in (19, 16, 13, 9, 6, 3, 0):
        desk.returned(order_id)
        yield desk.has, left


@case("an edited order earns what it is worth now")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("60")
    table = f"{desk.store.given.prefix}order_product"
    desk.store.given.execute(f"UPDATE {table} SET price = 45, total = 45")
    desk.touch(order_id, total="45")
    desk.look()
    yield desk.has, 450


@case("a credit order takes points")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("60")
    desk.bought("-25")
    yield desk.has, 350


def _bonus(on_refund: str, one: int, all_: int) -> None:
    @case(f"a bonus of 50 for three units that goes {on_refund!r} is {one}, then {all_}")
    def _(desk: Desk) -> Iterable[tuple[object, object]]:
        rule = f'[[earn]]\nname = "Thanks"\npoints = 50\non_refund = "{on_refund}"\n'
        desk.rules(f"points_per_unit = 0.0001\n{rule}")
        order_id = desk.bought("1", quantity=3)
        yield desk.has, 50
        desk.returned(order_id)
        yield desk.has, one
        desk.returned(order_id, 2)
        yield desk.has, all_


_bonus("all or nothing", 50, 0)
_bonus("in proportion", 33, 0)
_bonus("keep", 50, 50)


# -- spending, and what comes back ---------------------------------------------------------


@case("what expires soonest is spent first")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 year"\n')
    first = desk.bought("10")
    desk.rules('expiry = "1 month"\n')
    desk.store.full_pass()
    second = desk.bought("10")
    desk.row(-120, 77)
    yield desk.lots(), [(first, 80)]
    yield second > first, True


@case("of two that expire together the older is spent first")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = { on = "12-31" }\n')
    desk.bought("10")
    desk.later(5)
    second = desk.bought("10")
    desk.row(-120, 77)
    yield desk.lots(), [(second, 80)]


@case("what never expires is spent last")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "never"\n')
    first = desk.bought("10")
    desk.rules('expiry = "1 year"\n')
    desk.store.full_pass()
    desk.bought("10")
    desk.row(-120, 77)
    yield desk.lots(), [(first, 80)]


@case("points that come back from an order not confirmed go where they came from")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("10")
    desk.later(5)
    desk.bought("10")
    before = desk.lots()
    desk.row(-150, 77)
    desk.deleted("order_id = 77 AND points < 0")
    yield desk.lots(), before


@case("points that come back late are good for a fortnight at least")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 month"\n')
    desk.bought("10")
    desk.row(-100, 77)
    desk.on("2027-06-01T12:00")
    desk.deleted("order_id = 77")
    yield (desk.has, desk.last_day()), (100, "2027-06-15")
    desk.on("2027-06-16T00:00")
    yield desk.has, 0


@case("points that come back late are gone at once where the program says so")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 month"\nrestored = "never"\n')
    desk.bought("10")
    desk.row(-100, 77)
    desk.on("2027-06-01T12:00")
    desk.deleted("order_id = 77")
    yield desk.has, 0


# -- taking back ---------------------------------------------------------------------------


@case("what is taken back comes from pending points, the order's, the newest, and is owed then")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    oldest = desk.bought("10")
    desk.later(1)
    order_id = desk.bought("30")
    desk.later(1)
    desk.bought("10")
    desk.row(-150, 77)  # the oldest lot, and 50 of the order's
    desk.touch(order_id, order_status_id=PENDING)
    desk.look()
    # 250 of its own, 50 of the newest.
    yield [left for _, left in desk.lots()], [50]
    yield desk.has, 50
    yield oldest in dict(desk.lots()), False


@case("what was spent is owed, and paid by what is earned next")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("60")
    desk.row(-500, 77)
    desk.becomes(order_id, PENDING)
    yield desk.has, -500
    desk.bought("80")
    yield desk.has, 300


@case("debt beyond the limit is waived, and comes back with the order")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules("most_debt = 100\n")
    order_id = desk.bought("60")
    desk.row(-600, 77)
    desk.becomes(order_id, PENDING)
    yield desk.has, -100
    desk.becomes(order_id, COMPLETE)
    yield desk.has, 0


@case("clamped is nothing: who spends, returns and buys again has one order's points")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    for _ in range(3):
        order_id = desk.bought("60")
        desk.row(-max(0, desk.has), 77)
        desk.becomes(order_id, PENDING)
    desk.bought("60")
    # Of the first order's points nothing came back; what was spent of it is paid since.
    yield desk.has, 0


# -- expiry --------------------------------------------------------------------------------


def _expires(sentence: str, policy: str, bought: str, last: str) -> None:
    @case(sentence)
    def _(desk: Desk) -> Iterable[tuple[object, object]]:
        desk.rules(policy)
        desk.on(f"{bought}T12:00")
        desk.bought("10")
        yield desk.last_day(), last
        desk.on(f"{last}T23:59")
        yield desk.has, 100
        desk.store.now += datetime.timedelta(minutes=1)
        desk.look()
        yield desk.has, 0


_expires("a year is up to the midnight after its last day", "", "2027-03-10", "2028-03-10")
_expires(
    "the end of the month puts the last day off",
    'expiry = { after = "1 year", to_end_of = "month" }\n',
    "2027-03-10",
    "2028-03-31",
)
_expires(
    "a fixed day with grace is the last for all",
    'expiry = { on = "12-31", grace = "2 months" }\n',
    "2027-03-10",
    "2028-02-29",
)
_expires(
    "31 January and a month is 28 February", 'expiry = "1 month"\n', "2027-01-31", "2027-02-28"
)


@case("inactivity ends all points at once, and every order and spend puts it off")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = { inactivity = "30 days" }\n')
    desk.bought("10")
    desk.later(25)
    desk.bought("1")
    desk.later(25)
    desk.row(-5, 77)
    desk.later(25)
    yield desk.has, 105
    desk.later(6)
    yield desk.has, 0


@case("the program's zone says when a day is over")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 day"\ntimezone = "America/New_York"\n')
    desk.on("2027-01-10T12:00")
    desk.bought("10")
    desk.on("2027-01-12T04:59")
    yield desk.has, 100
    desk.on("2027-01-12T05:00")
    yield desk.has, 0


@case("another policy leaves the days of what is there")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 month"\n')
    desk.bought("10")
    desk.rules('expiry = "never"\n')
    desk.store.full_pass()
    yield desk.last_day(), "2027-04-10"


@case("a reservation does not expire: what the checkout took in time was good")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('expiry = "1 month"\n')
    desk.bought("10")
    desk.row(-60, 77)
    desk.on("2027-04-11T12:00")
    yield desk.has, 0
    query = "SELECT -SUM(amount) AS n FROM {own}entry WHERE kind = 'expire'"
    yield desk.store.rows(query)[0]["n"], 40


# -- the store's own rows ------------------------------------------------------------------


@case("each change is a row in the store, with the number of its entry")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("10")
    desk.becomes(order_id, PENDING)
    (first, second) = (
        row["entry_id"] for row in desk.store.rows("SELECT entry_id FROM {own}entry ORDER BY 1")
    )
    yield (
        desk.rows(),
        [
            (order_id, 100, f"Order #{order_id} [sidecar:{first}]"),
            (0, -100, f"Order #{order_id}, taken back [sidecar:{second}]"),
        ],
    )


@case("a row of the checkout is a spend")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("10")
    desk.row(-30, 77)
    yield (desk.has, len(desk.rows())), (70, 2)


@case("a row that the checkout deletes is given back")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("10")
    desk.row(-30, 77)
    desk.deleted("order_id = 77")
    yield desk.has, 100


@case("what a person gives in the store counts, and no more when it is gone")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    number = desk.row(40)
    yield (desk.has, desk.last_day()), (40, "2028-03-10")
    desk.deleted(f"customer_reward_id = {number}")
    yield desk.has, 0


@case("a row of ours that is removed is revoked for good")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("10")
    desk.deleted(f"order_id = {order_id} AND points > 0")
    desk.becomes(order_id, PENDING, COMPLETE)
    yield desk.has, 0


@case("a row of ours that took points is written again")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("10")
    desk.becomes(order_id, PENDING)
    desk.deleted("points < 0")
    yield desk.has, 0


@case("a row beside a rewarded order does not count")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    order_id = desk.bought("10")
    desk.row(70, order_id, "Order ID")
    hold(desk.store, {desk.ann: 70})
    yield account(desk.store, desk.ann)["available"], 100


@case("spent twice from two browsers is owed, and seen")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    desk.bought("10")
    desk.row(-100, 77)
    desk.row(-100, 78)
    yield desk.has, -100
    kinds = [row["kind"] for row in desk.store.rows("SELECT kind FROM {own}finding")]
    yield kinds, ["points.negative"]


# -- pending, caps, multipliers ------------------------------------------------------------


@case("points wait as long as the program says, and can be spent then")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('pending = "14 days"\n')
    desk.bought("10")
    yield (desk.has, desk.waits), (0, 100)
    desk.on("2027-03-23T23:59")
    yield (desk.has, desk.waits), (0, 100)
    desk.on("2027-03-24T00:00")
    yield (desk.has, desk.waits), (100, 0)


_CAPPED = """
points_per_unit = 0.0001
[[earn]]
name = "for every order"
points = 50
most_per_month = 80
"""


@case("a cap of a month is used up in the order in which orders first earned")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules(_CAPPED)
    desk.on("2027-03-30T12:00")
    first = desk.bought("1")
    desk.on("2027-03-31T12:00")
    desk.bought("1")
    desk.on("2027-04-01T12:00")
    desk.bought("1")
    yield [left for _, left in desk.lots()], [50, 30, 50]
    desk.becomes(first, PENDING)
    yield [left for _, left in desk.lots()], [50, 50]


@case("a month of the program's zone is what a cap is of")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules('timezone = "America/New_York"\n' + _CAPPED)
    for day in ("2027-03-31T12:00", "2027-04-01T03:59", "2027-04-01T04:00"):
        desk.on(day)
        desk.bought("1")
    yield [left for _, left in desk.lots()], [50, 30, 50]


def _stacked(sentence: str, text: str, points: int) -> None:
    @case(sentence)
    def _(desk: Desk) -> Iterable[tuple[object, object]]:
        several = "".join(
            f'[[earn]]\nname = "{name}"\nmultiply = {by}\n' for name, by in (("a", 2), ("b", 1.5))
        )
        desk.rules(text + several)
        desk.bought("10")
        yield desk.has, points


_stacked("the largest of several multipliers counts", "", 200)
_stacked("added, multipliers of 2 and 1.5 are 2.5", 'stack = "add"\n', 250)
_stacked("multiplied, multipliers of 2 and 1.5 are 3", 'stack = "multiply"\n', 300)
_stacked("a ceiling holds for all together", 'stack = "multiply"\nmost_multiplied = 2.2\n', 220)


@case("the tier that it was placed in multiplies an order, whatever came before it is complete")
def _(desk: Desk) -> Iterable[tuple[object, object]]:
    desk.rules()
    line = Line(product=40, price="10")
    early = desk.store.given.order(desk.ann, "10", lines=[line], at=desk.store.now, status=PENDING)
    desk.later(1)
    desk.bought("200")  # Silver from now on: 1.2
    desk.later(1)
    desk.becomes(early, COMPLETE)
    yield desk.has, 2_000 + 100
    desk.bought("10")
    yield desk.has, 2_100 + 120


@pytest.mark.parametrize("store", [{"refunded_return_statuses": ("Complete",)}], indirect=True)
@pytest.mark.parametrize("sentence", CASES)
def test_points_are_what_the_rules_say(store: SmallStore, sentence: str) -> None:
    for is_so, must_be in CASES[sentence](Desk(store)):
        assert is_so == must_be
