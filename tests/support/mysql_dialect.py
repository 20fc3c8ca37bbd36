"""What tests say to MariaDB, in MySQL's words."""

from __future__ import annotations

import re

_REWORDED = (
    (re.compile(r"^RESET MASTER$"), r"RESET BINARY LOGS AND GTIDS"),
    (re.compile(r"^SHOW MASTER STATUS$"), r"SHOW BINARY LOG STATUS"),
    (re.compile(r"@@gtid_binlog_pos\b"), r"@@gtid_executed"),
    (re.compile(r"@@server_uid\b"), r"@@server_uuid"),
    (re.compile(r"\bbinlog_row_metadata = ('?)NO_LOG\b"), r"binlog_row_metadata = \1MINIMAL"),
    (re.compile(r"^(SET DEFAULT ROLE .*) FOR "), r"\1 TO "),
)

_OWN_MODE = re.compile(r"SET STATEMENT (sql_mode = '[^']*') FOR ")
_REPLACED = re.compile(r"CREATE OR REPLACE USER (\S+)")


def for_mysql(statement: str) -> list[str]:
    """
    The statements that do on MySQL what *statement* does on MariaDB.

    Parameters belong to the last. A mode that MariaDB sets for one statement stays set: those
    who ask for one ask for the same every time.
    """
    for pattern, replacement in _REWORDED:
        statement = pattern.sub(replacement, statement)
    if found := _OWN_MODE.match(statement):
        return [f"SET SESSION {found[1]}", statement[found.end() :]]
    if found := _REPLACED.match(statement):
        return [f"DROP USER IF EXISTS {found[1]}", f"CREATE USER {statement[found.start(1) :]}"]
    return [statement]
