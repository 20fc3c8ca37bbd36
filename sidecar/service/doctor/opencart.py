"""The store's own version, its GDPR job, and our bridge in it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import TableClause, column, func, select, table

from sidecar.errors import ConfigError
from sidecar.service.doctor.case import StoreCase
from sidecar.service.doctor.finding import Finding
from sidecar.shop.database import transaction
from sidecar.shop.installation import read_installation
from sidecar.shop.text import unescape

#: What the bridge is called among the store's extensions.
BRIDGE = "sidecar"

#: OpenCart's states of a request for one's data.
_PENDING, _PROCESSING = 1, 2


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


def check_gdpr(case: StoreCase) -> Iterator[Finding]:
    """Requests of customers for their data, and OpenCart's own job that carries them out."""
    check, prefix = "store.gdpr", case.prefix
    gdpr, cron = table(f"{prefix}gdpr", column("status")), _cron(prefix)
    with transaction(case.engine) as tx:
        if not tx.dialect.has_table(tx, gdpr.name):
            yield Finding(check, "ok", "this OpenCart takes no requests for one's data")
            return
        counts = {
            int(row[0] or 0): int(row[1])
            for row in tx.execute(select(gdpr.c.status, func.count()).group_by(gdpr.c.status))
        }
        active = bool(
            tx.scalar(select(func.count()).where(cron.c.code == "gdpr", cron.c.status == 1))
        )
    pending, processing = counts.get(_PENDING, 0), counts.get(_PROCESSING, 0)
    place = "in the admin, Customers > GDPR"
    if processing and active:
        yield Finding(
            check,
            "warning",
            f"{processing} approved removals wait for OpenCart's own job",
            "its next run deletes the accounts, whatever config_gdpr_limit says, and leaves their"
            " orders, returns and reviews with the personal data in them",
            f"look at them {place}; System > Maintenance > Cron Jobs switches `gdpr` off",
        )
    elif processing:
        yield Finding(
            check,
            "warning",
            f"{processing} approved removals wait, and OpenCart's job `gdpr` is off",
            "nobody removes them, and the law sets a term",
            f"look at them {place}; System > Maintenance > Cron Jobs switches it on",
        )
    if pending:
        yield Finding(
            check,
            "note",
            f"{pending} requests for one's data wait for a decision"
            + (
                " (4.1 also leaves removals there that are done)"
                if case.shop.capabilities.generation == "4.1"
                else ""
            ),
            "the law sets a term",
            f"decide {place}",
        )
    if not pending and not processing:
        yield Finding(
            check, "ok", f"no request waits; OpenCart's own job is {'on' if active else 'off'}"
        )


def _cron(prefix: str) -> TableClause:
    return table(f"{prefix}cron", column("code"), column("status"))


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
