"""The only reader of the time; everything else is given it."""

from __future__ import annotations

import datetime
import time


def now() -> datetime.datetime:
    """The present instant, aware, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Do nothing for *seconds*."""
    time.sleep(seconds)
