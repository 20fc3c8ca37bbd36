"""A file system that is soon full."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Of the file system; an empty server takes about half of it.
SIZE_MB = 256


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """A file system of `SIZE_MB` in *folder*."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}M,mode=755", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
