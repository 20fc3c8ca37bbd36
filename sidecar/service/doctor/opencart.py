"""The store's own version, and our bridge in it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import column, func, select, table

from sidecar.errors import ConfigError
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction
from sidecar.shop.installation import read_installation
from sidecar.shop.text import unescape

#: What the bridge is called among the store's extensions.
BRIDGE = "sidecar"


def check_version(case: StoreCase) -> Iterator[Finding]:
    """Which OpenCart it is, and whether the folder of the settings is its own."""
    generation, directory = case.shop.capabilities.generation, case.config.shop.directory
    told = f"an OpenCart {generation}, told from its tables"
    if directory is None:
        yield Finding("store.version", "ok", told)
        return
    try:
        found = read_installation(directory)
    except ConfigError as error:
        yield Finding("store.version", "ok", told)
        yield Finding(
            "store.directory",
            "note",
            str(error),
            "the store's address cannot tell a copy of it from the original",
            "correct [shop] directory, or let this user read it",
        )
        return
    if found.version.startswith(f"{generation}."):
        yield Finding("store.version", "ok", f"OpenCart {found.version}")
    else:
        yield Finding(
            "store.version",
            "warning",
            f"{directory} is an OpenCart {found.version}, but its tables are those of {generation}",
            "columns that only one of them has may be missing",
            "end OpenCart's upgrade by opening its install/ page, or correct [shop] directory",
        )
    yield _directory(case, found.database.name, found.database.prefix)


def _directory(case: StoreCase, name: str, prefix: str) -> Finding:
    database = case.config.database
    if (name, prefix) == (database.name, database.prefix):
        return Finding("store.directory", "ok", f"{case.config.shop.directory} is this store's")
    return Finding(
        "store.directory",
        "warning",
        f"{case.config.shop.directory} is of the database '{name}' with the prefix '{prefix}',"
        f" not of '{database.name}' with '{database.prefix}'",
        "two stores would be taken for one",
        "correct [shop] directory, or [database] name and prefix",
    )


def check_bridge(case: StoreCase) -> Iterator[Finding]:
    """Which version of our extension is in the store."""
    installed = table(f"{case.prefix}extension_install", column("code"), column("version"))
    oldest = case.shop.capabilities.generation == "3.0"  # where no table knows versions
    extension = table(f"{case.prefix}extension", column("code"))
    with transaction(case.engine) as tx:
        if oldest:
            there = tx.scalar(select(func.count()).where(extension.c.code == BRIDGE))
            version = "" if there else None
        else:
            version = tx.scalar(select(installed.c.version).where(installed.c.code == BRIDGE))
    if version is None:
        yield Finding(
            "store.bridge",
            "note",
            "the bridge is not installed in the store",
            "OpenCart's admin does not show what we know; everything else works",
        )
        return
    yield Finding("store.bridge", "ok", f"the bridge is installed {unescape(version)}".rstrip())
