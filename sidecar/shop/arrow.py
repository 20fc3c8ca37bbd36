"""
connectorx without pyarrow: its columns handed to Polars by Arrow's own C interface.

connectorx itself needs pyarrow only to pass on pointers: too large a library for that.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import polars as pl

_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


@dataclass(frozen=True, slots=True)
class _Column:
    """An Arrow array that can be taken over once, by its addresses."""

    array: int
    schema: int

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        # No destructors: Polars moves both structs out, and with them their release.
        return _capsule(self.schema, b"arrow_schema", None), _capsule(
            self.array, b"arrow_array", None
        )


def read_frame(url: str, query: str, *before: str) -> pl.DataFrame:
    """
    What *query* selects, with the types that connectorx gives.

    Args:
        url: As connectorx takes it.
        before: Statements to run on its connection first.

    Raises:
        BaseException: Also connectorx's ``PanicException``, which is no ``Exception``.
    """
    from connectorx import rewrite_conn  # heavy, and not needed for one customer
    from connectorx.connectorx import read_sql

    connection, protocol = rewrite_conn(url, None)
    names, chunks = read_sql(
        connection,
        "arrow",
        queries=[query],
        protocol=protocol,
        partition_query=None,
        pre_execution_queries=list(before) or None,
    )
    return pl.concat(
        pl.DataFrame(
            [
                pl.Series(_Column(array, schema)).alias(name)
                for name, (array, schema) in zip(names, chunk, strict=True)
            ]
        )
        for chunk in chunks
    )
