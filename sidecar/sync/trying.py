"""How many customers a condition is true of: told from a sample at once, or of all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import polars as pl
from sqlalchemy import select

from sidecar.model import Moment, Scope
from sidecar.rules.language.printer import print_expr
from sidecar.rules.syntax import Expr
from sidecar.shop.database import transaction
from sidecar.shop.shop import Shop
from sidecar.sync.matching import Matcher
from sidecar.sync.ranges import Progress, customers_in, customers_in_store
from sidecar.sync.reading import WHOLE
from sidecar.sync.state import Json

#: Customers of a sample; half of them is estimated to within 0.7 percent then.
SAMPLE: Final = 20_000

#: Customers that are named of those in it, and of those that just miss it.
_NAMED: Final = 10

#: Customers of a sample that are looked at together.
_CHUNK: Final = 5_000

#: Of 100 such intervals 95 hold the true number.
_Z: Final = 1.959964

_EVERYONE = Scope.span(1, 2**31 - 1)


def estimate(shop: Shop, matcher: Matcher, moment: Moment, progress: Progress) -> dict[str, Json]:
    """
    About how many match, told from a sample that is the same each time.

    Args:
        matcher: Its parts all have to hold for its condition to be true.

    Returns:
        ``customers``, with 95 % certainty between ``low`` and ``high``; ``looked_at`` so many of
        ``of``; ``exact``: these are all of them. ``sample``: the ``customer_id`` of some
        that match; ``misses``: of some for whom one part does not hold, and what it ``lacks``.
    """
    everybody = _everybody(shop)
    chosen = _chosen(everybody, SAMPLE)
    whole_store: dict[str, pl.DataFrame] = {}
    frames: list[pl.DataFrame] = []
    for start in range(0, len(chosen), _CHUNK):
        frames += matcher.told(Scope.of(chosen[start : start + _CHUNK]), moment, whole_store)
        progress(min(start + _CHUNK, len(chosen)), len(chosen))
    seen = pl.concat(frames) if frames else None
    found: list[int] = [] if seen is None else seen.filter("0")["customer_id"].to_list()
    low, high = interval(len(found), len(chosen), len(everybody))
    return {
        "customers": _scaled(len(found), len(chosen), len(everybody)),
        "low": low,
        "high": high,
        "looked_at": len(chosen),
        "of": len(everybody),
        "exact": len(chosen) == len(everybody),
        "sample": _named(_spread(found)),
        "misses": [] if seen is None else [*_misses(seen, matcher.parts)],
    }


def count(shop: Shop, matcher: Matcher, moment: Moment, progress: Progress) -> dict[str, Json]:
    """How many match, every customer looked at; as of `estimate`, without ``misses``."""
    everybody = customers_in_store(shop)
    found = looked = 0
    named: list[int] = []
    for scope, ids in matcher.ids(moment):
        found += len(ids)
        named += ids[: _NAMED - len(named)]
        looked = min(everybody, looked + customers_in(shop, scope))
        progress(looked, everybody)
    return {
        "customers": found,
        "low": found,
        "high": found,
        "looked_at": everybody,
        "of": everybody,
        "exact": True,
        "sample": _named(named),
        "misses": [],
    }


def interval(found: int, looked_at: int, of: int) -> tuple[int, int]:
    """
    Between which numbers of *of* customers match with 95 % certainty, *found* of *looked_at*.

    By Wilson, which also holds near none and all, and narrower the more of them were looked at.
    """
    if looked_at == of or not looked_at:
        return found, found if looked_at else of
    share, square = found / looked_at, _Z * _Z
    # The fewer are left, the less is not known.
    left = (of - looked_at) / (of - 1)
    size = looked_at / left
    middle = (share + square / (2 * size)) / (1 + square / size)
    spread = share * (1 - share) / size + square / (4 * size * size)
    half = _Z * math.sqrt(spread) / (1 + square / size)
    low = max(found, math.floor((middle - half) * of))
    return low, min(of - (looked_at - found), math.ceil((middle + half) * of))


def _scaled(found: int, looked_at: int, of: int) -> int:
    return round(found * of / looked_at) if looked_at else 0


def _everybody(shop: Shop) -> list[int]:
    """The ids of all customers, ascending."""
    key = shop.tables.customer.c.customer_id
    with transaction(shop.engine) as tx:
        frame = shop.read_keys(
            tx, _EVERYONE, select(key).order_by(key), {"customer_id": WHOLE}, key, None
        )
    return sorted(frame["customer_id"].to_list())


def _chosen(ids: Sequence[int], number: int) -> list[int]:
    """*number* of *ids*, one of each of as many equal stretches; the same each time."""
    if len(ids) <= number:
        return list(ids)
    # Not every n-th: what comes round as often would be seen always or never.
    chance = random.Random(len(ids))  # noqa: S311 - spread, not secret
    step = len(ids) / number
    return sorted({ids[int((place + chance.random()) * step)] for place in range(number)})


def _spread(ids: Sequence[int]) -> list[int]:
    """Some of *ids*, from the first to the last."""
    if len(ids) <= _NAMED:
        return list(ids)
    return [ids[place * (len(ids) - 1) // (_NAMED - 1)] for place in range(_NAMED)]


def _named(ids: Sequence[int]) -> list[Json]:
    # Under a key by which an erasure finds them in the answer.
    return [{"customer_id": customer_id} for customer_id in ids]


def _misses(seen: pl.DataFrame, parts: Sequence[Expr]) -> list[dict[str, Json]]:
    """Some for whom all but one of *parts* hold."""
    if len(parts) < 2:
        return []
    columns = [str(number) for number in range(1, len(parts) + 1)]
    holding = pl.sum_horizontal(pl.col(name).cast(pl.Int64) for name in columns)
    near = seen.filter(holding == len(parts) - 1)
    texts = [print_expr(part) for part in parts]
    named = set(_spread(near["customer_id"].to_list()))
    return [
        {
            "customer_id": row["customer_id"],
            "lacks": next(t for name, t in zip(columns, texts, strict=True) if not row[name]),
        }
        for row in near.filter(pl.col("customer_id").is_in(sorted(named))).iter_rows(named=True)
    ]
