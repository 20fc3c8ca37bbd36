"""The oracle's other facts, against cases small enough to work out by hand."""

from __future__ import annotations

import pytest

from oracle.conftest import OpenShop, Shop, chosen
from support.given import Line


@pytest.mark.parametrize(
    ("email", "shown", "domain"),
    [
        ("Ann@Example.COM", "Ann@Example.COM", "example.com"),
        ('"a@b"@sub.test', '"a@b"@sub.test', "sub.test"),
        ("o&x@example.com", "o&x@example.com", "example.com"),
        ("nobody", "nobody", None),
        ("nobody@", "nobody@", None),
        ("a@b@", "a@b@", None),
        ("@start.test", "@start.test", "start.test"),
        ("", None, None),
    ],
)
def test_the_domain_is_what_follows_the_last_at_sign(
    shop: Shop, email: str, shown: str | None, domain: str | None
) -> None:
    ann = shop.given.customer(email)

    assert chosen(shop.facts(ann), "email", "email_domain") == {
        "email": shown,
        "email_domain": domain,
    }


def test_text_is_unescaped_once_and_otherwise_left_alone(shop: Shop) -> None:
    ann = shop.given.customer(first_name='"Tom" & <co>', last_name="  a\x01\tb  ")
    bob = shop.given.customer(first_name="Smith &amp; Sons", firstname="A &amp;amp; B")

    facts = shop.all_facts()

    assert facts[ann]["first_name"] == '"Tom" & <co>'
    assert facts[ann]["last_name"] == "  a\x01\tb  "
    assert facts[bob]["first_name"] == "A &amp; B"


@pytest.mark.parametrize("generation", ["3.0", "4.0", "4.1"])
def test_the_default_address_must_be_the_customers_own(shop_of: OpenShop, generation: str) -> None:
    shop = shop_of(generation)
    ann, bob, eve = (shop.given.customer() for _ in range(3))
    shop.given.address(ann, city="Lviv", country=220)
    home = shop.given.address(bob, city="Bath", postcode="BA1", country=222, company="A & B")
    shop.given.address(bob, city="York", default=False)
    shop.given.address(eve, city="Kyiv", country=220, default=False)
    shop.given.order(eve, country=223)
    shop.given.order(eve, country=81, status=7)
    if generation == "3.0":
        shop.given.update("customer", {"customer_id": ann}, address_id=home)

    facts = shop.all_facts()

    names = ("addresses", "company", "city", "postcode", "country")
    expected = ["A & B", "Bath", "BA1", "GB"]
    assert list(chosen(facts[bob], *names).values()) == [2, *expected]
    assert list(chosen(facts[eve], *names).values()) == [1, None, None, None, "US"]
    anns = [1, None, "Lviv", None, "UA"] if generation != "3.0" else [1, None, None, None, None]
    assert list(chosen(facts[ann], *names).values()) == anns


def test_of_two_default_addresses_the_older_counts(shop: Shop) -> None:
    ann = shop.given.customer()
    shop.given.address(ann, city="Lviv")
    shop.given.address(ann, city="Bath")

    assert shop.facts(ann)["city"] == "Lviv"


def test_only_41_knows_trusted_commenters(shop_of: OpenShop) -> None:
    shop = shop_of("4.0")
    ann = shop.given.customer()

    assert shop.facts(ann)["commenter"] is None


