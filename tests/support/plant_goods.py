"""Planted goods: categories and products that share names, moved, are half gone or gone."""

from __future__ import annotations

import datetime

from support.given import Line
from support.plant import DATES, HOSTILE, Plot


def plant(plot: Plot) -> None:
    """Plant every case of goods, carts, wishlists, returns' products and reviews."""
    products = _products(plot)
    for case, product in products.items():
        customer = plot.customer(f"bought: {case}")
        plot.given.order(customer, "20", lines=[Line(product, 2)])
        plot.given.cart(customer, product, 3, at="2026-01-02 03:04:05")
        plot.given.wish(customer, product)
        plot.given.review(customer, product, 4, at="2026-01-02 03:04:05")
    everything = plot.customer("bought everything")
    plot.given.order(everything, "900", lines=[Line(product) for product in products.values()])
    credit = plot.customer("credit for goods")
    for total, status in (("100", 5), ("-30", 11), ("-1", 5), ("-5", 0)):
        lines = [Line(products["in two categories"])]
        plot.given.order(credit, total, status=status, lines=lines)
    _quantities(plot, products["in two categories"])
    _carts(plot, products["in two categories"])
    _reviews(plot)


def _products(plot: Plot) -> dict[str, int]:
    given = plot.given
    maker, bare = given.manufacturer("Acme & <Sons>"), given.manufacturer("")
    root, other = given.category("Tools & <more>"), given.category("Garden")
    hammers = given.category("Hammers", parent=root)
    deep = given.category("Small hammers", parent=hammers)
    same, again = given.category("Sale", parent=root), given.category("Sale", parent=other)
    unnamed = given.category("")
    foreign = given.category("Лише тут", parent=other, language=plot.second)
    products = {
        "in two categories": given.product("Mallet", manufacturer=maker, categories=[deep, other]),
        "in categories of one name": given.product("Rake", categories=[same, again]),
        "in a category without a name": given.product("Spade", categories=[unnamed, foreign]),
        "in a category that is gone": given.product("Saw", categories=[root, 777_777]),
        "maker without a name": given.product("Axe", manufacturer=bare),
        "maker that is gone": given.product("Adze", manufacturer=777_777),
        "second language only": given.product("Лише тут", manufacturer=maker, language=plot.second),
        "same name": given.product("Mallet"),
        "name of spaces": given.product("  "),
        "hostile name": given.product(" ".join(HOSTILE.values())[:255], categories=[hammers]),
        "double escaped": given.product("A &amp;amp; B"),
    }
    gone = products["deleted"] = given.product("Deleted", manufacturer=maker, categories=[root])
    for table in ("product", "product_description", "product_to_category"):
        given.delete(table, product_id=gone)
    half = products["row deleted, name left"] = given.product("Half gone", manufacturer=maker)
    given.delete("product", product_id=half)
    unnamed_product = products["without a name"] = given.product("x", categories=[hammers])
    given.delete("product_description", product_id=unnamed_product)
    products["never there"] = 777_777
    _move(plot, products, root)
    return products


def _move(plot: Plot, products: dict[str, int], root: int) -> None:
    # One category moved below another, one deleted as OpenCart does.
    given = plot.given
    moved = given.category("Moved")
    products["in a category that moved"] = given.product("Nail", categories=[moved])
    given.delete("category_path", category_id=moved)
    for level, step in enumerate((root, moved)):
        given.insert("category_path", {"level": level}, category_id=moved, path_id=step)
    deleted = given.category("Deleted")
    products["in a category that was deleted"] = given.product("Bolt", categories=[deleted])
    if given.exists("category"):
        given.delete("category", category_id=deleted)
    for table in ("category_path", "category_description", "product_to_category"):
        given.delete(table, category_id=deleted)
    pathless = given.category("No path of its own")
    products["in a category without a path"] = given.product("Nut", categories=[pathless])
    given.delete("category_path", category_id=pathless)


def _quantities(plot: Plot, product: int) -> None:
    customer = plot.customer("odd quantities")
    lines = [Line(product, quantity) for quantity in (0, -2, 5)]
    plot.given.order(customer, "0", lines=[*lines, Line(0, 3)])
    plot.given.order(customer, "5", status=7, lines=[Line(product, 100)])
    only = plot.customer("only quantity 0")
    plot.given.order(only, "5", lines=[Line(product, 0)])
    plot.given.line(999_999, product, 7)


def _carts(plot: Plot, product: int) -> None:
    given = plot.given
    customer = plot.customer("odd cart")
    for quantity in (0, -1, 4):
        given.cart(customer, product, quantity, at="2026-01-02 03:04:05")
    for case, at in {**DATES, **plot.clock.edges()}.items():
        given.cart(plot.customer(f"cart: {case}"), product, at=at)
    for minutes in (0, 90, 91, 24 * 60, 24 * 60 + 1):
        before = plot.clock.now - datetime.timedelta(minutes=minutes)
        given.cart(plot.customer(f"cart of {minutes} minutes"), product, at=before)
    given.cart(0, product)
    given.cart(999_999, product)
    stores = plot.customer("wishes in two stores")
    given.wish(stores, product)
    if given.has("customer_wishlist", "store_id"):
        given.wish(stores, product, store=1)
    given.wish(stores, 777_777)
    given.wish(999_999, product)


def _reviews(plot: Plot) -> None:
    given = plot.given
    customer = plot.customer("ratings that do not divide")
    for rating in (5, 4, 4, 4, 5, 5, 5, 5):
        given.review(customer, 40, rating, days_ago=rating)
    for case, at in {**DATES, **plot.clock.edges()}.items():
        given.review(plot.customer(f"review: {case}"), 40, 3, at=at)
    given.review(0, 40)
    given.review(999_999, 40)
