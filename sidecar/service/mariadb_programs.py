"""MariaDB's programs: where they are, and how they run without the rights of root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sidecar.errors import FatalError

#: Searched after PATH: server programs rarely are on the PATH of a plain user.
SERVER_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/libexec")

#: Who runs the server when we are root, which mariadbd refuses to be.
UNPRIVILEGED = "nobody"

#: Bytes; the kernel allows 107 for the path of a socket.
LONGEST_SOCKET = 100


@dataclass(frozen=True, slots=True)
class Programs:
    """
    The MariaDB programs that are needed.

    Attributes:
        server: ``mariadbd``.
        install: ``mariadb-install-db``, which makes the first data directory.
        client: ``mariadb``, which loads dumps.
    """

    server: Path
    install: Path
    client: Path


def find_programs() -> Programs:
    """
    Find MariaDB's programs on PATH and where distributions put servers.

    Raises:
        FatalError: One is missing; the message names the packages.
    """
    names = ("mariadbd", "mariadb-install-db", "mariadb")
    found = {name: shutil.which(name, path=_search_path()) for name in names}
    missing = [name for name, place in found.items() if place is None]
    if missing:
        raise FatalError(
            f"MariaDB is not installed here: no {', '.join(missing)} (on Debian and Ubuntu: "
            "apt install mariadb-server-core mariadb-client-core)"
        )
    server, install, client = (Path(str(found[name])) for name in names)
    return Programs(server, install, client)


def spawn(command: Sequence[str | Path], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """
    Start *command* without the rights of root and without our environment.

    It has its own session, so that Ctrl-C reaches us first and we stop it in order. Where
    ``setpriv`` is installed it ends with the thread that starts it, also when we are killed.
    """
    user, group = _unprivileged() or (None, None)
    setpriv = shutil.which("setpriv", path=_search_path())
    return subprocess.Popen(  # noqa: S603 - the programs we found, no shell
        [*([setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []), *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        env={"PATH": _search_path(), "LC_ALL": "C"},
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=None if user is None else (),
    )


def install(program: Path, data: Path, options: Sequence[str]) -> None:
    """
    Make the data directory *data* with ``mariadb-install-db``.

    Its only account is root, over the socket, for the system's own root.

    Raises:
        FatalError: It failed; with what it printed.
    """
    # Not by its --user: as root it would change owners of the system's own files.
    places = ["--no-defaults", f"--datadir={data}", f"--tmpdir={data.parent}"]
    accounts = ["--auth-root-authentication-method=socket", "--auth-root-socket-user=root"]
    others = ["--skip-test-db", "--skip-name-resolve", *options]
    with (data.parent / "install.log").open("w+b") as log:
        if spawn([program, *places, *accounts, *others], log).wait():
            log.seek(0)
            text = log.read().decode(errors="replace").strip()
            raise FatalError(f"mariadb-install-db failed:\n{text}")


def working_directory(keep: Path | None, parent: Path | None) -> Path:
    """
    A folder for a server's data and socket, which nobody else may look into.

    Args:
        keep: The folder to use, made when missing; None for a new temporary one.
        parent: Where to make a temporary one; None for where temporary files are.

    Raises:
        FatalError: The path of *keep* is too long to have a socket in it.
    """
    if keep is None:
        directory = Path(tempfile.mkdtemp(prefix="sidecar-db-", dir=parent))
        if not _socket_fits(directory):
            directory.rmdir()
            directory = Path(tempfile.mkdtemp(prefix="sidecar-db-", dir="/tmp"))
        give_away(directory)
        return directory
    directory = keep.resolve()
    if not _socket_fits(directory):
        raise FatalError(f"{directory}: too long for the path of a socket (choose a shorter one)")
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True)
        give_away(directory)
    return directory


def _socket_fits(directory: Path) -> bool:
    return len(os.fsencode(directory / "socket")) <= LONGEST_SOCKET


def give_away(path: Path) -> None:
    """Make *path* and all in it belong to whom ``spawn`` runs programs as."""
    if owner := _unprivileged():
        for entry in (path, *(path.rglob("*") if path.is_dir() else ())):
            os.chown(entry, *owner)


def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *SERVER_DIRECTORIES))


def _unprivileged() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return entry.pw_uid, entry.pw_gid
