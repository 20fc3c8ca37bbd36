"""
The connection that a server sends its binary log over, as packets.

The library logs in, registers and asks for the log; it is not asked to read, because it
would go on by itself after a loss, from where it once began, and wait for ever.
"""

from __future__ import annotations

import select
import ssl
import struct
import zlib
from types import TracebackType
from typing import Any, NoReturn, Self

import pymysql
from pymysqlreplication import BinLogStreamReader

from sidecar import clock
from sidecar.config import Database
from sidecar.errors import (
    DatabaseError,
    DatabaseUnavailableError,
    LogLostError,
)
from sidecar.shop.database import CONNECT_TIMEOUT_S, connector, translate
from sidecar.shop.silence import be_impatient
from sidecar.sync.sources.binlog.position import MysqlGtids, Position
from sidecar.sync.sources.binlog.server_log import ServerLog
from sidecar.sync.sources.binlog.stream_errors import stream_error

#: How often a server that has nothing to tell says so.
HEARTBEAT_S = 2.0

#: A server that is silent for so many heartbeats is frozen, or the network is cut.
SILENT_HEARTBEATS = 3

#: Before the first event a server may have to look through a whole file of its log.
FIRST_EVENT_S = 60.0

#: Bytes taken from the socket at once.
CHUNK = 1 << 16

#: A packet of this length goes on in the next one.
LONGEST_PACKET = 0xFF_FF_FF

#: Events that begin a file; by them a server answers before it looks through the file.
ROTATE, FORMAT = 4, 15
PREAMBLE = frozenset({ROTATE, FORMAT, 35, 161, 163, 164})

#: Where the file's name begins in a rotate event.
ROTATE_NAME = 27


def reader_id(installation: str) -> int:
    """The id that an installation has among a server's readers; a second one would drop it."""
    return 1 << 31 | zlib.crc32(installation.encode()) & 0x7F_FF_FF_FF


def open_wire(
    database: Database,
    log: ServerLog,
    position: Position,
    server_id: int,
    heartbeat_s: float = HEARTBEAT_S,
) -> Wire:
    """
    Have the server send its log from *position* on.

    Whether it does shows with the first packet: a missing privilege and a lost position are
    said by ``Wire.read``.

    Args:
        database: Where and who.
        log: As ``read_log`` says.
        position: What ``why_lost`` had nothing against.
        server_id: Of this reader, see ``reader_id``.
        heartbeat_s: See ``HEARTBEAT_S``; shorter ones are for tests.

    Raises:
        DatabaseUnavailableError: No server answers.
        DatabaseRefusedError: It does not let us in.
        ConfigError: A certificate of the settings cannot be read.
    """
    where = database.socket or f"{database.host}:{database.port}"
    place = f"binary log of database '{database.name}' on {where}"
    connect = connector(database)
    opened: list[Any] = []

    def wrapped(**_: object) -> Any:
        connection = connect()
        opened.append(connection)
        be_impatient(connection, CONNECT_TIMEOUT_S)
        with connection.cursor() as cursor:
            # The library says so only where checksums are on now; older files may have them.
            cursor.execute("SET @master_binlog_checksum = @@global.binlog_checksum")
            cursor.execute("SELECT @@global.binlog_checksum")
            connection.has_checksum = cursor.fetchone()[0] != "NONE"
        return connection

    reader = BinLogStreamReader(
        {},
        server_id,
        blocking=True,
        resume_stream=True,
        slave_heartbeat=heartbeat_s,
        pymysql_wrapper=wrapped,
        enable_logging=False,  # it would log how we connect
        **_from(log, position),
    )
    try:
        # Its name for itself; the version is pinned.
        reader._BinLogStreamReader__connect_to_stream()
        return Wire(opened[0], position, place, database.user, heartbeat_s)
    except BaseException as error:
        for connection in opened:
            connection._force_close()
        if isinstance(error, pymysql.MySQLError | OSError):
            raise translate(error, place, database.user, database.name) from error
        raise


def _from(log: ServerLog, position: Position) -> dict[str, Any]:
    # Without a GTID the library would have MariaDB begin at its oldest file.
    if log.kind == "mariadb":
        return {"is_mariadb": True, "auto_position": position.gtid}
    by_file = {"log_file": position.file, "log_pos": position.offset}
    if not log.uses_gtid or (position.file and MysqlGtids(position.gtid).tagged):
        return by_file  # the library does not know tags
    return {"auto_position": position.gtid} | by_file


