"""
The bridge's files in a store: put there whole, and taken away.

The store's folder belongs to others, who may put links into it: as root we write as its owner.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sidecar.errors import ConfigError
from sidecar.service.bridge import contents
from sidecar.shop.installation import Installation

#: What is not whole yet, or not gone yet; OpenCart looks into no folder with a dot.
_HALF = f".{contents.CODE}-"

#: Files of the web server's may be its group's to write, but never everybody's.
_MOST = 0o775


def extensions_of(installation: Installation) -> Path:
    """
    The folder of the store's extensions.

    Raises:
        ConfigError: There is none.
    """
    found = installation.extensions or installation.directory / "extension"
    if not found.is_dir():
        raise ConfigError(str(found), "is no folder", "is this an OpenCart 4?")
    return found


def put(extensions: Path, wanted: Mapping[str, bytes]) -> bool:
    """
    Let the bridge's folder hold just *wanted*; False: it did already.

    A kill leaves the old files, the new ones, or, for an instant, none, and what it leaves
    besides is taken away the next time.

    Raises:
        ConfigError: It cannot be written, or is a link.
    """
    place = extensions / contents.CODE
    if place.is_symlink():
        raise ConfigError(str(place), "is a link", "remove it, and install again")
    with _as_owner(extensions), _told(extensions):
        _remove_halves(extensions)
        if place.is_dir() and contents.read_tree(place) == wanted:
            return False
        mode = extensions.stat().st_mode & _MOST
        new = Path(tempfile.mkdtemp(prefix=_HALF, dir=extensions))
        for name, content in wanted.items():
            file = new / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode & 0o666)
        for folder in (new, *(found for found in new.rglob("*") if found.is_dir())):
            folder.chmod(mode)
        if place.exists():
            place.rename(Path(tempfile.mkdtemp(prefix=_HALF, dir=extensions)) / place.name)
        new.rename(place)
        _remove_halves(extensions)
    return True


def remove(extensions: Path) -> bool:
    """
    Take the bridge's folder away; False: there is none.

    Raises:
        ConfigError: It cannot be removed.
    """
    place = extensions / contents.CODE
    with _as_owner(extensions), _told(extensions):
        _remove_halves(extensions)
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            # First out of sight, whole.
            half = Path(tempfile.mkdtemp(prefix=_HALF, dir=extensions))
            place.rename(half / place.name)
            _remove_halves(extensions)
        else:
            return False
    return True


def put_package(installation: Installation, package: bytes) -> None:
    """
    Keep *package* where OpenCart's installer keeps it, so that its own pages can use it.

    Raises:
        ConfigError: It cannot be written.
    """
    folder = _packages_of(installation)
    if folder is None:
        return
    with _as_owner(folder), _told(folder):
        file = folder / contents.PACKAGE
        if file.is_file() and file.read_bytes() == package:
            return
        half = Path(tempfile.mkdtemp(prefix=_HALF, dir=folder)) / file.name
        half.write_bytes(package)
        half.chmod(folder.stat().st_mode & _MOST & 0o666)
        half.replace(file)
        _remove_halves(folder)


def remove_package(installation: Installation) -> bool:
    """
    Take the package away again; False: there is none.

    Raises:
        ConfigError: It cannot be removed.
    """
    folder = _packages_of(installation)
    if folder is None or not os.path.lexists(folder / contents.PACKAGE):
        return False
    with _as_owner(folder), _told(folder):
        _remove_halves(folder)
        (folder / contents.PACKAGE).unlink()
    return True


def _packages_of(installation: Installation) -> Path | None:
    storage = installation.storage
    folder = storage and storage / "marketplace"
    return folder if folder and folder.is_dir() else None


def _remove_halves(folder: Path) -> None:
    for half in folder.glob(f"{_HALF}*"):
        shutil.rmtree(half)


@contextlib.contextmanager
def _as_owner(folder: Path) -> Iterator[None]:
    """Be the owner of *folder* within, where we are root; a user's folder is never root's work."""
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            str(error.filename or folder),
            f"cannot be written: {error.strerror}",
            "run as the owner of the store's files, or as root",
        ) from error
