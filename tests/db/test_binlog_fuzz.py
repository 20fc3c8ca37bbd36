"""
A log that arrives damaged: never an error that nobody foresaw, and never less in silence.

What a real server sent is changed at random, as events and as bytes of the connection. What
is read up to the first gap or error must be what was sent, from the beginning; after a gap
everybody is looked at, after an error it is all sent again.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sidecar.errors import DatabaseError
from sidecar.service.private_server import PrivateServer
from sidecar.shop import migrate
from sidecar.shop.database import connect, transaction
from sidecar.shop.tables import store_tables
from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.batch import Batch
from sidecar.sync.sources.binlog.columns import Columns, read_columns
from sidecar.sync.sources.binlog.position import Position
from sidecar.sync.sources.binlog.server_log import read_log
from sidecar.sync.sources.binlog.stream_errors import stream_error
from sidecar.sync.sources.binlog.transactions import Transactions
from sidecar.sync.sources.binlog.wire import Wire
from support import binlog_folded as folded
from support import binlog_recorder as recorder
from support.binlog_packets import event

NAME = "binlog_fuzz"

MANY = settings(max_examples=300, phases=[Phase.generate])

ADDRESS = "INSERT INTO oc_address SET customer_id = {0}, address_id = {0}, city = 'Town'"

#: A bit of everything that rings, that does not, and that ends files and transactions.
CHANGES = (
    *(ADDRESS.format(n) for n in range(1, 4)),
    "UPDATE oc_address SET city = REPEAT('x', 300) WHERE address_id < 3",
    "BEGIN",
    "INSERT INTO oc_order SET order_id = 1, customer_id = 300, email = 'ann@x.y', total = 5",
    "INSERT INTO oc_order SET order_id = 2, customer_id = 0, email = 'Änn@x.y'",
    "INSERT INTO oc_order_history SET order_history_id = 1, order_id = 70000",
    "COMMIT",
    "UPDATE oc_order SET order_status_id = 5, total = total + 1",
    "BEGIN",
    ADDRESS.format(9),
    "INSERT INTO oc_sidecar_state SET name = 'fuzz', value = '1'",
    "COMMIT",
    "INSERT INTO oc_setting SET store_id = 0, `key` = 'config_name', value = 'x'",
    "INSERT INTO oc_setting SET store_id = 0, `key` = 'config_logo', value = 'x'",
    "FLUSH BINARY LOGS",
    "CREATE TABLE oc_banner (id INT)",
    "INSERT INTO oc_banner VALUES (1)",
    "DELETE FROM oc_order WHERE order_id = 1",
    "DELETE FROM oc_address",
)


@dataclass(frozen=True)
class Log:
    """
    What a server sent.

    Attributes:
        packets: One event each, from the first of the connection on.
        columns: Of the store's tables.
        new: Something that reads it from its beginning.
        right: What it rings, transaction by transaction.
    """

    packets: list[bytes]
    new: Callable[[], Transactions]
    right: list[Batch]

    def __repr__(self) -> str:
        return f"a log of {len(self.packets)} events"  # Hypothesis shows it with every failure


def rung(found: Transactions, packets: Sequence[bytes]) -> Iterator[tuple[int, Batch]]:
    """What *packets* ring, with the number of those that were read."""
    for number, packet in enumerate(packets, 1):
        if found.feed(packet):
            yield number, found.take()
    # A server that has no more to tell says so.
    found.feed(event(events.HEARTBEAT, b"binlog.000001"))
    yield len(packets) + 1, found.take()


def told(batch: Batch) -> tuple[object, ...]:
    """What of *batch* may not differ."""
    return batch.references, batch.texts, batch.position, batch.own_customers


@pytest.fixture(scope="module", params=[True, False], ids=["checksums", "bare"])
def log(request: pytest.FixtureRequest, binlog_mariadb: PrivateServer) -> Iterator[Log]:
    """What a small store's changes become, with checksums and without."""
    server = binlog_mariadb
    server.execute(
        f"SET GLOBAL binlog_checksum = {'CRC32' if request.param else 'NONE'}",
        f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4",
    )
    engine = connect(server.settings(NAME))
    store_tables("oc_", "4.1").metadata.create_all(engine)
    migrate.migrate(engine, "oc_")
    with contextlib.closing(server.connect(NAME)) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        file, offset = recorder.place(connection)
        for statement in CHANGES:
            cursor.execute(statement)
    login = {
        "unix_socket": str(server.socket),
        "user": server.user,
        "password": server.password,
    }
    packets = recorder.record(login, file, offset)
    with transaction(engine) as tx:
        columns: Columns = read_columns(tx, NAME, "oc_", folded.watched())
    kind = read_log(engine).kind

    def new() -> Transactions:
        start = Position("", file, offset, "one")
        return Transactions(
            folded.watched(),
            lambda: columns,
            NAME,
            "oc_",
            start=start,
            kind=kind,
            guests=True,
            checksum=request.param,
        )

    right = [batch for _, batch in rung(new(), packets)]
    assert not any(batch.gaps for batch in right)
    assert sum(batch.rows for batch in right) > 15
    yield Log(packets, new, right)
    engine.dispose()
    server.execute(f"DROP DATABASE {NAME}", "SET GLOBAL binlog_checksum = CRC32")


def has_checksums(log: Log) -> bool:
    (found,) = {
        events.has_checksum(packet)
        for packet in log.packets
        if packet[4] == events.FORMAT_DESCRIPTION
    }
    return found


# -- events --------------------------------------------------------------------------------------

