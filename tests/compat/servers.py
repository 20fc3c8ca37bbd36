"""Servers of other distributions, each in a debootstrap folder."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql

from sidecar import clock
from support.asking import free_port
from systemd.deb import roots
from systemd.deb.roots import DISTRIBUTIONS, Distribution

#: Where data, socket and log are inside the folder.
PLACE = "/srv/server"

#: Small and quick, else as it comes.
OPTIONS = (
    *("--bind-address=127.0.0.1", "--skip-name-resolve", "--max-allowed-packet=64M"),
    *("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0"),
    *("--innodb-doublewrite=0", "--sync-binlog=0", "--server-id=1", "--log-bin=binlog"),
    *("--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"),
)

_MYSQL = Distribution("sid-mysql", "sid", "", included=("mysql-server-core",))

#: The first data directory, made by the program itself.
_MYSQL_INSTALL = (
    *("/usr/sbin/mysqld", "--no-defaults", f"--datadir={PLACE}/data"),
    *("--initialize-insecure", "--secure-file-priv=NULL"),
)
_MYSQL_OPTIONS = ("--mysqlx=OFF", "--secure-file-priv=NULL")
_MARIADB_INSTALL = (
    *("/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={PLACE}/data"),
    *("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
)

WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """
    One that can be brought up.

    Attributes:
        about: What it is and how it names transactions.
        distribution: Where it comes from.
        program: Its path in the distribution's folder.
        install: The command that makes its data directory.
        options: Beside those of all.
        only_binlog: Whether it differs in nothing but its log from another one here.
    """

    about: str
    distribution: Distribution
    program: str
    install: tuple[str, ...]
    options: tuple[str, ...] = ()
    only_binlog: bool = False


SERVERS = {
    "mariadb": Server(
        "MariaDB of Debian 13 (trixie)",
        DISTRIBUTIONS["debian13"],
        "/usr/sbin/mariadbd",
        _MARIADB_INSTALL,
        ("--binlog-format=ROW",),
    ),
    "mysql": Server(
        "MySQL of Debian sid, with GTID",
        _MYSQL,
        "/usr/sbin/mysqld",
        _MYSQL_INSTALL,
        ("--gtid-mode=ON", "--enforce-gtid-consistency=ON", *_MYSQL_OPTIONS),
    ),
    "mysql-without-gtid": Server(
        "MySQL of Debian sid, without GTID",
        _MYSQL,
        "/usr/sbin/mysqld",
        _MYSQL_INSTALL,
        # From 9.7 on both are the default.
        ("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", *_MYSQL_OPTIONS),
        only_binlog=True,
    ),
}


@contextlib.contextmanager
def started(server: Server, mirror: str | None) -> Iterator[str]:
    """
    Bring *server* up with an empty data directory; gives its DSN.

    Raises:
        SystemExit: It did not start; with the end of its log.
    """
    root = roots.folder(server.distribution, mirror)
    password, port = secrets.token_hex(16), free_port("127.0.0.1")
    with roots.layer(root) as layer:
        # MySQL says more than a message when it cannot open these.
        place = layer / PLACE.lstrip("/")
        for folder in (place, place / "data", place / "tmp"):
            folder.mkdir()
        _write_accounts(place / "init.sql", password)
        roots.run(layer, ["chown", "-R", "nobody:nogroup", PLACE])
        # Nobody, because servers refuse to be root; root's own programs stay outside.
        nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
        roots.run(layer, [*nobody, *server.install])
        command = [server.program, "--no-defaults", *OPTIONS, *server.options, f"--port={port}"]
        for name, file in {
            "datadir": "data",
            "tmpdir": "tmp",
            "socket": "socket",
            "pid-file": "pid",
            "init-file": "init.sql",
        }.items():
            command.append(f"--{name}={PLACE}/{file}")
        with (place / "log").open("wb") as log:
            # Ended with us, also when we are killed. setpriv asks for that after it changed
            # who it is, which would undo it.
            dying = [*nobody[:-1], "--pdeathsig=TERM", "--"]
            process = subprocess.Popen(
                ["chroot", layer, *dying, *command],
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            )
        try:
            _wait(process, place, password)
            yield (f"mysql://root:{password}@127.0.0.1:{port}/?socket={place / 'socket'}")
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _write_accounts(file: Path, password: str) -> None:
    file.touch(mode=0o600)
    lines = [f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';"]
    account = "'root'@'127.0.0.1'"
    lines += [
        f"CREATE USER IF NOT EXISTS {account};",
        f"ALTER USER {account} IDENTIFIED BY '{password}';",
        f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;",
    ]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _wait(process: subprocess.Popen[bytes], place: Path, password: str) -> None:
    deadline = clock.monotonic() + WAIT_S
    while True:
        if process.poll() is not None or clock.monotonic() > deadline:
            tail = (place / "log").read_text("utf-8", "replace").splitlines()[-20:]
            raise SystemExit("\n".join(["the server did not start:", *tail]))
        if (place / "socket").exists():
            with contextlib.suppress(pymysql.Error):
                pymysql.connect(
                    unix_socket=str(place / "socket"), user="root", password=password
                ).close()
                return
        clock.sleep(0.1)
