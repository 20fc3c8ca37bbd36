"""The oracle's calendar and its facts with filters, against literals worked out by hand."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from oracle.conftest import OpenShop, Shop
from oracle.filtered import Filters
from oracle.windows import Windows
from support.given import Line

#: 31 March 2026, 15:00 in Kyiv, two days after the clocks went forward there.
NOW = datetime.datetime(2026, 3, 31, 12, 0, tzinfo=datetime.UTC)
KYIV = Windows(NOW, ZoneInfo("Europe/Kyiv"))


@pytest.mark.parametrize(
    ("span", "begins", "ends"),
    [
        ("0 days", "2026-03-30T21:00", "2026-03-31T21:00"),
        ("2 days", "2026-03-28T22:00", "2026-04-02T21:00"),
        ("1 week", "2026-03-23T22:00", "2026-04-07T21:00"),
        ("1 month", "2026-02-27T22:00", "2026-04-30T21:00"),
        ("13 months", "2025-02-27T22:00", "2027-04-30T21:00"),
        ("1 year", "2025-03-30T21:00", "2027-03-31T21:00"),
        ("36 hours", "2026-03-30T00:00", "2026-04-02T00:00:01"),
        ("90 minutes", "2026-03-31T10:30", "2026-03-31T13:30:01"),
    ],
)
def test_days_begin_at_local_midnight_and_hours_now(span: str, begins: str, ends: str) -> None:
    assert KYIV.since(span).isoformat() == f"{begins}:00+00:00"
    assert KYIV.ahead(span).replace(tzinfo=None) == datetime.datetime.fromisoformat(ends)


def test_29_february_is_the_28th_in_common_years() -> None:
    leap = Windows(datetime.datetime(2028, 2, 29, 12, tzinfo=datetime.UTC), ZoneInfo("UTC"))

    assert leap.since("1 year").isoformat() == "2027-02-28T00:00:00+00:00"
    assert leap.since("4 years").isoformat() == "2024-02-29T00:00:00+00:00"


@pytest.mark.parametrize(
    ("today", "span", "days"),
    [
        ("2026-12-30", "3 days", ["01-01", "01-02", "12-30", "12-31"]),
        ("2027-02-27", "1 day", ["02-27", "02-28", "02-29"]),
        ("2028-02-27", "1 day", ["02-27", "02-28"]),
        ("2028-02-28", "1 day", ["02-28", "02-29"]),
        ("2027-03-01", "0 days", ["03-01"]),
    ],
)
def test_birthdays_ignore_the_year(today: str, span: str, days: list[str]) -> None:
    noon = datetime.datetime.fromisoformat(f"{today}T12:00+00:00")

    assert Windows(noon, ZoneInfo("UTC")).birthdays(span) == days


@pytest.mark.parametrize(
    ("filters", "orders", "spent", "average", "bought"),
    [
        ({}, 4, "1000.0000", "250.0000", 12),
        ({"within": "2 days"}, 1, "400.0000", "400.0000", 4),
        ({"within": "3 days"}, 2, "700.0000", "350.0000", 7),
        ({"from": "2026-03-28", "until": "2026-03-28"}, 1, "300.0000", "300.0000", 3),
        ({"until": "2026-03-27"}, 1, "100.0000", "100.0000", 3),
        ({"from": "today"}, 2, "1300.0000", "650.0000", 6),
        ({"until": "yesterday"}, 2, "400.0000", "200.0000", 6),
        ({"status": "Shipped"}, 1, "100.0000", "100.0000", 3),
        ({"status": "Canceled"}, 0, "0.0000", None, 0),
        ({"total": 300}, 3, "1600.0000", "533.3333", 9),
        ({"store": "Your Store"}, 3, "600.0000", "200.0000", 8),
        ({"category": "Computers"}, 2, "400.0000", "200.0000", 6),
        ({"category": "Laptops"}, 1, "100.0000", "100.0000", 2),
        ({"product": "Mouse", "total": 101}, 1, "300.0000", "300.0000", 3),
        ({"manufacturer": "Acme"}, 1, "100.0000", "100.0000", 2),
    ],
)
def test_filters_choose_orders_whole_but_of_units_bought_the_lines(
    shop: Shop, filters: Filters, orders: int, spent: str, average: str | None, bought: int
) -> None:
    given = shop.given
    ann = given.customer()
    computers = given.category("Computers")
    laptops = given.category("Laptops", parent=computers)
    acme = given.manufacturer("Acme")
    thin = given.product("Thin", manufacturer=acme, categories=[laptops])
    mouse = given.product("Mouse", categories=[computers])
    book = given.product("Book")
    outlet = given.store("Outlet")
    lines = [Line(thin, 2), Line(mouse, 1)]
    given.order(ann, "100", status=3, at="2026-03-27 23:59:59", lines=lines)
    given.order(ann, "300", at="2026-03-28 00:00:00", lines=[Line(mouse, 3)])
    given.order(ann, "400", at="2026-03-31 14:59:59", store=outlet, lines=[Line(book, 4)])
    given.order(ann, "900", at="2026-04-01 10:00:00", lines=[Line(book, 2)])
    given.order(ann, "-700", status=11, at="0000-00-00 00:00:00")

    assert [
        shop.filtered(ann, fact, filters)
        for fact in ("orders", "total_spent", "average_order", "bought")
    ] == [orders, spent, average, bought]


def test_refunds_belong_to_the_order_that_the_filters_choose(shop: Shop) -> None:
    ann = shop.given.customer()
    order = shop.given.order(ann, "100", status=3, lines=[Line(1, 2, "30")])
    shop.given.order(ann, "50")
    shop.given.goods_return(ann, order, 1, 1, status=3)

    def spent(filters: Filters) -> object:
        return shop.filtered(ann, "total_spent", filters, refunded_return_statuses=[3])

    assert spent({"status": "Shipped"}) == "70.0000"
    assert spent({"status": "Complete"}) == "50.0000"


def test_returns_and_reviews_are_filtered_by_their_own_dates(shop: Shop) -> None:
    given = shop.given
    ann = given.customer()
    mouse, book = given.product("Mouse"), given.product("Book")
    given.goods_return(ann, product=mouse, status=3, days_ago=5)
    given.goods_return(ann, product=book, status=1, days_ago=50)
    given.goods_return(ann, product=book, status=1, at="0000-00-00 00:00:00")
    given.review(ann, mouse, days_ago=5)
    given.review(ann, book, days_ago=50)

    assert shop.filtered(ann, "returns", {}) == 3
    assert shop.filtered(ann, "returns", {"within": "10 days"}) == 1
    assert shop.filtered(ann, "returns", {"until": "yesterday", "status": "Pending"}) == 1
    assert shop.filtered(ann, "returns", {"product": "Book"}) == 2
    assert shop.filtered(ann, "reviews", {"within": "10 days"}) == 1
    assert shop.filtered(ann, "reviews", {"product": "Mouse"}) == 1


def test_the_first_occurrence_of_a_repeated_hour_decides_a_window(shop_of: OpenShop) -> None:
    shop = shop_of()
    # 03:40 came twice that night in Kyiv: at 00:40 and at 01:40 UTC.
    shop.given.now = datetime.datetime(2025, 10, 26, 1, 10, tzinfo=datetime.UTC)
    ann = shop.given.customer()
    shop.given.order(ann, at="2025-10-26 03:40:00")

    assert shop.filtered(ann, "orders", {"within": "30 minutes"}) == 1
    assert shop.filtered(ann, "orders", {"within": "29 minutes"}) == 0
