"""The made-up customers and all that hangs on them but their orders."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from sqlalchemy import Table

from sidecar.service.demo_store.draw import choose
from sidecar.service.demo_store.plan import Plan
from sidecar.service.demo_store.reference import COUNTRIES, PRODUCTS, ZONES_PER_COUNTRY
from sidecar.shop.tables import StoreTables

#: First names as shown, and as an e-mail address has them.
_FIRST = (
    *("Ada", "Bram", "Cleo", "Dario", "Élise", "Finn", "Greta", "Hugo", "Ines", "Jóna"),
    *("Kaito", "Lena", "Milo", "Nadia", "Otto", "Pia", "Quinn", "Rosa", "Sven", "Zoë"),
)
_FIRST_PLAIN = tuple(name.lower().translate(str.maketrans("éóë", "eoe")) for name in _FIRST)
_LAST_BEGINS = ("Ash", "Bel", "Cor", "Dun", "Elm", "Fal", "Gar", "Hol", "Isk", "Jar", "Kel", "Lor")
_LAST_ENDS = ("ander", "bury", "croft", "dale", "ensen", "feld", "grove", "holt", "ic", "mere")
_COMPANIES = ("Ashgrove &amp; Sons", "Belmere GmbH", "Cordale Ltd", "Dunholt Design", "Elmfeld BV")
_CITIES = ("Aldstadt", "Brenmark", "Coldwater", "Dunmarch", "Eastmere", "Fairhaven", "Grünau")

#: What the free mail providers of this world are called; all are reserved names.
FREE_MAIL = ("mail.example", "post.example", "inbox.test")
_FREE_MAIL_WEIGHTS = {0: 34, 1: 22, 2: 12, 3: 10, 4: 6}
_DOMAINS = (*FREE_MAIL, "example.com", "example.org")


def email(plan: Plan, customer_id: pl.Expr) -> pl.Expr:
    """The customer's e-mail address; every sixth has one at a firm of its own."""
    draw = plan.draw
    local = pl.concat_str(
        draw.pick("first name", customer_id, _FIRST_PLAIN),
        pl.lit("."),
        draw.pick("last name begins", customer_id, _LAST_BEGINS).str.to_lowercase(),
        draw.pick("last name ends", customer_id, _LAST_ENDS),
        customer_id,
    )
    firm = pl.concat_str(
        pl.lit("firm"), draw.below("firm", customer_id, plan.customers // 8 + 1), pl.lit(".example")
    )
    public = choose(draw.weighted("domain", customer_id, _FREE_MAIL_WEIGHTS), _DOMAINS)
    domain = pl.when(_at_a_firm(plan, customer_id)).then(firm).otherwise(public)
    return pl.concat_str(local, pl.lit("@"), domain)


def country_id(plan: Plan, customer_id: pl.Expr) -> pl.Expr:
    """The country of the customer's addresses."""
    weights = dict.fromkeys(COUNTRIES, 6) | {81: 50, 14: 12, 204: 10}
    return plan.draw.weighted("country", customer_id, weights)


def _at_a_firm(plan: Plan, customer_id: pl.Expr) -> pl.Expr:
    return plan.draw.chance("at a firm", customer_id, 160)


def people(
    plan: Plan, tables: StoreTables, first: int, last: int
) -> Iterator[tuple[Table, pl.DataFrame]]:
    """Every row about the customers *first* to *last*, table by table."""
    customer = _customers(plan, first, last)
    number, draw = pl.col("customer_id"), plan.draw

    def some(purpose: str, per_thousand: int, *columns: pl.Expr) -> pl.DataFrame:
        chosen = customer.filter(draw.chance(purpose, number, per_thousand))
        return chosen.with_columns(*columns)

    yield tables.customer, customer
    yield tables.address, _addresses(plan, customer)
    yield tables.customer_ip, _ips(plan, customer)
    yield (
        tables.customer_login,
        some(
            "failed logins",
            40,
            number.alias("customer_login_id"),
            draw.below("attempts", number, 9).alias("total") + 1,
            plan.between("attempted", number, pl.col("date_added")).alias("date_modified"),
        ),
    )
    yield tables.customer_history, some("notes", 20, number.alias("customer_history_id"))
    yield tables.customer_search, some("searches", 60, number.alias("customer_search_id"))
    approval = (number.alias("customer_approval_id"), pl.lit("customer").alias("type"))
    yield tables.customer_approval, some("approval", 8, *approval)
    yield tables.customer_affiliate, some("affiliate", 12, pl.lit(1).alias("status"))
    yield tables.customer_wishlist, _several(plan, some("wishlist", 80), "wished")
    cart = _several(plan, some("cart", 60), "in the cart")
    added = plan.now_s - draw.below("put in", number, 30 * 86_400)
    yield (
        tables.cart,
        cart.with_columns(
            (number * 4 + pl.col("place")).alias("cart_id"),
            draw.weighted("how many", number, {1: 7, 2: 2, 4: 1}).alias("quantity"),
            pl.max_horizontal(added, pl.col("date_added")).alias("date_added"),
        ),
    )


def _customers(plan: Plan, first: int, last: int) -> pl.DataFrame:
    number, draw = pl.col("customer_id"), plan.draw
    wholesale = _at_a_firm(plan, number) & draw.chance("wholesale", number, 400)
    begins = draw.pick("last name begins", number, _LAST_BEGINS)
    return pl.select(pl.int_range(first, last + 1, dtype=pl.Int64).alias("customer_id")).select(
        number,
        pl.when(wholesale)
        .then(2)
        .otherwise(draw.weighted("group", number, {1: 996, 3: 4}))
        .alias("customer_group_id"),
        draw.weighted("store", number, {0: 85, 1: 15}).alias("store_id"),
        draw.weighted("language", number, {1: 65, 2: 35}).alias("language_id"),
        draw.pick("first name", number, _FIRST).alias("firstname"),
        pl.concat_str(begins, draw.pick("last name ends", number, _LAST_ENDS)).alias("lastname"),
        email(plan, number).alias("email"),
        pl.concat_str(
            pl.lit("+49 30 23125"),
            draw.below("telephone", number, 1000).cast(pl.String).str.zfill(3),
        ).alias("telephone"),
        draw.chance("newsletter", number, 450).cast(pl.Int64).alias("newsletter"),
        (number * 2).alias("address_id"),
        _custom_field(plan).alias("custom_field"),
        _ip(number).alias("ip"),
        draw.chance("enabled", number, 975).cast(pl.Int64).alias("status"),
        draw.chance("safe", number, 10).cast(pl.Int64).alias("safe"),
        draw.chance("commenter", number, 20).cast(pl.Int64).alias("commenter"),
        plan.registered_s(number).alias("date_added"),
    )


def _custom_field(plan: Plan) -> pl.Expr:
    """The custom fields as JSON: field id to value, both as text."""
    number, draw = pl.col("customer_id"), plan.draw
    born = pl.from_epoch(draw.below("born", number, 20_000) - 7_300, "d").dt.strftime("%Y-%m-%d")
    birthday = pl.concat_str(pl.lit('"1":"'), born, pl.lit('"'))
    found = pl.concat_str(pl.lit('"2":"'), draw.below("found by", number, 3) + 1, pl.lit('"'))
    card = pl.concat_str(pl.lit('"3":"C-'), number + 100_000, pl.lit('"'))
    parts = [
        pl.when(draw.chance(f"custom {name}", number, share)).then(text)
        for name, share, text in (("1", 350, birthday), ("2", 500, found), ("3", 100, card))
    ]
    inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
    nothing = pl.when(inside == "").then(pl.lit("[]"))  # as PHP writes an empty array
    return nothing.otherwise(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))


