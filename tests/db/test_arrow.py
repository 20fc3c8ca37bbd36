"""connectorx's columns as Polars frames, without pyarrow."""

from __future__ import annotations

import polars as pl
import pytest

from sidecar.service.private_server import PrivateServer
from sidecar.shop.arrow import read_frame


@pytest.fixture
def url(mariadb: PrivateServer, database: str) -> str:
    account = f"{mariadb.user}:{mariadb.password}"
    return f"mysql://{account}@localhost/{database}?socket={mariadb.socket}"


def test_values_and_nulls_of_every_column_arrive(
    mariadb: PrivateServer, database: str, url: str
) -> None:
    mariadb.execute(
        f"CREATE TABLE `{database}`.t (a INT PRIMARY KEY, b BIGINT, c TEXT, d TINYINT UNSIGNED)",
        f"INSERT INTO `{database}`.t VALUES (1, -9000000000, 'é😀', 255), (2, NULL, NULL, NULL)",
    )

    frame = read_frame(url, "SELECT a, b, c AS text, d FROM t ORDER BY a")

    assert frame.columns == ["a", "b", "text", "d"]
    assert frame.rows() == [(1, -9_000_000_000, "é😀", 255), (2, None, None, None)]


def test_no_rows_still_have_their_columns(url: str) -> None:
    frame = read_frame(url, "SELECT 1 AS one, 'a' AS letter FROM DUAL WHERE 1 = 0")

    assert frame.shape == (0, 2)
    assert frame.schema["letter"] == pl.String


def test_many_rows_keep_their_order_and_frames_outlive_the_reading(
    mariadb: PrivateServer, database: str, url: str
) -> None:
    thousand = ", ".join(f"({number})" for number in range(1000))
    mariadb.execute(
        f"CREATE TABLE `{database}`.few (n INT PRIMARY KEY)",
        f"INSERT INTO `{database}`.few VALUES {thousand}",
    )
    query = (
        "SELECT seq, CONCAT('x', seq) AS name FROM (SELECT a.n * 1000 + b.n + 1 AS seq"
        " FROM few AS a JOIN few AS b ON a.n < 200) AS many ORDER BY seq"
    )
    frames = [read_frame(url, query) for _ in range(3)]

    for frame in frames:
        assert frame["seq"].to_list() == list(range(1, 200_001))
        assert frame["name"][-1] == "x200000"


def test_statements_before_the_query_hold_for_it(url: str) -> None:
    query = "SELECT @@session.time_zone AS zone"

    assert read_frame(url, query, "SET time_zone = '+05:45'").item() == "+05:45"


def test_a_wrong_query_raises_what_the_server_says(url: str) -> None:
    with pytest.raises(RuntimeError, match="1146"):
        read_frame(url, "SELECT 1 FROM no_such_table")
