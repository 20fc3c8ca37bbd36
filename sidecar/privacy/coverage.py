"""The register of this installation, and whether it knows all tables of the database."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from sidecar.config import Config
from sidecar.privacy.live_schema import read_live_schema
from sidecar.rules.privacy.coverage import Coverage, compare
from sidecar.rules.privacy.register import Register
from sidecar.rules.privacy.register_file import merged, read_register, shipped
from sidecar.shop.database import transaction
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


def tell_gaps(engine: Engine, config: Config) -> None:
    """
    Say in the log what the register of *config* does not know, if there is anything.

    Raises:
        ConfigError: A file of the register cannot be used.
    """
    register, database = read_registered(config.privacy.register), config.database
    with transaction(engine) as tx:
        found = read_coverage(tx, database.name, database.prefix, register)
    if not found.complete:
        log = structlog.get_logger()
        tables = [gap.table for gap in found.gaps]
        log.warning("register.incomplete", tables=", ".join(tables[:10]), gaps=len(tables))
