"""A whole database as text, by the program of its server: what nothing of ours has a part in."""

from __future__ import annotations

import re
import shutil
import subprocess

from sidecar.service.private_server import PrivateServer

_INSERT = re.compile(r"INSERT INTO `(?P<table>[^`]+)` VALUES ")


def dumped(server: PrivateServer, database: str) -> dict[str, list[str]]:
    """The rows of each table of *database* as the dump has them, one text a row, sorted."""
    program = shutil.which("mariadb-dump") or shutil.which("mysqldump")
    assert program is not None, "mariadb-dump is not installed (apt install mariadb-client)"
    found: dict[str, list[str]] = {}
    done = subprocess.run(
        [
            program,
            f"--defaults-file={server.directory}/client.cnf",
            "--skip-extended-insert",
            "--skip-comments",
            "--skip-lock-tables",
            "--no-create-info",
            "--no-autocommit",
            database,
        ],
        check=True,
        capture_output=True,
    )
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        if match := _INSERT.match(line):
            found.setdefault(match["table"], []).append(line[match.end() :])
    return {name: sorted(rows) for name, rows in found.items()}
