"""
The RFM and top-N limits: computed over the whole store once a day, numbered, stored.

Every scope is scored by the same limits until the next are computed, so that one
customer's order does not move everybody else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Row, insert, select

from sidecar.model import Moment, Scope
from sidecar.rules.columns import Column
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.facts import rfm
from sidecar.sync.facts.load import Dictionary, load
from sidecar.sync.facts.reading import Limits, Reading
from sidecar.sync.full_pass import ranges

_SCORES = (20, 40, 60, 80)
_TOP = tuple(range(1, 101))


def read_limits(shop: Shop) -> Limits | None:
    """The newest stored limits; None before the first."""
    row = _newest(shop)
    if row is None:
        return None
    return Limits(row[0], *(json.loads(text) for text in row[2:6]))


def is_due(shop: Shop, moment: Moment) -> bool:
    """Whether the newest limits are of an earlier day of the store, or there are none."""
    row = _newest(shop)
    return row is None or bool(row[1] < moment.today)


def _newest(shop: Shop) -> Row[Any] | None:
    table = shop.own.rfm_limits
    columns = ("limits_id", "day", "recency", "frequency", "monetary", "top")
    query = select(*(table.c[name] for name in columns)).order_by(table.c.limits_id.desc()).limit(1)
    with transaction(shop.engine) as tx:
        return tx.execute(query).one_or_none()


def compute(shop: Shop, dictionary: Dictionary, moment: Moment) -> dict[str, list[int]] | None:
    """
    The limits of the store as it is now; None while nobody has ordered.

    Nearest rank: the limit of p percent is value number ceil(p / 100 × n) of n.
    """
    columns = [Column(name) for name in rfm.NEEDS]
    whole_store: dict[str, pl.DataFrame] = {}
    buyers = pl.concat(
        _buyers(shop, scope, columns, dictionary, moment, whole_store) for scope in ranges(shop)
    )
    if buyers.is_empty():
        return None
    return {
        "recency": _ranks(buyers["last_order"].drop_nulls().sort(), _SCORES),
        "frequency": _ranks(buyers["orders"].sort(), _SCORES),
        "monetary": _ranks(buyers["total_spent"].sort(), _SCORES),
        "top": _ranks(buyers["total_spent"].sort(descending=True), _TOP),
        "customers": [buyers.height],
    }


def _buyers(
    shop: Shop,
    scope: Scope,
    columns: Sequence[Column],
    dictionary: Dictionary,
    moment: Moment,
    whole_store: dict[str, pl.DataFrame],
) -> pl.DataFrame:
    with transaction(shop.engine) as tx:
        reading = Reading(shop, tx, scope, moment, whole_store=whole_store)
        return load(reading, columns, dictionary).frame.filter(pl.col("orders") > 0)


def _ranks(values: pl.Series, percents: Sequence[int]) -> list[int]:
    n = len(values)
    return [int(values[-(-percent * n // 100) - 1]) for percent in percents] if n else []


def store(shop: Shop, limits: dict[str, list[int]], moment: Moment) -> None:
    """Keep *limits*, as `compute` gives them, as the newest."""
    table = shop.own.rfm_limits
    texts = {name: json.dumps(values) for name, values in limits.items() if name != "customers"}
    with transaction(shop.engine) as tx:
        tx.execute(
            insert(table).values(
                day=moment.today,
                computed_at=moment.epoch_s,
                customers=limits["customers"][0],
                **texts,
            )
        )
