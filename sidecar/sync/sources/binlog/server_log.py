"""What the server's binary log is, where it ends, and whether a stored position is still in it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from sidecar import clock
from sidecar.errors import DatabaseRefusedError
from sidecar.shop.database import database_errors, place_of
from sidecar.sync.sources.binlog.position import (
    Kind,
    MariadbGtids,
    MysqlGtids,
    Position,
    at_or_behind,
)

#: A commit is in MySQL's log a little before anybody can see it, and without GTID nothing
#: tells when: so long is waited.
SETTLE_S = 1.0

NO_PRIVILEGE = 1227
NOT_UNDERSTOOD = 1064
NOT_THERE = 1220
NO_LOG = 1381

_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True, slots=True)
class ServerLog:
    """
    Whose log it is.

    Attributes:
        kind: How its transactions are named.
        server: Which server it is, as it says itself; empty when it does not.
        uses_gtid: Whether it is read by GTID, else by file and offset.
        snapshots: Whether a consistent snapshot says where in the log it is.
    """

    kind: Kind
    server: str
    uses_gtid: bool
    snapshots: bool


def read_log(engine: Engine) -> ServerLog:
    """
    Ask the server what log it writes.

    Raises:
        DatabaseError: As of ``transaction``.
    """
    with autocommit(engine) as connection:
        return log_of(server_variables(connection))


def log_of(found: dict[str, str]) -> ServerLog:
    """The same from the server's variables, as ``server_variables`` gives them."""
    if "mariadb" in found["version"].lower():
        return ServerLog("mariadb", found.get("server_uid", ""), True, True)
    return ServerLog("mysql", found.get("server_uuid", ""), found.get("gtid_mode") == "ON", False)


def server_variables(connection: Connection) -> dict[str, str]:
    """The server's global variables by their names in small letters."""
    rows = connection.execute(text("SHOW GLOBAL VARIABLES"))
    return {str(name).lower(): str(value or "") for name, value in rows}


def head(engine: Engine) -> Position:
    """
    Where the log ends; what is read from now on shows all that is before.

    Takes a second longer on MySQL where the file and offset are what counts.

    Raises:
        DatabaseRefusedError: No log is written, or the account may not ask.
        DatabaseError: As of ``transaction``.
    """
    with autocommit(engine) as connection:
        log = log_of(server_variables(connection))
        if log.kind == "mysql":
            return _head_of_mysql(connection, log)
        file, offset = snapshot_place(connection)
        gtid = connection.scalar(select(func.binlog_gtid_pos(file, offset)))
        if gtid is None:
            raise DatabaseRefusedError(
                f"{place_of(engine)}: the server writes no binary log (set log_bin)"
            )
        return Position(str(MariadbGtids(gtid)), file, offset, log.server)


def why_lost(engine: Engine, position: Position) -> str | None:
    """
    Why the log cannot be read on from *position*.

    Returns:
        None when it can. ``other_server``; ``purged``: what comes next was deleted;
        ``ahead``: the log ends before the position; ``reset``: the log began anew, and
        something else stands there; ``renamed``: its files have another name;
        ``gtid_mode``: transactions have got names since.

    Raises:
        DatabaseError: As of ``transaction``.
    """
    with autocommit(engine) as connection:
        log = log_of(server_variables(connection))
        if position.server != log.server and position.server and log.server:
            return "other_server"
        if log.kind == "mariadb":
            return _lost_on_mariadb(connection, position)
        return _lost_on_mysql(connection, log, position)


def backlog_bytes(engine: Engine, position: Position) -> int | None:
    """
    How much of the log is after *position*.

    Returns:
        None when the account may not know (BINLOG MONITOR, of MySQL REPLICATION CLIENT), or
        the position is not in the log.

    Raises:
        DatabaseError: As of ``transaction``.
    """
    with autocommit(engine) as connection:
        try:
            rows = connection.execute(text("SHOW BINARY LOGS")).all()
        except DBAPIError as error:
            if number_of(error) in (NO_PRIVILEGE, NO_LOG):
                return None
            raise
    sizes = [(str(row[0]), int(row[1])) for row in rows]
    if position.file not in dict(sizes):
        return None
    after = sum(
        size
        for file, size in sizes
        if file != position.file and at_or_behind(position.file, 0, file, 0)
    )
    return after + max(0, dict(sizes)[position.file] - position.offset)


def snapshot_place(connection: Connection) -> tuple[str, int]:
    """
    Of MariaDB: what a consistent snapshot taken now shows is in the log before (file, offset).

    Takes no privilege. *connection* is REPEATABLE READ, commits each statement, and is left
    without a transaction. The file is empty when there is no log.
    """
    connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    try:
        rows = connection.exec_driver_sql("SHOW STATUS LIKE 'binlog\\_snapshot\\_%%'").all()
    finally:
        connection.exec_driver_sql("ROLLBACK")
    found = {str(name).lower(): value for name, value in rows}
    return str(found["binlog_snapshot_file"]), int(found["binlog_snapshot_position"] or 0)


