"""What an uninstallation takes away: our indexes on the store's tables, and our own tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, text

from sidecar.shop import indexes
from sidecar.shop.database import database_errors
from sidecar.shop.own_tables import own_tables


@dataclass(frozen=True, slots=True)
class Ours:
    """
    What of us is in the store's database.

    Attributes:
        indexes: On the store's tables.
        tables: Our own that this version knows, in the order in which they are dropped.
        unknown: Tables named like ours that it does not know; they are never dropped.
    """

    indexes: list[indexes.PresentIndex]
    tables: list[str]
    unknown: list[str]


def find_ours(engine: Engine, prefix: str) -> Ours:
    """What of us is there, which may be half of it after an uninstallation that was interrupted."""
    with database_errors(engine), engine.connect() as connection:
        names = connection.scalars(
            text(
                "SELECT table_name AS name FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND LEFT(table_name, :length) = :beginning"
            ),
            {"length": len(f"{prefix}sidecar_"), "beginning": f"{prefix}sidecar_"},
        ).all()
    # The list of migrations goes last: as long as it stands, there is something to remove.
    last = f"{prefix}sidecar_migration"
    known = [*sorted(own_tables(prefix).metadata.tables), last]
    return Ours(
        indexes=indexes.present_indexes(engine, prefix),
        tables=[name for name in known if name in names],
        unknown=sorted(set(names) - set(known)),
    )


def remove(
    engine: Engine,
    prefix: str,
    ours: Ours,
    *,
    purge: bool,
    told: Callable[[str], None],
    retried: Callable[[int], None],
) -> None:
    """
    Take away the indexes of *ours* and, to *purge*, its tables.

    Args:
        told: Told the name of each that goes, before it goes.
        retried: Told the number of the attempt that failed for a busy table.

    Raises:
        DatabaseUnavailableError: A table of the store was in use at every attempt.
        DatabaseRefusedError: The INDEX or DROP privilege is missing.
    """
    for index in ours.indexes:
        told(f"index {prefix}{index.table}.{index.name}")
        indexes.drop_index(engine, prefix, index, retried)
    if not purge:
        return
    for name in ours.tables:
        told(f"table {name}")
        with database_errors(engine), engine.connect() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS `{name}`")
