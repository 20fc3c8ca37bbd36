"""
Random histories of two customers to whom the same happens: one is looked at every day, the
other only when something rings. They are in the same tiers on every day.

What counts for a tier is added up naively from the store's own rows.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar import clock
from sidecar.model import Scope
from sidecar.sync.compiled_rules import Rulebook
from sidecar.sync.loyalty import keeping
from sidecar.sync.sources.due import Due
from support.given import Line
from support.ledger_audit import hold
from support.points import COMPLETE, PENDING, command
from support.small_store import NOW, SmallStore

TIERS = """\
[loyalty]
start = "2026-01-01"
tier_window = "20 days"
pending = "5 days"
{more}
[[tier]]
name = "Low"
threshold = {low}
[[tier]]
name = "Middle"
threshold = {middle}
grace = "4 days"
multiplier = 2
[[tier]]
name = "High"
threshold = {high}
grace = "0 days"
downgrade = "one step"
window = "30 days"
"""

PROGRAMS = {
    "points": TIERS.format(more="", low=0, middle=300, high=900),
    "money": TIERS.format(more='tier_metric = "net spend"', low=10, middle=30, high=90),
}


@dataclass
class Twins:
    """
    Attributes:
        daily: Is looked at every day.
        rung: Is looked at when something happens, or the clock rings.
        orders: Of both, in pairs.
    """

    store: SmallStore
    book: Rulebook
    daily: int
    rung: int
    orders: list[tuple[int, int]] = field(default_factory=list)
    asked: int = 0

    def happens(self, what: str, value: int) -> None:
        self.store.now += datetime.timedelta(minutes=1)
        getattr(self, what)(value)
        self.look(self.daily)
        self.look(self.rung)

    def order(self, value: int) -> None:
        price = f"{(5, 10, 20, 30, 45, 50, 80, 90, 100, 200)[value]}.00"
        self.orders.append((self._order(self.daily, price), self._order(self.rung, price)))

    def _order(self, who: int, price: str) -> int:
        line = Line(product=40, price=price)
        return self.store.given.order(who, price, lines=[line], at=self.store.now)

    def cancel(self, value: int) -> None:
        self._status(value, PENDING)

    def complete(self, value: int) -> None:
        self._status(value, COMPLETE)

    def _status(self, value: int, status: int) -> None:
        for order_id in self.orders[value % len(self.orders)] if self.orders else ():
            with self.store.given.connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE `{self.store.given.prefix}order` SET order_status_id = %s,"
                    " date_modified = %s WHERE order_id = %s",
                    (status, self.store.now.replace(tzinfo=None), order_id),
                )

    def lock(self, value: int) -> None:
        name = ("Low", "Middle", "High")[value % 3]
        until = (self.store.moment.today + datetime.timedelta(days=value % 7)).isoformat()
        for who in (self.daily, self.rung):
            command(self.store, "tier.lock", customer=who, tier=name, until=until, reason="x")

    def unlock(self, _: int) -> None:
        for who in (self.daily, self.rung):
            command(self.store, "tier.unlock", customer=who)

    def days(self, number: int) -> None:
        """Midnights come, at which one is looked at, and the other when the clock rings."""
        for _ in range(number):
            local = self.store.now.astimezone(self.store.moment.zone)
            midnight = datetime.datetime.combine(
                local.date() + datetime.timedelta(days=1), datetime.time(), tzinfo=local.tzinfo
            )
            self.store.now = midnight.astimezone(datetime.UTC)
            due = Due(self.store.sidecar.shop, keeps=True).ring(self.store.moment.epoch_s).ids
            self.look(self.daily, named=True)
            if self.rung in due:
                self.look(self.rung)
            self.agree()

    def look(self, who: int, *, named: bool = False) -> None:
        """Look at *who*; *named*: whatever rings."""
        shop, moment = self.store.sidecar.shop, self.store.moment
        keeping.bring(shop, self.book, Scope.of([who]), moment, [who] if named else [])

    def agree(self) -> None:
        """Both are where they should be."""
        rows = {row["customer_id"]: row for row in self.store.rows("SELECT * FROM {own}tier")}
        names = ("tier", "since", "review_at", "grace_until", "led_by", "metric", "next_at")
        daily, rung = rows.get(self.daily), rows.get(self.rung)
        if daily is None or rung is None:
            assert daily is rung
            return
        assert {n: daily[n] for n in names if n != "led_by"} == {
            n: rung[n] for n in names if n != "led_by"
        }
        for row in (daily, rung):
            assert row["next_at"] is None or row["next_at"] > self.store.moment.epoch_s
            assert row["metric"] == self.counts(row["customer_id"], row["tier"])

    def counts(self, who: int, tier: str | None) -> int:
        """What counts towards the tier above, naively, in ten-thousandths."""
        days = 30 if tier in ("Middle", "High") else 20
        today = self.store.moment.today
        found = 0
        for row in self.store.rows(
            f"SELECT total, date_added, order_status_id FROM `{self.store.given.prefix}order`"
            " WHERE customer_id = %s",
            who,
        ):
            is_within = row["date_added"].date() >= today - datetime.timedelta(days=days)
            if row["order_status_id"] == COMPLETE and is_within:
                found += int(row["total"]) * 10_000
        return found if self.is_money else found * 10

    is_money: bool = False


#: What happens, how much of it, and how many days go by after it.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "order", "cancel", "complete", "lock", "unlock"]),
        st.integers(0, 9),
        st.sampled_from([0, 1, 4, 7, 13, 24]),
    ),
    min_size=4,
    max_size=8,
)


@pytest.mark.parametrize("kind", PROGRAMS)
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
# An order that leaves the window alone, and a lock that ends.
@example(
    steps=[
        ("order", 4, 13),
        ("order", 2, 24),
        ("unlock", 0, 24),
        ("lock", 5, 13),
        ("order", 9, 13),
    ]
)
def test_looking_when_the_clock_rings_is_as_good_as_looking_every_day(
    store: SmallStore, kind: str, steps: list[tuple[str, int, int]]
) -> None:
    store.forget_everything()
    store.now = NOW
    for table in ("customer", "order", "order_product", "customer_reward"):
        store.given.execute(f"DELETE FROM `{store.given.prefix}{table}`")
    store.named_rules({}, PROGRAMS[kind])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: store.now)
        twins = Twins(store, store.book(), store.given.customer(), store.given.customer())
        twins.is_money = kind == "money"
        for what, value, days in steps:
            twins.happens(what, value)
            twins.agree()
            twins.days(days)
        hold(store)
