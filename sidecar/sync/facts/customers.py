"""Facts of the customer's own row, and of the tables that hold one flag about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, func, literal, select

from sidecar.shop.text import plain
from sidecar.sync.reading import TEXT, WHOLE, Reading, wall

#: Facts that are one column of ``customer`` as text.
_TEXTS = {
    "email": "email",
    "first_name": "firstname",
    "last_name": "lastname",
    "telephone": "telephone",
    "ip": "ip",
}

#: Facts that are one flag of ``customer``; anything but 1, also NULL, is no.
_FLAGS = {"status": "status", "newsletter": "newsletter", "safe": "safe"}

_IDS = {"group": "customer_group_id", "store": "store_id", "language": "language_id"}

#: The facts this module fills.
FACTS = frozenset({*_TEXTS, *_FLAGS, *_IDS, "email_domain", "commenter", "registered"})

#: Columns that other modules need beside the facts: the e-mail as stored, the
#: custom fields' JSON, the default address of OpenCart 3; and the group as it is, also one
#: that does not exist, wherever the group is asked for.
EMAIL, CUSTOM, ADDRESS, GROUP = "@email", "@custom_field", "@address_id", "@group"


def load(reading: Reading, facts: Collection[str], extra: Collection[str]) -> pl.DataFrame:
    """
    One row for each customer of the reading that exists, ascending by ``customer_id``.

    Args:
        facts: Names of `FACTS`.
        extra: Of `EMAIL`, `CUSTOM`, `ADDRESS`.
    """
    customer = reading.shop.tables.customer
    columns: dict[str, tuple[ColumnElement[Any], pl.DataType]] = {}
    for fact in facts:
        if fact in _TEXTS:
            columns[fact] = customer.c[_TEXTS[fact]], TEXT
        elif fact in _FLAGS:
            columns[fact] = customer.c[_FLAGS[fact]], WHOLE
        elif fact in _IDS:
            columns[fact] = func.coalesce(customer.c[_IDS[fact]], 0), WHOLE
    if "registered" in facts:
        columns["registered"] = wall(customer.c.date_added, "registered"), WHOLE
    if "commenter" in facts and "commenter" in customer.c:
        columns["commenter"] = customer.c.commenter, WHOLE
    if EMAIL in extra or "email_domain" in facts:
        columns[EMAIL] = customer.c.email, TEXT
    if CUSTOM in extra:
        columns[CUSTOM] = customer.c.custom_field, TEXT
    if ADDRESS in extra and "address_id" in customer.c:
        columns[ADDRESS] = customer.c.address_id, WHOLE

    query = (
        select(customer.c.customer_id, *(c.label(name) for name, (c, _) in columns.items()))
        .where(customer.c.customer_id > 0)
        .order_by(customer.c.customer_id)
    )
    schema: Mapping[str, pl.DataType] = {
        "customer_id": WHOLE,
        **{name: kind for name, (_, kind) in columns.items()},
    }
    return _shaped(reading, reading.rows_of(query, schema, customer.c.customer_id), facts)


def _shaped(reading: Reading, frame: pl.DataFrame, facts: Collection[str]) -> pl.DataFrame:
    """Text unescaped, flags as Booleans, ids that exist, dates as instants."""
    shaped = [plain(pl.col(fact)).alias(fact) for fact in facts if fact in _TEXTS]
    shaped += [(pl.col(fact) == 1).fill_null(False) for fact in facts if fact in _FLAGS]
    if "commenter" in frame.columns:
        shaped.append((pl.col("commenter") == 1).fill_null(False))
    elif "commenter" in facts:
        shaped.append(pl.lit(None, dtype=pl.Boolean).alias("commenter"))
    if "email_domain" in facts:
        domain = plain(pl.col(EMAIL)).str.extract(r"@([^@]+)$").str.to_lowercase()
        shaped.append(domain.alias("email_domain"))
    for fact, known in _known(reading, facts).items():
        shaped.append(pl.when(pl.col(fact).is_in(list(known))).then(pl.col(fact)).alias(fact))
    if "group" in facts:
        # Our tables hold no negative one.
        shaped.append(pl.when(pl.col("group") >= 0).then(pl.col("group")).alias(GROUP))
    frame = frame.with_columns(shaped)
    if "registered" in facts:
        frame = reading.instants(frame, "registered")
    if "language" in facts:
        codes = _languages(reading)
        code = pl.col("language").replace_strict(codes, default=None, return_dtype=pl.String)
        frame = frame.with_columns(code)
    return frame


def _known(reading: Reading, facts: Collection[str]) -> dict[str, list[int]]:
    tables = reading.shop.tables
    found: dict[str, list[int]] = {}
    if "group" in facts:
        group = tables.customer_group.c.customer_group_id
        found["group"] = list(reading.tx.scalars(select(group)))
    if "store" in facts:
        found["store"] = [0, *reading.tx.scalars(select(tables.store.c.store_id))]
    return found


def _languages(reading: Reading) -> dict[int, str]:
    language = reading.shop.tables.language
    rows = reading.tx.execute(select(language.c.language_id, language.c.code))
    return {row.language_id: row.code for row in rows}


#: Counted tables: the fact and the table with a row for each.
_COUNTED = {
    "notes": "customer_history",
    "searches": "customer_search",
    "coupons": "coupon_history",
    "addresses": "address",
}

COUNTS = frozenset({*_COUNTED, "approval_pending", "affiliate"})


def counts(reading: Reading, fact: str) -> pl.DataFrame:
    """``customer_id`` and *fact* (one of `COUNTS`) for customers that have such rows."""
    tables = reading.shop.tables
    if fact in _COUNTED:
        table = getattr(tables, _COUNTED[fact])
        query = select(table.c.customer_id, func.count(table.c.customer_id).label(fact))
    elif fact == "approval_pending":
        table = tables.customer_approval
        query = select(table.c.customer_id, literal(1).label(fact))
        query = query.where(table.c.type == "customer")
    else:
        table = tables.customer_affiliate
        query = select(table.c.customer_id, literal(1).label(fact)).where(table.c.status == 1)
    query = query.group_by(table.c.customer_id)
    schema = {"customer_id": WHOLE, fact: WHOLE}
    found = reading.rows_of(query, schema, table.c.customer_id).group_by("customer_id")
    return found.agg(pl.col(fact).sum() if fact in _COUNTED else (pl.col(fact) == 1).any())
