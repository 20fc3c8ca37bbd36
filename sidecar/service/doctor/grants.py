"""What an account may do, read from ``SHOW GRANTS``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from sidecar.shop.database import database_errors

#: Grants all others of its level.
ALL = "ALL PRIVILEGES"

_NAME = r"`(?:[^`]|``)*`"
_LINE = re.compile(
    rf"(?P<verb>GRANT|REVOKE) (?P<privileges>.+?) ON (?:TABLE )?"
    rf"(?P<database>\*|{_NAME})\.(?P<table>\*|{_NAME}) (?:TO|FROM) (?P<to>{_NAME}(?:@{_NAME})?)"
)
# MySQL names the table alone, in other quotes.
_DENIED = re.compile(
    rf"command denied to user .* for (?:table|column) ({_NAME}\.{_NAME}|'(?P<alone>[^']+)')"
)
_PRIVILEGE = re.compile(rf"([A-Z][A-Z_ ]*[A-Z])(?: \(({_NAME}(?:, ?{_NAME})*)\))?")


@dataclass(frozen=True, slots=True)
class Grant:
    """
    One privilege at one place.

    Attributes:
        privilege: As the server says it, e.g. ``SELECT``; ``ALL PRIVILEGES`` stands for all.
        database: A pattern as of LIKE; None: the whole server.
        table: None: the whole database.
        columns: None: the whole table.
        to: Account or role that has it.
    """

    privilege: str
    database: str | None
    table: str | None
    columns: frozenset[str] | None
    to: str


@dataclass(frozen=True, slots=True)
class Grants:
    """
    All that an account may do, its active roles included.

    Attributes:
        account: As a statement names it, e.g. ``'sidecar'@'localhost'``.
        granted: Every privilege.
        revoked: Taken off a database again from one of the whole server (MySQL).
        fold: Whether names of tables are the same in capitals and small letters.
    """

    account: str
    granted: tuple[Grant, ...]
    revoked: tuple[Grant, ...] = ()
    fold: bool = False

    def on_server(self, privilege: str) -> bool:
        """Whether the account has *privilege* on the whole server."""
        return any(
            grant.database is None and grant.privilege in (privilege, ALL) for grant in self.granted
        )

    def on_database(self, privilege: str, database: str) -> bool:
        """Whether it has *privilege* on the whole of *database*."""
        off = any(
            grant.privilege in (privilege, ALL) and self._same(grant.database, database)
            for grant in self.revoked
        )
        return (self.on_server(privilege) and not off) or any(
            grant.privilege in (privilege, ALL) for grant in self._of_database(database)
        )

    def on_table(self, privilege: str, database: str, table: str) -> bool:
        """Whether it has *privilege* on every column of *table*, however."""
        return self.on_database(privilege, database) or any(
            grant.columns is None for grant in self._of_table(privilege, database, table)
        )

    def on_columns(self, privilege: str, database: str, table: str, columns: Iterable[str]) -> bool:
        """Whether it has *privilege* on all of *columns*, however."""
        if self.on_table(privilege, database, table):
            return True
        found: set[str] = set()
        for grant in self._of_table(privilege, database, table):
            found |= {name.lower() for name in grant.columns or ()}
        return {name.lower() for name in columns} <= found

    def place(self, database: str) -> str:
        """
        How a GRANT on the whole of *database* names it, so that nothing is taken away.

        The server takes one entry for a database: beside one with a pattern, a more exact one
        would hide what the first grants.
        """
        fitting = [grant.database or "" for grant in self._of_database(database)]
        if fitting:
            return f"{quoted(fitting[0])}.*"
        return f"{quoted(database) if self.revoked else database_pattern(database)}.*"

    def _of_database(self, database: str) -> list[Grant]:
        """Those of *database*: of each grantee only those of the pattern that fits best."""
        fitting: dict[str, dict[str, list[Grant]]] = {}
        for grant in self.granted:
            pattern = grant.database
            if pattern is None or grant.table is not None or not self._fits(pattern, database):
                continue
            fitting.setdefault(grant.to, {}).setdefault(pattern, []).append(grant)
        # The server takes the entry whose beginning without a wildcard is the longest.
        return [
            grant
            for patterns in fitting.values()
            for grant in patterns[max(patterns, key=_exactness)]
        ]

    def _of_table(self, privilege: str, database: str, table: str) -> list[Grant]:
        return [
            grant
            for grant in self.granted
            if grant.privilege in (privilege, ALL)
            and self._same(grant.table, table)
            and self._same(grant.database, database)
        ]

    def _fits(self, pattern: str, database: str) -> bool:
        # Where something is revoked of a database, the server takes patterns literally.
        if self.revoked:
            return self._same(pattern, database)
        flags = re.DOTALL | (re.IGNORECASE if self.fold else 0)
        return re.fullmatch(_regex(pattern), database, flags) is not None

    def _same(self, one: str | None, other: str) -> bool:
        if one is None:
            return False
        return one.lower() == other.lower() if self.fold else one == other


def read_grants(tx: Connection) -> Grants:
    """The grants of the account that *tx* is of."""
    account = str(tx.scalar(text("SELECT CURRENT_USER()")))
    fold = int(tx.scalar(text("SELECT @@lower_case_table_names")) or 0) > 0
    statement = "SHOW GRANTS"
    if "mariadb" not in str(tx.scalar(text("SELECT VERSION()"))).lower():
        roles = str(tx.scalar(text("SELECT CURRENT_ROLE()")) or "NONE")
        if roles != "NONE":  # as a list of quoted names, made by the server
            statement = f"SHOW GRANTS FOR CURRENT_USER() USING {roles}"
    lines = [str(row[0]) for row in tx.exec_driver_sql(statement.replace("%", "%%"))]
    return parse(lines, quoted_account(account), fold=fold)


def parse(lines: Iterable[str], account: str, *, fold: bool = False) -> Grants:
    """Read what ``SHOW GRANTS`` says; what it says of logging in is not looked at."""
    granted: list[Grant] = []
    revoked: list[Grant] = []
    for line in lines:
        match = _LINE.match(line)
        if match is None:  # a role, or a routine
            continue
        database, table = (_unquoted(match[part]) for part in ("database", "table"))
        (granted if match["verb"] == "GRANT" else revoked).extend(
            Grant(
                ALL if name == "ALL" else name,
                database,
                table,
                _columns(columns),
                match["to"],
            )
            for name, columns in _PRIVILEGE.findall(match["privileges"])
            if name != "USAGE"
        )
        if "WITH GRANT OPTION" in line[match.end() :]:
            granted.append(Grant("GRANT OPTION", database, table, None, match["to"]))
    return Grants(account, tuple(granted), tuple(revoked), fold)


def quoted_account(account: str) -> str:
    """*account*, as ``CURRENT_USER()`` says it, as a statement names it."""
    user, _, host = account.rpartition("@")
    return "@".join(
        "'" + part.replace("\\", "\\\\").replace("'", "''") + "'" for part in (user, host)
    )


def quoted(name: str) -> str:
    """*name* of a table or column as a statement names it."""
    return "`" + name.replace("`", "``") + "`"


def database_pattern(name: str) -> str:
    """*name* of a database as a GRANT names it, where ``_`` would stand for any letter."""
    return quoted(re.sub(r"([_%\\])", r"\\\1", name))


def to_read(engine: Engine, said: str) -> str:
    """The GRANT that lets our account read the table that *said* names; empty: it names none."""
    table = _DENIED.search(said)
    if table is None:
        return ""
    with database_errors(engine), engine.connect() as connection:
        account = quoted_account(str(connection.scalar(text("SELECT CURRENT_USER()"))))
    place = table[1]
    if table["alone"]:
        place = f"{quoted(engine.url.database or '')}.{quoted(table['alone'])}"
    return f"GRANT SELECT ON {place} TO {account};"


def _unquoted(name: str) -> str | None:
    return None if name == "*" else name[1:-1].replace("``", "`")


def _columns(listed: str) -> frozenset[str] | None:
    if not listed:
        return None
    return frozenset(name[1:-1].replace("``", "`") for name in re.findall(_NAME, listed))


def _regex(pattern: str) -> str:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return "".join(wild.get(part) or re.escape(part[-1]) for part in parts)


def _exactness(pattern: str) -> tuple[int, int]:
    """How far a pattern is literal, and how long it is."""
    beginning = re.match(r"(?:\\.|[^%_\\])*", pattern, re.DOTALL)
    return len(beginning[0]) if beginning else 0, len(pattern)
