"""
Own tables by numbered migrations: forward only, each safe to run again after a crash.

MySQL and MariaDB commit at every DDL statement, so a migration cannot be one
transaction. Every statement is written to do nothing when it has been done, and a
migration counts as done only when its row stands in ``sidecar_migration``.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError

from sidecar import clock
from sidecar.errors import NotNowError, SchemaError
from sidecar.shop.database import database_errors
from sidecar.shop.leader import lock_name

#: Errors of an ALTER TABLE whose columns or keys are there: only MariaDB knows IF NOT EXISTS.
_DONE_ALREADY = (1060, 1061)

_FILE = re.compile(r"(\d{4})-([a-z0-9-]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """
    Attributes:
        version: The number its file begins with; they run in this order.
        name: What follows it.
        statements: With ``{prefix}`` still in them.
    """

    version: int
    name: str
    statements: tuple[str, ...]


def migrations() -> tuple[Migration, ...]:
    """Every migration of this program, in order."""
    folder = importlib.resources.files("sidecar.shop") / "migrations"
    return tuple(sorted(_read(folder), key=lambda migration: migration.version))


def _read(folder: importlib.resources.abc.Traversable) -> Iterator[Migration]:
    for file in folder.iterdir():
        if match := _FILE.fullmatch(file.name):
            body = re.sub(r"^--.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
            statements = tuple(part.strip() for part in body.split(";\n") if part.strip())
            yield Migration(int(match[1]), match[2], statements)


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
        SchemaError: The tables were made by a newer program.
        NotNowError: Another migration is under way.
    """
    ran: list[Migration] = []
    with database_errors(engine), engine.connect() as connection:
        lock = lock_name(engine.url.database or "", f"{prefix} migrate")
        if (
            connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), {"name": lock, "wait": wait_s})
            != 1
        ):
            raise NotNowError("another migration is under way: try again when it has ended")
        try:
            connection.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS `{prefix}sidecar_migration` ("
                " `version` INT UNSIGNED NOT NULL, `name` VARCHAR(64) NOT NULL,"
                " `applied_at` BIGINT NOT NULL, PRIMARY KEY (`version`)"
                ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            )
            done = _applied(engine, prefix)
            _refuse_newer(done)
            for migration in migrations():
                if migration.version in done or (upto is not None and migration.version > upto):
                    continue
                for statement in migration.statements:
                    _run(connection, statement.replace("{prefix}", prefix))
                connection.execute(
                    text(
                        f"INSERT INTO `{prefix}sidecar_migration` (version, name, applied_at)"  # noqa: S608 the prefix is the config's, checked there
                        " VALUES (:version, :name, :at)"
                    ),
                    {
                        "version": migration.version,
                        "name": migration.name,
                        "at": int(clock.now().timestamp()),
                    },
                )
                connection.commit()
                ran.append(migration)
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": lock})
    return ran


def _run(connection: Connection, statement: str) -> None:
    """Run *statement*, unless a crash left it done: an ALTER TABLE is done whole or not at all."""
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if getattr(error.orig, "args", (0,))[0] not in _DONE_ALREADY:
            raise


def require_current(engine: Engine, prefix: str) -> None:
    """
    Refuse to work on own tables that are missing, older or newer than this program.

    Raises:
        SchemaError: With the way out.
    """
    done = _applied(engine, prefix)
    known = {migration.version for migration in migrations()}
    if not done:
        raise SchemaError("own tables", "they do not exist yet", "run `sidecar migrate`")
    _refuse_newer(done)
    if known - done:
        raise SchemaError(
            "own tables",
            f"they are at version {max(done)}, this program needs {max(known)}",
            "run `sidecar migrate`",
        )


def exist(engine: Engine, prefix: str) -> bool:
    """Whether our tables are there, whatever their version."""
    return bool(_applied(engine, prefix))


def _refuse_newer(done: set[int]) -> None:
    newest = max(migration.version for migration in migrations())
    if done and max(done) > newest:
        raise SchemaError(
            "own tables",
            f"they are at version {max(done)}, made by a newer sidecar; this one knows {newest}",
            "install the newer version again",
        )


def _applied(engine: Engine, prefix: str) -> set[int]:
    with database_errors(engine), engine.connect() as connection:
        there = connection.scalar(
            text(
                "SELECT COUNT(*) FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = :name"
            ).bindparams(bindparam("name", f"{prefix}sidecar_migration"))
        )
        if not there:
            return set()
        rows = connection.exec_driver_sql(f"SELECT version FROM `{prefix}sidecar_migration`")  # noqa: S608
        return {int(row.version) for row in rows}
