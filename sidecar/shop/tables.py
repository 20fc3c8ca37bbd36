"""
The store's tables and columns that we read, per generation of OpenCart.

Only what is read is declared. The same declarations make the store of the demo
and of the benches, so they carry types and keys; a test holds them against the
schemas of real stores.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects.mysql import DATE, DATETIME, DECIMAL, TINYINT

#: The generations that differ in their schema; 4.0 stands for 4.0.2.x.
Generation = Literal["3.0", "4.0", "4.1"]


@dataclass(frozen=True, slots=True)
class StoreTables:
    """The store's tables by OpenCart's own names, without the prefix; ``return_`` is ``return``."""

    metadata: MetaData
    customer: Table
    customer_group: Table
    customer_group_description: Table
    tax_rate_to_customer_group: Table
    customer_login: Table
    customer_ip: Table
    customer_history: Table
    customer_search: Table
    customer_approval: Table
    customer_affiliate: Table
    customer_reward: Table
    customer_transaction: Table
    customer_wishlist: Table
    address: Table
    order: Table
    order_product: Table
    order_total: Table
    order_history: Table
    order_status: Table
    coupon: Table
    coupon_history: Table
    return_: Table
    return_history: Table
    return_status: Table
    review: Table
    cart: Table
    product: Table
    product_description: Table
    product_to_category: Table
    category_description: Table
    category_path: Table
    manufacturer: Table
    country: Table
    zone: Table
    language: Table
    store: Table
    setting: Table
    custom_field: Table
    custom_field_description: Table
    custom_field_value_description: Table


def _id(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=True)


def _int(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str) -> Column[int]:
    return Column(name, TINYINT(1), nullable=False, server_default="0")


def _text(name: str, length: int) -> Column[str]:
    return Column(name, String(length), nullable=False, server_default="")


def _money(name: str) -> Column[Any]:
    return Column(name, DECIMAL(15, 4), nullable=False, server_default="0.0000")


def _date(name: str) -> Column[Any]:
    return Column(name, DATETIME, nullable=False)


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


@functools.cache
def store_tables(prefix: str, generation: Generation) -> StoreTables:
    """
    The tables of a store whose names begin with *prefix*.

    The columns that only some generations have: ``customer.address_id`` (3.0),
    ``address.default`` (from 4.0), ``customer.commenter`` (from 4.1).
    """
    metadata = MetaData()

    def table(name: str, *columns: Column[Any] | Index) -> Table:
        return Table(
            prefix + name,
            metadata,
            *columns,
            mysql_engine="MyISAM" if generation == "3.0" and name != "cart" else "InnoDB",
            mysql_charset="utf8mb4",
        )

    oldest, newest = generation == "3.0", generation == "4.1"
    return StoreTables(
        metadata=metadata,
        customer=table(
            "customer",
            _id("customer_id"),
            _int("customer_group_id"),
            _int("store_id"),
            _int("language_id"),
            _text("firstname", 32),
            _text("lastname", 32),
            _text("email", 96),
            _text("telephone", 32),
            _flag("newsletter"),
            *([_int("address_id")] if oldest else []),
            Column("custom_field", Text),
            _text("ip", 40),
            _flag("status"),
            _flag("safe"),
            *([_flag("commenter")] if newest else []),
            _date("date_added"),
        ),
        customer_group=table("customer_group", _id("customer_group_id"), _int("approval")),
        customer_group_description=table(
            "customer_group_description",
            _key("customer_group_id"),
            _key("language_id"),
            _text("name", 32),
        ),
        tax_rate_to_customer_group=table(
            "tax_rate_to_customer_group", _key("tax_rate_id"), _key("customer_group_id")
        ),
        customer_login=table(
            "customer_login",
            _id("customer_login_id"),
            _text("email", 96),
            _text("ip", 40),
            _int("total"),
            _date("date_modified"),
            Index("email", "email"),
        ),
        customer_ip=table(
            "customer_ip",
            _id("customer_ip_id"),
            _int("customer_id"),
            _text("ip", 40),
            _date("date_added"),
            Index("ip", "ip"),
        ),
        customer_history=table("customer_history", _id("customer_history_id"), _int("customer_id")),
        customer_search=table("customer_search", _id("customer_search_id"), _int("customer_id")),
        customer_approval=table(
            "customer_approval",
            _id("customer_approval_id"),
            _int("customer_id"),
            _text("type", 9),
        ),
        customer_affiliate=table("customer_affiliate", _key("customer_id"), _flag("status")),
        customer_reward=table(
            "customer_reward",
            _id("customer_reward_id"),
            _int("customer_id"),
            _int("order_id"),
            Column("description", Text),
            _int("points"),
            Column("date_added", DATETIME),
        ),
        customer_transaction=table(
            "customer_transaction",
            _id("customer_transaction_id"),
            _int("customer_id"),
            _int("order_id"),
            Column("description", Text),
            _money("amount"),
            Column("date_added", DATETIME),
        ),
        customer_wishlist=table("customer_wishlist", _key("customer_id"), _key("product_id")),
        address=table(
            "address",
            _id("address_id"),
            _int("customer_id"),
            _text("company", 60),
            _text("city", 128),
            _text("postcode", 10),
            _int("country_id"),
            _int("zone_id"),
            *([] if oldest else [_flag("default")]),
            Index("customer_id", "customer_id"),
        ),
        order=table(
            "order",
            _id("order_id"),
            _int("store_id"),
            _int("customer_id"),
            _text("email", 96),
            _int("payment_country_id"),
            _money("total"),
            _int("order_status_id"),
            _int("affiliate_id"),
            _date("date_added"),
            _date("date_modified"),
            *([Index("email", "email")] if newest else []),
        ),
        order_product=table(
            "order_product",
            _id("order_product_id"),
            _int("order_id"),
            _int("product_id"),
            _int("quantity"),
            _money("price"),
            _money("total"),
            _money("tax"),
            Index("order_id", "order_id"),
        ),
        order_total=table(
            "order_total",
            _id("order_total_id"),
            _int("order_id"),
            _text("code", 32),
            _text("title", 255),
            _money("value"),
            Index("order_id", "order_id"),
        ),
        order_history=table("order_history", _id("order_history_id"), _int("order_id")),
        order_status=table(
            "order_status", _key("order_status_id"), _key("language_id"), _text("name", 32)
        ),
        coupon=table(
            "coupon",
            _id("coupon_id"),
            _text("name", 128),
            _text("code", 20),
            _text("type", 1),
            _money("discount"),
            _flag("logged"),
            _flag("shipping"),
            _money("total"),
            Column("date_start", DATE, nullable=False),
            Column("date_end", DATE, nullable=False),
            _int("uses_total"),
            # Before 4.0 it is text.
            _text("uses_customer", 11) if oldest else _int("uses_customer"),
            _flag("status"),
            _date("date_added"),
        ),
        coupon_history=table(
            "coupon_history",
            _id("coupon_history_id"),
            _int("coupon_id"),
            _int("order_id"),
            _int("customer_id"),
        ),
        return_=table(
            "return",
            _id("return_id"),
            _int("order_id"),
            _int("product_id"),
            _int("customer_id"),
            _int("quantity"),
            _int("return_status_id"),
            _date("date_added"),
        ),
        return_history=table("return_history", _id("return_history_id"), _int("return_id")),
        return_status=table(
            "return_status", _key("return_status_id"), _key("language_id"), _text("name", 32)
        ),
        review=table(
            "review",
            _id("review_id"),
            _int("product_id"),
            _int("customer_id"),
            _int("rating"),
            _date("date_added"),
        ),
        cart=table(
            "cart",
            _id("cart_id"),
            _int("customer_id"),
            _int("product_id"),
            _int("quantity"),
            _date("date_added"),
            Index("customer_id", "customer_id"),
        ),
        product=table("product", _id("product_id"), _int("manufacturer_id")),
        product_description=table(
            "product_description",
            _key("product_id"),
            _key("language_id"),
            _text("name", 255),
            # MyISAM's keys have 1,000 bytes at most; MariaDB shortens by itself, MySQL does not.
            Index("name", "name", mysql_length=250 if oldest else None),
        ),
        product_to_category=table("product_to_category", _key("product_id"), _key("category_id")),
        category_description=table(
            "category_description",
            _key("category_id"),
            _key("language_id"),
            _text("name", 255),
        ),
        category_path=table("category_path", _key("category_id"), _key("path_id")),
        manufacturer=table("manufacturer", _id("manufacturer_id"), _text("name", 64)),
        country=table("country", _id("country_id"), _text("iso_code_2", 2)),
        zone=table("zone", _id("zone_id"), _int("country_id"), _text("code", 32)),
        language=table("language", _id("language_id"), _text("code", 5), _flag("status")),
        store=table("store", _id("store_id"), _text("name", 64)),
        setting=table(
            "setting",
            _id("setting_id"),
            _int("store_id"),
            _text("code", 128),
            _text("key", 128),
            Column("value", Text),
            _flag("serialized"),
        ),
        custom_field=table(
            "custom_field",
            _id("custom_field_id"),
            _text("type", 32),
            _text("location", 10),
            _flag("status"),
        ),
        custom_field_description=table(
            "custom_field_description",
            _key("custom_field_id"),
            _key("language_id"),
            _text("name", 128),
        ),
        custom_field_value_description=table(
            "custom_field_value_description",
            _key("custom_field_value_id"),
            _key("language_id"),
            _int("custom_field_id"),
            _text("name", 128),
        ),
    )
