"""Facts about security: IPs used and shared, logins, failed logins."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from sqlalchemy import ColumnElement, func, select

from sidecar.sync.reading import TEXT, WHOLE, Reading, in_utf8, wall, wall_seconds

IPS = frozenset({"ips", "shared_ips", "last_login"})
FAILED = frozenset({"failed_logins", "last_failed_login"})


def load_ips(reading: Reading, facts: Collection[str]) -> pl.DataFrame:
    """``customer_id`` and *facts*, of `IPS`, for customers with a login on record."""
    used = reading.shop.tables.customer_ip
    at = func.max(wall_seconds(used.c.date_added)).label("at")
    query = select(used.c.customer_id, used.c.ip, at).group_by(used.c.customer_id, used.c.ip)
    schema = {"customer_id": WHOLE, "ip": TEXT, "at": WHOLE}
    rows = reading.rows_of(query, schema, used.c.customer_id)
    rows = reading.instants(rows, "at").with_columns(
        ip=pl.when(pl.col("ip") != "").then(pl.col("ip").str.to_lowercase())
    )
    aggregates = {
        "ips": pl.col("ip").drop_nulls().n_unique().cast(pl.Int64),
        "last_login": pl.col("at").max(),
    }
    if "shared_ips" in facts:
        shared = _shared(reading, rows)
        is_shared = pl.col("ip").is_in(shared.implode())
        aggregates["shared_ips"] = pl.col("ip").filter(is_shared).n_unique().cast(pl.Int64)
    return rows.group_by("customer_id").agg(aggregates[fact].alias(fact) for fact in facts)


def _shared(reading: Reading, rows: pl.DataFrame) -> pl.Series:
    """The IPs, lower case, that more than one customer has used."""
    used = reading.shop.tables.customer_ip
    lower = func.lower(used.c.ip)
    lowest, highest = func.min(used.c.customer_id), func.max(used.c.customer_id)
    query = (
        select(lower.label("ip"), lowest.label("lowest"), highest.label("highest"))
        .where(used.c.customer_id > 0, used.c.ip != "")
        .group_by(lower)
    )
    schema = {"ip": TEXT, "lowest": WHOLE, "highest": WHOLE}
    if reading.is_small:
        theirs = query.where(_one_of(used.c.ip, rows["ip"])).having(lowest < highest)
        found = reading.rows_here(theirs, schema)
    else:
        if "shared ips" not in reading.whole_store:
            if not reading.shop.key_blocks.are_locked(query):
                query = query.having(lowest < highest)  # else they may be in different blocks
            found = reading.all_rows(query, schema, used.c.customer_ip_id)
            found = found.group_by("ip").agg(pl.col("lowest").min(), pl.col("highest").max())
            found = found.filter(pl.col("lowest") < pl.col("highest"))
            reading.whole_store["shared ips"] = found
        found = reading.whole_store["shared ips"]
    return found["ip"].str.to_lowercase().unique()


def _one_of(column: ColumnElement[str], ips: pl.Series) -> ColumnElement[bool]:
    """That *column* is one of the lower-case *ips*, by its index where they are in ASCII."""
    wanted = ips.drop_nulls().unique().sort().to_list()
    ascii_only = [ip for ip in wanted if ip.isascii()]
    indexed = column.in_([*ascii_only, *(ip.upper() for ip in ascii_only)])
    if len(ascii_only) == len(wanted):
        return indexed
    return indexed | func.lower(in_utf8(column)).in_(wanted)


def load_failed(reading: Reading, facts: Collection[str], emails: pl.DataFrame) -> pl.DataFrame:
    """
    ``customer_id`` and *facts*, of `FAILED`, for customers whose e-mail failed to log in.

    Args:
        emails: ``customer_id`` and ``email`` as stored.
    """
    login = reading.shop.tables.customer_login
    query = select(login.c.email, login.c.total, wall(login.c.date_modified, "at"))
    schema = {"email": TEXT, "total": WHOLE, "at": WHOLE}
    if reading.is_small:
        wanted = emails["email"].drop_nulls().str.to_lowercase().unique().sort().to_list()
        same = func.lower(in_utf8(login.c.email)).in_(wanted)
        rows = reading.all_rows(query.where(same), schema, login.c.customer_login_id)
    else:
        # The table is keyed by e-mail only, and collations may differ: joined here.
        if "failed logins" not in reading.whole_store:
            rows = reading.all_rows(query, schema, login.c.customer_login_id)
            reading.whole_store["failed logins"] = rows
        rows = reading.whole_store["failed logins"]
    lower = pl.col("email").str.to_lowercase()
    rows = reading.instants(rows, "at").with_columns(lower)
    aggregates = {
        "failed_logins": pl.col("total").fill_null(0).sum(),
        "last_failed_login": pl.col("at").max(),
    }
    by_email = rows.group_by("email").agg(aggregates[fact].alias(fact) for fact in facts)
    named = emails.filter(pl.col("email") != "").with_columns(lower)
    return named.join(by_email, on="email").select("customer_id", *facts)
