"""What two programs give for the same orders, counted and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.rules.loyalty.earning import BASE, MULTIPLIED
from sidecar.rules.loyalty.program import Program
from sidecar.rules.loyalty.worth import worth
from sidecar.sync.facts import as_json
from sidecar.sync.state import Json

#: Customers who are named.
_NAMED = 10

#: Customers left out who are told.
_LEFT_OUT = 100


@dataclass(frozen=True, slots=True)
class Given:
    """
    What one program gives one customer.

    Attributes:
        orders: Those that qualify.
        points: By the name of the rule, `BASE` and `MULTIPLIED`.
    """

    orders: frozenset[int] = frozenset()
    points: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Simulation:
    """
    What was counted so far.

    Attributes:
        orders: That qualify under one of the programs at least.
        customers: Whose they are.
        before: Points by the name of the rule.
        after: The same by the other program.
        more: Customers who get more points after than before.
        less: Who get less.
        most: The most affected: customer, points before and after.
        left_out: Customers whose numbers do not fit, and why.
    """

    orders: int = 0
    customers: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    more: int = 0
    less: int = 0
    most: list[tuple[int, int, int]] = field(default_factory=list)
    left_out: dict[int, str] = field(default_factory=dict)

    def count(self, customer_id: int, before: Given, after: Given) -> None:
        """Count in what both programs give *customer_id*."""
        orders = before.orders | after.orders
        if not orders:
            return
        self.orders += len(orders)
        self.customers += 1
        for total, given in ((self.before, before), (self.after, after)):
            for rule, points in given.points.items():
                total[rule] += points
        was, is_ = sum(before.points.values()), sum(after.points.values())
        self.more += is_ > was
        self.less += is_ < was
        if is_ != was:
            self.most.append((customer_id, was, is_))
            self.most.sort(key=lambda one: (-abs(one[2] - one[1]), one[0]))
            del self.most[_NAMED:]

    def told(
        self,
        before: Program | None,
        after: Program,
        currency: str,
        spelled: Mapping[str, str],
        notes: Sequence[str],
    ) -> dict[str, Json]:
        """
        What `loyalty simulate` says of it.

        Args:
            before: None: there was no program.
            spelled: How people write the names of rules.
            notes: What has to be known of the numbers.
        """
        points = self.before.total(), self.after.total()
        worths = 0 if before is None else worth(points[0], before), worth(points[1], after)
        rules = sorted(self.before.keys() | self.after.keys(), key=_place)
        return {
            "orders": self.orders,
            "customers": self.customers,
            "currency": currency,
            "before": _sum(points[0], worths[0]),
            "after": _sum(points[1], worths[1]),
            "difference": _sum(points[1] - points[0], worths[1] - worths[0]),
            "rules": [
                {"rule": _name(rule, spelled), **_both(self.before[rule], self.after[rule])}
                for rule in rules
            ],
            "more": self.more,
            "less": self.less,
            "same": self.customers - self.more - self.less,
            "most_affected": [
                {"customer_id": customer_id, **_both(was, is_)}
                for customer_id, was, is_ in self.most
            ],
            "left_out": len(self.left_out),
            "left_out_customers": [
                {"customer_id": customer_id, "why": why}
                for customer_id, why in sorted(self.left_out.items())[:_LEFT_OUT]
            ],
            "notes": list(notes),
        }


def _sum(points: int, money: int) -> dict[str, Json]:
    return {"points": points, "worth": as_json.money(money)}


def _both(before: int, after: int) -> dict[str, Json]:
    return {"before": before, "after": after, "difference": after - before}


def _name(rule: str, spelled: Mapping[str, str]) -> str:
    words = {BASE: "points per unit", MULTIPLIED: "what multiplies them"}
    return words.get(rule) or spelled.get(rule, rule)


def _place(rule: str) -> tuple[int, str]:
    """First the points per unit and what multiplies them."""
    return {BASE: 0, MULTIPLIED: 1}.get(rule, 2), rule
