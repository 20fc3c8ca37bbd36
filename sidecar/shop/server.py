"""Which server we talk to, and whether a store can be read there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, column, literal_column, select, table
from sqlalchemy.exc import DBAPIError

from sidecar.errors import SchemaChangedError
from sidecar.shop.database import database_errors, place_of

#: What tells an OpenCart store; others have one of them.
STORE_TABLES = ("customer", "setting")

NO_SUCH_TABLE = 1146


@dataclass(frozen=True, slots=True)
class Server:
    """
    What the database server is and can do.

    Attributes:
        flavour: Whose it is; Percona and Aurora are MySQL here.
        version: Its numbers, e.g. ``(10, 11, 6)``.
        version_text: As the server says it.
        supports_max_statement_time: Whether ``SET STATEMENT max_statement_time`` works.
        supports_skip_locked: Whether ``SELECT … FOR UPDATE SKIP LOCKED`` works.
    """

    flavour: Literal["mariadb", "mysql"]
    version: tuple[int, ...]
    version_text: str
    supports_max_statement_time: bool
    supports_skip_locked: bool

    @classmethod
    def of(cls, version_text: str) -> Server:
        """Read what ``@@version`` says, e.g. ``10.11.6-MariaDB-log`` or ``8.0.36``."""
        mariadb = "mariadb" in version_text.lower()
        text = version_text.removeprefix("5.5.5-") if mariadb else version_text
        found = re.match(r"\d+(?:\.\d+)*", text)
        version = tuple(int(part) for part in found[0].split(".")) if found else ()
        return cls(
            flavour="mariadb" if mariadb else "mysql",
            version=version,
            version_text=version_text,
            supports_max_statement_time=mariadb,
            supports_skip_locked=version >= ((10, 6) if mariadb else (8, 0, 1)),
        )


def probe(engine: Engine, prefix: str) -> Server:
    """
    Connect, and read the store's customers and settings, a row at most.

    Raises:
        DatabaseUnavailableError: No server answers.
        DatabaseRefusedError: Wrong password, database or prefix, or a missing privilege; with
            the way out.
    """
    with database_errors(engine), engine.connect() as connection:
        server = Server.of(str(connection.scalar(select(literal_column("@@version")))))
        for name in STORE_TABLES:
            found = table(prefix + name)
            try:
                connection.execute(select(literal_column("1")).select_from(found).limit(1))
            except DBAPIError as error:
                if error.orig is None or error.orig.args[0] != NO_SUCH_TABLE:
                    raise
                raise _no_store(engine, found.name, _prefixes(connection)) from error
    return server


def _prefixes(connection: Connection) -> list[str]:
    # A table that we may not read is not listed.
    tables = table(
        "tables", column("table_name"), column("table_schema"), schema="information_schema"
    )
    name = tables.c.table_name
    names = connection.scalars(
        select(name)
        .where(tables.c.table_schema == literal_column("DATABASE()"))
        .where(name.like("%customer") | name.like("%setting"))
    ).all()
    ends = [
        {found.removesuffix(end) for found in names if found.endswith(end)} for end in STORE_TABLES
    ]
    return sorted(set.intersection(*ends))


def _no_store(engine: Engine, missing: str, prefixes: list[str]) -> SchemaChangedError:
    if prefixes:
        listed = " and ".join(f"'{found}'" for found in prefixes)
        hint = f"this database has OpenCart tables with prefix {listed}: check database.prefix"
    else:
        hint = (
            "this database has no OpenCart tables that the account may read: check database.name, "
            f"or an administrator runs: GRANT SELECT ON `{engine.url.database}`.* "
            f"TO '{engine.url.username}'@…"
        )
    return SchemaChangedError(f"{place_of(engine)}: no table `{missing}` ({hint})")
