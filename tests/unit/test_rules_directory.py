"""The folder of the rules files, as it is found on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors import ConfigError
from sidecar.sync.rulebook import read_files


def test_a_folder_that_does_not_exist_holds_no_rules(tmp_path: Path) -> None:
    assert read_files(tmp_path / "rules.d") == []


def test_files_are_read_by_name_and_only_those_that_end_in_toml(tmp_path: Path) -> None:
    for name in ("20.toml", "10.toml", "notes.txt", "10.toml~"):
        (tmp_path / name).write_text(name)

    assert read_files(tmp_path) == [("10.toml", b"10.toml"), ("20.toml", b"20.toml")]


def test_a_folder_that_cannot_be_read_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match=r"loop: cannot be read: Too many levels"):
        read_files(tmp_path / "loop")
    with pytest.raises(ConfigError, match=r"file: cannot be read: Not a directory"):
        read_files(tmp_path / "file")


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")],
    ids=["folder", "pipe", "device"],
)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.toml")

    with pytest.raises(ConfigError, match=r"a\.toml: is not a file"):
        read_files(tmp_path)


def test_a_link_to_nowhere_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to(tmp_path / "nowhere")

    with pytest.raises(ConfigError, match=r"a\.toml: cannot be read: No such file"):
        read_files(tmp_path)
