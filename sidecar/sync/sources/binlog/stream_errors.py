"""What a server says instead of sending its log on, and what follows for us."""

from __future__ import annotations

import pymysql

from sidecar.errors import (
    DatabaseError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LogLostError,
)
from sidecar.shop.database_errors import translate

#: MariaDB's number for a reader that another one with its id drops.
SAME_ID = 4052

#: The one number for everything that is wrong with reading the log; the words tell.
CANNOT_READ = 1236

#: What happened to the position, by the server's words.
LOST = (
    ("purged", "purged"),
    ("could not find first log", "purged"),
    ("not in the master's binlog", "ahead"),
    ("missing the gtid", "ahead"),
    ("more gtids than", "ahead"),
    ("> file size", "ahead"),
    ("impossible position", "ahead"),
    ("max_allowed_packet", "too_large"),
)

#: Its words name files and GTIDs, and can be as long as a set of those.
LONGEST_SAID = 300


def stream_error(packet: bytes, place: str, user: str) -> DatabaseError:
    """
    The error of ours that says what an error packet of the stream means.

    Args:
        packet: 0xFF, the number, perhaps ``#`` and the state, the words.
        place: Which log, for people.
        user: The account, for the GRANT that may be missing.
    """
    number = int.from_bytes(packet[1:3], "little")
    said = packet[3:].decode("utf-8", "replace")
    said = said[6:] if said.startswith("#") else said
    error = _meant(number, said, place, user)
    error.__cause__ = pymysql.err.OperationalError(number, said)
    return error


def _meant(number: int, said: str, place: str, user: str) -> DatabaseError:
    words, short = said.lower(), said[:LONGEST_SAID]
    if number == SAME_ID or (number == CANNOT_READ and "same server_uuid/server_id" in words):
        return DatabaseUnavailableError(
            f"{place}: another reader with our id took over (does a second sidecar run?)"
        )
    if number == CANNOT_READ and ("misconfigured" in words or "not open" in words):
        return DatabaseRefusedError(f"{place}: the server gives none: {short}")
    if number == CANNOT_READ:
        reason = next((reason for word, reason in LOST if word in words), "unreadable")
        return LogLostError(f"{place}: it does not go on from our position: {short}", reason)
    error = translate(pymysql.err.OperationalError(number, said), place, user)
    return error if isinstance(error, DatabaseError) else DatabaseUnavailableError(str(error))
