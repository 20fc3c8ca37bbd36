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
class Answer:
    """
    An event and what came of it.

    Attributes:
        event: What happened.
        at_s: Seconds since the customers began.
        gained: Names of the tags the customer got.
        lost: Names of the tags the customer lost.
        took_ms: From the store's commit to the written result.
    """

    event: Event
    at_s: float
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the store's commit to the written result."""

    median_ms: float
    p95_ms: float

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Latency:
        """Of *answers*; zeros when there are none."""
        times = sorted(answer.took_ms for answer in answers)
        if not times:
            return cls(0.0, 0.0)
        return cls(statistics.median(times), times[min(len(times) - 1, len(times) * 95 // 100)])
