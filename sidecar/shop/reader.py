"""
The one reader of rows into frames: connectorx for many customers, PyMySQL for few.

Both give the same frame, which a test holds. Only integers and text cross the
wire: money as whole ten-thousandths, dates as ``TO_SECONDS`` (connectorx panics on
zero and impossible dates, and widens decimals).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import polars as pl
from sqlalchemy import URL, Connection, Select
from sqlalchemy.dialects import mysql

from sidecar.errors import DatabaseUnavailableError

#: Column name to type, in the order selected; integers and text only.
Schema = Mapping[str, type[pl.DataType] | pl.DataType]

# Not the driver's own dialect: that one doubles every % for PyMySQL's formatting.
_DIALECT = mysql.dialect(paramstyle="named")


class BulkReader:
    """
    Reads through connectorx, on connections of its own.

    Args:
        url: Where PyMySQL connects to; None where connectorx cannot follow
            (authentication plugins or TLS it does not speak).
    """

    def __init__(self, url: URL) -> None:
        self._url = _connectorx_url(url)

    def read(self, query: Select[Any], schema: Schema) -> pl.DataFrame:
        """
        Run *query* and return its rows as a frame of *schema*.

        Raises:
            DatabaseUnavailableError: Whatever connectorx met; the caller may read
                the same with `read_rows`.
        """
        import connectorx  # heavy, and not needed for one customer

        try:
            frame = connectorx.read_sql(
                self._url,
                as_text(query),
                return_type="polars",
                pre_execution_query=["SET time_zone = '+00:00'"],
            )
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 its PanicException is no Exception
            raise DatabaseUnavailableError(
                f"the bulk reader failed: {type(error).__name__}: {error}"
            ) from error
        return frame.cast(dict(schema))  # type: ignore[arg-type]


def read_rows(tx: Connection, query: Select[Any], schema: Schema) -> pl.DataFrame:
    """Run *query* in *tx* through PyMySQL and return its rows as a frame of *schema*."""
    rows = tx.execute(query).fetchall()
    return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema), orient="row")


def as_text(query: Select[Any]) -> str:
    """*query* with its parameters written in; for integers from our own code only."""
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled)


def _connectorx_url(url: URL) -> str:
    user = quote(url.username or "", safe="")
    password = f":{quote(str(url.password), safe='')}" if url.password else ""
    options: dict[str, str] = {}
    socket = url.query.get("unix_socket")
    host = url.host or "localhost"
    if socket:
        options["socket"] = str(socket)
        host = "localhost"
    port = f":{url.port}" if url.port and not socket else ""
    query = f"?{urlencode(options)}" if options else ""
    return f"mysql://{user}{password}@{host}{port}/{quote(url.database or '', safe='')}{query}"
