"""One reading of the store: for which customers, at which moment, on which connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Label, Select, case, cast, func
from sqlalchemy.dialects.mysql import CHAR, INTEGER

from sidecar.model import MONEY_SCALE, Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.local_time import to_instants
from sidecar.shop.reader import Schema, read_rows
from sidecar.shop.shop import BULK_FROM, Shop, within


@dataclass(slots=True)
class Limits:
    """
    The stored RFM limits that scores are told from, ascending; see `sidecar.sync.rfm`.

    Attributes:
        limits_id: Their number, named by explanations.
        recency: Seconds since 1970.
        frequency: Orders.
        monetary: Ten-thousandths.
        top: Ten-thousandths of the top 1 to 100 percent, descending.
    """

    limits_id: int
    recency: list[int]
    frequency: list[int]
    monetary: list[int]
    top: list[int]


@dataclass(slots=True)
class Reading:
    """
    Attributes:
        shop: The store.
        tx: The transaction that small scopes are read in.
        scope: The customers.
        moment: What windows are counted from.
        limits: None until they are first computed.
        whole_store: What holds for the whole store and is read once a pass, by name.
        scoped: What several facts of this scope share, by name.
    """

    shop: Shop
    tx: Connection
    scope: Scope
    moment: Moment
    limits: Limits | None = None
    whole_store: dict[str, pl.DataFrame] = field(default_factory=dict)
    scoped: dict[str, pl.DataFrame] = field(default_factory=dict)

    def rows(self, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """The rows of *query* as a frame of *schema*."""
        return self.shop.read(self.tx, self.scope, query, schema)

    def rows_here(self, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """The rows of *query*, always in the transaction: for a few rows of a large scope."""
        return read_rows(self.tx, query, schema)

    def rows_not_older(self, scope: Scope, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """
        The rows of *query* about customers of *scope*, as new as all that was read before.

        The transaction of a large reading shows the store as it was when it began; what was
        read in bulk since may be newer, and what is remembered of it must not be newer still.
        """
        if self.is_small:
            return read_rows(self.tx, query, schema)
        with transaction(self.shop.engine) as tx:
            return self.shop.read(tx, scope, query, schema)

    @property
    def is_small(self) -> bool:
        """Whether so few customers are read that nothing of the whole store should be."""
        return self.scope.ids is not None and len(self.scope.ids) <= BULK_FROM

    def of(self, column: ColumnElement[int]) -> ColumnElement[bool]:
        """The condition that *column* is a customer of this reading."""
        return within(column, self.scope)

    def instants(self, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """*frame* with *columns* of wall seconds turned into seconds since 1970 in UTC."""
        zone = self.shop.settings.zone
        return frame.with_columns(to_instants(frame[name], zone).alias(name) for name in columns)


def wall(column: ColumnElement[Any], name: str) -> Label[int]:
    """*column* as wall seconds; NULL for zero and impossible dates."""
    return wall_seconds(column).label(name)


def wall_seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """*column* as wall seconds, for use inside of other expressions."""
    # TO_SECONDS knows no zero dates, but carries 31 February over into March.
    day = func.dayofmonth(column)
    possible = (day < 29) | (day <= func.dayofmonth(func.last_day(column)))
    return case(((func.year(column) > 0) & possible, func.to_seconds(column)))


def in_utf8(column: ColumnElement[str]) -> ColumnElement[str]:
    """
    A text *column* in the character set of our sessions.

    Upgraded stores keep tables in older sets and in collations that tell case; there,
    comparing with text that does not fit the set is refused.
    """
    return cast(column, CHAR(charset="utf8mb4"))


def money(column: ColumnElement[Any], name: str) -> Label[int]:
    """*column* in whole ten-thousandths."""
    return cast(column * MONEY_SCALE, INTEGER).label(name)


#: Ids, counts, money and wall seconds all cross the wire as whole numbers.
WHOLE = pl.Int64()
TEXT = pl.String()
