"""The connection that the log comes over: what it gives, and how it ends."""

from __future__ import annotations

import contextlib
import dataclasses
import select
import signal
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar import clock
from sidecar.config import Database, Secret
from sidecar.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LogLostError,
)
from sidecar.service.private_server import PrivateServer
from sidecar.sync.sources.binlog.position import MariadbGtids, Position
from sidecar.sync.sources.binlog.server_log import head, read_log
from sidecar.sync.sources.binlog.wire import LONGEST_PACKET, Wire, open_wire, reader_id
from support.certificates import certificate
from support.database import changed, engine_for
from support.foreign_server import on_mysql
from support.log_reader import as_log_reader, make_log_reader

ROTATE, XID, FORMAT, HEARTBEAT = 4, 16, 15, 27
ROWS, GTID = (30, 33) if on_mysql() else (23, 162)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the server, which is another user, can read its certificate."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def server(
    server_with: Callable[..., AbstractContextManager[PrivateServer]], folder: Path
) -> Iterator[PrivateServer]:
    file = str(certificate(folder / "server.pem"))
    options: dict[str, str | int] = {"ssl": 1, "ssl-cert": file, "ssl-key": file}
    with server_with(binlog=True, extra_options=options) as server:
        server.execute(
            "CREATE DATABASE shop",
            "CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY, t LONGTEXT) ENGINE=InnoDB",
        )
        make_log_reader(server, "shop")
        yield server


@pytest.fixture
def settings(server: PrivateServer) -> Database:
    """An account that may have the log sent, and nothing else of the whole server."""
    return as_log_reader(server, "shop")


def end_of(settings: Database) -> Position:
    with engine_for(settings) as engine:
        return head(engine)


def opened(settings: Database, position: Position, heartbeat_s: float = 2.0, me: int = 0) -> Wire:
    with engine_for(settings) as engine:
        log = read_log(engine)
    return open_wire(settings, log, position, me or reader_id("test"), heartbeat_s)


def kinds(wire: Wire, last: int, wait_s: float = 10.0) -> list[int]:
    """The types of the events up to the first of type *last*."""
    found: list[int] = []
    deadline = clock.monotonic() + wait_s
    while clock.monotonic() < deadline:
        packet = wire.read(deadline - clock.monotonic())
        if packet is not None:
            found.append(packet[4])
            if packet[4] == last:
                return found
    raise AssertionError(f"no event {last} among {found}")


@pytest.mark.mariadb_only("what its log has beside rows")
def test_the_log_goes_on_from_the_position(server: PrivateServer, settings: Database) -> None:
    server.execute("INSERT INTO shop.a (t) VALUES ('before')")
    position = end_of(settings)
    server.execute("INSERT INTO shop.a (t) VALUES ('after')")

    with opened(settings, position) as wire:
        begun = kinds(wire, XID)
        assert begun[:2] == [ROTATE, FORMAT]
        assert begun[-4:] == [GTID, 19, ROWS, XID]
        assert ROWS not in begun[:-4]
        assert wire.checksum


@pytest.mark.mariadb_only("how its transactions are named")
def test_an_empty_position_of_mariadb_begins_with_the_first_transaction(
    server: PrivateServer, settings: Database
) -> None:
    server.execute("RESET MASTER")
    position = end_of(settings)
    assert position.gtid == ""
    server.execute("INSERT INTO shop.a (t) VALUES ('first')")

    with opened(settings, position) as wire:
        assert kinds(wire, XID).count(GTID) == 1


