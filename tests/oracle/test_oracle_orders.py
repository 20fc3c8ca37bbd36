"""The oracle's facts of orders, against cases small enough to work out by hand."""

from __future__ import annotations

import pytest

from oracle import loyalty
from oracle.conftest import Shop, chosen
from support.given import Line


def test_orders_are_counted_by_status_and_by_the_sign_of_their_total(shop: Shop) -> None:
    ann = shop.given.customer()
    for total, status in [("100.50", 5), ("50.25", 3), ("0", 1), ("70", 7), ("-20", 11), ("30", 0)]:
        shop.given.order(ann, total, status=status)

    facts = shop.facts(ann)

    assert chosen(
        facts,
        *("orders", "total_spent", "average_order", "complete_orders", "unpaid_orders"),
        *("unfinished_orders", "credit_orders", "credited", "largest_order", "smallest_order"),
    ) == {
        "orders": 3,
        "total_spent": "130.7500",
        "average_order": "43.5833",
        "complete_orders": 2,
        "unpaid_orders": 1,
        "unfinished_orders": 1,
        "credit_orders": 1,
        "credited": "20.0000",
        "largest_order": "100.5000",
        "smallest_order": "0.0000",
    }


def test_who_never_ordered_has_counts_of_zero_and_no_dates(shop: Shop) -> None:
    facts = shop.facts(shop.given.customer())

    missing = {name for name, value in facts.items() if value is None}
    assert missing == {
        *("telephone", "ip", "birthday", "company", "city", "postcode", "zone", "country"),
        *("average_order", "first_order", "last_order", "first_order_total", "last_order_total"),
        *("largest_order", "smallest_order", "last_order_status", "last_order_store"),
        *("last_unfinished_order", "order_span", "average_gap", "expected_order"),
        *("first_order_delay", "cart_added", "last_return", "last_review", "average_rating"),
        *(
            "last_login",
            "last_failed_login",
            "purged_on",
            "rfm_recency",
            "rfm_frequency",
            "rfm_monetary",
        ),
        *("rfm_group", "top_percent"),
        *loyalty.NAMES,
    }
    assert chosen(facts, "orders", "total_spent", "credit", "products", "points", "status") == {
        "orders": 0,
        "total_spent": "0.0000",
        "credit": "0.0000",
        "products": [],
        "points": 0,
        "status": True,
    }


@pytest.mark.parametrize(
    ("credit", "average"), [("0.0001", "0.0001"), ("-0.0001", "-0.0001"), ("-0.0003", "-0.0002")]
)
def test_an_average_that_is_a_tie_is_rounded_away_from_zero(
    shop: Shop, credit: str, average: str
) -> None:
    ann = shop.given.customer()
    shop.given.order(ann, "0")
    shop.given.order(ann, "0" if credit.startswith("-") else credit)
    if credit.startswith("-"):
        shop.given.order(ann, credit)

    assert shop.facts(ann)["average_order"] == average


def test_a_refunded_return_takes_the_price_and_tax_of_the_first_line_of_its_product(
    shop: Shop,
) -> None:
    ann, bob = shop.given.customer(), shop.given.customer()
    lines = [Line(7, 3, "10", "1.25"), Line(7, 1, "99", "9"), Line(8, 1, "5")]
    order = shop.given.order(ann, "150", lines=lines)
    unpaid = shop.given.order(ann, "80", status=7, lines=lines)
    shop.given.goods_return(ann, order, 7, 2, status=3)
    shop.given.goods_return(bob, order, 8, 1, status=3)
    shop.given.goods_return(ann, order, 8, 1, status=1)
    shop.given.goods_return(ann, order, 9, 1, status=3)
    shop.given.goods_return(ann, unpaid, 7, 1, status=3)

    refunding = shop.all_facts(refunded_return_statuses=[3])

    assert refunding[ann]["total_spent"] == "122.5000"
    assert chosen(refunding[ann], "returns", "returned_units") == {
        "returns": 4,
        "returned_units": 5,
    }
    assert chosen(refunding[bob], "returns", "total_spent") == {
        "returns": 1,
        "total_spent": "0.0000",
    }
    assert shop.facts(ann)["total_spent"] == "150.0000"


def test_wall_times_around_a_change_of_the_clock_are_read_with_the_offset_before_it(
    shop: Shop,
) -> None:
    ann, bob = shop.given.customer(), shop.given.customer()
    shop.given.order(ann, at="2025-10-26 03:30:00")
    shop.given.order(ann, at="2026-03-29 03:10:00")
    shop.given.order(bob, "1", at="2026-03-29 03:50:00")
    shop.given.order(bob, "2", at="2026-03-29 04:05:00")

    facts = shop.all_facts()

    assert chosen(facts[ann], "first_order", "last_order", "order_span") == {
        "first_order": "2025-10-26T03:30:00+03:00",
        "last_order": "2026-03-29T04:10:00+03:00",
        "order_span": 154,
    }
    assert chosen(facts[bob], "first_order_total", "last_order_total", "order_span") == {
        "first_order_total": "2.0000",
        "last_order_total": "1.0000",
        "order_span": 0,
    }


