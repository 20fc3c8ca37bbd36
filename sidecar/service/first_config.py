"""The first config of an installation, made from what its store says itself."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import msgspec

from sidecar.config import Database
from sidecar.errors import ConfigError, DatabaseError, DatabaseRefusedError
from sidecar.shop.database import connect
from sidecar.shop.installation import Installation
from sidecar.shop.server import Server, probe

#: What PHP means by ``localhost``: the server's socket, where distributions put it.
SOCKETS = (
    Path("/run/mysqld/mysqld.sock"),
    Path("/var/lib/mysql/mysql.sock"),
    Path("/tmp/mysql.sock"),  # noqa: S108 - where servers that come without a distribution have it
)


def reach(installation: Installation) -> tuple[Database, Server]:
    """
    Find the settings with which the store's database answers.

    Raises:
        DatabaseError: None do; the most telling error of all that were tried.
    """
    errors: list[DatabaseError] = []
    for database in _candidates(installation):
        engine = connect(database)
        try:
            return database, probe(engine, database.prefix)
        except DatabaseError as error:
            errors.append(error)
        finally:
            engine.dispose()
    raise next((error for error in errors if isinstance(error, DatabaseRefusedError)), errors[0])


def toml(installation: Installation, database: Database, *, with_password: bool) -> str:
    """
    The config file for *database*: what differs from store to store, nothing else.

    Args:
        installation: Where the settings are from.
        database: As ``reach`` found it.
        with_password: Whether it stands in the file; else a line says where to put it.
    """
    login = f"password = {_text(database.password.reveal())}"
    if not with_password:
        login = "# password = (not shown here)"
    place = [f"host = {_text(database.host)}", f"port = {database.port}"]
    if database.socket:
        place = [f"socket = {_text(str(database.socket))}"]
    lines = [
        f"# From {installation.directory / 'config.php'} by `sidecar init`.",
        "# Every other setting has its default: see config.example.toml.",
        "",
        "[database]",
        *place,
        f"user = {_text(database.user)}",
        login,
        f"name = {_text(database.name)}",
        f"prefix = {_text(database.prefix)}",
    ]
    if database.tls == "required":
        lines += [
            'tls = "required"',
            "# To check the server, save the certificates of the store's config.php as PEM files",
            "# and name them: tls_ca, tls_cert, tls_key.",
        ]
    lines += ["", "[shop]", f"directory = {_text(str(installation.directory))}"]
    return "\n".join(lines) + "\n"


def refuse_existing(file: Path) -> None:
    """
    Refuse to write over *file*.

    Raises:
        ConfigError: It exists.
    """
    if os.path.lexists(file):
        raise ConfigError(str(file), "exists already", "remove it or name another file")


def write_new(file: Path, text: str) -> None:
    """
    Write *text* to *file*, readable by its owner only; whole or not at all, never over a file.

    Raises:
        ConfigError: It exists, or its folder cannot be written to.
    """
    refuse_existing(file)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix=f".{file.name}.", dir=file.parent
        ) as part:  # mode 0600
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
            file.hardlink_to(part.name)  # unlike a rename, it refuses when the file is there
    except FileExistsError:
        refuse_existing(file)
        raise
    except OSError as error:
        raise ConfigError(str(file), f"cannot be written: {error.strerror}") from error


def _candidates(installation: Installation) -> list[Database]:
    store = installation.database
    tls = bool(store.ssl_ca or store.ssl_cert or store.ssl_key)
    local = store.hostname == "localhost"
    common = Database(
        host="127.0.0.1" if local else store.hostname,
        port=store.port,
        user=store.user,
        password=store.password,
        name=store.name,
        prefix=store.prefix,
        tls="required" if tls else "auto",
    )
    sockets = [place for place in SOCKETS if local and place.is_socket()]
    return [*(msgspec.structs.replace(common, socket=s, tls="auto") for s in sockets), common]


def _text(value: str) -> str:
    # JSON's escapes are TOML's, save for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
