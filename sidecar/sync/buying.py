"""How one customer buys: by month, how much at a time, and what."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Column, Connection, select

from sidecar.model import Moment, Scope
from sidecar.shop.shop import Shop
from sidecar.shop.text import unescape
from sidecar.sync.facts import customers, lines, orders
from sidecar.sync.facts.as_json import money as money_text
from sidecar.sync.reading import TEXT, WHOLE, Reading, money
from sidecar.sync.state import Json

#: Months that are told, the one that it is among them.
MONTHS: Final = 24

#: Products and categories that are told.
TOP: Final = 5

#: Orders are counted by their units from each of these to below the next.
SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 11, 21)


def read(tx: Connection, shop: Shop, customer_id: int, moment: Moment) -> dict[str, Json]:
    """
    What a customer buys, told from the store's orders as they are now.

    ``months``: the last `MONTHS`, oldest first, each with its qualifying ``orders`` and what was
    ``spent``, as the fact total_spent counts it. ``baskets``: qualifying ``orders``, units a
    order (2 places, half up; None without an order) and ``sizes``, orders by units.
    ``products`` and ``categories``: `TOP` by what their lines cost with tax; a product counts
    in each category that it is in now.
    """
    reading = Reading(shop, tx, Scope.of([customer_id]), moment)
    emails = None
    if shop.guests_by_email:
        base = customers.load(reading, (), {customers.EMAIL})
        emails = base.select("customer_id", email=customers.EMAIL)
    placed = orders.read_orders(reading, emails, modified=False)
    bought = _bought(reading, placed.filter("qualifying"))
    return {
        "months": _months(placed, moment),
        "baskets": _baskets(placed.filter("qualifying"), bought),
        "categories": _categories(reading, bought),
        "products": _products(reading, bought),
    }


def _bought(reading: Reading, qualifying: pl.DataFrame) -> pl.DataFrame:
    """order_id, product_id, units and spent (money) of every line of *qualifying* orders."""
    tables = reading.shop.tables
    line, order = tables.order_product, tables.order
    query = select(
        line.c.order_id,
        line.c.product_id,
        line.c.quantity,
        money(line.c.price, "price"),
        money(line.c.tax, "tax"),
    )
    paid = order.c.order_status_id.in_(sorted(reading.shop.paid))
    found = lines.rows_of_orders(
        reading, reading.scope, query, line.c.order_id, qualifying, paid
    ).fill_null(0)
    units = pl.col("quantity")
    return found.select(
        "order_id",
        "product_id",
        units=units,
        spent=units * (pl.col("price") + pl.col("tax")),
    )


def _months(placed: pl.DataFrame, moment: Moment) -> Json:
    counted: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    rows = placed.select("at", "qualifying", "net").drop_nulls("at")
    for at, qualifying, net in rows.iter_rows():
        month = _month(at, moment.zone)
        counted[month] += qualifying
        spent[month] += net
    return [
        {"month": month, "orders": counted[month], "spent": money_text(spent[month])}
        for month in _last_months(moment)
    ]


def _month(at: int, zone: ZoneInfo) -> str:
    try:
        return f"{datetime.datetime.fromtimestamp(at, zone):%Y-%m}"
    except (OverflowError, ValueError, OSError):
        return ""


def _last_months(moment: Moment) -> Iterator[str]:
    now = datetime.datetime.fromtimestamp(moment.epoch_s, moment.zone)
    last = now.year * 12 + now.month - 1
    for number in range(last - MONTHS + 1, last + 1):
        yield f"{number // 12}-{number % 12 + 1:02d}"


def _baskets(qualifying: pl.DataFrame, bought: pl.DataFrame) -> Json:
    units = bought.group_by("order_id").agg(pl.col("units").sum())
    each = qualifying.join(units, on="order_id", how="left")["units"].fill_null(0).to_list()
    sizes = [
        {
            "from": begin,
            "to": end - 1 if end is not None else None,
            "orders": sum(begin <= one and (end is None or one < end) for one in each),
        }
        for begin, end in zip(SIZES, (*SIZES[1:], None), strict=True)
        if begin <= max(each, default=0)
    ]
    total = sum(each)
    mean = (total * 200 + len(each)) // (2 * len(each)) if each else None
    return {
        "orders": len(each),
        "units": None if mean is None else f"{mean // 100}.{mean % 100:02d}",
        "sizes": [size for size in sizes if size["from"] or size["orders"]],
    }


def _products(reading: Reading, bought: pl.DataFrame) -> Json:
    named = reading.shop.tables.product_description
    return _top(reading, bought.filter(pl.col("product_id") > 0), "product_id", named.c.product_id)


def _categories(reading: Reading, bought: pl.DataFrame) -> Json:
    tables = reading.shop.tables
    link, named = tables.product_to_category, tables.category_description
    links = reading.rows_at(
        select(link.c.product_id, link.c.category_id),
        {"product_id": WHOLE, "category_id": WHOLE},
        link.c.product_id,
        bought["product_id"].unique().sort().to_list(),
    )
    joined = bought.join(links.unique(), on="product_id")
    return _top(reading, joined, "category_id", named.c.category_id)


def _top(reading: Reading, bought: pl.DataFrame, key: str, named: Column[int]) -> Json:
    """The `TOP` of *key* by what was spent, with their names, ``#7`` where there is none."""
    sums = bought.group_by(key).agg(pl.col("units").sum(), pl.col("spent").sum())
    best = sums.sort("spent", "units", key, descending=[True, True, False]).head(TOP)
    names = _names(reading, named, best[key].to_list())
    return [
        {
            "id": number,
            "name": names.get(number, f"#{number}"),
            "units": units,
            "spent": money_text(spent),
        }
        for number, units, spent in best.select(key, "units", "spent").iter_rows()
    ]


def _names(reading: Reading, key: Column[int], ids: Collection[int]) -> Mapping[int, str]:
    """Names by id, in the store's default language where there is one in it."""
    table = key.table
    schema = {"id": WHOLE, "name": TEXT, "language_id": WHOLE}
    query = select(key.label("id"), table.c.name, table.c.language_id)
    found = reading.rows_at(query, schema, key, ids)
    preferred = pl.col("language_id") == reading.shop.settings.language_id
    last_is_best = found.drop_nulls("name").sort(preferred, "language_id", maintain_order=True)
    return {
        number: unescape(name) for number, name in last_is_best.select("id", "name").iter_rows()
    }