def test_gaps_are_counted_in_whole_days_and_the_next_order_to_the_second(shop: Shop) -> None:
    ann = shop.given.customer(at="2026-01-01 12:00:00")
    for day in ("2026-01-04 11:00:00", "2026-01-06 00:00:00", "2026-01-10 12:00:01"):
        shop.given.order(ann, at=day)

    # Between the ends lie 6 days and 1:00:01: two gaps of 3 days and 30 minutes.
    assert chosen(
        shop.facts(ann), "order_span", "average_gap", "expected_order", "first_order_delay"
    ) == {
        "order_span": 6,
        "average_gap": 3,
        "expected_order": "2026-01-13T12:30:01+02:00",
        "first_order_delay": 2,
    }


def test_an_order_before_the_registration_has_no_delay(shop: Shop) -> None:
    ann = shop.given.customer(at="2026-01-01 12:00:00")
    shop.given.order(ann, at="2025-06-01 12:00:00")

    assert shop.facts(ann)["first_order_delay"] == 0


@pytest.mark.parametrize(
    "impossible",
    ["0000-00-00 00:00:00", "2024-02-31 10:00:00", "2024-00-10", "2024-05-00", "0000-05-05"],
)
def test_an_order_with_an_impossible_date_counts_but_is_neither_first_nor_last(
    shop: Shop, impossible: str
) -> None:
    ann, bob = shop.given.customer(at=impossible), shop.given.customer()
    shop.given.order(ann, "10", at=impossible)
    shop.given.order(bob, "10", at=impossible)
    shop.given.order(bob, "20", at="2026-01-01 10:00:00")

    facts = shop.all_facts()

    names = ("orders", "total_spent", "first_order", "last_order_total", "rfm_recency")
    assert chosen(facts[ann], "registered", *names) == {
        "registered": None,
        "orders": 1,
        "total_spent": "10.0000",
        "first_order": None,
        "last_order_total": None,
        "rfm_recency": None,
    }
    assert chosen(facts[bob], *names, "average_gap") == {
        "orders": 2,
        "total_spent": "30.0000",
        "first_order": "2026-01-01T10:00:00+02:00",
        "last_order_total": "20.0000",
        "rfm_recency": 1,
        "average_gap": None,
    }


def test_orders_of_the_same_second_stand_in_the_order_of_their_ids(shop: Shop) -> None:
    ann = shop.given.customer()
    for total in ("3", "1", "2"):
        shop.given.order(ann, total, at="2026-01-01 10:00:00")

    facts = shop.facts(ann)

    assert (facts["first_order_total"], facts["last_order_total"]) == ("3.0000", "2.0000")


def test_a_guests_orders_go_to_the_oldest_account_of_the_email_when_asked(shop: Shop) -> None:
    old, new = shop.given.customer("Ann@example.com"), shop.given.customer("ann@example.com")
    shop.given.order(0, "10", email=" ANN@example.com ")
    shop.given.order(0, "20", email="")
    shop.given.order(new, "5", email="ann@example.com")

    by_email = shop.all_facts(guest_orders="by_email")

    assert (by_email[old]["total_spent"], by_email[new]["total_spent"]) == ("10.0000", "5.0000")
    assert shop.facts(old)["orders"] == 0


def test_scores_are_quintiles_and_percents_by_nearest_rank(shop: Shop) -> None:
    # Ten customers who spent 10, 20 … 100 in one order each, the later the more.
    customers = [shop.given.customer() for _ in range(10)]
    for number, customer in enumerate(customers, 1):
        shop.given.order(customer, number * 10, at=f"2026-01-{number:02} 10:00:00")

    facts = shop.all_facts()

    assert [facts[customer]["rfm_monetary"] for customer in customers] == [
        *(1, 1, 2, 2, 3, 3, 4, 4, 5, 5)
    ]
    assert [facts[customer]["rfm_recency"] for customer in customers] == [
        *(1, 1, 2, 2, 3, 3, 4, 4, 5, 5)
    ]
    assert {facts[customer]["rfm_frequency"] for customer in customers} == {1}
    assert [facts[customer]["rfm_group"] for customer in customers] == [
        *("lost", "lost", "hibernating", "hibernating", "about to sleep"),
        *("about to sleep", "promising", "promising", "promising", "promising"),
    ]
    assert [facts[customer]["top_percent"] for customer in customers] == [
        *(91, 81, 71, 61, 51, 41, 31, 21, 11, 1)
    ]
