"""Whether the database answers, and who could listen in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import text

from sidecar.config import Database
from sidecar.errors import SidecarError
from sidecar.service.doctor.case import ServerCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import database_errors, place_of
from sidecar.shop.server import Server

#: The oldest servers that have what we use.
_OLDEST = {"mariadb": (10, 6), "mysql": (8, 0)}

_HINT = re.compile(r"(?s)^(?P<what>.*?) \((?P<hint>.*?)(?:; error (?P<number>\d+))?\)$")

_START = (
    "start the database server, or correct database.host, port or socket:"
    " `sidecar init --opencart DIR` finds them"
)


def check_connection(case: ServerCase) -> Iterator[Finding]:
    """
    Log in.

    Raises:
        SidecarError: It does not answer, or refuses; see `unreachable`.
    """
    with database_errors(case.engine), case.engine.connect() as connection:
        server = Server.of(str(connection.scalar(text("SELECT @@version"))))
        cipher = str(connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1])
    name = "MariaDB" if server.flavour == "mariadb" else "MySQL"
    version = ".".join(map(str, server.version))
    what = f"{place_of(case.engine)} answers: {name} {version}"
    oldest = _OLDEST[server.flavour]
    if server.version < oldest:
        needed = ".".join(map(str, oldest))
        yield Finding(
            "connection.server",
            "warning",
            what,
            f"nothing older than {name} {needed} is looked at in our tests",
            f"upgrade the database server to {name} {needed} or newer",
        )
    else:
        yield Finding("connection.server", "ok", what)
    yield judge_tls(case.config.database, cipher)


def unreachable(error: SidecarError) -> Finding:
    """The finding that the database does not answer, or refuses."""
    what, hint = hint_of(error)
    return Finding(
        "connection.server",
        "error",
        what,
        "nothing works, and nothing else of the database can be checked",
        hint or _START,
    )


def hint_of(error: SidecarError) -> tuple[str, str]:
    """What *error* says, and its way out; empty: it names none."""
    match = _HINT.match(str(error))
    if match is None:
        return str(error), ""
    number = f" (error {match['number']})" if match["number"] else ""
    return match["what"] + number, match["hint"]


def judge_tls(database: Database, cipher: str) -> Finding:
    """Whether others could read or change what is said to *database*."""
    check = "connection.tls"
    if database.socket is not None:
        return Finding(check, "ok", "a socket of this machine: nobody else is on the line")
    if not cipher:
        if is_this_machine(database.host):
            return Finding(check, "ok", f"not encrypted, within this machine ({database.host})")
        return Finding(
            check,
            "warning",
            f"the connection to {database.host} is not encrypted",
            "who is on the way reads and changes customers' data, and sees us log in",
            'set database.tls = "required" and database.tls_ca to the certificate of its authority',
        )
    if database.tls_ca is None and not is_this_machine(database.host):
        return Finding(
            check,
            "note",
            f"encrypted ({cipher}), but nobody checks whose certificate it is",
            f"who can pose as {database.host} on the way reads and changes everything",
            "set database.tls_ca to the certificate of the server's authority",
        )
    checked = "not checked, within this machine" if database.tls_ca is None else "checked"
    return Finding(check, "ok", f"encrypted ({cipher}), the certificate is {checked}")


def is_this_machine(host: str) -> bool:
    """Whether *host* is certainly this machine."""
    return host == "localhost" or host.startswith("127.") or host == "::1"
