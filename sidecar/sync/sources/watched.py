"""
The store's tables that are watched for changes, and whom a row leads to.

Watched are the columns that `sidecar.shop.tables` declares: what facts are told from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Table, case, func, literal_column
from sqlalchemy.dialects import mysql
from sqlalchemy.types import String

from sidecar.shop.settings import KEYS
from sidecar.shop.shop import Shop
from sidecar.shop.tables import StoreTables
from sidecar.sync.reading import in_utf8

#: What a row's reference is: a customer, or something that leads to customers. ``lines`` is
#: an order by one of its lines: what was bought has to be read again.
Lead = Literal["customer", "order", "lines", "return", "product", "email", "everyone"]

#: What an e-mail leads to: accounts by any spelling of it, or the account of a guest.
TextLead = Literal["email", "guest"]

#: Keys a block.
BLOCK = 1_000

#: As `BLOCK`, where the whole table is one.
WHOLE_TABLE = 2**31

#: References from here on are checksums of the e-mail of a guest, not ids of a customer.
GUEST = 2**32


@dataclass(frozen=True, slots=True)
class Watched:
    """
    One watched table.

    Attributes:
        name: As in OpenCart, without the prefix.
        key: Whole numbers; blocks and windows are counted by it. Leads the primary key.
        reference: Whom a row leads to, a whole number; 0: nobody.
        lead: What *reference* is.
        columns: What a row's checksum is of.
        only: Rows that count; None: all.
    """

    name: str
    key: Column[int]
    reference: ColumnElement[int]
    lead: Lead
    columns: tuple[Column[Any], ...]
    only: ColumnElement[bool] | None = None

    @property
    def size(self) -> int:
        """Keys a block: one block where rows lead to everybody, and may change their keys."""
        return WHOLE_TABLE if self.lead == "everyone" else BLOCK

    @property
    def checksum(self) -> ColumnElement[int]:
        """CRC32 of a row: text as the hex of its bytes, so that NULL, '' and shifts differ."""
        # Not the bytes themselves: MySQL refuses to quote those that are not UTF-8.
        parts = [
            func.coalesce(
                func.hex(column) if isinstance(column.type, String) else column,
                literal_column("'-'"),
            )
            for column in self.columns
        ]
        return func.coalesce(func.crc32(func.concat_ws(literal_column("','"), *parts)), 0)

    @property
    def fingerprint(self) -> str:
        """Of what is read: another one makes stored checksums worthless."""
        said = [str(part.compile(dialect=mysql.dialect())) for part in self._parts()]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]

    def _parts(self) -> list[ColumnElement[Any]]:
        return [self.reference, self.checksum, *([] if self.only is None else [self.only])]


def appended(shop: Shop) -> list[Watched]:
    """Tables whose new rows have ever higher keys."""
    tables = shop.tables
    histories = [
        _watched("order_history", tables.order_history, "order_history_id", "order"),
        _watched("return_history", tables.return_history, "return_history_id", "return"),
    ]
    return [*(w for w in _numbered(shop)), *histories]


def changed(shop: Shop) -> list[Watched]:
    """Tables whose rows facts are told from: they are changed and deleted in place."""
    tables = shop.tables
    by_customer = [
        _watched(name, getattr(tables, name), "customer_id", "customer")
        for name in ("customer_affiliate", "customer_wishlist")
    ]
    return [*_numbered(shop), *by_customer, *_goods(tables), *_whole_store(tables)]


#: Tables with a number of their own for each row and the customer's id in it.
_OF_CUSTOMERS: Mapping[str, str] = {
    "customer": "customer_id",
    "address": "address_id",
    "customer_reward": "customer_reward_id",
    "customer_transaction": "customer_transaction_id",
    "return_": "return_id",
    "review": "review_id",
    "cart": "cart_id",
    "coupon_history": "coupon_history_id",
    "customer_approval": "customer_approval_id",
    "customer_history": "customer_history_id",
    "customer_search": "customer_search_id",
    "customer_ip": "customer_ip_id",
}


def _numbered(shop: Shop) -> list[Watched]:
    tables = shop.tables
    order, login = tables.order, tables.customer_login
    return [
        *(
            _watched(attribute.rstrip("_"), getattr(tables, attribute), key, "customer")
            for attribute, key in _OF_CUSTOMERS.items()
        ),
        Watched("order", order.c.order_id, owner(shop), "customer", tuple(order.columns)),
        # Not order_total, a row or more an order: OpenCart writes it only while the order is a
        # draft or void, also in an edit, and the change of status afterwards is seen.
        _watched("order_product", tables.order_product, "order_product_id", "lines"),
        Watched(
            "customer_login",
            login.c.customer_login_id,
            email_checksum(login.c.email),
            "email",
            tuple(login.columns),
        ),
    ]


def _goods(tables: StoreTables) -> list[Watched]:
    return [
        _watched("product_to_category", tables.product_to_category, "product_id", "product"),
        _watched("product", tables.product, "product_id", "product"),
    ]


def _whole_store(tables: StoreTables) -> list[Watched]:
    """Tables whose every change may concern everybody."""
    setting = tables.setting
    keys = {
        "category_path": "category_id",
        "country": "country_id",
        "custom_field": "custom_field_id",
        "custom_field_description": "custom_field_id",
        "custom_field_value_description": "custom_field_value_id",
        "customer_group": "customer_group_id",
        "language": "language_id",
        "store": "store_id",
        "zone": "zone_id",
    }
    return [
        *(_watched(name, getattr(tables, name), key, "everyone") for name, key in keys.items()),
        Watched(
            "setting",
            setting.c.setting_id,
            literal_column("0"),
            "everyone",
            # Not the number: OpenCart deletes and inserts settings whenever they are saved.
            tuple(c for c in setting.columns if c.name != "setting_id"),
            (setting.c.store_id == 0) & setting.c.key.in_(KEYS),
        ),
    ]


def _watched(name: str, table: Table, key: str, lead: Lead) -> Watched:
    by_lead = {"customer": "customer_id", "order": "order_id", "return": "return_id"}
    by_lead |= {"product": "product_id", "lines": "order_id"}
    reference = (
        literal_column("0")
        if lead == "everyone"
        else func.coalesce(table.c[by_lead[lead]], literal_column("0"))
    )
    return Watched(name, table.c[key], reference, lead, tuple(table.columns))


def owner(shop: Shop) -> ColumnElement[int]:
    """Of an order: its customer's id, or `GUEST` and the checksum of the guest's e-mail."""
    order = shop.tables.order
    customer = func.coalesce(order.c.customer_id, literal_column("0"))
    if not shop.guests_by_email:
        return customer
    guest: ColumnElement[int] = literal_column(str(GUEST)) + email_checksum(order.c.email)
    return case((order.c.customer_id > 0, order.c.customer_id), else_=guest)


def email_checksum(column: ColumnElement[str]) -> ColumnElement[int]:
    """A checksum that all spellings of an e-mail share."""
    return func.crc32(comparable_email(column))


def comparable_email(column: ColumnElement[str]) -> ColumnElement[Any]:
    """An e-mail trimmed and in lower case; NULL is an empty one."""
    text = func.coalesce(in_utf8(column), literal_column("''"))
    return func.lower(func.trim(text)).collate("utf8mb4_bin")
