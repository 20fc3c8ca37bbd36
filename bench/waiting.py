"""
How long a shop waits: statements of its pages, one every few milliseconds, until stdin closes.

    python -m bench.waiting  <<< '{"socket": …, "user": …, "password": …, "database": …, "ids": …}'

Prints, as JSON, the longest wait and the 99th percentile, in milliseconds, how many waits it took,
how many of them were longer than 20 ms, and the longest that a few bytes took to the same disk,
written as often: a commit cannot be faster.
"""

from __future__ import annotations

import json
import os
import select
import sys
import tempfile
import time
from pathlib import Path

import pymysql

_EVERY_S = 0.005

#: From how long on a wait is counted.
_LONG_S = 0.020


def main() -> None:
    """Ask until there is nobody to ask for."""
    asked = json.loads(sys.stdin.readline())
    connection = pymysql.connect(
        unix_socket=asked["socket"],
        user=asked["user"],
        password=asked["password"],
        database=asked["database"],
        autocommit=True,
    )
    first, last = asked["ids"]
    waits: list[float] = []
    disk: list[float] = []
    with (
        connection,
        connection.cursor() as cursor,
        tempfile.TemporaryFile(dir=Path(asked["socket"]).parent) as file,
    ):
        while not select.select([sys.stdin], [], [], 0)[0]:
            number = first + len(waits) % (last - first + 1)
            for statement in (
                "UPDATE oc_customer SET ip = %s WHERE customer_id = %s",
                "UPDATE oc_order SET date_modified = %s WHERE order_id = %s",
                "SELECT email, %s FROM oc_customer WHERE customer_id = %s",
                "SELECT total, %s FROM oc_order WHERE order_id = %s",
            ):
                began = time.perf_counter()
                cursor.execute(statement, ("2026-01-01 00:00:00", number))
                cursor.fetchall()
                waits.append(time.perf_counter() - began)
                time.sleep(_EVERY_S)
            for _ in range(2):  # as many as the updates
                file.write(b"x" * 512)
                began = time.perf_counter()
                file.flush()
                os.fsync(file.fileno())
                disk.append(time.perf_counter() - began)
    waits.sort()
    print(
        json.dumps(
            {
                "longest": waits[-1] * 1_000,
                "p99": waits[int(len(waits) * 0.99)] * 1_000,
                "statements": len(waits),
                "disk": max(disk) * 1_000,
                "long": sum(wait > _LONG_S for wait in waits),
            }
        )
    )


if __name__ == "__main__":
    main()
