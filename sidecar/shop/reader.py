"""
The one reader of rows into frames: connectorx for many customers, PyMySQL for few.

Both give the same frame, which a test holds. Only integers and text cross the
wire: money as whole ten-thousandths, dates as ``TO_SECONDS`` (connectorx panics on
zero and impossible dates, and widens decimals).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import polars as pl
from sqlalchemy import Connection, Select
from sqlalchemy.dialects import mysql

from sidecar.config import Database
from sidecar.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    SchemaChangedError,
    ServerSilentError,
)
from sidecar.shop import database as connections
from sidecar.shop.arrow import read_frame
from sidecar.shop.database import SESSION
from sidecar.shop.database_errors import SCHEMA_CHANGED

#: Column name to type, in the order selected; integers and text only.
Schema = Mapping[str, type[pl.DataType] | pl.DataType]

# Not the driver's own dialect: that one doubles every % for PyMySQL's formatting.
_DIALECT = mysql.dialect(paramstyle="named")

#: The server's number in what connectorx says: ``MySqlError { ERROR 1146 (42S02): …``.
_NUMBER = re.compile(r"\bERROR (\d+) \(")


class BulkReader:
    """
    Reads through connectorx, on connections of its own.

    Args:
        database: Where to connect to.
        encrypted: Whether PyMySQL's connection is: connectorx cannot try both ways.

    Raises:
        DatabaseRefusedError: connectorx cannot connect as these settings demand
            (a client certificate); PyMySQL reads everything then.
    """

    def __init__(self, database: Database, *, encrypted: bool) -> None:
        self._url = _url(database, encrypted=encrypted)
        # The store's server shall never feel more than one of our large reads.
        self._one_at_a_time = threading.Lock()
        self._watch = connections.watch(database)

    def read(self, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """
        Run *query* and return its rows as a frame of *schema*.

        Raises:
            SchemaChangedError: A table or column is not there.
            ServerSilentError: The server is frozen, or the network is cut.
            DatabaseUnavailableError: Whatever else connectorx met; the caller may read
                the same with `read_rows`.
        """
        text = as_text(query)

        def work() -> pl.DataFrame:
            with self._one_at_a_time:
                return read_frame(self._url, text, SESSION)

        try:
            frame = self._watch.while_it_lives(work)
        except (KeyboardInterrupt, SystemExit, ServerSilentError):
            raise
        except BaseException as error:
            number = _NUMBER.search(str(error))
            changed = number is not None and int(number[1]) in SCHEMA_CHANGED
            kind = SchemaChangedError if changed else DatabaseUnavailableError
            raise kind(f"the bulk reader failed: {type(error).__name__}: {error}") from error
        # It comes in small pieces, and what is in pieces takes longer to compute with.
        return frame.cast(dict(schema)).rechunk()  # type: ignore[arg-type]


def read_rows(tx: Connection, query: Select[Any], schema: Schema) -> pl.DataFrame:
    """Run *query* in *tx* through PyMySQL and return its rows as a frame of *schema*."""
    rows = tx.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema), orient="row")


def as_text(query: Select[Any]) -> str:
    """*query* with its parameters written in; for integers from our own code only."""
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled)


def _url(database: Database, *, encrypted: bool) -> str:
    """The address connectorx connects to; it holds the password, so it is shown nowhere."""
    if database.tls_cert is not None:
        raise DatabaseRefusedError("the bulk reader cannot show a client certificate")
    options: dict[str, str] = {}
    if database.socket is not None:
        options["socket"] = str(database.socket)
    elif database.tls_ca is not None:
        options |= {"ssl-mode": "verify_ca", "ssl-ca": str(database.tls_ca)}
    elif encrypted:
        # Its "preferred" means the same: half a minute's wait where the server offers no TLS.
        options["ssl-mode"] = "required"
    if database.socket is None:
        options |= {
            # By itself it asks a server on a loopback address for its socket and goes on there;
            # behind a tunnel that is the path of another server.
            "prefer_socket": "false",
            "tcp_keepalive_time_ms": str(connections.ASKED_AFTER_S * 1000),
            "tcp_keepalive_probe_interval_secs": str(connections.ASKED_EVERY_S),
            "tcp_keepalive_probe_count": str(connections.QUESTIONS),
            "tcp_user_timeout_ms": str(connections.CUT_AFTER_S * 1000),
        }
    user = quote(database.user, safe="")
    password = quote(database.password.reveal(), safe="")
    host = "localhost" if database.socket is not None else database.host
    port = "" if database.socket is not None else f":{database.port}"
    name = quote(database.name, safe="")
    query = f"?{urlencode(options)}" if options else ""
    return f"mysql://{user}:{password}@{host}{port}/{name}{query}"
