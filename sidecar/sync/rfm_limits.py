"""
The RFM and top-N limits: computed over the whole store once a day, numbered, stored.

Every scope is scored by the same limits until the next are computed, so that one
customer's order does not move everybody else.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Row, insert, select

from sidecar.model import Moment, Scope
from sidecar.rules.columns import Column
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync import set_aside
from sidecar.sync.facts import rfm
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.ranges import ranges
from sidecar.sync.reading import Limits, Reading

_SCORES = (20, 40, 60, 80)
_TOP = tuple(range(1, 101))


def current(shop: Shop, dictionary: Dictionary, moment: Moment, *, writing: bool) -> Limits | None:
    """
    Today's limits: the stored ones, or new ones where those are of another day of the store,
    which lies ahead where a clock was wrong.

    Args:
        writing: Keep new ones; without it they are only imagined, for a plan.

    Returns:
        None while nobody has ordered.
    """
    newest = _newest(shop)
    if newest is not None and newest.day == moment.today:
        return _limits(newest)
    if not writing:
        return compute(shop, dictionary, moment)
    limits = compute(shop, dictionary, moment)
    if limits is None:
        return None
    _store(shop, limits, moment)
    return stored(shop)


def standing(shop: Shop, dictionary: Dictionary, moment: Moment, *, writing: bool) -> Limits | None:
    """The stored limits of whatever day; where there are none yet, as `current`."""
    return stored(shop) or current(shop, dictionary, moment, writing=writing)


def newest_day(shop: Shop) -> datetime.date | None:
    """The day of the store that the stored limits are of; None before the first."""
    newest = _newest(shop)
    return None if newest is None else newest.day


def stored(shop: Shop) -> Limits | None:
    """The newest stored limits, of whatever day; None before the first."""
    newest = _newest(shop)
    return None if newest is None else _limits(newest)


def _newest(shop: Shop) -> Row[Any] | None:
    table = shop.own.rfm_limits
    columns = ("limits_id", "day", "recency", "frequency", "monetary", "top")
    query = select(*(table.c[name] for name in columns)).order_by(table.c.limits_id.desc()).limit(1)
    with transaction(shop.engine) as tx:
        return tx.execute(query).one_or_none()


def _limits(row: Row[Any]) -> Limits:
    return Limits(
        limits_id=row.limits_id,
        recency=json.loads(row.recency),
        frequency=json.loads(row.frequency),
        monetary=json.loads(row.monetary),
        top=json.loads(row.top),
    )


def compute(shop: Shop, dictionary: Dictionary, moment: Moment) -> Limits | None:
    """
    The limits of the store as it is now, numbered 0; None while nobody has ordered.

    Nearest rank: the limit of p percent is value number ceil(p / 100 × n) of n.
    """
    columns = [Column(name) for name in rfm.NEEDS]
    whole_store: dict[str, pl.DataFrame] = {}
    parts = [
        part
        for scope in ranges(shop)
        for part in _buyers(shop, scope, columns, dictionary, moment, whole_store)
        if not part.is_empty()
    ]
    if not parts:
        return None
    buyers = pl.concat(parts)
    return Limits(
        limits_id=0,
        recency=_ranks(buyers["last_order"].drop_nulls().sort(), _SCORES),
        frequency=_ranks(buyers["orders"].sort(), _SCORES),
        monetary=_ranks(buyers["total_spent"].sort(), _SCORES),
        top=_ranks(buyers["total_spent"].sort(descending=True), _TOP),
    )


def _buyers(
    shop: Shop,
    scope: Scope,
    columns: Sequence[Column],
    dictionary: Dictionary,
    moment: Moment,
    whole_store: dict[str, pl.DataFrame],
) -> Iterator[pl.DataFrame]:
    def read(part: Scope) -> pl.DataFrame:
        with transaction(shop.engine) as tx:
            reading = Reading(shop, tx, part, moment, whole_store=whole_store)
            return load(reading, columns, dictionary).frame.filter(pl.col("orders") > 0)

    return set_aside.readable(shop, scope, read)


def _ranks(values: pl.Series, percents: Sequence[int]) -> list[int]:
    n = len(values)
    return [int(values[-(-percent * n // 100) - 1]) for percent in percents] if n else []


def _store(shop: Shop, limits: Limits, moment: Moment) -> None:
    with transaction(shop.engine) as tx:
        tx.execute(
            insert(shop.own.rfm_limits).values(
                day=moment.today,
                computed_at=moment.epoch_s,
                recency=json.dumps(limits.recency),
                frequency=json.dumps(limits.frequency),
                monetary=json.dumps(limits.monetary),
                top=json.dumps(limits.top),
            )
        )
