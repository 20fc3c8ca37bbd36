"""The archive of an export on a disk that fails: it says so, and leaves nothing."""

from __future__ import annotations

import datetime
import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import FatalError
from sidecar.privacy.export_archive import copy_to, remove_archive, write_archive

AT = datetime.datetime(2026, 3, 31, 12)


def write(folder: Path, content: Iterator[bytes]) -> Path:
    return write_archive(folder, "export-1.zip", [("a", content)], "secret", AT).file


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file becomes larger than 20 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, before)


def test_what_does_not_fit_is_an_error_with_the_way_out_and_what_was_there_stays(
    tmp_path: Path, small_disk: None
) -> None:
    old = write(tmp_path, iter([b"old"]))
    content = old.read_bytes()

    with pytest.raises(FatalError, match=r"make room or another folder, `\[privacy\] exports`"):
        write(tmp_path, iter([os.urandom(50_000)]))

    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == content


def test_a_copy_that_does_not_fit_is_not_left_half(tmp_path: Path, small_disk: None) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    made = write(tmp_path / "exports", iter([os.urandom(50_000)]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    with pytest.raises(FatalError, match="the export itself is made"):
        copy_to(made, tmp_path / "copy.zip")

    assert sorted(each.name for each in tmp_path.iterdir()) == ["exports"]


def test_a_copy_leads_through_no_link(tmp_path: Path) -> None:
    made = write(tmp_path, iter([b"content"]))
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FatalError, match="there is a file already"):
        copy_to(made, tmp_path / "link")

    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_vanishes_while_it_is_packed_ends_the_export(tmp_path: Path) -> None:
    def vanished() -> Iterator[bytes]:
        yield b"first"
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "upload.png")

    with pytest.raises(FatalError, match=r"upload\.png"):
        write(tmp_path, vanished())

    assert not list(tmp_path.iterdir())


def test_an_archive_that_is_gone_is_as_good_as_deleted(tmp_path: Path) -> None:
    made = write(tmp_path, iter([b"content"]))

    remove_archive(tmp_path, made.name)
    remove_archive(tmp_path, made.name)
    remove_archive(tmp_path / "no folder", made.name)

    assert not list(tmp_path.iterdir())
