"""The oracle's RFM scores: quintiles by nearest rank over the whole store."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any


def score(facts: dict[int, dict[str, Any]], instants: dict[int, datetime.datetime]) -> None:
    """
    Fill the RFM facts of every customer from ``orders`` and ``total_spent``.

    Args:
        instants: Of the last order, by customer; without the undated ones.
    """
    ordered = {customer: row for customer, row in facts.items() if row["orders"]}
    spent = {customer: Decimal(row["total_spent"]) for customer, row in ordered.items()}
    recency = _quintiles([instants[customer] for customer in ordered if customer in instants])
    frequency = _quintiles([row["orders"] for row in ordered.values()])
    monetary = _quintiles(list(spent.values()))
    descending = sorted(spent.values(), reverse=True)
    top = [_rank(descending, percent) for percent in range(1, 101)] if descending else []
    for customer, row in facts.items():
        row |= dict.fromkeys(
            ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group", "top_percent")
        )
        if customer not in ordered:
            continue
        row["rfm_frequency"] = f = _score(row["orders"], frequency)
        row["rfm_monetary"] = m = _score(spent[customer], monetary)
        row["top_percent"] = next(
            percent for percent, limit in enumerate(top, 1) if spent[customer] >= limit
        )
        if customer in instants:
            row["rfm_recency"] = r = _score(instants[customer], recency)
            row["rfm_group"] = _group(r, (f + m + 1) // 2)


def _rank(values: Sequence[Any], percent: int) -> Any:
    return values[-(-percent * len(values) // 100) - 1]


def _quintiles(values: Sequence[Any]) -> list[Any]:
    ascending = sorted(values)
    return [_rank(ascending, percent) for percent in (20, 40, 60, 80)] if ascending else []


def _score(value: Any, limits: Sequence[Any]) -> int:
    return 1 + len([limit for limit in limits if limit < value])


def _group(r: int, fm: int) -> str:
    by_recency = {
        5: ["new", "promising", "promising", "champions", "champions"],
        4: ["new", "promising", "promising", "champions", "champions"],
        3: ["about to sleep", "about to sleep", "needs attention", "loyal", "loyal"],
        2: ["hibernating", "hibernating", "at risk", "at risk", "at risk"],
        1: ["lost", "lost", "cannot lose", "cannot lose", "cannot lose"],
    }
    return by_recency[r][fm - 1]
