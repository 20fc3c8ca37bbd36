"""Positions in a binary log: kept as JSON, compared, and counted on by GTID."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sync.sources.binlog.position import (
    MariadbGtids,
    MysqlGtids,
    Position,
    at_or_behind,
    gtid_state,
    position_from,
)

A = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
B = "00000000-71ca-11e1-9e33-c80aa9429562"


def test_a_position_is_the_same_after_json() -> None:
    position = Position("0-1-5,7-2-9", "binlog.000012", 4711, "uid=", 1_700_000_000)

    assert position_from(json.loads(json.dumps(position.as_json()))) == position


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"gtid": "0-1-5", "file": "binlog.000001", "offset": "4", "server": ""},
        {"gtid": "0-1-5", "file": "binlog.000001", "offset": -1, "server": ""},
        {"gtid": None, "file": "binlog.000001", "offset": 4, "server": ""},
        {"gtid": "0-1-5", "file": "binlog.000001", "offset": 4},
        {"ids": {"order": 7}},
    ],
)
def test_what_is_no_position_is_none(stored: dict[str, object]) -> None:
    assert position_from(stored) is None


def test_files_are_compared_by_their_number() -> None:
    assert at_or_behind("binlog.000009", 500, "binlog.000010", 4) is True
    assert at_or_behind("binlog.999999", 500, "binlog.1000000", 4) is True
    assert at_or_behind("binlog.000010", 4, "binlog.000009", 500) is False
    assert at_or_behind("binlog.000009", 500, "binlog.000009", 500) is True
    assert at_or_behind("binlog.000009", 501, "binlog.000009", 500) is False


def test_logs_of_different_names_are_not_compared() -> None:
    assert at_or_behind("binlog.000009", 4, "mariadb-bin.000010", 4) is None
    assert at_or_behind("", 0, "binlog.000001", 4) is None


def test_mariadb_counts_the_last_transaction_of_each_domain() -> None:
    gtids = MariadbGtids("7-2-9,0-1-5")
    for gtid in ("0-1-6", "0-3-7", "12-1-1"):
        gtids.add(gtid)

    assert str(gtids) == "0-3-7,7-2-9,12-1-1"
    assert gtids.covers("0-1-6,12-1-1")
    assert gtids.covers("")
    assert not gtids.covers("0-1-8")
    assert not gtids.covers("3-1-1")


def test_mysql_counts_on_the_interval_of_each_server() -> None:
    gtids = MysqlGtids(f"{A}:1-5:9,\n{B.upper()}:7")
    for gtid in (f"{A}:10", f"{A}:6", f"{A}:8", f"{B}:1"):
        gtids.add(gtid)

    assert str(gtids) == f"{B}:1:7,{A}:1-6:8-10"
    gtids.add(f"{A}:7")
    assert str(gtids) == f"{B}:1:7,{A}:1-10"
    assert gtids.covers(f"{A}:2-9")
    assert not gtids.covers(f"{B}:1-2")
    assert not gtids.covers(f"{A}:11")
    assert not gtids.tagged


def test_mysql_counts_tagged_transactions_apart() -> None:
    text = f"{A}:1-3:blue:1-2:7:red:4"
    gtids = MysqlGtids(text)
    assert str(gtids) == text
    assert gtids.tagged

    gtids.add(f"{A}:blue:3")
    gtids.add(f"{A}:4")
    assert str(gtids) == f"{A}:1-4:blue:1-3:7:red:4"
    assert not gtids.covers(f"{A}:red:3")


@pytest.mark.parametrize("text", ["0-1", "0-1-5-6", f"{A}:1-5", "x"])
def test_what_is_no_gtid_of_mariadb_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no GTID of MariaDB"):
        gtid_state("mariadb", text)


@pytest.mark.parametrize("text", ["0-1-5", A, f"{A}:", f"{A}:1-", f"{A}:9x", "x:1"])
def test_what_is_no_gtid_of_mysql_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no GTID of MySQL"):
        gtid_state("mysql", text)


@given(st.lists(st.tuples(st.sampled_from([A, B, f"{A}:blue"]), st.integers(1, 12))))
def test_mysql_holds_exactly_the_transactions_that_were_counted(
    counted: list[tuple[str, int]],
) -> None:
    gtids = MysqlGtids()
    for source, number in counted:
        gtids.add(f"{source}:{number}")

    again = MysqlGtids(str(gtids))
    assert str(again) == str(gtids)
    for source in (A, B, f"{A}:blue"):
        for number in range(1, 14):
            assert again.covers(f"{source}:{number}") == ((source, number) in counted)
