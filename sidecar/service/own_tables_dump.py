"""
A dump of our own tables before they are changed: what the package makes when it is upgraded.

    python -m sidecar.service.own_tables_dump CONFIG DIRECTORY

The store's own tables are not in it; the program that dumps is the database's own.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from sidecar import clock
from sidecar.config import Config, Database, load
from sidecar.errors import FatalError, SidecarError, UsageError
from sidecar.shop.database import connect
from sidecar.shop.removal import find_ours

#: Dumps of a store that are kept; older ones are deleted.
KEEP = 3

#: The one that knows the server best goes first.
PROGRAMS = ("mariadb-dump", "mysqldump")


def dump(config: Config, directory: Path) -> Path | None:
    """
    Dump our tables into a new file of *directory*, ``CONFIG-INSTANT.sql.gz`` of mode 0600.

    Returns:
        The file; None where none of our tables exist.

    Raises:
        DatabaseError: The database does not answer.
        FatalError: There is no program to dump with, or it failed; no file is left then.
    """
    database = config.database
    engine = connect(database)
    try:
        ours = find_ours(engine, database.prefix)
    finally:
        engine.dispose()
    tables = sorted({*ours.tables, *ours.unknown})
    if not tables:
        return None
    instant = clock.now().strftime("%Y%m%dT%H%M%SZ")
    file = directory / f"{config.file.stem}-{instant}.sql.gz"
    with tempfile.TemporaryDirectory(prefix=".dump-", dir=directory) as place:
        unfinished = Path(place) / "dump"
        _write(database, tables, unfinished)
        unfinished.replace(file)
    _delete_older(config.file.stem, directory)
    return file


def _write(database: Database, tables: list[str], file: Path) -> None:
    # Options in a file: what stands on a command line, every user of the machine can read.
    options = file.with_name("options")
    with _private(options) as stream:
        stream.write(_options(database).encode())
    command = [_program(), f"--defaults-file={options}", "--single-transaction"]
    # Tablespaces would take the privilege PROCESS; the rest is in every dump program.
    command += ["--no-tablespaces", "--skip-triggers", "--hex-blob", database.name, *tables]
    with (
        tempfile.TemporaryFile() as said,
        _private(file) as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,  # noqa: S603
    ):
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        shutil.copyfileobj(process.stdout, packed)
        if process.wait():
            said.seek(0)
            message = " ".join(said.read(2_000).decode(errors="replace").split())
            raise FatalError(f"{command[0]} failed: {message}")


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _program() -> str:
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    raise FatalError(
        f"neither {' nor '.join(PROGRAMS)} is installed (on Debian and Ubuntu: "
        "apt install mariadb-client)"
    )


def _options(database: Database) -> str:
    pairs: dict[str, str] = {"user": database.user, "password": database.password.reveal()}
    if database.socket:
        pairs |= {"socket": str(database.socket)}
    else:
        pairs |= {"host": database.host, "port": str(database.port), "protocol": "tcp"}
    for name, value in (
        ("ssl-ca", database.tls_ca),
        ("ssl-cert", database.tls_cert),
        ("ssl-key", database.tls_key),
    ):
        pairs |= {name: str(value)} if value else {}
    lines = [f"{name}={_quoted(value)}" for name, value in pairs.items()]
    if not database.tls_ca:
        # As we connect ourselves; "loose": other programs need not know it.
        lines.append("loose-skip-ssl-verify-server-cert")
    return "\n".join(["[client]", *lines, ""])


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _delete_older(stem: str, directory: Path) -> None:
    pattern = f"{stem}-" + "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z.sql.gz"
    for old in sorted(directory.glob(pattern))[:-KEEP]:
        old.unlink()


def main(arguments: list[str]) -> int:
    """Dump, print the file where there was something to dump, and return the exit code."""
    try:
        if len(arguments) != 2:
            raise UsageError("two arguments, please: the config file and the directory of the dump")
        file = dump(load(Path(arguments[0]), os.environ), Path(arguments[1]))
    except SidecarError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{file}\n" if file else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
