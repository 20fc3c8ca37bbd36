"""Events as the manuals describe them, what they ring, and what of them is a gap."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sync.sources.binlog import events
from sidecar.sync.sources.binlog.batch import Batch
from sidecar.sync.sources.binlog.position import Position
from support import binlog_packets as packets
from support.binlog_folded import START, TABLES, columns, fold, transactions
from support.binlog_packets import (
    event,
    mariadb_gtid,
    mysql_gtid,
    query,
    rotate,
    rows,
    table_map,
    tagged_gtid,
    xid,
)

WRITE, UPDATE, DELETE = 23, 24, 25


def changed(
    table: str, kind: int, *images: packets.Values, named: bool = True, number: int = 18
) -> list[bytes]:
    """A table map and its rows."""
    return [
        table_map(number, packets.PREFIX + table, TABLES[table], named=named),
        rows(kind, number, images),
    ]


def ann(city: str = "Town", *, customer: int | None = 7, note: str | None = None) -> packets.Values:
    return [1, customer, city, note]


def committed(*inside: bytes) -> list[bytes]:
    return [mariadb_gtid(5), *inside, xid()]


# -- rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("kind", "images", "customers"),
    [
        (WRITE, [ann(), ann(customer=8)], {7, 8}),
        (UPDATE, [ann(), ann("City")], {7}),
        (UPDATE, [ann(), ann(customer=8)], {7, 8}),
        (DELETE, [ann()], {7}),
        (30, [ann()], {7}),
        (31, [ann(), ann("City")], {7}),
        (32, [ann()], {7}),
    ],
)
def test_a_changed_row_rings_whom_it_leads_to_before_and_after(
    kind: int, images: list[packets.Values], customers: set[int], named: bool
) -> None:
    batch = fold(*committed(*changed("address", kind, *images, named=named)))
    assert batch.references == {"customer": customers}
    assert not batch.gaps
    assert batch.rows == len(images) // (2 if kind in events.UPDATE_ROWS else 1)


def test_an_update_of_no_watched_column_rings_nobody() -> None:
    batch = fold(*committed(*changed("address", UPDATE, ann(), ann(note="called"))))
    assert (batch.references, batch.rows, batch.transactions) == ({}, 0, 1)


@pytest.mark.parametrize("nobody", [0, -5, None])
def test_a_row_without_a_customer_rings_nobody(nobody: int | None) -> None:
    batch = fold(*committed(*changed("address", WRITE, ann(customer=nobody))))
    assert batch.references == {}
    assert not batch.gaps


def test_an_unsigned_reference_is_no_negative_one() -> None:
    known = columns()
    known["oc_address"] = tuple(
        type(column)(column.name, column.kind, "int(10) unsigned", None)
        if column.name == "customer_id"
        else column
        for column in known["oc_address"]
    )
    batch = fold(*committed(*changed("address", WRITE, ann(customer=-1))), known=known)
    assert batch.references == {"customer": {2**32 - 1}}


def test_rows_of_one_statement_come_in_several_events() -> None:
    first, second = changed("address", WRITE, ann()), changed("address", WRITE, ann(customer=8))
    batch = fold(*committed(*first, second[1]))
    assert batch.references == {"customer": {7, 8}}


def test_an_order_of_a_guest_rings_by_its_number_and_by_the_email_it_had() -> None:
    before, after = [3, 0, "Ann@x.y", 5], [3, 0, "bob@x.y", 5]
    batch = fold(*committed(*changed("order", UPDATE, before, after)), guests=True)
    assert batch.references == {"order": {3}}
    assert batch.texts == {"guest": {"Ann@x.y"}}
    batch = fold(*committed(*changed("order", UPDATE, before, [3, 8, "Ann@x.y", 5])), guests=True)
    assert (batch.references, batch.texts) == ({"customer": {8}}, {"guest": {"Ann@x.y"}})
    batch = fold(*committed(*changed("order", DELETE, before)), guests=True)
    assert (batch.references, batch.texts) == ({}, {"guest": {"Ann@x.y"}})
    batch = fold(*committed(*changed("order", UPDATE, before, after)), guests=False)
    assert (batch.references, batch.texts) == ({}, {})


def test_a_login_rings_by_its_email() -> None:
    batch = fold(*committed(*changed("customer_login", UPDATE, [1, "a@x", 1], [1, "ä@x", 2])))
    assert (batch.references, batch.texts) == ({}, {"email": {"a@x", "ä@x"}})


@pytest.mark.parametrize("email", ["", "  ", None])
def test_no_email_is_nobody_s(email: str | None) -> None:
    batch = fold(*committed(*changed("customer_login", WRITE, [1, email, 1])))
    assert (batch.texts, batch.gaps) == ({}, {})


def test_an_email_is_read_in_its_character_set() -> None:
    row = [1, "ärger@x".encode("cp1252"), 1]
    batch = fold(*committed(*changed("customer_login", WRITE, row)), known=columns("latin1"))
    assert batch.texts == {"email": {"ärger@x"}}
    row = [1, b"\x81@x", 1]
    batch = fold(*committed(*changed("customer_login", WRITE, row)), known=columns("latin1"))
    assert (batch.texts, batch.gaps) == ({}, {"decode:customer_login": 1})
    batch = fold(*committed(*changed("customer_login", WRITE, row)), known=columns("dec8"))
    assert (batch.texts, batch.gaps) == ({}, {"layout:customer_login": 1})


def test_a_table_that_concerns_everybody_rings_everybody() -> None:
    batch = fold(*committed(*changed("country", UPDATE, [1, "ua"], [1, "pl"])))
    assert batch.references == {"everyone": {1}}


@pytest.mark.parametrize(
    ("row", "rings"),
    [
        ([1, 0, "config_name", "x"], True),
        ([1, 0, "Config_Name ", "x"], True),
        ([1, 1, "config_name", "x"], False),
        ([1, 0, "config_logo", "x"], False),
    ],
)
def test_only_settings_that_are_read_ring(row: packets.Values, rings: bool) -> None:
    batch = fold(*committed(*changed("setting", DELETE, row)))
    assert batch.references == ({"everyone": {1}} if rings else {})


def test_a_setting_that_is_no_longer_read_rings_for_what_it_was() -> None:
    row = changed("setting", UPDATE, [1, 0, "config_name", "x"], [1, 1, "config_name", "x"])
    assert fold(*committed(*row)).references == {"everyone": {1}}


def test_tables_of_other_databases_and_of_other_prefixes_ring_nobody() -> None:
    listed = TABLES["address"]
    for other in (
        table_map(18, "oc_address", listed, schema="other"),
        table_map(18, "xx_address", listed),
    ):
        batch = fold(*committed(other, rows(WRITE, 18, [ann()])))
        assert (batch.references, batch.gaps, batch.transactions) == ({}, {}, 1)


# -- images that leave something out -------------------------------------------------------------


def test_a_column_that_is_left_out_of_the_image_after_did_not_change() -> None:
    same = changed("address", UPDATE, [1, 7, "Town", None], [..., ..., ..., "called"])
    assert fold(*committed(*same)).references == {}
    moved = changed("address", UPDATE, [1, 7, "Town", None], [..., ..., "City", ...])
    assert fold(*committed(*moved)).references == {"customer": {7}}
    moved = changed("address", UPDATE, [1, 7, "Town", None], [..., 8, ..., ...])
    assert fold(*committed(*moved)).references == {"customer": {7, 8}}


@pytest.mark.parametrize(
    ("kind", "images"),
    [
        (UPDATE, [[1, ..., ..., ...], [..., ..., "City", ...]]),
        (UPDATE, [[1, ..., ..., ...], [..., 8, ..., ...]]),
        (WRITE, [[1, ..., "City", ...]]),
        (DELETE, [[1, ..., ..., ...]]),
    ],
)
def test_an_image_that_leaves_out_whom_it_leads_to_is_a_gap(
    kind: int, images: list[packets.Values]
) -> None:
    batch = fold(*committed(*changed("address", kind, *images)))
    assert batch.gaps == {"row_image:address": 1}


# -- layouts -------------------------------------------------------------------------------------


def test_columns_are_found_by_their_names_wherever_they_are() -> None:
    turned = [("note", packets.VARCHAR), ("customer_id", packets.INT), *TABLES["address"][2:3]]
    batch = fold(*committed(table_map(18, "oc_address", turned), rows(WRITE, 18, [["", 7, "x"]])))
    assert batch.references == {"customer": {7}}


def test_without_names_other_columns_than_those_known_are_a_gap() -> None:
    row = changed("address", WRITE, ann(), named=False)
    for other in (
        [*TABLES["address"], ("more", packets.INT)],
        [("address_id", packets.INT), ("city", packets.VARCHAR), *TABLES["address"][1:2]],
        [TABLES["address"][0], TABLES["address"][2], TABLES["address"][1], TABLES["address"][3]],
        [*TABLES["address"][:3], ("note", packets.INT)],
    ):
        batch = fold(*committed(*row), known=columns(address=other))
        assert (batch.references, batch.gaps) == ({}, {"layout:address": 1})


def test_a_time_of_which_events_do_not_say_how_long_it_is_is_a_gap() -> None:
    listed = [*TABLES["address"][:3], ("note", 12)]
    row = rows(WRITE, 18, [[1, 7, "Town", ...]])
    for kind, gaps in (
        ("datetime /* mariadb-5.3 */", {}),
        ("datetime(3) /* mariadb-5.3 */", {"layout:address": 1}),
    ):
        known = columns()
        known["oc_address"] = (
            *known["oc_address"][:3],
            type(known["oc_address"][3])("note", "datetime", kind, None),
        )
        assert fold(*committed(table_map(18, "oc_address", listed), row), known=known).gaps == gaps


def test_after_an_alter_columns_are_read_anew() -> None:
    listed = [("customer_id", packets.INT), ("address_id", packets.INT), *TABLES["address"][2:]]
    answers = iter([columns(), columns(address=listed)])
    folded = transactions(read=lambda: next(answers))
    for packet in (
        *committed(*changed("address", WRITE, ann(), named=False)),
        mariadb_gtid(6, standalone=True),
        query("ALTER TABLE oc_address MODIFY customer_id INT FIRST"),
        *committed(*changed("address", WRITE, [9, 1, "", ""], named=False)),
    ):
        folded.feed(packet)
    batch = folded.take()
    assert batch.references == {"customer": {7, 9}}
    assert batch.gaps == {"ddl:address": 1}


# -- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [166, 167, 168, 169, 170, 171])
def test_compressed_rows_of_a_watched_table_are_a_gap(kind: int) -> None:
    named = table_map(18, "oc_address", TABLES["address"])
    other = table_map(18, "oc_banner", TABLES["address"])
    compressed = event(kind, struct.pack("<IHH", 18, 0, 1) + b"\x04\xff\x80\x90")
    assert fold(*committed(named, compressed)).gaps == {"compressed": 1}
    assert fold(*committed(other, compressed)).gaps == {}


def test_a_transaction_in_one_compressed_event_is_a_gap_and_has_ended() -> None:
    batch = fold(mysql_gtid(5), event(events.TRANSACTION_PAYLOAD, b"\x02\x01\x00"), kind="mysql")
    assert batch.gaps == {"compressed": 1}
    assert batch.position.gtid == f"{packets.SERVER}:5"


def test_a_compressed_statement_is_a_gap() -> None:
    compressed = event(events.QUERY_COMPRESSED, bytes(20))
    batch = fold(mariadb_gtid(5, standalone=True), compressed)
    assert (batch.gaps, batch.position.gtid) == ({"compressed": 1}, "0-1-5")


def test_parts_of_json_are_a_gap() -> None:
    named = table_map(18, "oc_address", TABLES["address"])
    part = event(events.PARTIAL_UPDATE_ROWS, struct.pack("<IHHH", 18, 0, 1, 2) + b"\x04\xff\xff")
    assert fold(*committed(named, part)).gaps == {"partial_json": 1}


@pytest.mark.parametrize("kind", [0, 6, 20, 21, 22, 43, 100, 159, 172, 255])
def test_an_event_of_an_unknown_type_is_a_gap(kind: int) -> None:
    assert fold(event(kind, b"whatever")).gaps == {f"unknown_event:{kind}": 1}


@pytest.mark.parametrize("kind", sorted(events.HARMLESS))
def test_events_that_say_nothing_of_rows_are_none(kind: int) -> None:
    batch = fold(*committed(event(kind, b"whatever"), *changed("address", WRITE, ann())))
    assert (batch.gaps, batch.references) == ({}, {"customer": {7}})


def test_an_incident_and_a_prepared_transaction_are_gaps() -> None:
    assert fold(event(events.INCIDENT, b"\x01\x00")).gaps == {"incident": 1}
    prepared = [mariadb_gtid(5), *changed("address", WRITE, ann()), event(events.XA_PREPARE, b"")]
    batch = fold(*prepared)
    assert (batch.gaps, batch.transactions) == ({"xa": 1}, 1)
    batch = fold(mariadb_gtid(6, standalone=True), query("XA COMMIT X'61',X'',1"))
    assert (batch.gaps, batch.transactions) == ({"xa": 1}, 1)


def test_rows_without_a_table_map_are_a_gap() -> None:
    assert fold(*committed(rows(WRITE, 18, [ann()]))).gaps == {"no_table_map": 1}
    dummy = event(WRITE, struct.pack("<IHH", events.DUMMY_TABLE, 0, 1) + b"\x00")
    assert fold(*committed(dummy)).gaps == {}


def test_a_table_map_does_not_last_from_one_transaction_or_file_to_the_next() -> None:
    row = changed("address", WRITE, ann())
    batch = fold(*committed(*row), *committed(row[1]))
    assert batch.gaps == {"no_table_map": 1}
    batch = fold(mariadb_gtid(5), row[0], rotate("binlog.000002"), row[1], xid())
    assert batch.gaps == {"no_table_map": 1}


def test_rows_that_end_too_early_are_a_gap_and_the_stream_goes_on() -> None:
    named, row = changed("address", WRITE, ann())
    short = event(WRITE, row[events.HEADER_SIZE : -6])
    batch = fold(*committed(named, short), *committed(*changed("address", WRITE, ann(customer=8))))
    assert batch.gaps == {"decode:address": 1}
    assert batch.references == {"customer": {8}}


def test_rows_of_another_number_of_columns_are_a_gap() -> None:
    named = table_map(18, "oc_address", TABLES["address"])
    batch = fold(*committed(named, rows(WRITE, 18, [[1, 7, "x"]])))
    assert (batch.references, batch.gaps) == ({}, {"decode:address": 1})


# -- checksums and garbage -----------------------------------------------------------------------


def test_a_packet_that_is_not_what_was_sent_is_a_gap() -> None:
    sent = committed(*changed("address", WRITE, ann()))
    broken = bytearray(sent[2])
    broken[40] ^= 4
    batch = fold(*sent[:2], bytes(broken), sent[3])
    assert (batch.references, batch.gaps) == ({}, {"checksum": 1})


def test_a_server_without_checksums_is_read_too() -> None:
    folded = transactions()
    folded.feed(rotate("binlog.000002"))
    folded.feed(packets.format_description(checksum=False))
    folded.feed(rotate("binlog.000003", checksum=False))
    for packet in committed(*changed("address", WRITE, ann())):
        bare = bytearray(packet[:-4])
        bare[9:13] = struct.pack("<I", len(bare))
        folded.feed(bytes(bare))
    batch = folded.take()
    assert (batch.references, batch.gaps) == ({"customer": {7}}, {})
    assert batch.position.file == "binlog.000003"


SENT = [
    *committed(*changed("address", UPDATE, ann(), ann("City"))),
    *committed(*changed("order", WRITE, [3, 0, "Ann@x.y", 5])),
    *committed(*changed("setting", WRITE, [1, 0, "config_name", "x"])),
    mariadb_gtid(8, standalone=True),
    query("OPTIMIZE TABLE oc_address"),
    rotate("binlog.000002", is_real=True),
]

mutations = st.tuples(
    st.integers(0, len(SENT) - 1),
    st.sampled_from(["bytes", "cut", "more", "type"]),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 255)), min_size=1, max_size=4),
)


@given(st.lists(mutations, min_size=1, max_size=3))
def test_garbage_with_checksums_is_never_a_wrong_reference(
    drawn: list[tuple[int, str, list[tuple[int, int]]]],
) -> None:
    right = fold(*SENT, guests=True)
    sent = mutated(drawn, healed=False)
    batch = fold(*sent, guests=True)
    assert sent == SENT or batch.gaps
    for lead, numbers in batch.references.items():
        assert numbers <= right.references[lead]
    assert not batch.texts


@given(st.lists(mutations, min_size=1, max_size=3))
def test_garbage_with_a_right_checksum_raises_nothing(
    drawn: list[tuple[int, str, list[tuple[int, int]]]],
) -> None:
    assert isinstance(fold(*mutated(drawn, healed=True), guests=True), Batch)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=8))
def test_events_of_any_bytes_raise_nothing(drawn: list[tuple[int, bytes]]) -> None:
    for_all = [event(kind, body) for kind, body in drawn]
    assert fold(*for_all).events == len(for_all) + 2


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_raise_nothing(drawn: list[bytes]) -> None:
    batch = fold(*drawn)
    assert sum(batch.gaps.values()) == len(drawn)


def mutated(drawn: list[tuple[int, str, list[tuple[int, int]]]], *, healed: bool) -> list[bytes]:
    """`SENT` with some of it changed; *healed*: with the right size and checksum again."""
    sent = list(SENT)
    for index, how, changes in drawn:
        packet = bytearray(sent[index])
        for at, value in changes:
            if how == "bytes":
                packet[at % len(packet)] ^= value
            elif how == "cut":
                del packet[len(packet) - at % len(packet) :]
            elif how == "more":
                packet[at % len(packet) : 0] = bytes([value])
            else:
                packet[4] = value
            if not packet:
                break
        sent[index] = whole(packet) if healed else bytes(packet)
    return sent


def whole(packet: bytearray) -> bytes:
    if len(packet) < events.HEADER_SIZE + 4:
        return bytes(packet)
    packet[9:13] = struct.pack("<I", len(packet))
    return bytes(packet[:-4]) + struct.pack("<I", zlib.crc32(packet[:-4]))


# -- places in the log ---------------------------------------------------------------------------


def test_a_place_is_taken_only_from_events_that_say_it() -> None:
    row = changed("address", WRITE, ann())  # LogPos is 0 in them, as from MariaDB 11.4 on
    batch = fold(mariadb_gtid(5, log_pos=400), *row, xid(log_pos=900))
    assert batch.position == Position("0-1-5", "binlog.000001", 900, "one", packets.WRITTEN_S)


def test_where_no_event_says_it_bytes_are_counted() -> None:
    sent = committed(*changed("address", WRITE, ann()))
    opening = len(packets.format_description())
    batch = fold(*sent)
    assert batch.position.offset == START.offset + opening + sum(map(len, sent))


def test_an_end_that_was_lost_is_a_gap_as_soon_as_nothing_follows() -> None:
    sent = committed(*changed("address", WRITE, ann()))
    heartbeat = event(events.HEARTBEAT, b"binlog.000001")
    folded = transactions()
    for packet in (*sent[:-1], sent[-1][:-1] + b"?"):
        folded.feed(packet)
    assert folded.take().gaps == {}
    assert not folded.feed(heartbeat)
    batch = folded.take()
    assert batch.gaps == {"checksum": 1, "unfinished": 1}
    assert (batch.references, batch.position.gtid) == ({"customer": {7}}, "")


def test_a_transaction_that_a_crash_cut_off_counts_as_none() -> None:
    cut = [mariadb_gtid(5), *changed("address", WRITE, ann())]
    batch = fold(*cut, packets.format_description(), *committed())
    assert (batch.gaps, batch.transactions) == ({}, 1)
    batch = fold(*cut, mariadb_gtid(6), xid())
    assert (batch.gaps, batch.position.gtid) == ({"unfinished": 1}, "0-1-6")


def test_a_place_beyond_four_gigabytes_is_counted_on() -> None:
    folded = transactions()
    folded.feed(rotate("binlog.000002", 2**32 - 100))
    for packet in (mariadb_gtid(5, log_pos=2**32 - 58), xid(log_pos=77)):
        folded.feed(packet)
    assert folded.take().position.offset == 2**32 + 77


def test_the_place_moves_when_a_file_ends_but_not_when_the_server_says_where_it_is() -> None:
    folded = transactions()
    assert folded.take().position == START
    assert not folded.feed(rotate("binlog.000007", 500))
    assert folded.take().position == START
    assert folded.feed(rotate("binlog.000008", is_real=True))
    position = folded.take().position
    assert (position.file, position.offset) == ("binlog.000008", 4)


def test_transactions_are_named_by_mariadb_for_each_domain() -> None:
    batch = fold(mariadb_gtid(5), xid(), mariadb_gtid(3, domain=2), xid(), mariadb_gtid(6))
    assert batch.position.gtid == "0-1-5,2-1-3"


def test_transactions_are_named_by_mysql_with_and_without_a_tag() -> None:
    ended = [query("BEGIN"), xid()]
    tagged = [tagged_gtid(4_000_000_000, "nightly"), *ended]
    batch = fold(mysql_gtid(5), *ended, mysql_gtid(6), *ended, *tagged, kind="mysql")
    assert batch.position.gtid == f"{packets.SERVER}:5-6:nightly:4000000000"
    assert not batch.gaps
