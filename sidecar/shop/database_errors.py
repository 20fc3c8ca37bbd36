"""
What an error of the database means for us, told by its number.

Classes of the driver say nothing: PyMySQL raises OperationalError for a lost connection
and for an unknown column. Messages of the server are used only where they cannot hold
a customer's data.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

import pymysql
import sqlalchemy.exc

from sidecar.errors import (
    CustomerError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    FatalError,
    SchemaChangedError,
    SidecarError,
)

#: The same work may succeed later, because …
RETRYABLE: Mapping[int, str] = {
    0: "the connection is closed",
    1020: "a row changed since it was read",
    1021: "the server's disk is full",
    1040: "the server has too many connections",
    1047: "the cluster node is not ready",
    1053: "the server is shutting down",
    1080: "the server closed the connection",
    1114: "a table of the server is full",
    1158: "the network failed",
    1159: "the network was too slow",
    1160: "the network failed",
    1161: "the network was too slow",
    1203: "the account has too many connections",
    1205: "another session holds a lock for too long",
    1206: "the server has too many locks",
    1213: "a deadlock with another session",
    1226: "the account used up what it may use in an hour",
    1317: "the statement was interrupted",
    1412: "a table was altered meanwhile",
    1615: "a table was altered meanwhile",
    1637: "the server has too many transactions",
    1927: "the connection was killed",
    1969: "the statement took longer than it may",
    2002: "no server answers at the socket",
    2003: "no server answers",
    2005: "the host's name is not known",
    2006: "the connection is gone",
    2013: "the connection broke",
    2014: "the connection is out of step",
    2055: "the server is silent (frozen, or cut off)",
    3024: "the statement took longer than it may",
    3032: "the server is in offline mode",
    3101: "another server of the cluster was faster",
    3572: "another session holds a lock",
    4031: "the server closed the connection, which was idle for too long",
}

#: The database will go on refusing: what, and the way out.
REFUSED: Mapping[int, tuple[str, str]] = {
    1044: (
        "user {user} may not use it, or it is not there",
        "check database.name, or let an administrator run docs/howto/grants.sql",
    ),
    1045: ("user {user} is unknown or {password}", "check database.user, password and tls"),
    1049: ("there is no database of this name", "check database.name"),
    1054: ("{said}", "is this the database of an OpenCart store, and up to date?"),
    1072: ("{said}", "is the store being upgraded?"),
    1091: ("{said}", "is the store being upgraded?"),
    1129: ("the server blocks this machine after failed attempts", "run FLUSH HOSTS there"),
    1130: ("the server takes no connections from this machine", "grant the account for this host"),
    1142: ("{said}", "{grant}"),
    1143: ("{said}", "{grant}"),
    1146: ("{said}", "check database.prefix; `sidecar migrate` makes our own tables"),
    1176: ("{said}", "was it removed just now? then try again"),
    1194: ("{said}", "run REPAIR TABLE on it"),
    1195: ("{said}", "run REPAIR TABLE on it"),
    1227: ("user {user} lacks a privilege of the whole server", "{grant}"),
    1235: ("{said}", "this kind of server cannot do what we need"),
    1251: ("we cannot log in this account's way", "give it an ordinary password"),
    1290: ("the server is read-only", "connect to the primary server"),
    1370: ("{said}", "{grant}"),
    1410: ("{said}", "let an administrator grant it"),
    1524: ("the account's way of logging in is not loaded", "give it an ordinary password"),
    1698: ("user {user} logs in by socket only", "run as that user, or check database.user"),
    1785: ("{said}", "let an administrator convert the store's tables to InnoDB"),
    1792: ("the server is read-only", "connect to the primary server"),
    1820: ("the password of user {user} has expired", "set a new one"),
    1836: ("the server is read-only", "connect to the primary server"),
    1862: ("the password of user {user} has expired", "set a new one"),
    1932: ("{said}", "is the store being upgraded?"),
    2026: ("TLS cannot be set up: {said}", "check database.tls and its certificates"),
    2059: ("we cannot log in this account's way", "give it an ordinary password"),
    2061: ("the account's way of logging in needs TLS", 'set database.tls to "required"'),
    3118: ("the account of user {user} is locked", "unlock it"),
    3159: ("the server takes only encrypted connections", 'set database.tls to "required"'),
    3955: ("the account of user {user} is blocked after failed logins", "unlock it"),
}  # fmt: skip

#: Of those, what is met while OpenCart's own upgrade alters, drops and makes tables and indexes.
SCHEMA_CHANGED = frozenset({1054, 1072, 1091, 1146, 1176, 1932})

#: One customer's value does not fit; nobody else's work is touched.
DATA: Mapping[int, str] = {
    1048: "a value is missing",
    1062: "a value is there already",
    1264: "a number is out of range",
    1265: "a value does not fit",
    1292: "a value is of the wrong kind",
    1364: "a value is missing",
    1366: "a value is of the wrong kind",
    1367: "a value is of the wrong kind",
    1406: "a text is too long",
    1411: "a value is of the wrong kind",
    1451: "another row still needs it",
    1452: "a row it needs is missing",
    1525: "a value is of the wrong kind",
    1526: "a value fits no partition",
    1690: "a number is out of range",
    3140: "a value is not JSON",
    3819: "a value breaks a constraint",
    4025: "a value breaks a constraint",
}

#: What we may have to do to the store's tables and our own.
PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP"

# The place at the message's end, where no customer's data can stand: names have no blanks.
_PLACE = re.compile(r" for (column|key) ([\w.`'$-]+)(?: at row \d+)?$")
_DENIED = re.compile(r"^([A-Z][A-Z, ]*?) command denied to user (\S+) for (?:table|column) (.+)$")
_LACKING = re.compile(r"one of\) the (.+?) privilege")


def translate(
    error: BaseException, place: str = "", user: str = "", name: str = ""
) -> SidecarError:
    """
    The error of ours that says what *error* of SQLAlchemy or PyMySQL means.

    Args:
        error: As caught; raise the result ``from`` it.
        place: Where the database is, for people; never with a password.
        user: The account, for the GRANT that may be missing.
        name: The database's name, for the same.

    Returns:
        DatabaseUnavailableError (later, again), DatabaseRefusedError (a person mends it),
        SchemaChangedError (of those: the store may be being upgraded), CustomerError (one
        customer's data) or FatalError (everything else).
    """
    original = getattr(error, "orig", None) or error
    where = place or "database"
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return DatabaseUnavailableError(f"{where}: all our own connections are in use")
    if isinstance(original, SidecarError):
        return original
    number, said = _number(original), _said(original)
    cause = getattr(original, "original_exception", None)
    if isinstance(cause, ssl.SSLError):
        number, said = 2026, getattr(cause, "verify_message", "") or str(cause)
    if number in RETRYABLE and isinstance(original, pymysql.MySQLError | OSError):
        return DatabaseUnavailableError(f"{where}: {RETRYABLE[number]}{_detail(number, said)}")
    if number in REFUSED:
        what, way_out = REFUSED[number]
        words = {
            "user": f"'{user}'",
            "said": said,
            "grant": _grant(number, said, user, name),
            "password": "needs a password" if "password: NO" in said else "the password wrong",
        }
        problem, hint = what.format_map(words), way_out.format_map(words)
        kind = SchemaChangedError if number in SCHEMA_CHANGED else DatabaseRefusedError
        return kind(f"{where}: {problem} ({hint}; error {number})")
    if number in DATA:
        match = _PLACE.search(said)
        at = f", {match[1]} {match[2]}" if match else ""
        return CustomerError(f"{DATA[number]} (error {number}{at})")
    if number == -1:
        return FatalError(f"{where}: {type(original).__name__}")
    return FatalError(f"{where}: the database refuses a statement (error {number})")


def _number(error: BaseException) -> int:
    if isinstance(error, pymysql.MySQLError):
        number = error.args[0] if error.args else 0
        return number if isinstance(number, int) else -1
    return 2003 if isinstance(error, OSError) else -1


def _said(error: BaseException) -> str:
    return str(error.args[1]) if len(error.args) > 1 else ""


def _detail(number: int, said: str) -> str:
    # Only before there is a session: later the server's words may quote a statement.
    match = re.search(r"\((?:\[Errno -?\d+\] )?([^()]+)\)$", said)
    return f": {match[1].lower()}" if number in (2002, 2003) and match else ""


def _grant(number: int, said: str, user: str, name: str) -> str:
    account, scope, privileges = f"'{user}'@…", f"`{name}`.*", PRIVILEGES
    if denied := _DENIED.match(said):
        # The server says the host we come from, which may not be the account's.
        denied_user = denied[2].strip("'").partition("'")[0]
        account = f"'{user or denied_user}'@…"
        # MySQL names the table alone.
        alone = re.fullmatch("'([^'`]+)'", denied[3])
        place = f"`{name}`.`{alone[1]}`" if alone else denied[3]
        privileges, scope = _least(denied[1], place, scope)
    elif said_user := re.search(r"for user (\S+)", said):
        account = said_user[1]
    if number == 1227:
        lacking = _LACKING.search(said)
        scope, privileges = "*.*", lacking[1].replace(" or ", ", ") if lacking else "…"
        privileges = privileges.split(", ")[-1]
    return f"an administrator runs: GRANT {privileges} ON {scope} TO {account}"


def _least(denied: str, place: str, otherwise: str) -> tuple[str, str]:
    """The privileges that were *denied* on a table, and on what: as `grants.sql` gives them."""
    table = re.search(r"`([^`]+)`\.`([^`]+)`", place)
    if table is None:
        return denied, otherwise
    here = f"`{table[1]}`.`{table[2]}`"
    if "sidecar_" in table[2]:
        return "ALL", here
    if denied in ("SELECT", "INDEX"):
        return denied, f"`{table[1]}`.*"
    if denied == "UPDATE" and table[2].endswith("customer"):
        return "UPDATE (customer_group_id)", here
    return denied, here
