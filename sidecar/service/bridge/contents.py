"""What the bridge consists of: its files, what it says of itself, the routes that take rights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

import sidecar

#: What OpenCart calls the extension: its folder, and the name of its package.
CODE = "sidecar"

#: OpenCart takes a package's name for the extension's code, so it has no version in it.
PACKAGE = f"{CODE}.ocmod.zip"

#: Pages of the admin; each is a route, so a right of its own.
PAGES = ("customers", "rules", "loyalty", "gdpr", "reports", "activity", "status")

#: The route of Extensions > Other: who may act there has the bridge in hand.
KEEPER = f"extension/{CODE}/other/{CODE}"

#: Every route that takes a right, as `Bridge::routes` says it.
ROUTES = (
    KEEPER,
    *(f"extension/{CODE}/page/{page}" for page in PAGES),
    f"extension/{CODE}/dashboard/{CODE}",
)

_FOLDER = Path(sidecar.__file__).parent / "bridge_php"


class Manifest(msgspec.Struct, frozen=True):
    """What ``install.json`` says, for OpenCart's own pages."""

    name: str
    version: str
    description: str
    author: str
    link: str


@cache
def files() -> Mapping[str, bytes]:
    """Every file by its path in the package, sorted."""
    return read_tree(_FOLDER)


@cache
def manifest() -> Manifest:
    """What the bridge says of itself."""
    return msgspec.json.decode(files()["install.json"], type=Manifest)


def read_tree(folder: Path) -> dict[str, bytes]:
    """
    The files below *folder* by their path in it, sorted, but for hidden ones; no links.

    Raises:
        OSError: One cannot be read.
    """
    found = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if file.is_file() and not file.is_symlink() and not _is_hidden(path):
            found[path.as_posix()] = file.read_bytes()
    return dict(sorted(found.items()))


def paths() -> list[str]:
    """
    Folders and files as OpenCart's installer notes them, in its order.

    Relative to the folder of extensions, e.g. ``sidecar/admin/controller``.
    """
    noted: dict[str, None] = {}
    for name in files():
        file = f"{CODE}/{name}"
        parts = file.split("/")
        noted |= {"/".join(parts[:depth]): None for depth in range(1, len(parts) + 1)}
    return list(noted)


def route_of(path: str) -> str:
    """The route of a controller of the admin whose file is at *path*; empty: it is none."""
    before = f"{CODE}/admin/controller/"
    if not path.startswith(before) or not path.endswith(".php"):
        return ""
    return f"extension/{CODE}/{path.removeprefix(before).removesuffix('.php')}"


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part.endswith("~") for part in path.parts)
