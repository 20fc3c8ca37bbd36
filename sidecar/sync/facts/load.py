"""
The loader: every fact a plan asks for, one row a customer, in one frame.

The same for one customer and for a range of a hundred thousand. Each source is
read once, only where a column needs it, and joined to the customers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from sidecar.rules.catalogue import Catalogue
from sidecar.rules.columns import Column
from sidecar.sync.facts import (
    access,
    addresses,
    balances,
    cart,
    custom_fields,
    customers,
    feedback,
    lines,
    loyalty,
    orders,
    purchases,
    purging,
    rfm,
)
from sidecar.sync.facts.custom_fields import CustomField
from sidecar.sync.facts.windows import moving
from sidecar.sync.reading import Reading


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    Attributes:
        frame: ``customer_id`` ascending and every column asked for: whole numbers for
            counts, money (ten-thousandths), instants (seconds since 1970), ids of
            names; text unescaped; Booleans; null where missing.
        purchases: What our purchase table should hold; None where nobody asked.
        groups: The customer group of each row of the frame as it is, also one that does not
            exist; None where nobody asked.
    """

    frame: pl.DataFrame
    purchases: purchases.Purchases | None
    groups: pl.Series | None = None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """
    What the facts of one store are called.

    Attributes:
        catalogue: Built-in facts and custom fields.
        fields: The custom fields.
        birthday: The one with the birthday, or None.
        points_for_one: How many points are worth one currency unit; None: there is no loyalty
            program, or our tables do not exist.
        purges: Whether retention rules end accounts, and our tables exist.
    """

    catalogue: Catalogue
    fields: tuple[CustomField, ...]
    birthday: CustomField | None
    points_for_one: int | None = None
    purges: bool = False


def load(
    reading: Reading,
    columns: Collection[Column],
    dictionary: Dictionary,
    standing: pl.DataFrame | None = None,
    *,
    moves: bool = False,
) -> Loaded:
    """
    Load *columns* for every customer of the reading that exists.

    Args:
        standing: ``customer_id`` and ``purchases_mark`` as stored; None without own tables.
        moves: Also the columns `Column.leaves` and `Column.enters` of each that has windows,
            instants that `sidecar.rules.instants` tells the next one from.

    Raises:
        CustomerError: A customer's numbers do not fit; others may.
    """
    wanted = {column.key: column for column in columns}
    names = {column.fact for column in wanted.values()}
    needed = _with_helpers(wanted, names)

    base = _customers(reading, names)
    frame = base
    found: purchases.Purchases | None = None
    by_source = {source: _of(needed, facts) for source, facts in _SOURCES.items()}
    if by_source["orders"] or by_source["lines"] or by_source["purchases"]:
        emails = None
        if reading.shop.guests_by_email:
            emails = base.select("customer_id", email=customers.EMAIL)
        order_rows = orders.read_orders(reading, emails, modified=bool(by_source["purchases"]))
        if by_source["orders"]:
            frame = _joined(
                frame, orders.load(reading, by_source["orders"], order_rows, base, moves=moves)
            )
        if by_source["lines"]:
            frame = _joined(frame, lines.load(reading, by_source["lines"], order_rows, moves=moves))
        if by_source["purchases"]:
            # A deleted customer's orders stay in the store; what was bought is forgotten.
            kept = order_rows.join(base, on="customer_id", how="semi")
            found = purchases.read_purchases(reading, kept, standing)
            part = purchases.load(reading, by_source["purchases"], found.pairs)
            frame = _joined(frame, part)
    for source in ("cart", "wishlist"):
        if by_source[source]:
            frame = _joined(frame, _LOADERS[source](reading, by_source[source]))
    for source in ("returns", "reviews"):
        if by_source[source]:
            part = _FEEDBACK[source](reading, by_source[source], moves=moves)
            frame = _joined(frame, part)
    for fact in sorted(names & customers.COUNTS):
        frame = _joined(frame, customers.counts(reading, fact))
    for fact in sorted(names & balances.FACTS):
        frame = _joined(frame, balances.load(reading, fact))
    if ips := names & access.IPS:
        frame = _joined(frame, access.load_ips(reading, ips))
    if failed := names & access.FAILED:
        emails = base.select("customer_id", email=customers.EMAIL)
        frame = _joined(frame, access.load_failed(reading, failed, emails))
    if custom := _custom(wanted, dictionary):
        part = custom_fields.load(
            base, custom, dictionary.fields, dictionary.birthday, reading.moment
        )
        frame = _joined(frame, part)
    frame = _filled(frame, needed.values(), dictionary.catalogue)
    if location := names & addresses.FACTS:
        frame = _joined(frame, addresses.load(reading, location, frame))
    if names & rfm.FACTS:
        frame = rfm.with_rfm(frame, reading.limits)
    if of_program := names & loyalty.FACTS:
        worth = dictionary.points_for_one
        if worth is None:
            frame = frame.with_columns(loyalty.missing(of_program))
        else:
            frame = _joined(frame, loyalty.load(reading, of_program, base, worth))
    if purging.PURGED in names:
        if dictionary.purges:
            frame = _joined(frame, purging.load(reading))
        else:
            frame = frame.with_columns(purging.missing())
    extra = [n for c in moving(wanted.values()) for n in (c.leaves, c.enters)] if moves else []
    groups = frame[customers.GROUP] if "group" in names else None
    return Loaded(frame.select("customer_id", *wanted, *extra), found, groups)