def test_reading_never_waits_longer_than_asked(settings: Database) -> None:
    with opened(settings, end_of(settings), heartbeat_s=30) as wire:
        while wire.read(0.5) is not None:
            pass
        for wait_s in (0.0, 0.1):
            start = clock.monotonic()
            assert wire.read(wait_s) is None
            assert clock.monotonic() - start < wait_s + 0.1


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_reader_that_found_nothing_can_select(
    server: PrivateServer, settings: Database, encrypted: bool
) -> None:
    if encrypted:
        settings = changed(server.settings("shop", tcp=True), tls="required")
    with opened(settings, end_of(settings), heartbeat_s=30) as wire:
        assert (type(wire._socket) is socket.socket) != encrypted
        while wire.read(0.3) is not None:
            pass
        assert not select.select([wire], [], [], 0)[0]

        server.execute(*[f"INSERT INTO shop.a (t) VALUES ('{'z' * 700}')"] * 100)
        seen = 0
        while seen < 100:
            assert select.select([wire], [], [], 5)[0]
            while (packet := wire.read()) is not None:
                seen += packet[4] == XID
        assert wire.read() is None


def test_an_event_of_more_than_16_megabytes_is_whole(
    server: PrivateServer, settings: Database
) -> None:
    position = end_of(settings)
    server.execute("INSERT INTO shop.a (t) VALUES (REPEAT('abcdefgh', 4300000))")

    with opened(settings, position) as wire:
        packet = b""
        while len(packet) < LONGEST_PACKET:
            packet = wire.read(10) or b""
        assert packet[4] == ROWS
        assert struct.unpack_from("<I", packet, 9)[0] == len(packet)
        assert packet.count(b"abcdefgh") == 4_300_000
        assert kinds(wire, XID) == [XID]


def test_a_server_with_nothing_to_tell_says_so(settings: Database) -> None:
    with opened(settings, end_of(settings), heartbeat_s=0.2) as wire:
        assert kinds(wire, HEARTBEAT, wait_s=2)


@pytest.mark.own_server_only("one that can be frozen")
def test_a_frozen_server_is_noticed_within_three_heartbeats(
    server: PrivateServer, settings: Database
) -> None:
    with opened(settings, end_of(settings), heartbeat_s=0.3) as wire:
        kinds(wire, HEARTBEAT)
        assert server._process is not None
        server._process.send_signal(signal.SIGSTOP)
        try:
            start = clock.monotonic()
            with pytest.raises(DatabaseUnavailableError, match=r"silent for 0\.9 s"):
                kinds(wire, -1)
            assert clock.monotonic() - start < 3 * 0.3 + 0.3
        finally:
            server._process.send_signal(signal.SIGCONT)


def test_who_was_busy_for_long_does_not_take_the_server_for_frozen(settings: Database) -> None:
    with opened(settings, end_of(settings), heartbeat_s=0.1) as wire:
        kinds(wire, HEARTBEAT)
        clock.sleep(0.5)
        assert kinds(wire, HEARTBEAT) == [HEARTBEAT]


def threads(server: PrivateServer) -> list[int]:
    """Those that send the log."""
    with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'"
        )
        return [int(row[0]) for row in cursor.fetchall()]


@pytest.mark.mariadb_only("how its transactions are named")
def test_a_killed_reader_goes_on_from_its_own_position(
    server: PrivateServer, settings: Database
) -> None:
    position = end_of(settings)
    gtids = MariadbGtids(position.gtid)
    server.execute(*["INSERT INTO shop.a (t) VALUES ('k')"] * 3)
    with opened(settings, position, heartbeat_s=0.3, me=2_147_483_999) as wire:
        for _ in range(2):
            while (packet := wire.read(5)) and packet[4] != GTID:
                pass
            assert packet is not None
            number, domain = struct.unpack_from("<QI", packet, 19)
            kinds(wire, XID)
            gtids.add(f"{domain}-{struct.unpack_from('<I', packet, 5)[0]}-{number}")
        server.execute(*(f"KILL {thread}" for thread in threads(server)))
        with pytest.raises(DatabaseUnavailableError):
            kinds(wire, -1)
        with pytest.raises(DatabaseUnavailableError):  # and it stays so
            wire.read()

    with opened(settings, dataclasses.replace(position, gtid=str(gtids))) as again:
        assert kinds(again, XID).count(GTID) == 1


