"""
The life of a coupon that points became.

    making ──> open ──> used                by its owner: the points stay spent
                │ ^      │
                │ └──────┘                  its order is confirmed no more
                v
             closing ──> returned           its time is over: the points come back

Used by somebody else it is ``foreign``: the points come back at once. While it closes it is on
no new order, but one that is being paid may carry it; so the points come back a day later.
Whoever looks later comes to the same: all that counts is what the store says now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["making", "open", "closing", "used", "foreign", "returned"]

#: Between a coupon's end and the return of its points, in seconds.
CLOSING_S = 86_400

#: Those in which points are spent.
SPENDING: frozenset[State] = frozenset({"making", "open", "closing", "used"})


@dataclass(frozen=True, slots=True)
class Use:
    """
    An order that a coupon was used for.

    Attributes:
        history_id: The store's row that says so; 0: only the order itself does.
        customer_id: Whose order it is; 0: a guest's.
        is_owners: It is of the customer whose points they were.
    """

    history_id: int
    order_id: int
    customer_id: int
    is_owners: bool


@dataclass(frozen=True, slots=True)
class Life:
    """
    Where a coupon stands.

    Attributes:
        ends_at: From when on it cannot be used; None: never.
        next_at: When time alone changes it next; None: never.
    """

    state: State
    ends_at: int | None
    next_at: int | None


def follow(life: Life, uses: Sequence[Use], now: int, *, is_there: bool) -> Life:
    """
    Where a coupon stands *now* that was written.

    Args:
        uses: What the store says now, the earliest first.
        is_there: The coupon is in the store, and switched on.
    """
    if any(use.is_owners for use in uses):
        return Life("used", life.ends_at, None)
    if uses:
        return Life("foreign", life.ends_at, None)
    if life.state in ("foreign", "returned"):
        return life
    if life.state == "closing":
        is_over = life.next_at is None or life.next_at <= now
        return Life("returned", life.ends_at, None) if is_over else life
    if is_there and (life.ends_at is None or now < life.ends_at):
        return Life("open", life.ends_at, life.ends_at)
    return Life("closing", life.ends_at, now + CLOSING_S)