def _ip(number: pl.Expr) -> pl.Expr:
    bytes_ = [number // 65_536 % 256, number // 256 % 256, number % 256]
    return pl.concat_str(pl.lit("10"), *bytes_, separator=".")


def _addresses(plan: Plan, customer: pl.DataFrame) -> pl.DataFrame:
    """Nine in ten have a default address (id: twice the customer's), two in ten a second one."""
    number, draw = pl.col("customer_id"), plan.draw
    country = country_id(plan, number)
    zone = country * 10 + draw.below("zone", number, ZONES_PER_COUNTRY)
    firm = pl.when(_at_a_firm(plan, number)).then(draw.pick("company", number, _COMPANIES))
    both = customer.select(
        number,
        firm.otherwise(pl.lit("")).alias("company"),
        draw.pick("city", number, _CITIES).alias("city"),
        (draw.below("postcode", number, 89_999) + 10_000).cast(pl.String).alias("postcode"),
        country.alias("country_id"),
        zone.alias("zone_id"),
        (number * 2).alias("address_id"),
        pl.lit(1).alias("default"),
    ).filter(draw.chance("address", number, 900))
    second = both.filter(draw.chance("second address", number, 220)).with_columns(
        pl.col("address_id") + 1, pl.lit(0).alias("default"), pl.lit("").alias("company")
    )
    return pl.concat([both, second])


def _ips(plan: Plan, customer: pl.DataFrame) -> pl.DataFrame:
    """Most have the IP of the last visit; a quarter also one that forty share."""
    number, draw = pl.col("customer_id"), plan.draw
    seen = plan.between("seen", number, pl.col("date_added"))
    own = customer.select(
        number, (number * 2).alias("customer_ip_id"), "ip", seen.alias("date_added")
    ).filter(draw.chance("visited", number, 800))
    place = draw.below("shared ip", number, plan.customers // 160 + 1)
    shared = own.filter(draw.chance("second ip", number, 250)).with_columns(
        pl.col("customer_ip_id") + 1,
        pl.concat_str(pl.lit("172.16"), place // 256 % 256, place % 256, separator=".").alias("ip"),
    )
    return pl.concat([own, shared])


def _several(plan: Plan, some: pl.DataFrame, purpose: str) -> pl.DataFrame:
    """Each row of *some* one to four times, with different products, numbered by ``place``."""
    number, draw = pl.col("customer_id"), plan.draw
    step = PRODUCTS // 7  # four steps stay below the number of products: no product twice
    return (
        some.with_columns(
            pl.int_ranges(draw.below(f"{purpose}: kinds", number, 4) + 1).alias("place")
        )
        .explode("place")
        .with_columns(
            ((draw.below(purpose, number, PRODUCTS) + pl.col("place") * step) % PRODUCTS + 1).alias(
                "product_id"
            )
        )
    )
