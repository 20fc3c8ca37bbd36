"""What is remembered of orders that earned: our table ``rewarded``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

import polars as pl
from sqlalchemy import select

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
    table = reading.shop.own.rewarded
    query = select(*(table.c[name] for name in _SCHEMA))
    found: dict[int, Remembered] = {}
    for start in range(0, len(orders), _CHUNK):
        part = query.where(table.c.order_id.in_(orders[start : start + _CHUNK]))
        for *numbers, earners, goods in reading.rows(part, _SCHEMA).iter_rows():
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
            )
    return found


def save(reading: Reading, some: Iterable[Remembered], id_of: Callable[[str], int]) -> None:
    """
    Remember *some* orders; of one that is remembered already, whose it is now.

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
        )
        for one in some
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    insert(reading.tx, reading.shop.own.rewarded, frame, update=("customer_id",))