@contextlib.contextmanager
def autocommit(engine: Engine) -> Iterator[Connection]:
    """A connection that commits each statement; errors are our own."""
    with database_errors(engine), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def number_of(error: DBAPIError) -> int:
    """The server's number of *error*; 0 when it has none."""
    arguments = error.orig.args if error.orig else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def log_status(connection: Connection) -> dict[str, Any]:
    """
    Where the log ends and which databases it leaves out, by names in small letters.

    Empty when there is no log. SQLAlchemy's error 1227 when the account may not ask.
    """
    try:
        found = connection.execute(text("SHOW BINARY LOG STATUS"))
    except DBAPIError as error:
        if number_of(error) != NOT_UNDERSTOOD:
            raise
        found = connection.execute(text("SHOW MASTER STATUS"))  # before MySQL 8.2, and MariaDB
    row = found.mappings().first()
    return {name.lower(): value for name, value in row.items()} if row else {}


def _head_of_mysql(connection: Connection, log: ServerLog) -> Position:
    try:
        status = log_status(connection)
    except DBAPIError as error:
        if number_of(error) != NO_PRIVILEGE or not log.uses_gtid:
            raise
        status = {"file": "", "position": 0}
    if not status:
        raise DatabaseRefusedError(
            f"{place_of(connection.engine)}: the server writes no binary log (set log_bin)"
        )
    # A transaction counts as executed only when everybody can see it.
    gtids = MysqlGtids(_executed(connection) if log.uses_gtid else "")
    if not log.uses_gtid or gtids.tagged:
        clock.sleep(SETTLE_S)
    return Position(str(gtids), str(status["file"]), int(status["position"]), log.server)


def _lost_on_mariadb(connection: Connection, position: Position) -> str | None:
    gtid = connection.scalar(select(func.binlog_gtid_pos(position.file, position.offset)))
    if gtid is not None:
        # RESET MASTER counts from 1 again: the same place would have other numbers then.
        return None if str(MariadbGtids(gtid)) == position.gtid else "reset"
    file, offset = snapshot_place(connection)
    behind = at_or_behind(position.file, position.offset, file, offset)
    if behind is None:
        return "renamed"
    if not behind:
        return "ahead"
    return "reset" if file == position.file else "purged"


def _lost_on_mysql(connection: Connection, log: ServerLog, position: Position) -> str | None:
    gtid = position.gtid if log.uses_gtid else ""
    executed: ColumnElement[str] = literal_column("@@global.gtid_executed")
    purged: ColumnElement[str] = literal_column("@@global.gtid_purged")
    if log.uses_gtid:
        some, is_there, is_left = connection.execute(
            select(executed != "", func.gtid_subset(gtid, executed), func.gtid_subset(purged, gtid))
        ).one()
        if some and not gtid:
            return "gtid_mode"
        if not is_there:
            return "ahead"
        if not is_left:
            return "purged"
    return _lost_from_file(connection, position, gtid)


def _lost_from_file(connection: Connection, position: Position, gtid: str) -> str | None:
    # RESET counts from 1 again, and soon has every number: what stands there tells.
    try:
        return _stands_elsewhere(connection, position, gtid)
    except DBAPIError as error:
        if number_of(error) == NO_PRIVILEGE:
            return None
        if number_of(error) != NOT_THERE:
            raise
    first = str(_events(connection)[0][0])
    before = at_or_behind(position.file, 0, first, 0)
    if before and position.file != first:
        return None if gtid else "purged"  # by GTID nothing is missing
    return "renamed" if before is None else "reset"


def _stands_elsewhere(connection: Connection, position: Position, gtid: str) -> str | None:
    # Takes REPLICATION SLAVE. A file that is not there is the error NOT_THERE.
    if not position.file:
        return None
    found = _events(connection, position.file, position.offset)
    if found and int(found[0][1]) != position.offset:
        return "reset"  # it stands inside an event
    if not gtid:
        sizes = {str(row[0]): int(row[1]) for row in connection.execute(text("SHOW BINARY LOGS"))}
        return "ahead" if position.offset > sizes.get(position.file, position.offset) else None
    if found:
        name = _QUOTED.search(str(found[0][5])) if found[0][2].lower().startswith("gtid") else None
        return "reset" if name and MysqlGtids(gtid).covers(name[1]) else None
    if str(MysqlGtids(_executed(connection))) == gtid:
        return None
    # The file ends here as after a crash; then the next one begins with all that we have.
    base, _, number = position.file.rpartition(".")
    following = f"{base}.{int(number) + 1:0{len(number)}}"
    try:
        begins = [str(row[5]) for row in _events(connection, following, 4)]
    except DBAPIError as error:
        if number_of(error) != NOT_THERE:
            raise
        begins = []
    return None if gtid in (said.replace("\n", "") for said in begins) else "reset"


def _events(connection: Connection, file: str = "", offset: int = 4) -> Sequence[Any]:
    # Two: a file begins with its format and what was before it.
    where = text(f"SHOW BINLOG EVENTS {'IN :file FROM :offset' if file else ''} LIMIT 2")
    return connection.execute(where, {"file": file, "offset": offset} if file else {}).all()


def _executed(connection: Connection) -> str:
    return str(connection.scalar(select(literal_column("@@global.gtid_executed"))) or "")
