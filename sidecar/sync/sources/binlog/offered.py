"""Why the binary log cannot be a source here, in words for people, with the way out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from sidecar.config import Database
from sidecar.errors import DatabaseRefusedError, LogLostError
from sidecar.sync.sources.binlog.position import MysqlGtids
from sidecar.sync.sources.binlog.server_log import (
    NO_PRIVILEGE,
    ServerLog,
    autocommit,
    head,
    log_of,
    log_status,
    number_of,
    server_variables,
)
from sidecar.sync.sources.binlog.wire import open_wire

#: A server that may send its log begins at once.
FIRST_PACKET_S = 4.0

#: All that is needed to follow a row: its key and what was written, before and after.
ROW_IMAGES = ("FULL", "NOBLOB")


def offered(engine: Engine, database: Database, server_id: int) -> str | None:
    """
    Try whether the server's log can be read, and is of use.

    Reads settings, and has the server begin to send its log on a connection of its own.

    Args:
        engine: Of *database*.
        database: Where and who.
        server_id: For the trial; another than that of a reader that may be at work.

    Returns:
        None when it can; else what is in the way and the way out, in one sentence.

    Raises:
        DatabaseUnavailableError: The server does not answer now.
        DatabaseRefusedError: It does not let us in at all.
    """
    with autocommit(engine) as connection:
        found = server_variables(connection)
        log = log_of(found)
        account = _account(connection)
        why = _in_the_way(found) or _left_out(connection, log, found, database.name, account)
    return why or _refused(engine, database, log, server_id, account)


def _in_the_way(found: dict[str, str]) -> str | None:
    # Words of settings that are not there are empty: nothing is in the way then.
    format_, image = found.get("binlog_format", "ROW"), found.get("binlog_row_image", "FULL")
    if found.get("log_bin") != "ON":
        return "the server writes no binary log: set log_bin in its configuration and restart it"
    if found.get("server_id") == "0":
        return "the server has no server_id: set one in its configuration"
    if found.get("wsrep_on") == "ON":
        return (
            "the server is a node of a Galera cluster, whose binary log we have not tried:"
            ' leave sync.mode at "auto" or "poll"'
        )
    if engine := found.get("binlog_storage_engine"):
        return (
            f"the binary log is kept in {engine}, which we cannot read yet: leave"
            " binlog_storage_engine empty, or poll"
        )
    if format_ != "ROW":
        return f"binlog_format is {format_}, so not every row is in the log: " + _set(
            "binlog_format", "ROW"
        )
    if image not in ROW_IMAGES:
        return f"binlog_row_image is {image}, so rows are not whole in the log: " + _set(
            "binlog_row_image", "FULL"
        )
    for option in ("log_bin_compress", "binlog_transaction_compression"):
        if found.get(option) == "ON":
            return f"{option} is ON, and we cannot read compressed events: " + _set(option, "OFF")
    return None


def _set(option: str, value: str) -> str:
    return f"set {option} = {value} in the server's configuration, and now by SET GLOBAL"


def _left_out(
    connection: Connection, log: ServerLog, found: dict[str, str], name: str, account: str
) -> str | None:
    # Whether the database is in the log, where the account may know.
    try:
        status = log_status(connection)
    except DBAPIError as error:
        if number_of(error) != NO_PRIVILEGE:
            raise
        executed = found.get("gtid_executed", "")
        if log.kind == "mysql" and not (log.uses_gtid and not MysqlGtids(executed).tagged):
            return _missing("REPLICATION CLIENT", account)
        status = found  # newer servers also have them as variables
    if _lists(status, "binlog_ignore_db", name, found):
        return (
            f"database '{name}' is left out of the binary log by binlog_ignore_db: remove it"
            " there in the server's configuration and restart it"
        )
    if status.get("binlog_do_db") and not _lists(status, "binlog_do_db", name, found):
        return (
            f"database '{name}' is left out of the binary log, because binlog_do_db names others:"
            " add it there in the server's configuration and restart it"
        )
    return None


def _refused(
    engine: Engine, database: Database, log: ServerLog, server_id: int, account: str
) -> str | None:
    # Whether the server sends its log to this account, by having it begin.
    try:
        with open_wire(database, log, head(engine), server_id) as wire:
            wire.read(FIRST_PACKET_S)
    except LogLostError as error:
        return str(error)
    except DatabaseRefusedError as error:
        cause: Any = error.__cause__
        if getattr(cause, "args", (0,))[0] == NO_PRIVILEGE:
            return _missing("REPLICATION SLAVE", account)
        return str(error)
    return None


def _missing(privilege: str, account: str) -> str:
    return (
        f"the account lacks the privilege {privilege}: an administrator runs"
        f" GRANT {privilege} ON *.* TO {account}"
    )


def _account(connection: Connection) -> str:
    user, _, host = str(connection.scalar(select(func.current_user()))).rpartition("@")
    return f"'{user}'@'{host}'"


def _lists(status: dict[str, Any], option: str, name: str, found: dict[str, str]) -> bool:
    listed = str(status.get(option) or "").split(",")
    if found.get("lower_case_table_names") == "0":
        return name in listed
    return name.lower() in (entry.lower() for entry in listed)
