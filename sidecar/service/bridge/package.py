"""The package that OpenCart's own installer takes: the same bytes for the same files."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path

from sidecar.errors import UsageError
from sidecar.service.bridge import contents

#: The earliest that the format can say.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_LEVEL = 9


def package() -> bytes:
    """A ZIP file of the bridge."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, content in contents.files().items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=_LEVEL)
    return written.getvalue()


def write(file: Path) -> None:
    """
    Write the package to *file*, whole or not at all.

    Raises:
        UsageError: It cannot be written there.
    """
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; name a file in it, such as {contents.PACKAGE}")
    try:
        with tempfile.NamedTemporaryFile(
            prefix=f".{file.name}.", dir=file.parent, delete=False
        ) as part:
            try:
                part.write(package())
                part.flush()
                Path(part.name).chmod(0o666 & ~_umask())
                Path(part.name).replace(file)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