def test_what_is_gone_from_the_shop_is_left_out_of_sets_but_counted(shop: Shop) -> None:
    given = shop.given
    ann = given.customer()
    computers = given.category("Computers & more")
    laptops = given.category("Laptops", parent=computers)
    maker = given.manufacturer("Acme")
    thin = given.product("Thin", manufacturer=maker, categories=[laptops])
    gone = given.product("Gone", manufacturer=maker, categories=[computers])
    given.delete("product", product_id=gone)
    given.delete("product_to_category", product_id=gone)
    nameless = given.insert("product", {}, manufacturer_id=999)
    lines = [Line(thin, 2), Line(gone, 3), Line(nameless, 0), Line(thin, -1)]
    given.order(ann, lines=lines)
    given.order(ann, status=7, lines=[Line(given.product("Unpaid"), 5)])
    given.cart(ann, thin, 2, at="2026-01-01 10:00:00")
    given.cart(ann, gone, 1, at="0000-00-00 00:00:00")
    given.wish(ann, thin)
    given.wish(ann, nameless)

    assert chosen(
        shop.facts(ann),
        *("bought", "distinct_products", "products", "categories", "manufacturers"),
        *("cart_items", "cart_products", "cart_added", "wishlist_items", "wishlist_products"),
    ) == {
        "bought": 4,
        "distinct_products": 3,
        "products": ["Thin"],
        "categories": ["Computers & more", "Laptops"],
        "manufacturers": ["Acme"],
        "cart_items": 3,
        "cart_products": ["Thin"],
        "cart_added": "2026-01-01T10:00:00+02:00",
        "wishlist_items": 2,
        "wishlist_products": ["Thin"],
    }


def test_balances_and_feedback_are_sums_of_rows(shop: Shop) -> None:
    given = shop.given
    ann = given.customer()
    for points in (100, -30, 5):
        given.reward(ann, points)
    for amount in ("12.5", "-2.25"):
        given.credit(ann, amount)
    for rating in (5, 4, 4):
        given.review(ann, 1, rating, at="2026-02-01 10:00:00")
    given.goods_return(ann, quantity=2, at="2026-01-01 10:00:00")
    given.coupon_use(ann)

    assert chosen(
        shop.facts(ann),
        *("points", "points_earned", "credit", "reviews", "average_rating", "last_review"),
        *("returned_units", "last_return", "coupons"),
    ) == {
        "points": 75,
        "points_earned": 105,
        "credit": "10.2500",
        "reviews": 3,
        "average_rating": "4.33",
        "last_review": "2026-02-01T10:00:00+02:00",
        "returned_units": 2,
        "last_return": "2026-01-01T10:00:00+02:00",
        "coupons": 1,
    }


def test_logins_are_told_by_ip_and_by_the_lower_cased_email(shop: Shop) -> None:
    given = shop.given
    ann, bob, twin = (
        given.customer("Ann@example.com"),
        given.customer(),
        given.customer("ann@EXAMPLE.com"),
    )
    given.ip(ann, "192.0.2.1", at="2026-01-01 10:00:00")
    given.ip(ann, "192.0.2.1", at="2026-01-02 10:00:00")
    given.ip(ann, "192.0.2.2", at="0000-00-00 00:00:00")
    given.ip(ann, "", at="2026-01-03 10:00:00")
    given.ip(bob, "192.0.2.2")
    given.failed_login("ANN@example.com", 3, at="2026-01-04 10:00:00")
    given.failed_login("ann@example.com", 2, at="2026-01-03 10:00:00")
    given.failed_login("other@example.com", 9)

    facts = shop.all_facts()

    names = ("ips", "shared_ips", "last_login", "failed_logins", "last_failed_login")
    assert list(chosen(facts[ann], *names).values()) == [
        *(2, 1, "2026-01-03T10:00:00+02:00"),
        *(5, "2026-01-04T10:00:00+02:00"),
    ]
    assert chosen(facts[twin], "failed_logins", "ips") == {"failed_logins": 5, "ips": 0}
    assert chosen(facts[bob], "shared_ips", "failed_logins") == {
        "shared_ips": 1,
        "failed_logins": 0,
    }


def test_names_are_those_of_the_default_language(shop: Shop) -> None:
    given = shop.given
    other = given.language("uk-ua")
    outlet = given.store("Outlet & more")
    group = given.group("Wholesale")
    given.describe("customer_group", group, "Опт", language=other)
    given.order_status(5, "Виконано", language=other)
    ann = given.customer(group=group, store=outlet, language=other)
    bob = given.customer(group=99, store=99, language=99)
    given.order(ann, store=outlet)

    facts = shop.all_facts()

    names = ("group", "store", "language", "last_order_status", "last_order_store")
    assert list(chosen(facts[ann], *names).values()) == [
        *("Wholesale", "Outlet & more", "uk-ua", "Complete", "Outlet & more")
    ]
    assert list(chosen(facts[bob], *names).values()) == [None] * 5
