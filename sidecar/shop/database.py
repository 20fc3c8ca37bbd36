"""Connections to the store's database: how they are made, and one transaction on them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import sqlalchemy
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import ExceptionContext

from sidecar.config import Database
from sidecar.errors import ConfigError, DatabaseError, UsageError
from sidecar.shop.database_errors import translate
from sidecar.shop.fence import prove_what_wrote
from sidecar.shop.silence import SILENT, Watch, be_impatient

__all__ = [
    "SESSION",
    "answer_within",
    "connect",
    "connector",
    "database_errors",
    "place_of",
    "rolled_back",
    "transaction",
    "translate",
    "watch",
    "when_over",
]

#: A host that does not answer is given up after this, at each step of connecting.
CONNECT_TIMEOUT_S = 4.0

#: A connection over TCP ends when what was sent is not acknowledged for so long, or when it was
#: silent and three questions of the kernel are not: the network is cut. A server that takes its
#: time for an answer acknowledges all the same.
CUT_AFTER_S = 25
ASKED_AFTER_S, ASKED_EVERY_S, QUESTIONS = 10, 5, 3

#: Every session of ours: refuse what does not fit, think in UTC, wait for no lock longer than
#: the store may wait for ours, and see how large tables are now. The first comments only
#: MariaDB reads: it ends whoever was stopped with rows locked, and since 11.6 it would refuse to
#: write a row that changed since it was read, where all other servers compare and set. The last
#: only MySQL, which would tell sizes of up to a day ago.
SESSION = (
    "SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'"
    ", innodb_lock_wait_timeout = 3"
    " /*M!100300 , idle_write_transaction_timeout = 30 */"
    " /*M!110602 , innodb_snapshot_isolation = OFF */"
    " /*!80003 , information_schema_stats_expiry = 0 */"
)

#: Connections of the pool; a pass needs one, the reader and the sources a few more.
POOL_SIZE = 5

#: What is to be done after a transaction that is not over yet, and after those that are.
_WHEN_OVER: weakref.WeakKeyDictionary[Connection, list[Callable[[], None]]]
_WHEN_OVER = weakref.WeakKeyDictionary()
_OWED: weakref.WeakKeyDictionary[Engine, list[Callable[[], None]]] = weakref.WeakKeyDictionary()

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def connect(database: Database) -> Engine:
    """
    An engine for *database*; connects when first used.

    Sessions are in UTC, strict, REPEATABLE READ and utf8mb4. Neither the engine nor an
    error shows the password or the parameters of a statement.

    Raises:
        ConfigError: A certificate of the settings cannot be read.
    """
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create(
            "mysql+pymysql",
            username=database.user,
            host=None if database.socket else database.host,
            port=None if database.socket else database.port,
            database=database.name,
            query={"unix_socket": str(database.socket)} if database.socket else {},
        ),
        creator=connector(database),
        isolation_level="REPEATABLE READ",
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
    )
    sqlalchemy.event.listen(engine, "handle_error", _ask_a_silent_server_once)
    return engine


def _ask_a_silent_server_once(context: ExceptionContext) -> None:
    # Who is told that a pooled connection ended tries a new one, and would wait as long again.
    if context.is_pre_ping and context.original_exception.args[:1] == (SILENT,):
        context.is_disconnect = False


@contextlib.contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """
    Commit on success, roll back on any exception.

    Under a leader's lock, what wrote is committed only while it still leads; see
    `sidecar.shop.fence`.

    Raises:
        FencedError: Another sidecar leads, and nothing was written.
        DatabaseUnavailableError: The same work may succeed later.
        DatabaseRefusedError: The database will go on refusing until a person mends it.
        CustomerError: A value does not fit; other customers' work may.
        FatalError: The database refuses the work for a reason that is ours.
        UsageError: A text to be sent is none, such as a name from a terminal of another encoding.
    """
    with database_errors(engine):
        _do_what_is_owed(engine)
        with contextlib.ExitStack() as after, engine.begin() as tx:
            after.callback(_over, tx)
            yield tx
            prove_what_wrote(tx)


@contextlib.contextmanager
def rolled_back(engine: Engine) -> Iterator[Connection]:
    """
    A transaction that is rolled back whatever happens: to see what would be written.

    Only for tables of InnoDB. Raises as `transaction`.
    """
    with database_errors(engine):
        _do_what_is_owed(engine)
        with engine.connect() as tx:
            yield tx


def when_over(tx: Connection, do: Callable[[], None]) -> None:
    """
    Call *do* after *tx*, whether it was committed, rolled back, or nobody knows.

    A DatabaseError of *do* is not one of *tx*: it is called again before the next
    transaction of the engine begins, which then fails with it.
    """
    _WHEN_OVER.setdefault(tx, []).append(do)


def _over(tx: Connection) -> None:
    if tasks := _WHEN_OVER.pop(tx, None):
        _OWED.setdefault(tx.engine, []).extend(tasks)
        with contextlib.suppress(DatabaseError):
            _do_what_is_owed(tx.engine)


def _do_what_is_owed(engine: Engine) -> None:
    owed = _OWED.get(engine, [])
    while owed:
        do = owed.pop(0)
        try:
            do()
        except BaseException:
            owed.insert(0, do)
            raise


@contextlib.contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Raise our own errors for those of the database within; see ``transaction``."""
    try:
        yield
    except (
        sqlalchemy.exc.DBAPIError,
        sqlalchemy.exc.TimeoutError,
        pymysql.MySQLError,
    ) as error:
        url = engine.url
        raise translate(error, place_of(engine), url.username or "", url.database or "") from error
    except UnicodeEncodeError as error:
        # What a server sends is never so, but an argument or a file's name can be.
        raise UsageError(
            "a name or text that was given is not UTF-8 (check the encoding of the terminal)"
        ) from error


