"""What is remembered of orders that earned: our table ``rewarded``."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence

import polars as pl
from sqlalchemy import select, update

from sidecar.sync.loyalty.accrual import Remembered
from sidecar.sync.reading import TEXT, WHOLE, Reading
from sidecar.sync.values import insert

_SCHEMA = {
    "order_id": WHOLE,
    "customer_id": WHOLE,
    "revision": WHOLE,
    "qualified_at": WHOLE,
    "multiplier": WHOLE,
    "earners": TEXT,
    "goods": TEXT,
    "placed_at": WHOLE,
    "counts": WHOLE,
}

#: Orders in one statement.
_CHUNK = 5_000


def load(
    reading: Reading, orders: Sequence[int], name_of: Callable[[int], str]
) -> dict[int, Remembered]:
    """
    What is remembered of *orders*, by order, whosever they were.

    Args:
        name_of: Of an earn rule, by its number.
    """
    table = reading.shop.own.loyalty.rewarded
    query = select(*(table.c[name] for name in _SCHEMA))
    found: dict[int, Remembered] = {}
    for start in range(0, len(orders), _CHUNK):
        part = query.where(table.c.order_id.in_(orders[start : start + _CHUNK]))
        for *numbers, earners, goods, placed_at, left in reading.rows(part, _SCHEMA).iter_rows():
            order_id, customer_id, revision, qualified_at, multiplier = numbers
            found[order_id] = Remembered(
                order_id=order_id,
                customer_id=customer_id,
                revision=revision,
                qualified_at=qualified_at,
                multiplier=multiplier,
                rules=frozenset(map(name_of, json.loads(earners))),
                goods={
                    product_id: frozenset(map(name_of, rules))
                    for product_id, rules in json.loads(goods)
                },
                placed_at=placed_at,
                counts=left,
            )
    return found


def save(reading: Reading, some: Iterable[Remembered], id_of: Callable[[str], int]) -> None:
    """
    Remember *some* orders; of one that is remembered already, whose it is and what counts now.

    Args:
        id_of: The number of an earn rule, by its name.
    """
    rows = [
        (
            one.order_id,
            one.customer_id,
            one.revision,
            one.qualified_at,
            one.multiplier,
            json.dumps(sorted(map(id_of, one.rules))),
            json.dumps([[p, sorted(map(id_of, rules))] for p, rules in one.goods.items() if rules]),
            one.placed_at,
            one.counts,
        )
        for one in some
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    insert(
        reading.tx,
        reading.shop.own.loyalty.rewarded,
        frame,
        update=("customer_id", "placed_at", "counts"),
    )


def forget_gone(reading: Reading, customers: Sequence[int], there: Collection[int]) -> None:
    """
    Let nothing count of orders of *customers* that are in the store no more.

    Args:
        there: All the orders that they have.
    """
    table = reading.shop.own.loyalty.rewarded
    for start in range(0, len(customers), _CHUNK):
        query = select(table.c.order_id).where(
            table.c.customer_id.in_(customers[start : start + _CHUNK]), table.c.counts != 0
        )
        kept = reading.rows(query, {"order_id": WHOLE})["order_id"]
        gone = sorted(set(kept) - set(there))
        for first in range(0, len(gone), _CHUNK):
            here = table.c.order_id.in_(gone[first : first + _CHUNK])
            reading.tx.execute(update(table).where(here).values(counts=0))
