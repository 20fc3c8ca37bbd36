"""What is told of one customer: facts, and how they buy, against sums that plain SQL makes."""

from __future__ import annotations

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidecar.errors import UsageError
from sidecar.shop.database import transaction
from sidecar.sync import buying
from support.given import Line
from support.small_store import NOW, SmallStore


def told(store: SmallStore, customer: int) -> Any:
    shop = store.sidecar.shop
    with transaction(shop.engine) as tx:
        return buying.read(tx, shop, customer, store.moment)


def sql(store: SmallStore, query: str, *values: object) -> list[dict[str, Any]]:
    paid = ", ".join(map(str, sorted(store.sidecar.shop.paid)))
    return store.rows(query.replace("{paid}", f"({paid})"), *values)


def text(amount: Decimal | None) -> str:
    return f"{amount or 0:.4f}"


def shopper(store: SmallStore, seed: int) -> int:
    """A customer with all sorts of orders, among others who buy too."""
    chance, given = random.Random(seed), store.given
    categories = [given.category(f"Category {number}") for number in range(7)]
    products = [
        given.product(f"Product {number}", categories=chance.sample(categories, number % 3))
        for number in range(9)
    ]
    ann, *others = (given.customer() for _ in range(4))
    for number in range(60):
        whose = ann if number % 3 else chance.choice(others)
        lines = [
            Line(
                chance.choice([*products, 0, 999_999]),
                chance.choice([1, 1, 1, 2, 3, 7, 30, 0]),
                price=f"{chance.uniform(0, 300):.4f}",
                tax=f"{chance.uniform(0, 9):.4f}",
            )
            for _ in range(chance.randrange(5))
        ]
        given.order(
            whose,
            f"{chance.uniform(-50, 900):.4f}",
            status=chance.choice([0, 1, 2, 5, 5, 5, 7]),
            at=NOW - datetime.timedelta(days=chance.uniform(-3, 900)),
            lines=lines,
        )
    given.order(ann, "5", at="0000-00-00 00:00:00", lines=[Line(products[0])])
    return ann


MONTHS = """
    SELECT DATE_FORMAT(date_added, '%%Y-%%m') AS month,
           SUM(order_status_id IN {paid} AND total >= 0) AS orders,
           SUM(IF(order_status_id IN {paid} AND total >= 0
                  OR order_status_id > 0 AND total < 0, total, 0)) AS spent
    FROM oc_order WHERE customer_id = %s AND date_added > '1970-01-02' GROUP BY 1
"""
LINES = """
    SELECT l.order_id, l.product_id, COALESCE(l.quantity, 0) AS units,
           COALESCE(l.quantity, 0) * (l.price + l.tax) AS spent
    FROM oc_order o JOIN oc_order_product l ON l.order_id = o.order_id
    WHERE o.customer_id = %s AND o.order_status_id IN {paid} AND o.total >= 0
"""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("store", [{}, {"timezone": ZoneInfo("Pacific/Auckland")}], indirect=True)
def test_months_add_up_to_what_sql_adds_up(store: SmallStore, seed: int) -> None:
    ann = shopper(store, seed)
    expected = {
        row["month"]: (int(row["orders"]), text(row["spent"])) for row in sql(store, MONTHS, ann)
    }

    months = told(store, ann)["months"]

    assert len(months) == buying.MONTHS
    assert months[-1]["month"] == f"{NOW.astimezone(store.moment.zone):%Y-%m}"
    assert [month["month"] for month in months] == sorted({m["month"] for m in months})
    for month in months:
        told_of = month["orders"], month["spent"]
        assert told_of == expected.get(month["month"], (0, "0.0000")), month


