"""A place in memory for the data of servers: most of a table's making is waiting for the disk."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

PLACE = Path("/dev/shm")

#: Bytes; the servers of a whole run take a part of it.
ENOUGH = 6 << 30


@functools.cache
def place() -> Path | None:
    """The folder, where this machine has one that is large enough; else None."""
    usable = os.access(PLACE, os.W_OK) and shutil.disk_usage(PLACE).free >= ENOUGH
    return PLACE if usable else None
