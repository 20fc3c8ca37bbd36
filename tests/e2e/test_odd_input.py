"""What people give to ``tag`` by mistake is told as theirs, never as a fault of the program."""

from __future__ import annotations

import os

import pytest

from support.installation import Installation


@pytest.fixture
def ann(installation: Installation) -> str:
    """The id of the only customer of a migrated installation."""
    ann = installation.given.customer("ann@example.com")
    installation.done("migrate")
    return str(ann)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 64], "more than 255"),
        (["create", "vip", "--description", "d" * 256], "at most 255 characters, not 256"),
        (["add", "vip", os.fsdecode(b"\xff@example.com")], "not UTF-8"),
        (["add", "vip", "ann@example.com", "--reason", os.fsdecode(b"\xff")], "not UTF-8"),
    ],
    ids=["name", "description", "customer", "reason"],
)
def test_words_that_do_not_fit(
    installation: Installation, ann: str, arguments: list[str], said: str
) -> None:
    done = installation.sidecar("tag", *arguments)

    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr
    assert installation.column("SELECT COUNT(*) FROM oc_sidecar_assertion") == [0]


def test_who_and_what_are_kept_as_far_as_they_fit(installation: Installation, ann: str) -> None:
    file = installation.folder / f"{'f' * 250}.csv"
    file.write_text(f"customer_id,tag\n{ann},vip\n", "utf-8")
    user = "u" * 70

    done = installation.sidecar("tag", "import", file.name, LOGNAME=user)

    assert done.returncode == 0, done.stderr
    assert installation.column("SELECT actor FROM oc_sidecar_run") == [f"cli:{user}"[:64]]
    assert installation.column("SELECT what FROM oc_sidecar_run") == [f"tag import {'f' * 244}"]


def test_a_cell_that_no_column_is_named_for_is_not_dropped(
    installation: Installation, ann: str
) -> None:
    file = installation.folder / "tags.csv"
    file.write_text(f"customer_id,tag\n{ann},vip,gold\n{ann},fine,,\n", "utf-8")

    done = installation.sidecar("tag", "import", "tags.csv")

    assert done.returncode == 64
    assert "tags.csv:2: 'gold' stands in no column" in done.stderr
    assert "tags.csv:3" not in done.stderr


def test_a_row_ends_where_a_line_of_a_file_does(installation: Installation, ann: str) -> None:
    file = installation.folder / "tags.csv"
    file.write_bytes(f"customer_id,tag\r\n{ann},a\u2028b\r\n{ann},\r\n".encode())

    done = installation.sidecar("tag", "import", "tags.csv")

    assert "tags.csv:2: 'a\\u2028b' cannot be a tag" in done.stderr
    assert "tags.csv:3: '' cannot be a tag" in done.stderr
