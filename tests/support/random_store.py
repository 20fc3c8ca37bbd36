"""Made-up small stores and their changes, for properties that hold of any store."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from sidecar.model import Names, NameTable
from sidecar.rules.catalogue import Catalogue
from sidecar.rules.language.printer import print_expr
from sidecar.rules.language.walk import leaves
from sidecar.rules.ruleset import RuleSet, TagRule
from sidecar.rules.syntax import Missing, Predicate
from support import small_store
from support.given import Given, Line
from support.small_store import NOW, SmallStore
from support.strategies import expressions

#: Facts of a customer that rows of other customers have no part in.
OWN_FACTS = (
    *("status", "newsletter", "group", "store", "registered", "email_domain", "notes", "affiliate"),
    *("orders", "total_spent", "average_order", "first_order", "last_order", "largest_order"),
    *("last_order_status", "complete_orders", "unfinished_orders", "credited", "average_gap"),
    *("bought", "products", "distinct_products", "categories", "manufacturers", "country"),
    *("cart_items", "wishlist_products", "points", "credit", "returns", "reviews", "tags"),
    *("rfm_recency", "rfm_monetary", "rfm_group", "top_percent"),
)
#: And those that do depend on others.
FACTS = (*OWN_FACTS, "ips", "shared_ips", "failed_logins")

TAGS = ("alpha", "Beta", "гама", "δ")
_DAY = datetime.timedelta(days=1)

#: Of stores and rules, any example is small; finding a smaller one takes minutes.
a_few = settings(
    max_examples=7,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class RandomStore:
    """
    Fills a store and changes it, by chance.

    Attributes:
        customers: Who is in it.
        orders: By customer.
    """

    given: Given
    chance: random.Random
    customers: list[int] = field(default_factory=list)
    orders: dict[int, list[int]] = field(default_factory=dict)
    products: list[int] = field(default_factory=list)

    def fill(self, customers: int) -> None:
        """Goods, then *customers* with ids far apart."""
        tools = self.given.category("Tools")
        hammers = self.given.category("Hammers", parent=tools)
        acme = self.given.manufacturer("Acme")
        self.products = [
            self.given.product("Mallet", manufacturer=acme, categories=[hammers]),
            self.given.product("Saw", categories=[tools]),
            self.given.product("Rake"),
        ]
        wholesale = self.given.group("Wholesale")
        for _ in range(customers):
            self._add_customer(group=self.chance.choice([1, 1, wholesale]))

    def change(self) -> list[int]:
        """Change something, and tell whose it was."""
        changes: list[Callable[[int], None]] = [
            *(self._order, self._order, self._pay, self._cancel, self._delete_order),
            *(self._subscribe, self._note, self._cart, self._points, self._delete_customer),
        ]
        if not self.customers or self.chance.random() < 0.15:
            return [self._add_customer(group=1)]
        customer = self.chance.choice(self.customers)
        self.chance.choice(changes)(customer)
        return [customer]

    def _add_customer(self, group: int) -> int:
        last = self.customers[-1] if self.customers else 0
        customer = last + self.chance.choice([1, 1, 2, 50, 70_000])
        self.given.customer(
            self.chance.choice([None, f"c{customer}@gmail.com", ""]),
            group=group,
            newsletter=self.chance.random() < 0.5,
            enabled=self.chance.random() < 0.8,
            days_ago=self._days(),
            customer_id=customer,
        )
        self.customers.append(customer)
        self.orders[customer] = []
        for _ in range(self.chance.choice([0, 0, 1, 2, 5])):
            self._order(customer)
        for act in (self._cart, self._points, self._note, self._beside, self._beside):
            if self.chance.random() < 0.3:
                act(customer)
        return customer

    def _days(self) -> float:
        return self.chance.choice([0, 0.5, 1, 7, 29, 30, 31, 89, 90, 91, 364, 400, 2000])

    def _order(self, customer: int) -> None:
        lines = [
            Line(self.chance.choice(self.products), self.chance.randint(1, 3))
            for _ in range(self.chance.choice([0, 1, 1, 2]))
        ]
        order = self.given.order(
            customer,
            self.chance.choice(["0", "0.0001", "9.99", "100", "300.5", "1000", "-20"]),
            status=self.chance.choice([5, 5, 5, 3, 1, 7, 0]),
            days_ago=self._days(),
            country=self.chance.choice([0, 222, 223]),
            lines=lines,
        )
        self.orders[customer].append(order)

    def _set_status(self, customer: int, status: int) -> None:
        if self.orders[customer]:
            order = self.chance.choice(self.orders[customer])
            seconds = self.chance.randint(0, 86_400)
            modified = self.given.now + datetime.timedelta(seconds=seconds)
            self.given.update(
                "order",
                {"order_id": order},
                order_status_id=status,
                date_modified=self.given.wall(modified),
            )

    def _pay(self, customer: int) -> None:
        self._set_status(customer, 5)

    def _cancel(self, customer: int) -> None:
        self._set_status(customer, 7)

    def _delete_order(self, customer: int) -> None:
        if self.orders[customer]:
            order = self.orders[customer].pop()
            for table in ("order", "order_product"):
                self.given.delete(table, order_id=order)

    def _subscribe(self, customer: int) -> None:
        yes = self.chance.randint(0, 1)
        self.given.update("customer", {"customer_id": customer}, newsletter=yes)

    def _note(self, customer: int) -> None:
        self.given.note(customer)

    def _cart(self, customer: int) -> None:
        self.given.cart(customer, self.chance.choice(self.products))

    def _points(self, customer: int) -> None:
        self.given.reward(customer, self.chance.choice([100, -30, 5]))

    def _beside(self, customer: int) -> None:
        acts: list[Callable[[], object]] = [
            lambda: self.given.ip(customer, self.chance.choice(["192.0.2.1", "192.0.2.2"])),
            lambda: self.given.review(customer, self.products[0], days_ago=self._days()),
            lambda: self.given.goods_return(customer, days_ago=self._days()),
            lambda: self.given.credit(customer, self.chance.choice(["5", "-2.5"])),
            lambda: self.given.failed_login(f"c{customer}@gmail.com", 2),
            lambda: self._guest_order(f"C{customer}@gmail.com "),
            lambda: self._refund(customer),
        ]
        self.chance.choice(acts)()
        if not self.given.value(
            "SELECT COUNT(*) FROM `oc_customer_wishlist` WHERE customer_id = %s", customer
        ):
            self.given.wish(customer, self.chance.choice(self.products))

    def _guest_order(self, email: str) -> None:
        line = Line(self.chance.choice(self.products), 2)
        self.given.order(0, "77", email=email, days_ago=self._days(), lines=[line])

    def _refund(self, customer: int) -> None:
        if self.orders[customer]:
            order = self.chance.choice(self.orders[customer])
            self.given.goods_return(customer, order, self.products[0], status=3)

    def _delete_customer(self, customer: int) -> None:
        self.given.delete("customer", customer_id=customer)
        self.customers.remove(customer)


def start_anew(store: SmallStore, engine: Engine, chance: random.Random) -> RandomStore:
    """Empty *store* and fill it again, by *chance*."""
    small_store.empty(engine, store.given.prefix)
    store.now = NOW
    store.given.basics()
    made = RandomStore(store.given, chance)
    made.fill(chance.randint(0, 7))
    return made


def tag_by_hand(store: SmallStore, rules: RuleSet, made: RandomStore) -> None:
    """Add, remove or import a tag of some customers, for some days or for ever."""
    hand, chance = store.tagging(rules=rules), made.chance
    name = chance.choice((*TAGS, "by hand"))
    ids = sorted(set(chance.choices(made.customers, k=3))) if made.customers else []
    until = chance.choice([None, store.moment.today, store.moment.today + _DAY])
    hand.ensure([name])
    match chance.randrange(3):
        case 0:
            hand.add(name, ids, until, None)
        case 1:
            hand.remove(name, ids, until, None)
        case _:
            ends = chance.choice([None, store.moment.epoch_s + 86_400])
            hand.import_rows({name: dict.fromkeys(ids, ends)}, "x.csv", None)


def _asks_for_any_tag(leaf: Predicate) -> bool:
    # Which would need the tag's own rule, too.
    return isinstance(leaf, Missing) and leaf.fact.name == "tags"


@st.composite
def tag_rules(draw: st.DrawFn, names: Names, facts: Sequence[str]) -> list[TagRule]:
    """A rule for each of `TAGS`, each of which may ask for the tags before it."""
    rules = []
    for index, name in enumerate(TAGS):
        known = NameTable()
        for number, earlier in enumerate(TAGS[:index]):
            known.add(number, earlier)
        may = facts if index else [fact for fact in facts if fact != "tags"]
        conditions = expressions(
            Catalogue(), names=Names({**names.tables, "tag": known}), facts=may, max_leaves=4
        )
        when = draw(conditions.filter(lambda expr: not any(map(_asks_for_any_tag, leaves(expr)))))
        rules.append(TagRule(name=name, when=when, text=print_expr(when)))
    return rules