def test_a_second_reader_with_our_id_is_named(settings: Database) -> None:
    with opened(settings, end_of(settings), heartbeat_s=0.3) as first:
        kinds(first, HEARTBEAT)
        with opened(settings, end_of(settings), heartbeat_s=0.3) as second:
            kinds(second, HEARTBEAT)
            with pytest.raises(DatabaseUnavailableError, match="another reader with our id"):
                kinds(first, -1)


@pytest.mark.mariadb_only("how its transactions are named")
@pytest.mark.parametrize(
    ("gtid", "reason"),
    [("0-1-1000000", "ahead"), ("0-1-1", "purged")],
)
def test_a_position_that_the_log_does_not_go_on_from_is_lost(
    server: PrivateServer, settings: Database, gtid: str, reason: str
) -> None:
    server.execute("INSERT INTO shop.a (t) VALUES ('1')", "INSERT INTO shop.a (t) VALUES ('2')")
    server.execute("FLUSH BINARY LOGS", "INSERT INTO shop.a (t) VALUES ('3')")
    position = end_of(settings)
    deadline = clock.monotonic() + 20
    while clock.monotonic() < deadline:  # a file goes once the server can do without it
        server.execute("FLUSH ENGINE LOGS", f"PURGE BINARY LOGS TO '{position.file}'")
        with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW BINARY LOGS")
            if cursor.fetchall()[0][0] == position.file:
                break
        clock.sleep(0.05)

    with (
        opened(settings, dataclasses.replace(position, gtid=gtid)) as wire,
        pytest.raises(LogLostError) as error,
    ):
        kinds(wire, XID)
    assert error.value.reason == reason


def test_a_log_that_began_anew_is_known_by_the_age_of_its_file(
    server: PrivateServer, settings: Database
) -> None:
    def first_five() -> None:
        server.execute("RESET MASTER", *["INSERT INTO shop.a (t) VALUES ('same')"] * 5)

    first_five()
    before = end_of(settings)
    with opened(settings, before) as wire:
        kinds(wire, FORMAT)
        before = dataclasses.replace(before, born=wire.born)
    clock.sleep(1.1)
    first_five()

    assert dataclasses.replace(end_of(settings), born=before.born) == before
    with opened(settings, before) as wire, pytest.raises(LogLostError) as error:
        kinds(wire, XID)
    assert error.value.reason == "reset"


def test_a_missing_privilege_is_refused_with_its_grant(
    server: PrivateServer, settings: Database
) -> None:
    server.execute("REVOKE REPLICATION SLAVE ON *.* FROM reader@localhost")
    try:
        with (
            opened(settings, end_of(settings)) as wire,
            pytest.raises(DatabaseRefusedError, match=r"GRANT REPLICATION SLAVE ON \*\.\*"),
        ):
            wire.read(5)
    finally:
        server.execute("GRANT REPLICATION SLAVE ON *.* TO reader@localhost")


def test_a_wrong_password_is_refused_and_no_server_is_unavailable(
    server: PrivateServer, settings: Database, tmp_path: Path
) -> None:
    position = end_of(settings)
    with engine_for(settings) as engine:
        log = read_log(engine)
    with pytest.raises(DatabaseRefusedError, match="password wrong"):
        open_wire(changed(settings, password=Secret("wrong")), log, position, 77)
    with pytest.raises(DatabaseUnavailableError, match="no server answers"):
        open_wire(changed(settings, socket=tmp_path / "none"), log, position, 77)


def test_files_of_before_checksums_were_turned_off_can_be_read(
    server: PrivateServer, settings: Database
) -> None:
    position = end_of(settings)
    server.execute("INSERT INTO shop.a (t) VALUES ('with')")
    server.execute("SET GLOBAL binlog_checksum = 'NONE'")
    server.execute("INSERT INTO shop.a (t) VALUES ('without')")
    try:
        with opened(settings, position) as wire:
            assert not wire.checksum
            assert kinds(wire, XID).count(ROWS) == 1
            assert kinds(wire, XID).count(ROWS) == 1
    finally:
        server.execute("SET GLOBAL binlog_checksum = 'CRC32'")


