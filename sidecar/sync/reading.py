"""One reading of the store: for which customers, at which moment, on which connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, Label, Select, case, cast, func
from sqlalchemy.dialects.mysql import CHAR, INTEGER

from sidecar.model import MONEY_SCALE, Moment, Scope
from sidecar.shop.database import transaction
from sidecar.shop.key_blocks import within
from sidecar.shop.local_time import to_instants
from sidecar.shop.reader import Schema, read_rows
from sidecar.shop.shop import BULK_FROM, Shop


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
        """The rows of *query*, about tables of ours, as a frame of *schema*."""
        return self.shop.read(self.tx, self.scope, query, schema)

    def rows_here(self, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """As `rows`, always in the transaction: for a few rows of a large scope."""
        return read_rows(self.tx, query, schema)

    def rows_of(self, query: Select[Any], schema: Schema, of: Column[int]) -> pl.DataFrame:
        """
        The rows of *query*, about tables of the store and customers of this reading.

        Args:
            of: The customer's id. What is grouped by it may come in several rows, which the
                caller adds up.
        """
        return self.shop.read_keys(self.tx, self.scope, query, schema, of, self.scope)

    def rows_at(
        self, query: Select[Any], schema: Schema, key: Column[int], ids: Iterable[int]
    ) -> pl.DataFrame:
        """As `rows_of`, but those whose *key* is among *ids*, and always in the transaction."""
        few = Scope.of(())
        return self.shop.read_keys(self.tx, few, query, schema, key, Scope.of(ids))

    def all_rows(self, query: Select[Any], schema: Schema, key: Column[int]) -> pl.DataFrame:
        """As `rows_of`, but all rows of *query*; *key* is of their table."""
        return self.shop.read_keys(self.tx, self.scope, query, schema, key, None)

    def rows_not_older(
        self, query: Select[Any], schema: Schema, key: Column[int], keys: Scope
    ) -> pl.DataFrame:
        """
        As `rows_of`, but those whose *key* is in *keys*, as new as all that was read before.

        The transaction of a large reading shows the store as it was when it began; what was
        read in bulk since may be newer, and what is remembered of it must not be newer still.
        """
        if self.is_small:
            return self.shop.read_keys(self.tx, self.scope, query, schema, key, keys)
        with transaction(self.shop.engine) as tx:
            return self.shop.read_keys(tx, keys, query, schema, key, keys)

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
