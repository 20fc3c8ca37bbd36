"""The register of this installation: what the program knows, and what the shop's files add."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from sidecar.privacy.live_schema import read_live_schema
from sidecar.rules.privacy.coverage import Coverage, compare
from sidecar.rules.privacy.register import Register
from sidecar.rules.privacy.register_file import merged, read_register, shipped
from sidecar.sync.rulebook import read_files


def read_registered(directory: Path) -> Register:
    """
    What the program registers and every ``*.toml`` in *directory*, which need not exist.

    Raises:
        ConfigError: A file cannot be read or used; names it, and the place in it.
    """
    files = [
        read_register(content, f"{directory.name}/{name}")
        for name, content in read_files(directory)
    ]
    return merged(shipped(), *files)


def read_coverage(tx: Connection, database: str, prefix: str, register: Register) -> Coverage:
    """What *register* does not know of the tables there are."""
    return compare(register, read_live_schema(tx, database, prefix))