def frame(payload: bytes, sequence: int) -> bytes:
    return struct.pack("<I", len(payload) | sequence << 24) + payload


@pytest.fixture
def pair() -> Iterator[tuple[Wire, Any]]:
    """A wire, and the end that a server would have."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    connection = SimpleNamespace(has_checksum=True, _sock=ours, _force_close=ours.close)
    wire = Wire(connection, Position("", "", 0, ""), "log", "u", 2.0)
    yield wire, theirs
    wire.close()
    theirs.close()


def test_packets_in_any_pieces_come_out_whole(pair: tuple[Wire, Any]) -> None:
    wire, theirs = pair
    payloads = [b"\0" + bytes([n]) * (n * 7 + 5) for n in range(40)]
    stream = b"".join(frame(payload, n + 1) for n, payload in enumerate(payloads))
    found: list[bytes] = []
    for at in range(0, len(stream), 3):
        theirs.sendall(stream[at : at + 3])
        while (packet := wire.read()) is not None:
            found.append(packet)

    assert found == [payload[1:] for payload in payloads]


def test_a_packet_of_exactly_the_longest_length_ends_with_an_empty_one(
    pair: tuple[Wire, Any],
) -> None:
    wire, theirs = pair
    payload = b"\0" + b"x" * (LONGEST_PACKET - 1)
    stream = memoryview(frame(payload, 1) + frame(b"", 2) + frame(b"\0last event", 3))
    theirs.setblocking(False)
    packet = None
    while packet is None:
        with contextlib.suppress(BlockingIOError):
            stream = stream[theirs.send(stream) :]
        packet = wire.read()

    assert packet == payload[1:]
    assert wire.read(1) == b"last event"


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (frame(b"\0event", 2), "out of step"),
        (frame(b"", 1), "out of step"),
        (frame(b"\xfe\0\0\2\0", 1), "ended the stream"),
        (frame(b"\xff" + struct.pack("<H", 1053) + b"#08S01Server shutdown", 0), "shutting down"),
        (frame(b"\xff" + struct.pack("<H", 1927) + b"Connection was killed", 1), "was killed"),
        (b"\x05\0", "closed the connection"),
    ],
)
def test_whatever_ends_the_stream_can_be_tried_again(
    pair: tuple[Wire, Any], stream: bytes, problem: str
) -> None:
    wire, theirs = pair
    theirs.sendall(stream)
    theirs.shutdown(socket.SHUT_WR)

    with pytest.raises(DatabaseUnavailableError, match=problem):
        wire.read(1)


def test_what_came_before_the_end_is_read_first(pair: tuple[Wire, Any]) -> None:
    wire, theirs = pair
    theirs.sendall(frame(b"\0event", 1) + frame(b"\0later", 2))
    theirs.close()

    assert [wire.read(1), wire.read(1)] == [b"event", b"later"]
    with pytest.raises(DatabaseUnavailableError):
        wire.read(1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Could not find first log file name in binary log index file", "purged"),
        ("Cannot replicate because the source purged required binary logs", "purged"),
        ("Client requested source to start replication from position > file size", "ahead"),
        ("Replica has more GTIDs than the source has, using the source's SERVER_UUID", "ahead"),
        ("log event entry exceeded max_allowed_packet", "too_large"),
        ("bogus data in log event", "unreadable"),
    ],
)
def test_the_servers_words_say_what_was_lost(
    pair: tuple[Wire, Any], said: str, reason: str
) -> None:
    wire, theirs = pair
    theirs.sendall(frame(b"\xff" + struct.pack("<H", 1236) + b"#HY000" + said.encode(), 1))

    with pytest.raises(LogLostError) as error:
        wire.read(1)
    assert error.value.reason == reason
    assert said in str(error.value)


def test_ids_of_readers_are_far_from_those_of_servers() -> None:
    ids = {reader_id(f"installation {n}") for n in range(1000)}

    assert len(ids) == 1000
    assert all(2**31 <= one < 2**32 for one in ids)