_SOURCES: Mapping[str, Collection[str]] = {
    "orders": orders.FACTS,
    "lines": lines.FACTS,
    "purchases": purchases.FACTS,
    "cart": cart.CART,
    "wishlist": cart.WISHLIST,
    "returns": feedback.RETURNS,
    "reviews": feedback.REVIEWS,
}
_LOADERS = {
    "cart": cart.load_cart,
    "wishlist": cart.load_wishlist,
}
_FEEDBACK = {"returns": feedback.load_returns, "reviews": feedback.load_reviews}


def _with_helpers(wanted: Mapping[str, Column], names: Collection[str]) -> dict[str, Column]:
    """*wanted* and the columns that others of it are told from."""
    needed = dict(wanted)
    if rfm.FACTS & set(names):
        needed |= {name: Column(name) for name in rfm.NEEDS}
    if "country" in names:
        needed[orders.LAST_ORDER_ID] = Column(orders.LAST_ORDER_ID)
    return needed


def _customers(reading: Reading, names: Collection[str]) -> pl.DataFrame:
    facts = customers.FACTS & set(names)
    extra: set[str] = set()
    if reading.shop.guests_by_email or access.FAILED & set(names):
        extra.add(customers.EMAIL)
    if "birthday" in names or any(name.startswith("custom_") for name in names):
        extra.add(customers.CUSTOM)
    if addresses.FACTS & set(names):
        extra.add(customers.ADDRESS)
    if "first_order_delay" in names:
        facts |= {"registered"}
    return customers.load(reading, sorted(facts), extra)


def _of(columns: Mapping[str, Column], facts: Collection[str]) -> list[Column]:
    return [column for column in columns.values() if column.fact in facts]


def _custom(wanted: Mapping[str, Column], dictionary: Dictionary) -> list[Column]:
    own = {field.fact for field in dictionary.fields}
    return [c for c in wanted.values() if c.fact in own or c.fact == "birthday"]


def _joined(frame: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    return frame.join(part, on="customer_id", how="left", maintain_order="left")


def _filled(frame: pl.DataFrame, columns: Collection[Column], catalogue: Catalogue) -> pl.DataFrame:
    """*frame* with 0 and no for customers that have no row behind a fact that is never missing."""
    fills: list[pl.Expr] = []
    for column in columns:
        fact = catalogue.get(column.fact)
        if fact is None or column.key not in frame.columns:
            continue
        if column.members is not None or fact.kind == "yesno":
            if fact.missing == "never" or column.members is not None:
                fills.append(pl.col(column.key).fill_null(False))
        elif fact.kind in ("number", "money") and fact.missing == "never":
            fills.append(pl.col(column.key).fill_null(0))
    return frame.with_columns(fills)
