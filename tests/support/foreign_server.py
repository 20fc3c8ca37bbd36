"""A server that is not ours to start, MariaDB or MySQL, with the surface of a private one."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pymysql
import pytest
import sqlalchemy

from sidecar.config import Database, Secret
from sidecar.errors import FatalError
from sidecar.service.private_server import PrivateServer
from support.mysql_dialect import for_mysql

#: ``mysql://user:password@host:port/``, with ``?socket=PATH`` where one can be reached. In the
#: environment, because everybody can read command lines.
VARIABLE = "SIDECAR_TEST_DSN"

#: Says that a server is for tests, and that what a run left behind may be dropped.
MARK = "sidecar_tests"

_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
_ACCOUNT = r"(?:'[^']*'|\w+)(?:@(?:'[^']*'|[\w.%]+))?"
_CREATED = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?(DATABASE|USER|ROLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?(`\w+`|{_ACCOUNT})",
    re.IGNORECASE,
)


def dsn() -> str | None:
    """Of the server that tests are to run on, or None: on private ones."""
    return os.environ.get(VARIABLE) or None


@functools.cache
def is_mysql(address: str) -> bool:
    """Whether the server at *address* is a MySQL, no MariaDB."""
    with contextlib.closing(ForeignServer(address).connect()) as connection:
        return "mariadb" not in connection.get_server_info().lower()


def on_mysql() -> bool:
    """Whether tests were told to run on a MySQL."""
    address = dsn()
    return address is not None and is_mysql(address)


@functools.cache
def refuses_both_kinds() -> bool:
    """Whether tests were told to run on a MySQL that keeps its GTIDs consistent."""
    if not on_mysql():
        return False
    with contextlib.closing(ForeignServer(dsn() or "").connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT @@GLOBAL.enforce_gtid_consistency")
        return str(cursor.fetchone()[0]) == "ON"


@functools.cache
def settle_s() -> float:
    """How long a MySQL that tests were told to run on keeps us waiting: one without GTID."""
    if not on_mysql():
        return 0.0
    with contextlib.closing(ForeignServer(dsn() or "").connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT @@GLOBAL.gtid_mode")
        return 0.0 if str(cursor.fetchone()[0]) == "ON" else 1.0


class _MysqlCursor(pymysql.cursors.Cursor):  # type: ignore[misc]
    """Says what tests say to MariaDB in MySQL's words."""

    def execute(self, query: str, args: Any = None) -> int:
        *before, last = for_mysql(query)
        for statement in before:
            super().execute(statement)
        return int(super().execute(last, args))


