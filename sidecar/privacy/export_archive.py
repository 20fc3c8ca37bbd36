"""The ZIP of an export: encrypted with AES-256, written in pieces, whole or not there at all."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sidecar.errors import FatalError

#: How the files begin that a killed export leaves behind.
_UNFINISHED = ".export-"

#: One name, and what stands in it.
Member = tuple[str, Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Written:
    """
    Attributes:
        file: Where it is.
        size: Bytes.
        sha256: Of the file.
    """

    file: Path
    size: int
    sha256: str


def write_archive(
    folder: Path, name: str, members: Iterable[Member], password: str, at: datetime.datetime
) -> Written:
    """
    Write the archive *name* in *folder*, in the place of an older one; only its owner reads it.

    Raises:
        FatalError: The folder or the file cannot be written; nothing is left of it.
    """
    _make_folder(folder)
    _remove_unfinished(folder, name)
    unfinished = folder / f"{_UNFINISHED}{name}.{os.getpid()}"
    try:
        with _only_for_us(unfinished) as out:
            digest = hashlib.sha256()
            for piece in _zipped(members, password, at):
                out.write(piece)
                digest.update(piece)
            size = out.tell()
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(folder / name)
        _sync(folder)
    except OSError as error:
        raise _cannot(folder, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(folder / name, size, digest.hexdigest())


def copy_to(source: Path, target: Path) -> None:
    """
    Copy a finished archive, readable only for its owner, never over a file.

    Raises:
        FatalError: It cannot be read or written; nothing is left of the copy.
    """
    try:
        with source.open("rb") as read, _only_for_us(target) as out:
            try:
                while piece := read.read(1 << 20):
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            except OSError:
                target.unlink(missing_ok=True)
                raise
        _sync(target.absolute().parent)
    except FileExistsError:
        raise FatalError(f"{target}: there is a file already (nothing was copied)") from None
    except OSError as error:
        where = error.filename or target
        raise FatalError(
            f"{where}: cannot be copied to {target}: {error.strerror}; the export itself is made,"
            f" at {source}"
        ) from error


def remove_archive(folder: Path, name: str) -> None:
    """
    Delete an archive that is there.

    Raises:
        FatalError: It cannot be deleted.
    """
    try:
        (folder / name).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            _sync(folder)
    except OSError as error:
        raise FatalError(f"{folder / name}: cannot be deleted: {error.strerror}") from error


def _zipped(members: Iterable[Member], password: str, at: datetime.datetime) -> Iterable[bytes]:
    from stream_zip import ZIP_64, stream_zip

    mode = stat.S_IFREG | 0o600
    return stream_zip(
        ((name, at, mode, ZIP_64, content) for name, content in members), password=password
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot(folder, error) from error


def _remove_unfinished(folder: Path, name: str) -> None:
    for left in folder.glob(f"{_UNFINISHED}{name}.*"):
        left.unlink(missing_ok=True)


@contextlib.contextmanager
def _only_for_us(file: Path) -> Iterator[IO[bytes]]:
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "wb") as out:
        yield out


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _cannot(folder: Path, error: OSError) -> FatalError:
    where = error.filename or folder
    return FatalError(
        f"{where}: the export cannot be written: {error.strerror} (make room or another folder,"
        " `[privacy] exports`, and ask again)"
    )
