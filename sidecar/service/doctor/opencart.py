"""The store's own version, and whether the folder of the settings is its own."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.errors import ConfigError
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.installation import read_installation


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
