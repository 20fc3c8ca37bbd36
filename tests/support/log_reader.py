"""An account that may have the server's log sent, and nothing else of the whole server."""

from __future__ import annotations

from sidecar.config import Database, Secret
from sidecar.service.private_server import PrivateServer
from support.foreign_server import on_mysql


def make_log_reader(server: PrivateServer, database: str, may: str = "SELECT") -> None:
    """Make it on *server*; in *database* it *may*."""
    server.execute(
        "CREATE USER reader@localhost IDENTIFIED BY 'secret'",
        f"GRANT {may} ON {database}.* TO reader@localhost",
        "GRANT REPLICATION SLAVE ON *.* TO reader@localhost",
    )
    if on_mysql():  # where the log ends is told to nobody else there
        server.execute("GRANT REPLICATION CLIENT ON *.* TO reader@localhost")


def as_log_reader(server: PrivateServer, database: str) -> Database:
    """The settings of that account."""
    return Database(user="reader", password=Secret("secret"), name=database, socket=server.socket)
