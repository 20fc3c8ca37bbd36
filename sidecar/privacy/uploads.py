"""Files that people uploaded: where the store keeps them."""

from __future__ import annotations

from pathlib import Path

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.shop.installation import read_installation
from sidecar.shop.text import unescape

#: Where OpenCart keeps them when its folder was not moved.
_USUAL = (Path("system/storage"), Path("storage"))


def uploads_folder(config: Config) -> Path | None:
    """
    The store's folder of uploaded files; None: `[shop] directory` is not set, or has none.

    A storage folder that was moved out of the store is found by its config.php.
    """
    directory = config.shop.directory
    if directory is None:
        return None
    places = [directory / usual for usual in _USUAL]
    try:
        storage = read_installation(directory).storage
    except ConfigError:
        storage = None  # `doctor` tells; the usual place may still be right
    if storage is not None:
        places.insert(0, storage)
    return next((place / "upload" for place in places if (place / "upload").is_dir()), None)


def uploaded_file(folder: Path, name: str) -> Path | None:
    """
    The file *name* of the store in *folder*; None where that is no name of a file within it.

    Args:
        name: As in the table ``upload``, which anybody may have written.
    """
    plain = unescape(name)
    if not plain or plain in (".", "..") or "/" in plain or "\\" in plain or "\0" in plain:
        return None
    return folder / plain


def end_of(name: str) -> str:
    """What OpenCart made up of a file's *name*; the rest its owner wrote."""
    end = name.rpartition(".")[2]
    return f"*.{end}" if len(end) >= 16 and end.isalnum() else "*"