damages = st.lists(
    st.tuples(
        st.floats(0, 0.999),  # which event
        st.sampled_from(["flip", "cut", "more", "type", "size"]),
        st.floats(0, 0.999),  # where in it
        st.integers(1, 255),
    ),
    min_size=1,
    max_size=4,
)


def damaged(packets: Sequence[bytes], drawn: Any, *, healed: bool) -> list[bytes]:
    """
    *packets* with some of them changed.

    Args:
        healed: With a size and a checksum that are right again, as a fault of the server's
            would have them.
    """
    found = list(packets)
    for which, how, where, value in drawn:
        index = int(which * len(found))
        packet = bytearray(found[index])
        if not packet:
            continue
        at = int(where * len(packet))
        if how == "flip":
            packet[at] ^= value
        elif how == "cut":
            del packet[at : at + value]
        elif how == "more":
            packet[at:at] = bytes([value]) * (value % 7 + 1)
        elif how == "type":
            packet[4:5] = bytes([value])
        else:
            packet[9:10] = bytes([value])
        if healed and len(packet) >= events.HEADER_SIZE + 4:
            packet[9:13] = struct.pack("<I", len(packet))
            packet[-4:] = struct.pack("<I", zlib.crc32(packet[:-4]))
        found[index] = bytes(packet)
    return found


@pytest.mark.parametrize("log", [True], indirect=True, ids=["checksums"])
@given(drawn=damages)
@MANY
def test_nothing_of_a_damaged_log_is_missed_in_silence(log: Log, drawn: Any) -> None:
    found = list(rung(log.new(), damaged(log.packets, drawn, healed=False)))

    right = {number: told(batch) for number, batch in rung(log.new(), log.packets)}
    looked_at_everybody = max((number for number, batch in found if batch.gaps), default=0)
    for number, batch in found:
        if number > looked_at_everybody:
            assert told(batch)[:2] == right.pop(number)[:2]
    assert all(number <= looked_at_everybody for number in right)
    if not looked_at_everybody:
        assert [told(batch) for _, batch in found] == [told(batch) for batch in log.right]


@pytest.mark.parametrize("healed", [False, True], ids=["broken", "healed"])
@given(drawn=damages)
@MANY
def test_no_damage_is_an_error_that_nobody_foresaw(log: Log, healed: bool, drawn: Any) -> None:
    assert list(rung(log.new(), damaged(log.packets, drawn, healed=healed)))


@given(drawn=st.floats(0, 0.999), value=st.integers(1, 255))
@MANY
def test_an_event_of_another_size_than_it_says_is_a_gap(log: Log, drawn: float, value: int) -> None:
    index = int(drawn * len(log.packets))
    for changed in (log.packets[index][:-value], log.packets[index] + bytes(value)):
        packets = [*log.packets[:index], changed, *log.packets[index + 1 :]]
        assert any(batch.gaps for _, batch in rung(log.new(), packets))


# -- the connection ------------------------------------------------------------------------------

cuts = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "more", "length", "lose", "twice", "end"]),
        st.floats(0, 0.999),
        st.integers(1, 255),
    ),
    min_size=1,
    max_size=3,
)


def frames(packets: Sequence[bytes]) -> list[bytes]:
    """As a server sends them: length, number, OK."""
    return [
        struct.pack("<I", (len(packet) + 1) | (number % 256) << 24) + b"\0" + packet
        for number, packet in enumerate(packets, 1)
    ]


def in_pieces(packets: Sequence[bytes], drawn: Any) -> bytes:
    """The bytes of a connection that damages them."""
    listed = frames(packets)
    for how, where, value in drawn:
        index = int(where * len(listed))
        if how == "lose":
            del listed[index]
        elif how == "twice":
            listed.insert(index, listed[index])
        elif how == "length":
            length = bytearray(listed[index])
            length[value % 3] ^= value
            listed[index] = bytes(length)
    stream = bytearray(b"".join(listed))
    for how, where, value in drawn:
        at = int(where * len(stream))
        if how == "flip" and stream:
            stream[at] ^= value
        elif how == "cut":
            del stream[at : at + value]
        elif how == "more":
            stream[at:at] = bytes([value]) * (value % 50 + 1)
        elif how == "end":
            del stream[at:]
    return bytes(stream)


def read(log: Log, stream: bytes) -> list[Batch]:
    """What a connection with these bytes rings until it breaks."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.settimeout(5)
        theirs.sendall(stream)
        theirs.shutdown(socket.SHUT_WR)
        connection = SimpleNamespace(
            has_checksum=has_checksums(log), _sock=ours, _force_close=ours.close
        )
        found, batches = log.new(), []
        wire = Wire(connection, log.right[0].position, "log", "u", 2.0)
        with wire, contextlib.suppress(DatabaseError):
            while (packet := wire.read(1.0)) is not None:
                if found.feed(packet):
                    batches.append(found.take())
        return batches


@given(drawn=cuts)
@MANY
def test_a_connection_that_damages_what_it_carries_breaks_or_tells_all(
    log: Log, drawn: Any
) -> None:
    batches = read(log, in_pieces(log.packets, drawn))
    if not has_checksums(log) and any(how in ("flip", "cut", "more") for how, *_ in drawn):
        return  # it raised nothing, and more cannot be asked

    until_a_gap = []
    for batch in batches:
        if batch.gaps:
            break
        until_a_gap.append(told(batch))
    assert until_a_gap == [told(batch) for batch in log.right[: len(until_a_gap)]]


@given(st.binary(min_size=2, max_size=120))
def test_an_error_of_any_bytes_is_one_of_ours(said: bytes) -> None:
    assert isinstance(stream_error(b"\xff" + said, "log", "u"), DatabaseError)
