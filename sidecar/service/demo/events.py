"""What happens in the demo, as its parts tell each other."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something a customer did, committed in the store.

    Attributes:
        customer_id: Who.
        name: What the customer is called.
        what: For people, e.g. ``orders for 84.20``.
        committed_s: When the store's transaction was committed, on the monotonic clock.
    """

    customer_id: int
    name: str
    what: str
    committed_s: float


@dataclass(frozen=True, slots=True)
class Came:
    """
    What the daemon wrote for a customer.

    Attributes:
        gained: Names of the tags the customer got.
        lost: Names of the tags the customer lost.
        entered: Names of the segments the customer entered.
        left: Names of the segments the customer left.
        group: The customer group that the customer was moved to; empty: none.
    """

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    group: str = ""

    def __bool__(self) -> bool:
        """Whether it is anything."""
        return bool(self.gained or self.lost or self.entered or self.left or self.group)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An event and what came of it.

    Attributes:
        event: What happened.
        at_s: Seconds since the customers began.
        came: What the daemon wrote; None: not known yet.
        took_ms: From the store's commit to the written result; None: nothing was written.
    """

    event: Event
    at_s: float
    came: Came | None = None
    took_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the store's commit to the written result."""

    median_ms: float
    p95_ms: float

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Latency:
        """Of *answers* that changed something; zeros when there are none."""
        times = sorted(answer.took_ms for answer in answers if answer.took_ms is not None)
        if not times:
            return cls(0.0, 0.0)
        return cls(statistics.median(times), times[min(len(times) - 1, len(times) * 95 // 100)])