class Wire:
    """
    The packets of a log, one at a time; of one thread.

    Attributes:
        checksum: Whether events end in four bytes of checksum, until a format event says.
        born: When the server began the file of the last packet, in Unix seconds; 0 before the
            first format event.
    """

    def __init__(
        self, connection: Any, position: Position, place: str, user: str, heartbeat_s: float
    ) -> None:
        self.checksum: bool = connection.has_checksum
        self.born = 0
        self._position, self._file = position, ""
        self._connection = connection
        self._socket = connection._sock
        self._socket.settimeout(0)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._place, self._user = place, user
        self._silence_s = SILENT_HEARTBEATS * heartbeat_s
        self._patience_s = max(FIRST_EVENT_S, self._silence_s)
        self._heard_at = clock.monotonic()
        # What was received, read up to _at; what came after it is in _chunks, together _held
        # bytes, until they are as many as _needed for the next packet.
        self._data = b""
        self._at = 0
        self._chunks: list[bytes] = []
        self._held = 0
        self._needed = 0
        self._parts: list[bytes] = []
        self._sequence = 1
        self._error: DatabaseError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; the server notices with its next heartbeat."""
        self._connection._force_close()
        self._error = self._error or DatabaseUnavailableError(f"{self._place}: closed")

    def fileno(self) -> int:
        """
        For ``select``: readable when there is more, if ``read(0)`` returned None before.

        Nothing is left in buffers of ours or of TLS then but the beginning of a packet.
        """
        return int(self._socket.fileno())

    def read(self, wait_s: float = 0.0) -> bytes | None:
        """
        The next event with its header, without the packet's frame.

        Args:
            wait_s: How long to wait for it; never longer.

        Returns:
            None when there is none yet.

        Raises:
            LogLostError: The log does not go on from the position.
            DatabaseUnavailableError: The connection broke, or the server was silent for three
                heartbeats.
            DatabaseRefusedError: The account lacks REPLICATION SLAVE, or there is no log.
        """
        packet = self._next()
        if packet is not None:
            return packet
        until = clock.monotonic() + wait_s
        while True:
            if self._receive():
                packet = self._next()
                if packet is not None:
                    return packet
                continue
            now = clock.monotonic()
            silent_at = self._heard_at + self._patience_s
            if now >= silent_at:
                self._fail(
                    DatabaseUnavailableError(
                        f"{self._place}: the server has been silent for {self._patience_s:g} s"
                        " (frozen, or the network is cut)"
                    )
                )
            if now >= until:
                return None
            # Rounded up: waking a little early would be a busy loop.
            self._poll.poll(int((min(until, silent_at) - now) * 1000) + 1)

    def _next(self) -> bytes | None:
        # The next whole packet of what was received.
        while True:
            data, at = self._data, self._at
            there = len(data) - at
            if there < 4:
                self._needed = 4 - there
                return None
            frame: int = struct.unpack_from("<I", data, at)[0]
            length = frame & LONGEST_PACKET
            if there < 4 + length:
                self._needed = 4 + length - there
                return None
            self._at = at + 4 + length
            first = data[at + 4] if length and not self._parts else 0
            if first:
                self._fail_by(data[at + 4 : self._at])
            if frame >> 24 != self._sequence or not (length or self._parts):
                self._fail(DatabaseUnavailableError(f"{self._place}: packets are out of step"))
            self._sequence = (self._sequence + 1) & 0xFF
            if length == LONGEST_PACKET or self._parts:
                self._parts.append(data[at + 4 : self._at])
                if length == LONGEST_PACKET:
                    continue
                packet = b"".join(self._parts)[1:]
                self._parts = []
            else:
                packet = data[at + 5 : self._at]
            if len(packet) > 4 and packet[4] in PREAMBLE:
                self._look_at_file(packet)
            else:
                self._patience_s = self._silence_s
            return packet

    def _look_at_file(self, packet: bytes) -> None:
        # RESET MASTER counts files, bytes and transactions from the start again, so equal ones
        # can be others; only the file's age tells.
        if packet[4] == ROTATE:
            end = len(packet) - (4 if self.checksum else 0)
            self._file = packet[ROTATE_NAME:end].decode("utf-8", "replace")
        elif packet[4] == FORMAT:
            self.born = int.from_bytes(packet[:4], "little")
            before = self._position
            if self._file == before.file and before.born not in (0, self.born):
                self._fail(LogLostError(f"{self._place}: it began anew (RESET MASTER)", "reset"))

    def _receive(self) -> bool:
        # Take what the socket has, at most a chunk; false when it has nothing.
        if self._error:
            raise self._error
        try:
            chunk = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            self._fail(DatabaseUnavailableError(f"{self._place}: the connection broke ({error})"))
        if not chunk:
            self._fail(DatabaseUnavailableError(f"{self._place}: the server closed the connection"))
        self._heard_at = clock.monotonic()
        self._chunks.append(chunk)
        self._held += len(chunk)
        if self._held >= self._needed:  # so a long packet is put together once
            self._data = b"".join((self._data[self._at :], *self._chunks))
            self._chunks = []
            self._at = self._held = 0
        return True

    def _fail_by(self, packet: bytes) -> NoReturn:
        if packet[0] != 0xFF or len(packet) < 3:
            self._fail(DatabaseUnavailableError(f"{self._place}: the server ended the stream"))
        self._fail(stream_error(packet, self._place, self._user))

    def _fail(self, error: DatabaseError) -> NoReturn:
        self._error = error
        self.close()
        raise error
