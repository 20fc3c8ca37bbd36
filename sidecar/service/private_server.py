"""A private MariaDB in a temporary directory: for the demo, the bench and the tests."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymysql
import sqlalchemy

from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.errors import FatalError
from sidecar.service.mariadb_programs import (
    Programs,
    find_programs,
    give_away,
    install,
    spawn,
    working_directory,
)

#: Small and quick; durability does not matter to a server that is thrown away. The same on
#: every version: from 11.4 on MariaDB would make itself a certificate.
OPTIONS: Mapping[str, str | int] = {
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_general_ci",
    "innodb-buffer-pool-dump-at-shutdown": 0,
    "innodb-buffer-pool-load-at-startup": 0,
    "innodb-buffer-pool-size": "64M",
    "innodb-doublewrite": 0,
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-log-file-size": "16M",
    "max-allowed-packet": "64M",
    "max-connections": 100,
    "performance-schema": 0,
    "skip-name-resolve": 1,
    "ssl": 0,
}

#: The log's size must be the same from the first on.
INSTALL_OPTIONS = tuple(f"--{name}={value}" for name, value in OPTIONS.items() if "innodb" in name)

#: What a change source needs, under the names of 10.6 to 11.8.
BINLOG_OPTIONS: Mapping[str, str | int] = {
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "log-bin": "binlog",
    "server-id": 1,
}


class PrivateServer:
    """
    A MariaDB server of our own, gone with its directory at the end.

    It reads no option file but its own, listens on a socket that only its owner can
    reach, and lets nobody in without the random password.

    Args:
        tcp: Listen on a free port of 127.0.0.1 too.
        binlog: Write a binary log in ROW format.
        extra_options: Options of ``mariadbd`` by name; they win over ours.
        template: Where to keep an installed data directory, so that the next server
            starts from a copy of it. Made when missing; safe between processes.
        keep: A folder to work in and leave there with its data, for the next server to
            go on with; made when missing.
        parent: Where its folder is made unless kept; by default where temporary files are.
        wait_s: How long the server may take to start, and to stop.

    Attributes:
        directory: Its folder, removed at the end unless kept.
        socket: Path of its socket.
        host: ``127.0.0.1``.
        port: The port, or 0 without *tcp*; it stays the same when started again.
        user: An account with every privilege.
        password: Its password.
    """

    host = "127.0.0.1"
    user = "root"

    def __init__(
        self,
        *,
        tcp: bool = False,
        binlog: bool = False,
        extra_options: Mapping[str, str | int] | None = None,
        template: Path | None = None,
        keep: Path | None = None,
        parent: Path | None = None,
        wait_s: float = 60.0,
    ) -> None:
        self.directory = working_directory(keep, parent)
        self._kept = keep is not None
        self.socket = self.directory / "socket"
        self.port = _free_port() if tcp else 0
        self.password = secrets.token_hex(16)
        self._programs: Programs | None = None
        self._options = {
            **OPTIONS,
            **(BINLOG_OPTIONS if binlog else {}),
            **(extra_options or {}),
        }
        self._template = template
        self._wait_s = wait_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def start(self) -> None:
        """
        Start, or start again with the same data, and wait until it answers.

        Raises:
            FatalError: MariaDB is not installed, or did not start; with the end of its log.
        """
        self._programs = self._programs or find_programs()
        if not (self.directory / "data").exists():
            self._install(self._programs.install)
        self._write_files()
        with (self.directory / "error.log").open("ab") as log:
            self._process = spawn(
                [self._programs.server, f"--defaults-file={self.directory}/my.cnf"], log
            )
        deadline = clock.monotonic() + self._wait_s
        while not self._answers():
            if self._process.poll() is not None or clock.monotonic() > deadline:
                self.kill()
                raise FatalError(f"the private MariaDB did not start:\n{self.log_tail()}")
            clock.sleep(0.01)

    def stop(self) -> None:
        """Shut down as an operator would, keeping the data; killed when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._wait_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a crash would, keeping the data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it and, unless it is to be kept, delete its directory."""
        self.stop()
        if not self._kept:
            shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, database: str | None = None, **arguments: Any) -> Any:
        """A PyMySQL connection over the socket, committing each statement."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            # Without TLS: for it each connection would read the system's certificates, for 30 ms.
            **({"autocommit": True, "ssl_disabled": True} | arguments),
        )

    def execute(self, *statements: str) -> None:
        """Run *statements* one after the other, outside any database."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def url(self, database: str = "") -> sqlalchemy.URL:
        """Where SQLAlchemy finds *database*, over the socket."""
        return sqlalchemy.URL.create(
            "mysql+pymysql",
            username=self.user,
            password=self.password,
            database=database or None,
            query={"unix_socket": str(self.socket), "charset": "utf8mb4"},
        )

    def settings(self, name: str, *, tcp: bool = False) -> Database:
        """The settings of *name*, over the socket or, with *tcp*, the port."""
        place = {"port": self.port} if tcp else {"socket": self.socket}
        return Database(user=self.user, password=Secret(self.password), name=name, **place)

    def load(self, database: str, dump: Path) -> None:
        """
        Run the SQL file *dump*, which may be gzipped, in *database*.

        Raises:
            FatalError: A statement failed; with the client's message.
        """
        client = (self._programs or find_programs()).client
        command: list[str | Path] = [
            client,
            f"--defaults-file={self.directory}/client.cnf",
            database,
        ]
        opener = gzip.open if dump.suffix == ".gz" else open
        with opener(dump, "rb") as source:
            process = subprocess.Popen(  # noqa: S603 - our own client, no shell
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            assert process.stdin is not None  # noqa: S101 - PIPE was asked for
            with contextlib.suppress(BrokenPipeError):  # its message says why
                shutil.copyfileobj(source, process.stdin)
            _, message = process.communicate()
        if process.returncode:
            raise FatalError(f"{dump}: {message.decode(errors='replace').strip()}")

    def log_tail(self, lines: int = 20) -> str:
        """The last *lines* of the server's error log."""
        with contextlib.suppress(OSError):
            text = (self.directory / "error.log").read_text("utf-8", "replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def _answers(self) -> bool:
        # Asked by hand first: PyMySQL leaks its socket when nobody listens yet.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.socket))
            self.connect().close()
            return True
        return False

    def _install(self, program: Path) -> None:
        data = self.directory / "data"
        if self._template is None:
            install(program, data, INSTALL_OPTIONS)
            return
        self._template.parent.mkdir(parents=True, exist_ok=True)
        with self._template.with_name(f"{self._template.name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._template.exists():
                install(program, data, INSTALL_OPTIONS)
                shutil.copytree(data, self._template.with_name(f"{self._template.name}.new"))
                self._template.with_name(f"{self._template.name}.new").rename(self._template)
                return
        shutil.copytree(self._template, data)
        give_away(data)

    def _write_files(self) -> None:
        options = dict(self._options) | {
            "datadir": f"{self.directory}/data",
            "init-file": f"{self.directory}/init.sql",
            "pid-file": f"{self.directory}/pid",
            "socket": str(self.socket),
            "tmpdir": str(self.directory),
        }
        options |= {"bind-address": self.host, "port": self.port} if self.port else {}
        lines = ["[mysqld]", *(f"{name}={value}" for name, value in options.items())]
        self._write("my.cnf", *lines, *([] if self.port else ["skip-networking"]))
        client = {"socket": self.socket, "user": self.user, "password": self.password, "ssl": 0}
        settings = [f"{name}={value}" for name, value in client.items()]
        self._write("client.cnf", "[client]", *settings, "default-character-set=utf8mb4")
        accounts = [f"'{self.user}'@'{host}'" for host in ("localhost", self.host)]
        self._write(
            "init.sql",
            *(f"CREATE OR REPLACE USER {a} IDENTIFIED BY '{self.password}';" for a in accounts),
            *(f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;" for account in accounts),
        )

    def _write(self, name: str, *lines: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n", "utf-8")
        give_away(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
