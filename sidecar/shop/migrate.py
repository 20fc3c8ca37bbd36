"""
Own tables by numbered migrations: forward only, each safe to run again after a crash.

MySQL and MariaDB commit at every DDL statement, so a migration cannot be one
transaction. Every statement is written to do nothing when it has been done, and a
migration counts as done only when its row stands in ``sidecar_migration``.

A migration that only adds says so in a line ``-- compatible: 1``: a program that knows
the migrations up to that one works on the tables as it did, so an upgrade can be taken
back without a backup.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError

from sidecar import clock
from sidecar.errors import NotNowError, SchemaError
from sidecar.shop.database import database_errors
from sidecar.shop.leader import get_lock, lock_name, release_lock

#: Errors of an ALTER TABLE whose columns or keys are there: only MariaDB knows IF NOT EXISTS.
_DONE_ALREADY = (1060, 1061)

_COMPATIBLE = re.compile(r"^-- compatible: (\d+)$", re.MULTILINE)
_FILE = re.compile(r"(\d{4})-([a-z0-9-]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """
    Attributes:
        version: The number its file begins with; they run in this order.
        name: What follows it.
        statements: With ``{prefix}`` still in them.
        compatible: The oldest version whose program works on the tables after it.
    """

    version: int
    name: str
    statements: tuple[str, ...]
    compatible: int


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """Every migration of this program, in order."""
    folder = importlib.resources.files("sidecar.shop") / "migrations"
    return tuple(sorted(_read(folder), key=lambda migration: migration.version))


def _read(folder: importlib.resources.abc.Traversable) -> Iterator[Migration]:
    for file in folder.iterdir():
        if match := _FILE.fullmatch(file.name):
            content, version = file.read_text("utf-8"), int(match[1])
            floor = _COMPATIBLE.search(content)
            body = re.sub(r"^--.*$", "", content, flags=re.MULTILINE)
            statements = tuple(part.strip() for part in body.split(";\n") if part.strip())
            yield Migration(version, match[2], statements, int(floor[1]) if floor else version)


def migrate(
    engine: Engine, prefix: str, *, upto: int | None = None, wait_s: int = 30
) -> list[Migration]:
    """
    Bring our tables up to this program's version.

    Args:
        upto: Stop after this version; for tests of older schemas.
        wait_s: For another migration to end.

    Returns:
        The migrations that ran, none when nothing was to do.

    Raises:
        SchemaError: The tables were made by a newer program, and this one cannot use them.
        NotNowError: Another migration is under way.
    """
    ran: list[Migration] = []
    with database_errors(engine), engine.connect() as connection:
        lock = lock_name(engine.url.database or "", f"{prefix} migrate")
        if get_lock(connection, lock, wait_s) is False:
            raise NotNowError("another migration is under way: try again when it has ended")
        try:
            _make_table(connection, prefix)
            done = _applied(engine, prefix)
            _refuse_newer(done)
            for migration in migrations():
                if migration.version in done or (upto is not None and migration.version > upto):
                    continue
                for statement in migration.statements:
                    _run(connection, statement.replace("{prefix}", prefix))
                connection.execute(
                    text(
                        f"INSERT INTO `{prefix}sidecar_migration` "  # noqa: S608 the prefix is the config's, checked there
                        " (version, name, applied_at, compatible)"
                        " VALUES (:version, :name, :at, :compatible)"
                    ),
                    {
                        "version": migration.version,
                        "name": migration.name,
                        "at": int(clock.now().timestamp()),
                        "compatible": migration.compatible,
                    },
                )
                connection.commit()
                ran.append(migration)
        finally:
            release_lock(connection, lock)
    return ran


def _make_table(connection: Connection, prefix: str) -> None:
    name = f"{prefix}sidecar_migration"
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS `{name}` ("
        " `version` INT UNSIGNED NOT NULL, `name` VARCHAR(64) NOT NULL,"
        " `applied_at` BIGINT NOT NULL, PRIMARY KEY (`version`)"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    )
    # The first version made it without; a program that asks needs no right to alter it.
    columns = connection.exec_driver_sql(f"SHOW COLUMNS FROM `{name}` LIKE 'compatible'")
    if columns.first() is None:
        _run(connection, f"ALTER TABLE `{name}` ADD COLUMN `compatible` INT UNSIGNED NULL")


def _run(connection: Connection, statement: str) -> None:
    """Run *statement*, unless a crash left it done: an ALTER TABLE is done whole or not at all."""
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "args", (0,))[0] not in _DONE_ALREADY:
            raise


def require_current(engine: Engine, prefix: str) -> None:
    """
    Refuse to work on own tables that this program cannot use.

    Those of a newer program can be used when every migration that this one does not know
    says so; that is logged.

    Raises:
        SchemaError: They are missing, older, or newer and changed too much; with the way out.
    """
    done = _applied(engine, prefix)
    known = {migration.version for migration in migrations()}
    if not done:
        raise SchemaError("own tables", "they do not exist yet", "run `sidecar migrate`")
    _refuse_newer(done)
    if known - done.keys():
        raise SchemaError(
            "own tables",
            f"they are at version {max(done)}, this program needs {max(known)}",
            "run `sidecar migrate`",
        )
    if max(done) > max(known):
        structlog.get_logger().warning("own_tables.newer", tables=max(done), program=max(known))


def exist(engine: Engine, prefix: str) -> bool:
    """Whether our tables are there, whatever their version."""
    return bool(_applied(engine, prefix))


def version(engine: Engine, prefix: str) -> int | None:
    """The newest migration that was done; None without our tables."""
    return max(_applied(engine, prefix), default=None)


def _refuse_newer(done: Mapping[int, int]) -> None:
    newest = max(migration.version for migration in migrations())
    if any(compatible > newest for version, compatible in done.items() if version > newest):
        raise SchemaError(
            "own tables",
            f"they are at version {max(done)}, made by a newer sidecar; this one knows {newest}",
            "install the newer version again",
        )


def _applied(engine: Engine, prefix: str) -> dict[int, int]:
    """The versions that are done, each with the oldest that its tables still serve."""
    with database_errors(engine), engine.connect() as connection:
        there = connection.scalar(
            text(
                "SELECT COUNT(*) FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = :name"
            ).bindparams(bindparam("name", f"{prefix}sidecar_migration"))
        )
        if not there:
            return {}
        # All columns: the first version's table has no `compatible`.
        rows = connection.exec_driver_sql(f"SELECT * FROM `{prefix}sidecar_migration`")  # noqa: S608
        return {
            int(row["version"]): int(row.get("compatible") or row["version"])
            for row in rows.mappings()
        }