class ForeignServer(PrivateServer):
    """
    The server at a DSN, with the surface of ``PrivateServer``.

    Used as a context it drops in the end the databases and accounts that its ``execute``
    created, and sets its options back. Nobody can stop, kill or start it: a test that tries
    is skipped, as is one that wants an option which only a start can set.

    Args:
        address: Its DSN.
        extra_options: Options of the server by name, set while the context lasts.
    """

    def __init__(
        self, address: str, *, extra_options: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__()
        url = sqlalchemy.make_url(address)
        self._address = address
        self.host = url.host or "127.0.0.1"
        self.port = url.port or 3306
        self.user = url.username or "root"
        self.password = str(url.password or "")
        place = url.query.get("socket")
        if place:
            self.socket = Path(str(place))
        else:
            del self.socket
        self._extra = dict(extra_options or {})
        self._created: list[tuple[str, str]] = []
        self._stack = contextlib.ExitStack()
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)

    def __getattr__(self, name: str) -> Any:
        if name == "socket":
            pytest.skip("needs the server's socket, which its DSN does not name")
        raise AttributeError(name)

    def __enter__(self) -> Self:
        for name, value in self._extra.items():
            self._set(name.replace("-", "_"), value)
        return self

    def again(
        self, *, binlog: bool, extra_options: Mapping[str, str | int] | None = None
    ) -> ForeignServer:
        """The same server with options, for a while; skips the test where it writes no log."""
        if binlog:
            with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@log_bin")
                if not cursor.fetchone()[0]:
                    pytest.skip("needs a server that writes a binary log")
        return ForeignServer(self._address, extra_options=extra_options)

    def remove(self) -> None:
        """Drop what was created here, newest first, and set options back."""
        for kind, name in reversed(self._created):
            with contextlib.suppress(pymysql.Error):  # a role that is an account to MySQL, or gone
                self.execute(f"DROP {kind} IF EXISTS {name}")
        self._stack.close()

    def start(self) -> None:
        pytest.skip("needs to start the server")

    def stop(self) -> None:
        pytest.skip("needs to stop the server")

    def kill(self) -> None:
        pytest.skip("needs to kill the server")

    def connect(self, database: str | None = None, **arguments: Any) -> Any:
        """A PyMySQL connection, over the socket if there is one, committing each statement."""
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        if self._has_socket():
            place = {"unix_socket": str(self.socket)}
        more = {"autocommit": True} | arguments
        connection = pymysql.connect(
            **place,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            **more,
        )
        if "mariadb" not in connection.get_server_info().lower() and "cursorclass" not in more:
            connection.cursorclass = _MysqlCursor
        return connection

    def execute(self, *statements: str) -> None:
        """As of a private server; what is created is remembered."""
        for statement in statements:
            if found := _CREATED.match(statement):
                self._created.append((found[1].upper(), found[2]))
        super().execute(*statements)

    def url(self, database: str = "") -> sqlalchemy.URL:
        """Where SQLAlchemy finds *database*."""
        query = {"charset": "utf8mb4"}
        if self._has_socket():
            query["unix_socket"] = str(self.socket)
        return sqlalchemy.URL.create(
            "mysql+pymysql",
            username=self.user,
            password=self.password,
            host=None if self._has_socket() else self.host,
            port=None if self._has_socket() else self.port,
            database=database or None,
            query=query,
        )

    def settings(self, name: str, *, tcp: bool = False) -> Database:
        """The settings of *name*, over the socket if there is one or, with *tcp*, the port."""
        secret = Secret(self.password)
        if tcp or not self._has_socket():
            return Database(
                user=self.user, password=secret, name=name, host=self.host, port=self.port
            )
        return Database(user=self.user, password=secret, name=name, socket=self.socket)

    def load(self, database: str, dump: Path) -> None:
        """As of a private server, with MariaDB's client."""
        login: dict[str, object] = {"user": self.user, "password": self.password}
        if self._has_socket():
            login |= {"socket": self.socket, "ssl": 0}
        else:  # without TLS MySQL asks for more than MariaDB's client may know
            login |= {"host": self.host, "port": self.port}
            login |= {"ssl": int(is_mysql(self._address)), "ssl-verify-server-cert": 0}
        lines = [f"{name}={value}" for name, value in login.items()]
        self._write("client.cnf", "[client]", *lines, "default-character-set=utf8mb4")
        super().load(database, dump)

    def log_tail(self, lines: int = 20) -> str:
        return ""

    def _has_socket(self) -> bool:
        return "socket" in self.__dict__

    def _set(self, name: str, value: str | int) -> None:
        if name.startswith("ssl"):
            self._require_tls()
            return
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(f"SELECT @@GLOBAL.{name}")
                before = cursor.fetchone()[0]
                cursor.execute(f"SET GLOBAL {name} = %s", [value])
            except pymysql.Error:
                pytest.skip(f"needs the option {name}, which only a start can set")
        self._stack.callback(self.execute, f"SET GLOBAL {name} = {before!r}")

    def _require_tls(self) -> None:
        try:
            pymysql.connect(
                host=self.host, port=self.port, user=self.user, password=self.password,
                ssl={"check_hostname": False},
            ).close()  # fmt: skip
        except pymysql.Error:
            pytest.skip("needs TLS, which the server does not offer")


@contextlib.contextmanager
def emptied(address: str) -> Iterator[ForeignServer]:
    """
    The server at *address* for a run of tests, with nothing on it before and after.

    Raises:
        FatalError: It cannot be reached, or holds databases that may be somebody's.
    """
    server = ForeignServer(address)
    try:
        with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            found = {str(row[0]) for row in cursor.fetchall()} - _SYSTEM
    except pymysql.Error as error:
        raise FatalError(f"the server of {VARIABLE}: {error.args[-1]}") from None
    if found and MARK not in found:
        raise FatalError(
            f"the server of {VARIABLE} is not empty: tests make and drop databases, accounts and "
            f"settings there. Give them a server of their own, or drop {', '.join(sorted(found))}"
        )
    PrivateServer.execute(server, *(f"DROP DATABASE `{name}`" for name in found - {MARK}))
    PrivateServer.execute(server, f"CREATE DATABASE IF NOT EXISTS {MARK}")
    with server:
        server.execute(*_accounts_left(server))
        yield server
    PrivateServer.execute(ForeignServer(address), f"DROP DATABASE {MARK}")


def _accounts_left(server: ForeignServer) -> list[str]:
    with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT user, host FROM mysql.user WHERE user NOT IN ('root', 'mysql', 'PUBLIC', '')"
            " AND user NOT LIKE 'mysql.%' AND user NOT LIKE 'mariadb.%'"
            " AND user <> SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"
        )
        return [f"DROP USER '{user}'@'{host}'" for user, host in cursor.fetchall()]