@pytest.mark.parametrize("seed", range(4))
def test_baskets_are_as_sql_counts_them(store: SmallStore, seed: int) -> None:
    ann = shopper(store, seed)
    each = [
        int(row["units"])
        for row in sql(
            store,
            f"SELECT o.order_id, COALESCE(SUM(b.units), 0) AS units FROM oc_order o"
            f" LEFT JOIN ({LINES}) b ON b.order_id = o.order_id"
            f" WHERE o.customer_id = %s AND o.order_status_id IN {{paid}} AND o.total >= 0"
            f" GROUP BY o.order_id",
            ann,
            ann,
        )
    ]

    baskets = told(store, ann)["baskets"]

    mean = (Decimal(sum(each)) / len(each)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (baskets["orders"], baskets["units"]) == (len(each), str(mean))
    assert sum(size["orders"] for size in baskets["sizes"]) == len(each)
    for size in baskets["sizes"]:
        last = size["to"] if size["to"] is not None else 10**9
        assert size["orders"] == sum(size["from"] <= one <= last for one in each), size


@pytest.mark.parametrize("seed", range(4))
def test_products_and_categories_are_those_that_sql_puts_first(
    store: SmallStore, seed: int
) -> None:
    ann = shopper(store, seed)
    products = sql(
        store,
        f"SELECT b.product_id AS id, SUM(b.units) AS units, SUM(b.spent) AS spent FROM ({LINES}) b"
        f" WHERE b.product_id > 0 GROUP BY 1 ORDER BY spent DESC, units DESC, id LIMIT 5",
        ann,
    )
    categories = sql(
        store,
        f"SELECT c.category_id AS id, SUM(b.units) AS units, SUM(b.spent) AS spent"
        f" FROM ({LINES}) b JOIN oc_product_to_category c ON c.product_id = b.product_id"
        f" GROUP BY 1 ORDER BY spent DESC, units DESC, id LIMIT 5",
        ann,
    )

    found = told(store, ann)

    for kind, rows in (("products", products), ("categories", categories)):
        assert [(one["id"], one["units"], one["spent"]) for one in found[kind]] == [
            (row["id"], int(row["units"]), text(row["spent"])) for row in rows
        ]


def test_goods_bear_their_name_in_the_stores_language_or_another_or_their_number(
    store: SmallStore,
) -> None:
    given = store.given
    given.language("de-de")
    tools = given.category("Tools & <b>more</b>")
    saw = given.product("Saw", categories=[tools])
    given.describe("product", saw, "Säge", language=2)
    given.describe("category", tools, "Werkzeug", language=2)
    cup = given.product("Tasse", language=2)
    ann = given.customer()
    prices = {saw: "30", cup: "20", 999_999: "10"}
    given.order(ann, lines=[Line(product, price=price) for product, price in prices.items()])

    found = told(store, ann)

    assert [one["name"] for one in found["products"]] == ["Saw", "Tasse", "#999999"]
    assert [one["name"] for one in found["categories"]] == ["Tools & <b>more</b>"]


@pytest.mark.parametrize("store", [{"guest_orders": "by_email"}], indirect=True)
def test_orders_as_a_guest_count_where_they_count_for_facts(store: SmallStore) -> None:
    saw = store.given.product("Saw")
    ann = store.given.customer(email="ann@example.com")
    store.given.order(0, "7", email="Ann@Example.com", lines=[Line(saw, 3)])

    found = told(store, ann)

    assert (found["months"][-1]["orders"], found["months"][-1]["spent"]) == (1, "7.0000")
    assert [(one["name"], one["units"]) for one in found["products"]] == [("Saw", 3)]


def test_who_never_bought_has_empty_months_and_nothing_else(store: SmallStore) -> None:
    found = told(store, store.given.customer())

    assert {month["orders"] for month in found["months"]} == {0}
    assert found["baskets"] == {"orders": 0, "units": None, "sizes": []}
    assert (found["products"], found["categories"]) == ([], [])


def test_facts_come_with_what_shows_them_in_the_order_of_the_catalogue(store: SmallStore) -> None:
    ann = store.given.customer(email="o'neil+<b>@example.com")
    store.given.order(ann, "12.5")
    store.full_pass()

    shown: Any = store.sidecar.view.customer(str(ann))

    facts = {fact["name"]: fact for fact in shown["facts"]}
    assert list(facts) == [fact.name for fact in store.sidecar.view.dictionary().catalogue]
    assert facts["email"]["value"] == "o'neil+<b>@example.com"
    assert facts["total_spent"] == {
        "name": "total_spent",
        "area": "orders",
        "kind": "money",
        "label": "total spent",
        "unit": "store currency",
        "value": "12.5000",
    }
    assert shown["buying"]["baskets"]["orders"] == 1


@pytest.mark.parametrize("kind", ["restricted", "no_profiling"])
def test_nothing_is_worked_out_of_who_may_not_be_looked_at(store: SmallStore, kind: str) -> None:
    ann = store.given.customer()
    store.given.order(ann, "12.5")
    store.given.execute(
        "INSERT INTO oc_sidecar_restriction (customer_id, kind, since, actor, reason)"
        f" VALUES ({ann}, '{kind}', 1, 'cli:ann', 'asked')"
    )

    assert store.sidecar.view.customer(str(ann)) == {
        "customer_id": ann,
        "restrictions": [kind],
        "facts": None,
        "buying": None,
    }


def test_nobody_is_told_of_who_is_not_there(store: SmallStore) -> None:
    with pytest.raises(UsageError, match="no customer has the id 4711"):
        store.sidecar.view.customer("4711")
