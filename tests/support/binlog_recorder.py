"""Records what a server writes into its binary log, as packets of the replication stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymysql
from pymysqlreplication import BinLogStreamReader

#: Where a log begins.
START = 4


def record(
    login: Mapping[str, Any], file: str, offset: int = START, *, gtid: str | None = None
) -> list[bytes]:
    """
    The events from *offset* of *file* on, or behind *gtid* of MariaDB, to the end there is.

    Each as the decoder takes it: without the byte that says OK.
    """
    reader = BinLogStreamReader(
        connection_settings={**login, "charset": "utf8mb4"},
        server_id=4_242,
        log_file=file,
        log_pos=offset,
        resume_stream=True,
        blocking=False,
        is_mariadb=gtid is not None,
        auto_position=gtid,
        annotate_rows_event=True,
        enable_logging=False,
    )
    reader._BinLogStreamReader__connect_to_stream()
    packets: list[bytes] = []
    try:
        while True:
            packet = reader._stream_connection._read_packet()
            if packet.is_eof_packet():
                return packets
            packets.append(bytes(packet.get_all_data()[1:]))
    finally:
        reader._stream_connection.close()


def place(connection: pymysql.connections.Connection[Any]) -> tuple[str, int]:
    """File and offset where the log ends now."""
    with connection.cursor() as cursor:
        try:
            cursor.execute("SHOW MASTER STATUS")
        except pymysql.err.ProgrammingError:  # MySQL 8.4 and later
            cursor.execute("SHOW BINARY LOG STATUS")
        row = cursor.fetchone()
    assert row is not None
    return str(row[0]), int(row[1])
