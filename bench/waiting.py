"""
How long a shop waits: statements of its pages, one every few milliseconds, until stdin closes.

    python -m bench.waiting  <<< '{"socket": …, "user": …, "password": …, "database": …, "ids": …}'

Prints, as JSON, the longest wait and the 99th percentile, in milliseconds, and how many it took.
"""

from __future__ import annotations

import json
import select
import sys
import time

import pymysql

_EVERY_S = 0.005


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
    with connection, connection.cursor() as cursor:
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
    waits.sort()
    print(
        json.dumps(
            {
                "longest": waits[-1] * 1_000,
                "p99": waits[int(len(waits) * 0.99)] * 1_000,
                "statements": len(waits),
            }
        )
    )


if __name__ == "__main__":
    main()
