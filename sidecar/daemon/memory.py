"""Memory that a full pass no longer needs, back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """
    Return what was freed, as far as the C library can; nothing where it cannot.

    Polars' own allocator does so by itself within seconds. What connectorx and Python had
    stays with glibc otherwise: after a pass over 100,000 customers 36 MB of 183.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