def answer_within(connection: Connection, seconds: float) -> None:
    """
    Give up a statement on *connection* that takes longer; for short ones only.

    The connection should be detached from the pool: the limit stays with it.
    """
    be_impatient(connection.connection.dbapi_connection, seconds)


def place_of(engine: Engine) -> str:
    """Where *engine*'s database is, for a person: ``database 'shop' on 127.0.0.1:3306``."""
    url = engine.url
    where = url.query.get("unix_socket") or f"{url.host}:{url.port}"
    return f"database '{url.database}' on {where}"


def connector(database: Database) -> Callable[[], Any]:
    """
    What makes PyMySQL connections for *database*; a statement on them may take any time, as
    long as the server lives.

    It raises PyMySQL's own errors; see ``translate``.

    Raises:
        ConfigError: A certificate of the settings cannot be read.
    """
    return watch(database).connected


def watch(database: Database) -> Watch:
    """
    Whether the server of *database* lives.

    Raises:
        ConfigError: A certificate of the settings cannot be read.
    """
    # PyMySQL would send a password as Latin-1; servers and OpenCart mean UTF-8.
    arguments: dict[str, Any] = {
        "user": database.user,
        "password": database.password.reveal().encode(),
        "database": database.name,
        "charset": "utf8mb4",
        "init_command": SESSION,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": CONNECT_TIMEOUT_S,
        "defer_connect": True,
        **_tls(database),
    }

    def login() -> Any:
        if database.socket:
            connection = pymysql.connect(unix_socket=str(database.socket), **arguments)
            # As PyMySQL says of a socket it opens itself: caching_sha2_password depends on it.
            connection._secure = True
            connection.connect(_open(database.socket))
        else:
            connection = pymysql.connect(host=database.host, port=database.port, **arguments)
            try:
                connection.connect()
            except UnicodeError as error:  # of the host's name, before anybody is asked
                raise pymysql.err.OperationalError(2003, f"no host ({error})") from error
            _notice_cuts(connection._sock)
        return connection

    return Watch(str(database.socket or f"{database.host}:{database.port}"), login)


def _notice_cuts(opened: socket.socket) -> None:
    """Have the kernel end a connection that is cut, also while an answer is waited for."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, ASKED_AFTER_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ASKED_EVERY_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, QUESTIONS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, CUT_AFTER_S * 1000)


def _open(path: Path) -> socket.socket:
    # By hand, because PyMySQL leaves its socket open when nobody listens.
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(CONNECT_TIMEOUT_S)
    try:
        opened.connect(str(path))
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(2002, f"no server ({error})") from error
    return opened


def _tls(database: Database) -> dict[str, Any]:
    here = database.socket is not None or database.host in _THIS_MACHINE
    if database.tls == "off" or (database.tls == "auto" and here and not database.tls_ca):
        return {"ssl_disabled": True}
    if database.tls == "auto" and not database.tls_ca and not database.tls_cert:
        return {}  # PyMySQL's own way: encrypted where the server offers it, not checked
    key = "database.tls_ca"
    try:
        context = ssl.create_default_context(cafile=database.tls_ca)
        context.check_hostname = False
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # servers' own certificates do not pass
        context.verify_mode = ssl.CERT_REQUIRED if database.tls_ca else ssl.CERT_NONE
        key = "database.tls_cert"
        if database.tls_cert:
            context.load_cert_chain(database.tls_cert, database.tls_key)
    except OSError as error:
        raise ConfigError(key, f"cannot be used: {error.strerror or error}") from error
    return {"ssl": context}
